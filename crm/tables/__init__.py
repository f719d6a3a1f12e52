"""Who exists, what they agreed to, who may see what: the rows beneath, by subject.

Identifiers of people and their papers are UUIDv7 made by us; codes are small integers. Promises that a table can keep (one open link,
no two operators of a store at once) are constraints in the migrations, never only code.
"""

from crm.tables.access import ApiKey, Idempotency, Source
from crm.tables.consents import Consent, Notice, NoticeVersion, SharingEntry
from crm.tables.desk import Notification, SavedView, StaffNote, StaffTask
from crm.tables.history import Change, ChangeReader, HistoryEntry
from crm.tables.network import (
    Dealer,
    Franchise,
    NetworkVersion,
    Store,
    StoreCapability,
    StoreCredit,
    StoreDay,
    StoreOperator,
)
from crm.tables.parties import Arrangement, Brand, Maker, Model, Party, Region
from crm.tables.people import (
    Decision,
    HubValue,
    IdentityKey,
    Link,
    Merge,
    MergedLink,
    NoMerge,
    Observation,
    Ownership,
    Person,
    ReviewTask,
    SearchKey,
    Vehicle,
)
from crm.tables.staff import RecoveryCode, SignInAttempt, Staff, StaffSession

__all__ = [
    "ApiKey",
    "Arrangement",
    "Brand",
    "Change",
    "ChangeReader",
    "Consent",
    "Dealer",
    "Decision",
    "Franchise",
    "HistoryEntry",
    "HubValue",
    "Idempotency",
    "IdentityKey",
    "Link",
    "Maker",
    "Merge",
    "MergedLink",
    "Model",
    "NetworkVersion",
    "NoMerge",
    "Notice",
    "NoticeVersion",
    "Notification",
    "Observation",
    "Ownership",
    "Party",
    "Person",
    "RecoveryCode",
    "Region",
    "ReviewTask",
    "SavedView",
    "SearchKey",
    "SharingEntry",
    "SignInAttempt",
    "Source",
    "Staff",
    "StaffNote",
    "StaffSession",
    "StaffTask",
    "Store",
    "StoreCapability",
    "StoreCredit",
    "StoreDay",
    "StoreOperator",
    "Vehicle",
]
