"""By what an observation is found again: keyed digests of its values, alone or in pairs.

Promises that a digest tells nothing without our key, and that one person's spellings lead to one digest. A name is
never a key by itself, for a common one would lead to thousands: only together with four digits of a phone.
"""

from collections.abc import Iterator

import msgspec

from crm import vault
from crm.identity import likeness
from crm.identity.profiles import Seen, masked, phones_within

VERSION = 1  # of the match key that digests are made with


class Key(msgspec.Struct, frozen=True):
    """`is_strong` says that two observations with this digest must not be placed at the same moment."""

    kind: str
    namespace: str
    match_key: bytes
    is_strong: bool


def of(seen: Seen) -> list[Key]:
    """The digests of one observation, the strong ones first."""
    return [*_strong(seen), *_weak(seen)]


def value_key(value: str) -> bytes:
    """The digest by which a phone or e-mail is known to the hubs."""
    return vault.match_key("email" if "@" in value else "phone", value)


def _strong(seen: Seen) -> Iterator[Key]:
    if seen.phone:
        yield Key("phone", "", value_key(seen.phone), is_strong=True)
    if seen.email:
        yield Key("email_canonical", "", value_key(seen.email), is_strong=True)
        # The same digest as the phone's own: whoever types that number meets this mailbox, and the other way round.
        for phone in phones_within([seen.email]) - {seen.phone}:
            yield Key("phone_in_email", "", value_key(phone), is_strong=True)
    for account, unionid in seen.unionids:
        yield Key(
            "wechat_unionid", account, vault.match_key("wechat_unionid", unionid, namespace=account), is_strong=True
        )


def _weak(seen: Seen) -> Iterator[Key]:
    view = seen.masked or (masked(seen.phone) if seen.phone else None)
    if view:
        yield _paired("phone_masked", view)
    name = min(likeness.spellings(seen.name), default=None)
    if view and name:
        yield _paired("name_last4", f"{name}|{view[-4:]}")
    if name and seen.phone and masked(seen.phone):
        # A slip in the last four digits leaves the four before them as they were.
        yield _paired("name_middle4", f"{name}|{seen.phone[-8:-4]}")


def _paired(kind: str, value: str) -> Key:
    return Key(kind, "", vault.match_key(kind, value), is_strong=False)
