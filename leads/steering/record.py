"""What a lead says, put right by hand: where the person is and what they want.

Promises that whoever saves over somebody else's change is told both values first, that a hold which waited for this answer is due again, and
that the funnel counts what is now known. Refuses to give an interest that was offered another brand: that is a new interest; and to take a
colleague's word for the person's own request: how they made it known is kept with it.
"""

from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec
from asyncpg import Record

from campaigns import touchpoints
from campaigns.tables import Milestone
from campaigns.touchpoints import Fact
from crm import history, reference, regions
from crm.database import current, insert, notify
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.ids import uuid7
from crm.languages import later, say
from crm.network import local_day, network
from crm.roles import Scope, numbered
from leads import kinds
from leads.steering.standing import BeyondSteering, hold_still, lock_person_of_lead, need_lead
from leads.tables import Interest

KINDS = tuple(kind.code for kind in kinds.INTERESTS)
# How somebody of ours learned what a person asks for.
HEARD = ("by_phone", "in_person", "in_writing")
WAITING = ("recorded", "identified", "cleared", "alliance_queue")


HOW_DO_WE_KNOW = later(
    "Say how the person asked for this: a store may be told of a test drive, a call back or a visit on their own word alone."
)


class Outdated(Refused):
    """Somebody saved meanwhile: `theirs` is what stands now, `mine` what was to be saved; `version` is the one to save over."""

    sentence = "Somebody changed this meanwhile; see both values and choose."

    def __init__(self, *, version: int, theirs: dict[str, str | None], mine: dict[str, str | None]) -> None:
        super().__init__()
        self.version, self.theirs, self.mine = version, theirs, mine


class OfferedAlready(Refused):
    sentence = "This interest was offered to stores; add another interest instead of changing its brand."


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says the person wants; codes."""

    kind: str
    brand: str | None = None
    model: str | None = None
    preferred_store: str | None = None


async def place(lead: UUID, *, region: str, version: int, scope: Scope, at: datetime) -> None:
    """The person is in this region (a code of today or of earlier years); what waited for a place is due at once.

    A point that came with the lead goes: it said where the person was met, and would win over what is said now.
    """
    code = regions.current(region)
    if code is None:
        raise Invalid(errors=[Fault(path="region", message="No region has this code.")])
    stored = await _locked(lead, scope=scope)
    if stored["version"] != version:
        raise Outdated(version=stored["version"], theirs={"region": stored["region"]}, mine={"region": code})
    await current().execute(
        "update lead set region = $2, longitude = null, latitude = null, version = version + 1 where id = $1",
        lead,
        code,
    )
    await current().execute(
        "update interest set due_at = $2, attempts = 0"
        " where lead = $1 and (hold in ('no_place', 'no_capacity') or stage = 'alliance_queue')",
        lead,
        at,
    )
    await history.note(scope.actor.actor, "place_said", "lead", lead, at=at, region=code, before=stored["region"])
    await notify(history.CHANGES)


async def add_interest(
    lead: UUID, wanted: Wanted, *, version: int, scope: Scope, at: datetime, heard: str | None = None
) -> UUID:
    """The person wants this too; the new interest is due for the journey at once. `heard` says how they made a request known."""
    stored = await _locked(lead, scope=scope)
    brand, model, store = await _read(wanted, scope=scope, at=at)
    if stored["version"] != version:
        raise Outdated(version=stored["version"], theirs={}, mine=msgspec.structs.asdict(wanted))
    heard = _word(heard, asks=wanted.kind in kinds.REQUESTS or store is not None)
    rank = await current().fetchval("select coalesce(max(rank), 0) + 1 from interest where lead = $1", lead)
    # `captured_at` and the like are the lead's, as for every interest.
    made = Interest(
        id=uuid7(at),
        lead=lead,
        rank=rank,
        brand=brand,
        model=model,
        kind=wanted.kind,
        preferred_store=store,
        stage="identified",
        hold=None,
        due_at=at,
        captured_at=stored["captured_at"],
        campaign=stored["campaign"],
        source=stored["source"],
        region=stored["region"],
    )
    await insert([made])
    await _count(made.id, brand, stored, at=at)
    await _moved_on(lead)
    await history.note(
        scope.actor.actor,
        "interest_added",
        "interest",
        made.id,
        at=at,
        brand=wanted.brand,
        model=wanted.model,
        kind=wanted.kind,
        # What was asked for may be what a hand-over stands on: who wrote it down, and how they know, is on record.
        store=wanted.preferred_store,
        **({"heard": heard} if heard else {}),
    )
    return made.id


async def change_interest(
    interest: UUID, wanted: Wanted, *, version: int, scope: Scope, at: datetime, heard: str | None = None
) -> None:
    """The person wants this instead; an interest that waits is due again, one at a store keeps its brand and its store.

    `heard` says how they made a request known that was not there before.
    """
    lead = await _lead_of(interest, scope=scope)
    # The person before the lead, as an import that is undone takes them.
    await lock_person_of_lead(lead)
    stored = await _locked(lead, scope=scope)
    await hold_still([interest])
    [known] = await current().fetch(_INTEREST, interest)
    brand, model, store = await _read(wanted, scope=scope, at=at)
    if stored["version"] != version:
        raise Outdated(version=stored["version"], theirs=_as_wanted(known), mine=msgspec.structs.asdict(wanted))
    waits = known["stage"] in WAITING
    if not waits and known["stage"] not in ("offered", "accepted", "contacted"):
        raise BeyondSteering(stage=known["stage"])
    if brand != known["brand_id"] and (known["offered"] or not waits):
        raise OfferedAlready
    heard = _word(heard, asks=_asks_more(wanted.kind, brand, store, known))
    await current().execute(
        "update interest set brand = $2, model = $3, kind = $4, preferred_store = $5,"
        " due_at = case when $6 and hold is distinct from 'spam' then $7::timestamptz else due_at end, attempts = 0 where id = $1",
        interest,
        brand,
        model,
        wanted.kind,
        store,
        waits,
        at,
    )
    if brand != known["brand_id"]:
        await _count(interest, brand, stored, at=at)
    await _moved_on(lead)
    before = {name: known[name] for name in ("brand", "model", "kind")} | {"store": known["preferred_store"]}
    told = {"brand": wanted.brand, "model": wanted.model, "kind": wanted.kind, "store": wanted.preferred_store}
    await history.note(
        scope.actor.actor,
        "interest_changed",
        "interest",
        interest,
        at=at,
        **told,
        **({"heard": heard} if heard else {}),
        before=before,
    )


async def heard_of(interest: UUID, *, at: datetime) -> str | None:
    """How it was known at that moment what this interest asks for, where somebody of ours wrote it down; None when the person did so themselves."""
    return cast("str | None", await current().fetchval(_HEARD, str(interest), at))


def _asks_more(kind: str, brand: int | None, store: int | None, known: Record) -> bool:
    """Whether this asks a brand or a store for what the interest did not ask for yet."""
    is_new = brand != known["brand_id"]
    by_kind = kind in kinds.REQUESTS and (is_new or kind != known["kind"])
    return by_kind or (store is not None and (is_new or store != known["store_id"]))


def _word(heard: str | None, *, asks: bool) -> str | None:
    """How a request was made known; None where nothing new is asked for, whatever was sent."""
    # SCHEMA's rule 1: a person's own request may carry a hand-over without their consent. What a colleague supposes is none.
    if heard is None and asks:
        raise Invalid(errors=[Fault(path="heard", message=say(HOW_DO_WE_KNOW))])
    if heard is not None and heard not in HEARD:
        raise Invalid(errors=[Fault(path="heard", message=say("Please choose one of the list."))])
    return heard if asks else None


async def _locked(lead: UUID, *, scope: Scope) -> Record:
    await need_lead(lead, scope=scope)
    [row] = await current().fetch(
        "select lead.version, lead.region, lead.person, lead.campaign, lead.source, lead.captured_at, source.test"
        " from lead join source on source.id = lead.source where lead.id = $1 for update of lead",
        lead,
    )
    return row


async def _lead_of(interest: UUID, *, scope: Scope) -> UUID:
    query, values = numbered("select lead from interest where id = $1 and {}", [scope.of_interests()], interest)
    lead: UUID | None = await current().fetchval(query, *values)
    if lead is None:
        raise NotThere
    return lead


async def _read(wanted: Wanted, *, scope: Scope, at: datetime) -> tuple[int | None, int | None, int | None]:
    """The ids of brand, model and store, with every fault of the codes at once."""
    words, faults = await reference.load(), []
    model = words.models.get(wanted.model or "")
    brand = words.brands.get(wanted.brand or "")
    brand_id = brand.id if brand else model.brand if model else None
    if wanted.kind not in KINDS:
        faults.append(Fault(path="kind", message="Choose what is wanted."))
    if wanted.brand and brand is None:
        faults.append(Fault(path="brand", message="Choose one of the brands."))
    if wanted.model and (model is None or model.brand != brand_id):
        faults.append(Fault(path="model", message="Choose a model of this brand."))
    if scope.actor.brand is not None and brand_id != scope.actor.brand:
        faults.append(Fault(path="brand", message="You work for one brand; choose it."))
    store = None
    if wanted.preferred_store:
        sellers = (await network(local_day(at))).sellers.get(brand_id or 0, ())
        store = next((one.id for one in sellers if one.code == wanted.preferred_store.strip().upper()), None)
        if store is None:
            faults.append(Fault(path="preferred_store", message="No store of this brand has this code."))
    if faults:
        raise Invalid(errors=faults)
    return brand_id, model.id if model else None, store


async def _count(interest: UUID, brand: int | None, lead: Record, *, at: datetime) -> None:
    """The funnel counts the interest for the brand that is now known, and no other; a test never counts."""
    standing = [
        Milestone(**row)
        for row in await current().fetch(
            "select * from milestone where person = $1 and interest = $2 and kind = $3 and retracted_at is null",
            lead["person"],
            interest,
            int(Fact.lead),
        )
    ]
    await touchpoints.retract(standing, at=at)
    if lead["test"]:
        return
    of_lead = await current().fetchval("select lead from interest where id = $1", interest)
    told = touchpoints.milestone(
        Fact.lead,
        person=lead["person"],
        lead=of_lead,
        interest=interest,
        campaign=lead["campaign"],
        brand=brand,
        at=lead["captured_at"],
        recorded_at=at,
    )
    await touchpoints.record_milestones([told])


async def _moved_on(lead: UUID) -> None:
    await current().execute("update lead set version = version + 1 where id = $1", lead)
    await notify(history.CHANGES)


def _as_wanted(known: Record) -> dict[str, str | None]:
    return {name: known[name] for name in Wanted.__struct_fields__}


_INTEREST = """
select interest.stage, interest.kind, interest.brand as brand_id, brand.code as brand, model.code as model, store.code as preferred_store,
       store.id as store_id,
       exists (select from offer where offer.interest = interest.id)
       or exists (select from joined_offer where joined_offer.interest = interest.id) as offered
from interest
left join brand on brand.id = interest.brand
left join model on model.id = interest.model
left join store on store.id = interest.preferred_store
where interest.id = $1
"""

# Grain: at most one row. $1 interest, $2 moment.
_HEARD = """
select details ->> 'heard' from history_entry
where subject_kind = 'interest' and subject = $1 and action in ('interest_added', 'interest_changed') and details ? 'heard' and at <= $2
order by at desc, id desc limit 1
"""
