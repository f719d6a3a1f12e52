"""Mailings from draft to done: what is sent to whom, planned, paused, taken up again, ended.

Promises that a mailing under way keeps the words and the question it began with. Refuses to send what is not whole, words no gateway approved,
and whatever a brand's people want in another brand's name.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Record

from campaigns import audiences
from campaigns.invitations import outcomes, wordings
from campaigns.invitations.rules import PRIORITIES
from campaigns.tables import Mailing
from crm import history
from crm.database import current
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.ids import uuid7
from crm.roles import Actor, Condition, Scope, numbered

ENDED = ("done", "cancelled")


class NotNow(Refused):
    sentence = "This mailing moved on meanwhile, and that is not possible any more. Reload the page."


class NotWhole(Refused):
    status = 422
    sentence = "Choose the message first: a mailing needs its words."


class NotApproved(Refused):
    sentence = "The gateway has not approved this SMS yet; only approved words may be sent."


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A mailing as a page shows it."""

    id: UUID
    campaign: int
    brand: int | None
    name: str
    channel: str
    round: int
    audience: int
    audience_name: str
    template: int | None
    template_name: str | None
    event: int | None
    event_name: str | None
    way: int | None
    way_name: str | None
    language: str
    state: str
    due_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    staff_name: str
    created_at: datetime
    version: int

    @property
    def kind(self) -> str:
        """Who speaks: a brand, or the alliance."""
        return "joint" if self.brand is None else "brand"


class Counts(msgspec.Struct):
    """Messages by state and, where they did not go, by reason; `free` were held back by a budget that has room now."""

    states: dict[str, int] = {}
    reasons: dict[str, int] = {}
    opened: int = 0
    clicked: int = 0
    total: int = 0
    free: int = 0

    def add(self, row: Record) -> None:
        """Count messages of one state and reason in."""
        self.states[row["state"]] = self.states.get(row["state"], 0) + row["number"]
        if row["reason"] and row["state"] in ("suppressed", "queued", "bounced", "failed"):
            self.reasons[row["reason"]] = self.reasons.get(row["reason"], 0) + row["number"]
        for name in ("opened", "clicked", "free"):
            setattr(self, name, getattr(self, name) + row[name])
        self.total += row["number"]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft says: `brand` none is the alliance; `round` 1 invites, later ones remind those of earlier ones again."""

    name: str
    brand: int | None
    channel: str
    audience: int
    round: int = 1
    language: str = "zh-Hans"


def of_mailings(scope: Scope) -> Condition:
    """True for mailings that may be seen: their brand's and the alliance's, in campaigns within the scope."""
    if not scope.actor.may("invitations.see"):
        return Condition("false")
    inside = scope.of_campaigns("campaign")
    if scope.brand is None:
        return inside
    return inside & Condition("(mailing.brand = {} or mailing.brand is null)", (scope.brand,))


async def of_campaign(campaign: int, scope: Scope) -> list[Known]:
    """The mailings of a campaign that may be seen, the newest first."""
    text, values = numbered(
        f"{_SELECT} where mailing.campaign = $1 and {{}} order by mailing.created_at desc limit 200", [of_mailings(scope)], campaign
    )  # fmt: skip
    return [Known(**row) for row in await current().fetch(text, *values)]


async def find(mailing: UUID, campaign: int, scope: Scope) -> Known:
    """One mailing of a campaign; NotThere for one beyond the scope."""
    text, values = numbered(
        f"{_SELECT} where mailing.id = $1 and mailing.campaign = $2 and {{}}", [of_mailings(scope)], mailing, campaign
    )
    row = await current().fetchrow(text, *values)
    if row is None:
        raise NotThere
    return Known(**row)


async def draft(plan: Plan, *, campaign: int, scope: Scope, at: datetime) -> UUID:
    """A new mailing that is not sent yet; refuses an audience or a brand that is not the actor's to use."""
    await _check(plan, campaign, scope)
    kind = "joint" if plan.brand is None else "brand"
    facts = msgspec.structs.asdict(plan) | {"campaign": campaign, "priority": PRIORITIES[kind]}
    row = Mailing(id=uuid7(at), **facts, created_by=scope.actor.id, created_at=at)
    await row.save()
    await history.note(scope.actor.actor, "mailing_drafted", "mailing", row.id, at=at, channel=plan.channel)
    return UUID(str(row.id))


async def redraft(mailing: Known, plan: Plan, *, scope: Scope, at: datetime) -> None:
    """Another audience, sender or channel for a draft; a template of the other channel falls away."""
    await _lock(mailing.id, "draft")
    await _check(plan, mailing.campaign, scope)
    kind = "joint" if plan.brand is None else "brand"
    facts = (plan.name, plan.brand, plan.channel, plan.audience, plan.round, plan.language, PRIORITIES[kind])
    await current().execute(_REDRAFT, mailing.id, *facts)
    await history.note(scope.actor.actor, "mailing_changed", "mailing", mailing.id, at=at)


async def word(
    mailing: Known, *, template: int, event: int | None, way: int | None, scope: Scope, at: datetime
) -> None:
    """Choose the message of a draft and where its link leads; refuses what is not of this campaign or channel."""
    await _lock(mailing.id, "draft")
    faults = []
    chosen = next((one for one in await wordings.every(scope) if one.id == template), None)
    fits = chosen is not None and chosen.channel == mailing.channel and chosen.brand in (None, mailing.brand)
    if not fits:
        faults.append(Fault(path="template", message="Please choose one of the list."))
    for path, table, id_ in (("event", "event", event), ("way", "channel", way)):
        if id_ is not None and not await current().fetchval(_OF_CAMPAIGN[table], id_, mailing.campaign):
            faults.append(Fault(path=path, message="Please choose one of the list."))
    if faults:
        raise Invalid(errors=faults)
    await current().execute(_WORD, mailing.id, template, event, way)
    await history.note(scope.actor.actor, "mailing_worded", "mailing", mailing.id, at=at, template=template)


async def plan(mailing: Known, *, due_at: datetime | None, scope: Scope, at: datetime) -> None:
    """Send now, or from `due_at` on, by the words and the question as they are; refuses what is not whole or not approved."""
    await _lock(mailing.id, "draft")
    if mailing.template is None:
        raise NotWhole
    wording = await wordings.find(mailing.template, scope)
    if wording.channel == "sms" and wording.approval != "approved":
        raise NotApproved
    audience = await audiences.find(mailing.audience, scope)
    texts, filter_ = (msgspec.json.encode(it).decode() for it in (wording.texts, audience.filter))
    # A moment that has passed means now; only what was planned for then is asked about again.
    due_at = max(due_at or at, at)
    await current().execute(_PLAN, mailing.id, due_at, texts, filter_, scope.actor.id)
    await history.note(scope.actor.actor, "mailing_planned", "mailing", mailing.id, at=at, due_at=str(due_at))


async def pause(mailing: Known, *, actor: Actor, at: datetime) -> None:
    """Send nothing more until somebody takes it up again; only a letter that is just being handed over still goes."""
    await _turn(mailing, "paused", {"running"}, actor=actor, at=at)


async def resume(mailing: Known, *, actor: Actor, at: datetime) -> None:
    """Go on: a paused one, or one that asked because its time had passed."""
    state = await _lock(mailing.id, "paused", "held")
    if mailing.started_at is None:
        await current().execute("update mailing set state = 'planned', due_at = $2 where id = $1", mailing.id, at)
    else:
        await current().execute(_TURN, mailing.id, "running", None)
    await history.note(actor.actor, "mailing_resumed", "mailing", mailing.id, at=at, was=state)


async def cancel(mailing: Known, *, actor: Actor, at: datetime) -> None:
    """End it: a draft is gone, of one under way nothing more is sent."""
    await _lock(mailing.id, "draft", "planned", "running", "paused", "held")
    await current().execute(_TURN, mailing.id, "cancelled", at)
    ended = await current().fetch(_CANCEL_MESSAGES, mailing.id, at)
    await outcomes.give_back([row["id"] for row in ended])
    await history.note(actor.actor, "mailing_cancelled", "mailing", mailing.id, at=at)


async def retry(mailing: Known, *, actor: Actor, at: datetime) -> int:
    """Queue again whom the budget held back and has room for now; says how many. They are decided anew."""
    await _lock(mailing.id, "running", "paused", "done")
    again = await current().fetch(_RETRY, mailing.id, at)
    if again and mailing.state == "done":
        await current().execute(_TURN, mailing.id, "running", None)
    await history.note(actor.actor, "mailing_retried", "mailing", mailing.id, at=at, people=len(again))
    return len(again)


async def counts(mailing: Known, scope: Scope, *, at: datetime) -> Counts:
    """What became of the messages of one mailing, as far as the scope goes."""
    return (await counts_of([mailing], scope, at=at))[mailing.id]


async def counts_of(some: Sequence[Known], scope: Scope, *, at: datetime) -> dict[UUID, Counts]:
    """What became of the messages of these mailings, in one statement.

    Of a joint mailing a brand's people are told of those that spoke for their brand alone.
    """
    mine = Condition("true")
    if scope.brand is not None:
        mine = Condition("(message.sender = {} or {} = any(message.brands))", (scope.brand, scope.brand))
    text, values = numbered(_COUNTS, [mine], [one.id for one in some], at)
    told = {one.id: Counts() for one in some}
    for row in await current().fetch(text, *values):
        told[row["mailing"]].add(row)
    return told


async def people(mailing: Known, *, reason: str, limit: int = 50) -> Sequence[Record]:
    """Persons whose message has this state or reason, for whoever may see all of them."""
    rows: Sequence[Record] = await current().fetch(_PEOPLE, mailing.id, reason, limit)
    return rows


async def _check(plan: Plan, campaign: int, scope: Scope) -> None:
    faults = []
    if not audiences.may_change(plan.brand, scope):
        faults.append(Fault(path="sender", message="Please choose one of the list."))
    elif plan.brand is not None and not await current().fetchval(_IS_PARTNER, campaign, plan.brand):
        faults.append(Fault(path="sender", message="This brand is no partner of the campaign."))
    chosen = next((one for one in await audiences.every(scope) if one.id == plan.audience), None)
    if chosen is None:
        faults.append(Fault(path="audience", message="Please choose one of the list."))
    if faults:
        raise Invalid(errors=faults)


async def _turn(mailing: Known, state: str, before: set[str], *, actor: Actor, at: datetime) -> None:
    await _lock(mailing.id, *before)
    await current().execute(_TURN, mailing.id, state, None)
    await history.note(actor.actor, f"mailing_{state}", "mailing", mailing.id, at=at)


async def _lock(mailing: UUID, *states: str) -> str:
    state: str = await current().fetchval("select state from mailing where id = $1 for update", mailing)
    if state not in states:
        raise NotNow(state=state)
    return state


_SELECT = """
select mailing.id, mailing.campaign, mailing.brand, mailing.name, mailing.channel, mailing.round, mailing.audience,
       audience.name as audience_name, mailing.template, template.name as template_name, mailing.event, event.name as event_name,
       mailing.way, way.name as way_name, mailing.language, mailing.state, mailing.due_at, mailing.started_at, mailing.ended_at,
       staff.name as staff_name, mailing.created_at, mailing.version
from mailing
join campaign on campaign.id = mailing.campaign
join audience on audience.id = mailing.audience
join staff on staff.id = mailing.created_by
left join message_template as template on template.id = mailing.template
left join event on event.id = mailing.event
left join channel as way on way.id = mailing.way
"""
_OF_CAMPAIGN = {
    "event": "select exists (select from event where id = $1 and campaign = $2)",
    "channel": "select exists (select from channel where id = $1 and campaign = $2 and closed_at is null)",
}
_IS_PARTNER = "select exists (select from partner where campaign = $1 and brand = $2)"
_REDRAFT = """
update mailing set name = $2, brand = $3, audience = $5, round = $6, language = $7, priority = $8, version = version + 1,
       template = case when channel = $4 and brand is not distinct from $3 then template end, channel = $4
where id = $1
"""
_WORD = "update mailing set template = $2, event = $3, way = $4, version = version + 1 where id = $1"
_PLAN = """
update mailing set state = 'planned', due_at = $2, texts = $3, filter = $4, created_by = $5, version = version + 1 where id = $1
"""
_TURN = "update mailing set state = $2, ended_at = $3, version = version + 1 where id = $1"
_CANCEL_MESSAGES = """
update message set state = 'suppressed', reason = 'cancelled', ended_at = $2
where id in (select id from message where mailing = $1 and state = 'queued' order by id for update)
returning id
"""
_RETRY = """
update message set state = 'queued', reason = null, next_at = null, due_at = $2, ended_at = null
where mailing = $1 and state = 'suppressed' and reason = 'budget' and next_at <= $2 returning id
"""
_COUNTS = """
select mailing, state, reason, count(*)::int as number, count(opened_at)::int as opened, count(clicked_at)::int as clicked,
       (count(*) filter (where state = 'suppressed' and reason = 'budget' and next_at <= $2))::int as free
from message where mailing = any($1::uuid[]) and {} group by mailing, state, reason
"""
_PEOPLE = """
select coalesce(person.merged_into, person.id) as person, person.no, message.state, message.reason, message.detail, message.next_at,
       message.sent_at, message.attempts
from message join person on person.id = message.person
where message.mailing = $1 and (message.state = $2 or message.reason = $2)
order by message.id limit $3
"""
