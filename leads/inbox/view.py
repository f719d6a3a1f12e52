"""What a dealer gets to see of an offer, by the state that the offer is in.

Promises that names, phones and e-mails are masked until acceptance, that remarks and notes come only with it, and that
an offer taken back shows nothing of the person. References to people and leads are the dealer's own: no two dealers can
compare theirs.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import UNSET, UnsetType

from crm import masks, vault
from crm.access import Principal
from crm.database import current, statement
from crm.identity import observations
from leads.feed import EventType


class PersonShown(msgspec.Struct, frozen=True):
    """`reference` is always the same for one person and this dealer; the rest is masked until acceptance."""

    reference: str
    name: str | None
    phone: str | None
    email: str | None

    def __repr__(self) -> str:
        return "PersonShown(...)"


class PlaceShown(msgspec.Struct, frozen=True):
    region_code: str
    province: str | None
    city: str | None
    district: str | None


class WishShown(msgspec.Struct, frozen=True):
    brand: str
    model: str | None
    kind: str


class TradeInShown(msgspec.Struct, frozen=True, omit_defaults=True):
    """Empty before acceptance: that there is a car, not which."""

    make: str | None = None
    model: str | None = None
    year: int | None = None
    vin: str | None = None


class PreferenceShown(msgspec.Struct, frozen=True):
    channel: str | None
    not_before: datetime | None
    note: str | None


class BasisShown(msgspec.Struct, frozen=True):
    """`consent`: the person agreed to sharing with this brand's dealers; `requested`: it asked for this and no more."""

    basis: str


class RepeatShown(msgspec.Struct, frozen=True):
    """The same person asked again for the same brand while this offer was open."""

    captured_at: datetime
    kind: str
    model: str | None


class LeadShown(msgspec.Struct, frozen=True):
    """A lead as far as the offer's state allows; of one that was taken back only the `id` is there."""

    id: str
    captured_at: datetime | UnsetType = UNSET
    campaign: str | UnsetType | None = UNSET
    person: PersonShown | UnsetType = UNSET
    place: PlaceShown | UnsetType | None = UNSET
    interest: WishShown | UnsetType = UNSET
    trade_in: TradeInShown | UnsetType | None = UNSET
    contact_preference: PreferenceShown | UnsetType = UNSET
    remark: str | UnsetType | None = UNSET
    consent: BasisShown | UnsetType = UNSET
    repeats: list[RepeatShown] | UnsetType = UNSET

    def __repr__(self) -> str:
        return "LeadShown(...)"


class OfferShown(msgspec.Struct, frozen=True):
    """An offer as its dealer sees it now; `version` is the ETag, `reason` says why it ended."""

    id: UUID
    state: str
    store: str
    brand: str
    model: str | None
    kind: str
    offered_at: datetime
    answer_due_at: datetime
    expires_at: datetime
    version: int
    reason: str | None
    lead: LeadShown


class Item(msgspec.Struct, frozen=True):
    """One line of the feed with its offer as it stands now, which may be further than the line tells.

    `reminder`: the alliance asks for the answer to an offer that is late.
    """

    seq: int
    type: EventType
    offer: OfferShown


class Page(msgspec.Struct, frozen=True):
    """Lines in their order; ask for the next ones with `after=next`."""

    items: list[Item]
    next: int
    more: bool


class _Wishes(msgspec.Struct):
    remark: str | None = None
    note: str | None = None


async def shown(offers: Collection[UUID], *, dealer: Principal) -> dict[UUID, OfferShown]:
    """Those of the offers that are this dealer's, by id, as they stand now."""
    rows = await current().fetch(statement("leads", "inbox_offers"), dealer.id, list(offers)) if offers else []
    return {row["id"]: _offer(row, dealer=dealer) for row in rows}


def revealed(offer: OfferShown) -> str:
    """The fields that an accepted offer shows in clear, in the words of the sharing ledger."""
    lead = offer.lead
    values = {
        **_fields_of(lead.person, "name", "phone", "email"),
        **_fields_of(lead, "remark", "trade_in"),
        **_fields_of(lead.contact_preference, "note"),
    }
    return ",".join(field for field, value in values.items() if value is not None)


def _fields_of(part: msgspec.Struct | UnsetType, *fields: str) -> dict[str, Any]:
    return {} if part is UNSET else {field: getattr(part, field) for field in fields}


def _offer(row: Record, *, dealer: Principal) -> OfferShown:
    plain = ("id", "state", "store", "brand", "model", "kind", "offered_at", "answer_due_at", "expires_at", "version")
    is_gone = row["state"] == "withdrawn" or row["observation"] is None
    lead = _gone(row, dealer=dealer) if is_gone else _lead(row, dealer=dealer)
    return OfferShown(**{key: row[key] for key in plain}, reason=row["reason"], lead=lead)


def _gone(row: Record, *, dealer: Principal) -> LeadShown:
    return LeadShown(_reference("lead", row["lead"], dealer=dealer))


def _lead(row: Record, *, dealer: Principal) -> LeadShown:
    in_clear = row["state"] == "accepted"
    wishes = _wishes(row) if in_clear else _Wishes()
    return LeadShown(
        id=_reference("lead", row["lead"], dealer=dealer),
        captured_at=row["captured_at"],
        campaign=row["campaign"],
        person=_in_clear(row, dealer=dealer) if in_clear else _masked(row, dealer=dealer),
        place=_place(row),
        interest=WishShown(row["brand"], row["model"], row["kind"]),
        trade_in=_trade_in(row, in_clear=in_clear),
        contact_preference=PreferenceShown(row["contact_channel"], row["contact_not_before"], wishes.note),
        remark=wishes.remark,
        consent=BasisShown(row["basis"]),
        repeats=msgspec.json.decode(row["repeats"] or b"[]", type=list[RepeatShown]),
    )


def _in_clear(row: Record, *, dealer: Principal) -> PersonShown:
    said = observations.opened(row["particulars"], observation=row["observation"])
    return PersonShown(_reference("person", row["survivor"], dealer=dealer), said.name, said.phone, said.email)


def _masked(row: Record, *, dealer: Principal) -> PersonShown:
    person = _in_clear(row, dealer=dealer)
    return PersonShown(
        reference=person.reference,
        name=masks.name(person.name),
        phone=masks.number(person.phone) if person.phone else None,
        email=masks.email(person.email),
    )


def _place(row: Record) -> PlaceShown | None:
    if row["region"] is None:
        return None
    named: dict[str, str | None] = msgspec.json.decode(row["named"])
    return PlaceShown(row["region"], *(named.get(level) for level in ("province", "city", "district")))


def _trade_in(row: Record, *, in_clear: bool) -> TradeInShown | None:
    if row["trade_in"] is None:
        return None
    # A rare car names its owner, so it is part of what acceptance reveals.
    return (
        _opened(row["trade_in_sealed"], f"trade_in|sealed|{row['trade_in']}", TradeInShown)
        if in_clear
        else TradeInShown()
    )


def _wishes(row: Record) -> _Wishes:
    return _opened(row["wishes"], f"lead|wishes|{row['lead']}", _Wishes) if row["wishes"] else _Wishes()


def _opened(sealed: bytes, place: str, type_: type[Any]) -> Any:
    return msgspec.json.decode(vault.open_(sealed, place=place), type=type_)


def _reference(kind: str, id_: UUID, *, dealer: Principal) -> str:
    # Kinds are keyed apart, so that a lead's reference is never taken for a person's.
    return vault.outside_reference(f"dealer:{dealer.code}" + ("" if kind == "person" else f"|{kind}"), id_)
