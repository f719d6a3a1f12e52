"""The columns that a list of leads may show, their order, and which of them it shows when nobody chose.

Promises that every column has a name in both languages and can be left out, but for the person, who is the way into the lead.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from crm.languages import later

Name = Literal[
    "person", "phone", "interests", "wants", "stage", "store", "clock", "captured",
    "email", "region", "campaign", "source", "number", "received",
]  # fmt: skip


class Column(msgspec.Struct, frozen=True):
    """`heading` is English, to be said in the reader's language; `sort` is what a click on it orders by, newest or most urgent first."""

    name: Name
    heading: str
    sorts: tuple[str, str] | None = None


COLUMNS = (
    Column("person", later("Person")),
    Column("phone", later("Phone")),
    Column("interests", later("Interests")),
    Column("wants", later("Wants")),
    Column("stage", later("Stage")),
    Column("store", later("Store")),
    Column("clock", later("Clock"), ("clock", "clock")),
    Column("captured", later("Captured"), ("-captured", "captured")),
    Column("email", later("E-mail")),
    Column("region", later("Place")),
    Column("campaign", later("Campaign")),
    Column("source", later("Source")),
    Column("number", later("Number at the source")),
    Column("received", later("Received")),
)
USUAL: tuple[Name, ...] = ("person", "phone", "interests", "wants", "stage", "store", "clock", "captured")
FIRST: Name = "person"


def chosen(names: Iterable[str]) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """The columns to show, in their own order, and the names that are none; the usual ones when none was named."""
    wanted = list(names)
    known = {column.name for column in COLUMNS}
    shown = ({name for name in wanted if name in known} or set(USUAL)) | {FIRST}
    return tuple(column for column in COLUMNS if column.name in shown), tuple(
        name for name in wanted if name not in known
    )
