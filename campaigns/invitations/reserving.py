"""What becomes of claimed messages: the decision on each, in the budget's own lock, and the place in the budget of those that go.

Promises that of many senders at once none sees a budget that another is just using: persons are locked by stripes, in one order, before their uses
are counted. Nobody is invited twice by one sender, whoever they were taken for before. What does not go gives a reservation back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from asyncpg import Record

from campaigns import guest_messages
from campaigns.invitations import knowing
from campaigns.invitations.deciding import Asked, Known, Use, Verdict, decide
from campaigns.invitations.rules import Rules
from campaigns.invitations.writing import Recipient
from crm.database import current, lock_stripes
from crm.ids import uuid7

PRECEDENCE = timedelta(seconds=2)  # how long a message waits for a more important one before it asks again
BUDGETS = 0x6275_6467  # "budg": the stripes of persons whose budget is being counted


class Going(msgspec.Struct, frozen=True):
    """A message that may leave: its row, whom it reaches, and the brands that it speaks for."""

    row: Record
    recipient: Recipient
    brands: tuple[int, ...]


class Speaking(msgspec.Struct, frozen=True):
    """Who speaks in a mailing: its brand, or the alliance for the partners of its campaign."""

    brand: int | None = None
    partners: tuple[int, ...] = ()

    def asking(self, kind: str, channel: str) -> Asked:
        """What a message of it asks of the decision."""
        return Asked(kind=kind, channel=channel, brand=self.brand, partners=self.partners)


class _Decided(msgspec.Struct, frozen=True):
    row: Record
    recipient: Recipient | None
    verdict: Verdict


async def reserve(claimed: Sequence[Record], rules: Rules, *, at: datetime) -> list[Going]:
    """Decide about these, write down what does not go and why, and keep a place in the budget for what does."""
    await lock_stripes(BUDGETS, {str(row["person"]) for row in claimed})
    is_of_guests = claimed[0]["mailing"] is None
    decided = await (_of_guests(claimed, rules, at=at) if is_of_guests else _of_a_mailing(claimed, rules, at=at))
    await _put_off([one for one in decided if one.verdict.fate != "send"], at=at)
    going = [
        Going(one.row, one.recipient, one.verdict.brands)
        for one in decided
        if one.verdict.fate == "send" and one.recipient
    ]
    await _keep_places(going, at=at)
    return going


async def speaking(mailing: UUID) -> Speaking:
    """Who speaks in this mailing."""
    [row] = await current().fetch(_SPEAKING, mailing)
    return Speaking(row["brand"], tuple(row["partners"]))


async def _of_a_mailing(claimed: Sequence[Record], rules: Rules, *, at: datetime) -> list[_Decided]:
    first = claimed[0]
    asked = (await speaking(first["mailing"])).asking(first["kind"], first["channel"])
    known = await knowing.people(
        {row["person"] for row in claimed},
        channel=asked.channel,
        brands=asked.speakers,
        rules=rules,
        at=at,
        priority=first["priority"],
    )
    invited = {row["person"] for row in await current().fetch(_INVITED, first["mailing"], sorted(known))}
    decided = []
    for row in claimed:
        person = known[row["person"]]
        is_invited = row["person"] in invited
        knows = person.before(row["priority"], is_reserved=row["is_reserved"], is_invited=is_invited)
        verdict = decide(asked, knows, rules, at=at)
        decided.append(_Decided(row, person.recipient, verdict))
        if verdict.fate == "send":
            # Two messages of one batch may be of people who are one by now: the second sees the first.
            known[row["person"]] = person.after(Use(at, asked.kind))
    return decided


async def _of_guests(claimed: Sequence[Record], rules: Rules, *, at: datetime) -> list[_Decided]:
    """Messages about a registration go to the address in it, whatever else is known of the person."""
    recipients = await guest_messages.recipients(claimed)
    stops = {
        channel: await knowing.stopped(
            {row["id"]: recipients[row["id"]] for row in claimed if row["channel"] == channel and row["id"] in recipients},
            channel=channel,
        )
        for channel in sorted({row["channel"] for row in claimed})
    }  # fmt: skip
    return [
        _Decided(
            row,
            recipients.get(row["id"]),
            decide(
                Asked(kind=row["kind"], channel=row["channel"]),
                Known(has_address=row["id"] in recipients, stop=stops[row["channel"]].get(row["id"])),
                rules,
                at=at,
            ),
        )
        for row in claimed
    ]


async def _put_off(decided: Sequence[_Decided], *, at: datetime) -> None:
    if not decided:
        return
    rows = []
    for one in sorted(decided, key=lambda it: it.row["id"]):
        verdict = one.verdict
        state = "suppressed" if verdict.fate == "suppress" else "queued"
        detail = msgspec.json.encode(verdict.detail).decode() if verdict.detail else None
        again = verdict.next_at or at + PRECEDENCE
        rows.append((one.row["id"], state, verdict.reason, detail, verdict.next_at, again))
    columns = list(map(list, zip(*rows, strict=True)))
    await current().execute(_PUT_OFF, *columns, at)
    await current().execute(_GIVE_BACK, columns[0])


async def _keep_places(going: Sequence[Going], *, at: datetime) -> None:
    rows = sorted(
        (one.row["id"], uuid7(at), one.row["person"], one.row["kind"], _brand_of(one), one.row["channel"])
        for one in going
    )
    if rows:
        await current().execute(_RESERVE, *map(list, zip(*rows, strict=True)), at)


def _brand_of(one: Going) -> int | None:
    return one.brands[0] if one.row["kind"] == "brand" else None


_SPEAKING = """
select mailing.brand,
       coalesce((select array_agg(partner.brand order by partner.brand) from partner where partner.campaign = mailing.campaign), '{}')
           as partners
from mailing where mailing.id = $1
"""
# To whom a message of the same campaign, sender, channel and round went or is going, under every id that they had. Grain: one row per person.
# $1 mailing, $2 survivors.
_INVITED = """
select distinct asked.person
from mailing
cross join unnest($2::uuid[]) as asked (person)
cross join lateral (
    select asked.person as id union all select person.id from person where person.merged_into = asked.person
) as known_as
join message on message.campaign = mailing.campaign and message.sender = coalesce(mailing.brand, 0) and message.person = known_as.id
     and message.channel = mailing.channel and message.round = mailing.round and message.mailing is not null
where mailing.id = $1 and message.state in ('sending', 'sent', 'delivered')
"""
_PUT_OFF = """
update message set state = put.state, reason = put.reason, detail = put.detail::jsonb, next_at = put.next_at,
       due_at = case when put.state = 'queued' then put.again else message.due_at end,
       ended_at = case when put.state = 'suppressed' then $7::timestamptz end
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
     as put (id, state, reason, detail, next_at, again)
where message.id = put.id
"""
_GIVE_BACK = "delete from contact_use where message = any($1::uuid[]) and sent_at is null"
_RESERVE = """
insert into contact_use (message, id, person, kind, brand, channel, reserved_at)
select message, id, person, kind, brand, channel, $7
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[])
     as going (message, id, person, kind, brand, channel)
on conflict (message) do nothing
"""
