"""What was seen of one person, in the canonical forms that are compared.

Promises plain values without judgement: whether two profiles are one person is for `crm.identity.scoring`.
"""

import re
from collections.abc import Iterable
from uuid import UUID

import msgspec

from crm.identity import likeness
from crm.normalise import Name


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What one observation says in canonical form; `unionids` are (account, unionid), `masked` a phone with stars."""

    name: Name
    phone: str | None = None
    masked: str | None = None
    email: str | None = None
    unionids: tuple[tuple[str, str], ...] = ()
    city: str | None = None


class Profile(msgspec.Struct, kw_only=True):
    """Everything that was seen of one person."""

    person: UUID
    phones: set[str] = msgspec.field(default_factory=set)
    masked: set[str] = msgspec.field(default_factory=set)
    emails: set[str] = msgspec.field(default_factory=set)
    unionids: dict[str, set[str]] = msgspec.field(default_factory=dict)
    names: set[Name] = msgspec.field(default_factory=set)
    cities: set[str] = msgspec.field(default_factory=set)

    def add(self, seen: Seen) -> None:
        """Take one more observation in."""
        self.phones |= _some(seen.phone)
        self.masked |= _some(seen.masked)
        self.emails |= _some(seen.email)
        self.cities |= _some(seen.city)
        if likeness.is_telling(seen.name):
            self.names.add(seen.name)
        for account, unionid in seen.unionids:
            self.unionids.setdefault(account, set()).add(unionid)

    def joined(self, other: "Profile") -> "Profile":
        """Both as one, under this one's person; neither is changed."""
        accounts = self.unionids.keys() | other.unionids.keys()
        return Profile(
            person=self.person,
            phones=self.phones | other.phones,
            masked=self.masked | other.masked,
            emails=self.emails | other.emails,
            unionids={a: self.unionids.get(a, set()) | other.unionids.get(a, set()) for a in accounts},
            names=self.names | other.names,
            cities=self.cities | other.cities,
        )


def masked(phone: str) -> str | None:
    """The way a mainland mobile number looks when its middle is hidden; None for other numbers."""
    return f"{phone[3:6]}****{phone[-4:]}" if _MOBILE.fullmatch(phone) else None


def phones_within(emails: Iterable[str]) -> set[str]:
    """The mobile numbers that stand in front of an @."""
    return {f"+86{found[1]}" for email in emails if (found := _MOBILE_MAILBOX.fullmatch(email))}


def views(profile: Profile) -> set[str]:
    """How the person's mobile numbers look with their middle hidden, whether or not the whole numbers are known."""
    return profile.masked | {view for phone in profile.phones if (view := masked(phone))}


_MOBILE = re.compile(r"\+861[3-9]\d{9}")
_MOBILE_MAILBOX = re.compile(r"(1[3-9]\d{9})@.+")


def _some(value: str | None) -> set[str]:
    return {value} if value else set()
