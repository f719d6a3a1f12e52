"""Where somebody is written to: the address and the name of one and the same observation, the one in which they agreed to it.

Promises that nobody's name goes to an address that came by another way, and that a form which anybody may fill in for anybody neither takes over a
mailbox nor speaks for whoever said no before. Addresses are opened here and go no further than the letter.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

import msgspec
from asyncpg import Record

from campaigns.invitations.writing import Recipient
from campaigns.registering.shapes import FORM_SOURCE
from crm.database import current, statement
from crm.identity import observations
from crm.identity.observations import Particulars

LANDLINE = re.compile(r"\+86(?!1[3-9]\d{9}$)")


class Reach(msgspec.Struct, frozen=True):
    """Where a person is reached, if anywhere, and the consents that do not count there; personal, so never to be logged."""

    recipient: Recipient | None = None
    unheard: tuple[UUID, ...] = ()

    def __repr__(self) -> str:
        return "Reach(...)"


class _Said(msgspec.Struct, frozen=True):
    # An observation as far as it says where somebody is reached by the channel.
    id: UUID
    at: datetime
    address: str | None
    name: str | None
    is_public: bool
    righted: bool


async def reach(persons: Collection[UUID], *, channel: str, brands: Sequence[int]) -> dict[UUID, Reach]:
    """Where these persons are reached by a channel in the name of these brands: where they agreed last, and not by the public form if ever else.

    What staff put right stands for what was said before it.
    """
    asked = sorted(set(persons))
    rows = await current().fetch(statement("campaigns", "persons_reach"), asked, FORM_SOURCE)
    agreed = await current().fetch(statement("campaigns", "persons_yeses"), asked, sorted(brands), channel, FORM_SOURCE)
    yeses = {person: list(theirs) for person, theirs in groupby(agreed, key=lambda row: row["person"])}
    said = {
        person: [_said(row, channel) for row in theirs] for person, theirs in groupby(rows, key=lambda row: row["person"])
    }  # fmt: skip
    return {person: _reach(said.get(person, ()), yeses[person]) for person in yeses}


def _reach(said: Sequence[_Said], yeses: Sequence[Record]) -> Reach:
    private, public = ([yes for yes in yeses if yes["is_public"] == it] for it in (False, True))
    if found := _private(said, private):
        return Reach(found, tuple(yes["id"] for yes in public))
    there = [(yes["id"], yes["observation"], _public(said, yes)) for yes in public]
    if first := next((it for it in there if it[2]), None):
        # To where a stranger may sit nothing goes but what was agreed to there.
        heard = {id_ for id_, *where in there if where == [*first[1:]]}
        return Reach(first[2], tuple(yes["id"] for yes in yeses if yes["id"] not in heard))
    return Reach(None, tuple(yes["id"] for yes in public if yes["no_at"]))


def _private(said: Sequence[_Said], yeses: Sequence[Record]) -> Recipient | None:
    """Where somebody agreed in a way that not everybody has; by word of mouth, where they are known."""
    if not yeses:
        return None
    where = {yes["observation"] for yes in yeses}
    known = [one for one in said if not one.is_public] or said[-1:]
    agreed = [one for one in known if not one.righted and (None in where or one.id in where)]
    there = next((one for one in agreed if one.address), None)
    name = _first(one.name for one in said if one.righted) or (there or agreed[0]).name if agreed else None
    if righted := _righted(said, since=there.at if there else None):
        return Recipient(righted, name)
    return Recipient(there.address, name) if there and there.address else None


def _public(said: Sequence[_Said], yes: Record) -> Recipient | None:
    """Where this very form says, unless it is where somebody is known to have said no; or what staff put right there since."""
    form = next((one for one in said if one.id == yes["observation"]), None)
    if form is None:
        return None
    if yes["no_at"] is None and (righted := _righted(said, since=form.at)):
        return Recipient(righted)
    refused = {one.address.lower() for one in said if one.address and yes["no_at"] and one.at <= yes["no_at"]}
    if form.address is None or form.address.lower() in refused:
        return None
    return Recipient(form.address, form.name)


def _righted(said: Iterable[_Said], *, since: datetime | None) -> str | None:
    """The address that staff put right last, unless another was said since."""
    return _first(one.address for one in said if one.righted and (since is None or one.at > since))


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)


def _said(row: Record, channel: str) -> _Said:
    told = observations.opened(row["particulars"], observation=row["id"])
    address = address_of(told, channel)
    return _Said(row["id"], row["captured_at"], address, told.name, row["is_public"], row["righted"])


def address_of(said: Particulars, channel: str) -> str | None:
    """What a sender needs of it: a masked number is none, and no SMS reaches a landline; of other countries we cannot tell."""
    if channel == "email":
        return said.email
    return said.phone if said.phone and LANDLINE.match(said.phone) is None else None
