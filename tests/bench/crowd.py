"""A crowd to measure with: any number of people and leads, written in bulk as the house itself would have written them.

Promises the same crowd for the same seed (ids and seals apart), contact details sealed and found by real digests, and receipts that the
house decided itself: a few hundred leads go the real way first and lend theirs to the rest. Refuses a database that holds leads.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from crm import access, database, reference, vault
from crm.database import current, transaction
from crm.identity import digests, observations
from crm.identity.observations import Particulars
from crm.ids import uuid7
from crm.people import finding
from crm.work import until_idle
from leads import capture, journey
from leads.capture import Incoming
from leads.demo import names
from leads.submission import LeadBody

SOURCE = "crowd"
TEMPLATES = 400
SPAN = timedelta(days=540)
BATCH = 4000
MOBILE = (
    "134",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "151",
    "152",
    "158",
    "159",
    "182",
    "186",
    "187",
    "188",
    "199",
)
# What became of offers, by share; the youngest leads wait instead.
ENDS = (("accepted", "accepted", 8), ("accepted", "contacted", 22), ("accepted", "test_drive", 12), ("accepted", "order", 6),
        ("accepted", "delivered", 4), ("accepted", "lost", 36), ("refused", "alliance_queue", 4), ("expired", "lost", 8))  # fmt: skip
STILL_OPEN = timedelta(minutes=40)
HELD, IN_PINYIN, WITH_EMAIL, AT_A_SHOW, AGREE, ONE_WISH = 0.03, 0.15, 0.3, 0.5, 0.8, 0.75  # shares
ACTOR = "source:crowd"
SAME_PHONE = '[{"name": "same_phone", "points": 9.1, "words": "the same phone"}]'
HOLDS = ("no_consent", "no_place", "no_franchise", "no_interest")


def _columns(named: str) -> tuple[str, ...]:
    return tuple(named.split())


TABLES: dict[str, tuple[str, ...]] = {
    "person": _columns("id status merged_into created_at version"),
    "observation": _columns("id source external_id captured_at received_at synthetic region particulars normaliser"),
    "decision": _columns("id observation person outcome parts score weights_version actor at"),
    "link": _columns("id observation person decision opened_at"),
    "identity_key": _columns("kind namespace key_version match_key observation"),
    "search_key": _columns("match_key captured_at observation"),
    "submission": _columns("id source external_id body_hash received_at lead answer"),
    "lead": _columns("id observation person source campaign region wishes captured_at received_at version"),
    "interest": _columns("id lead rank brand model kind stage hold attempts captured_at campaign source region"),
    "consent": _columns(
        "id observation person purpose receiver_kind brand kind state captured_at recorded_at actor evidence_hash"
    ),
    "receipt": _columns(
        "id interest policy network_version outcome tier pool_key inputs pool others refused winner basis decided_at"
    ),
    "offer": _columns(
        "id interest store dealer brand receipt basis state offered_at answer_due_at expires_at accepted_at ended_at reason version"
    ),
    "sharing_entry": _columns("id person dealer store brand offer fields purpose basis at"),
    "touchpoint": _columns("id person observation kind campaign brand at recorded_at"),
    "milestone": _columns("id person lead interest kind campaign brand store at recorded_at"),
}


class Template(NamedTuple):
    """One decision of the house itself, to be lent to leads of the crowd."""

    brand: int
    model: int | None
    kind: str
    region: str
    store: int
    dealer: int
    receipt: dict[str, Any]


_LENT = set(Template._fields) - {"receipt"}


class Ground(NamedTuple):
    """What every lead of the crowd stands on."""

    source: int
    campaigns: tuple[int, ...]
    templates: tuple[Template, ...]
    end: datetime


async def prepare(stores: Path, *, at: datetime) -> None:
    """The network and a few hundred leads that went the real way; refuses a database with leads in it."""
    from crm.network import dealers

    async with transaction():
        if await current().fetchval("select exists (select from lead)"):
            raise RuntimeError("There are leads in this database already; name an empty folder by MARQUEE_DATA.")
        await dealers.import_network(stores, at=at, actor="crowd")
        source = await access.make_source(SOURCE, kind="event_desk")
        sender = await capture.sender(source)
        places = await current().fetch("select distinct region, longitude, latitude from store order by region")
    chance = Random(7)
    brands = list((await _reference()).models.values())
    for first in range(0, TEMPLATES, 100):
        bodies = [_template_body(number, chance, brands, places, at=at) for number in range(first, first + 100)]
        async with transaction():
            await capture.accept_many(bodies, source=sender, at=at)
        await until_idle(journey.JOBS, at=at)


async def ground(*, at: datetime) -> Ground:
    """What was prepared, read once per process."""
    async with transaction():
        source = await current().fetchval("select id from source where code = $1", SOURCE)
        campaigns = await current().fetch("select id from campaign order by id")
        rows = await current().fetch(
            """
            select interest.brand, interest.model, interest.kind, coalesce(interest.region, store.region) as region, offer.store, offer.dealer,
                   receipt.policy, receipt.network_version, receipt.outcome, receipt.tier, receipt.pool_key, receipt.inputs,
                   receipt.pool, receipt.others, receipt.refused, receipt.winner, receipt.basis
            from offer join receipt on receipt.id = offer.receipt join interest on interest.id = offer.interest
            join store on store.id = offer.store
            order by offer.id
            """
        )
    templates = tuple(
        Template(
            **{name: row[name] for name in _LENT},
            receipt={name: value for name, value in row.items() if name not in _LENT},
        )
        for row in rows
    )
    return Ground(source, tuple(row["id"] for row in campaigns), templates, at)


async def pour(on: Ground, *, people: range, leads_each: Sequence[int], seed: int) -> None:
    """Write these people with their leads by COPY, without triggers. Indexes are the caller's affair."""
    connection = await asyncpg.connect(database.url())
    try:
        await connection.execute("set session_replication_role = replica; set synchronous_commit = off")
        for first in range(0, len(people), BATCH):
            batch = _Batch(on)
            for number in people[first : first + BATCH]:
                chance = Random(seed * 1_000_003 + number)
                batch.person(number, leads_each[number % len(leads_each)], chance)
            for table, columns in TABLES.items():
                await connection.copy_records_to_table(table, records=batch.rows[table], columns=columns)
    finally:
        await connection.close()


def phone(number: int) -> str:
    """The phone of the crowd's person of this number."""
    return f"{MOBILE[number % len(MOBILE)]}{(number * 7919 + 13) % 100_000_000:08d}"


class _Enquiry(NamedTuple):
    """What the rows of one lead have in common."""

    lead: UUID
    person: UUID
    campaign: int | None
    at: datetime


class _Batch:
    """The rows of some thousand people, by table."""

    def __init__(self, on: Ground) -> None:
        self.on = on
        self.rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}

    def person(self, number: int, count: int, chance: Random) -> None:
        name = names.invent(chance)
        mobile = f"+86{phone(number)}"
        email = f"{''.join(name.sound)}{number}@example.com" if chance.random() < WITH_EMAIL else None
        moments = sorted(self.on.end - SPAN * chance.random() ** 1.3 for _ in range(count))
        person = uuid7(moments[0])
        self.rows["person"].append((person, "active", None, moments[0], 1))
        for place, at in enumerate(moments):
            in_pinyin = chance.random() < IN_PINYIN
            written = " ".join(part.title() for part in reversed(name.sound)) if in_pinyin else name.written
            said = Particulars(name=written, phone=mobile, email=email)
            self._lead(f"C{number}-{place}", said, person, chance, at=at)

    def _lead(self, external: str, said: Particulars, person: UUID, chance: Random, *, at: datetime) -> None:
        one, source = chance.choice(self.on.templates), self.on.source
        observation, lead, known = uuid7(at), uuid7(at), not external.endswith("-0")
        campaign = chance.choice(self.on.campaigns) if chance.random() < AT_A_SHOW else None
        sealed = vault.seal(msgspec.json.encode(said).decode(), place=f"observation|particulars|{observation}")
        wishes = vault.seal(f'{{"address":"{one.region}"}}', place=f"lead|wishes|{lead}")
        self.rows["observation"].append((observation, source, external, at, at, False, one.region, sealed, 1))
        self._identity(said, observation, person, one.region, known=known, at=at)
        self.rows["submission"].append((uuid7(at), source, external, observation.bytes, at, lead, "{}"))
        self.rows["lead"].append((lead, observation, person, source, campaign, one.region, wishes, at, at, 1))
        self.rows["consent"] += [
            (
                uuid7(at),
                observation,
                person,
                purpose,
                receiver,
                one.brand,
                "separate",
                "given",
                at,
                at,
                ACTOR,
                lead.bytes,
            )
            for purpose, receiver in (("share_with_dealer", "dealer"), ("share_with_brand", "brand"))
            if chance.random() < AGREE
        ]
        self.rows["touchpoint"].append((uuid7(at), person, observation, 1, campaign, one.brand, at, at))
        wanted = [one] if chance.random() < ONE_WISH else [one, chance.choice(self.on.templates)]
        enquiry = _Enquiry(lead, person, campaign, at)
        for rank, wish in enumerate({it.brand: it for it in wanted}.values(), start=1):
            self._interest(rank, wish, enquiry, chance)

    def _identity(
        self, said: Particulars, observation: UUID, person: UUID, region: str, *, known: bool, at: datetime
    ) -> None:
        decision, outcome = uuid7(at), "linked" if known else "new"
        parts, score = (SAME_PHONE, 12.0) if known else ("[]", None)
        self.rows["decision"].append((decision, observation, person, outcome, parts, score, 1, "identity", at))
        self.rows["link"].append((uuid7(at), observation, person, decision, at))
        keys = digests.of(observations.seen(said, region=region))
        self.rows["identity_key"] += [
            (key.kind, key.namespace, digests.VERSION, key.match_key, observation) for key in keys
        ]
        self.rows["search_key"] += [(key, at, observation) for key in finding.keys_of(said)]

    def _interest(self, rank: int, one: Template, of: _Enquiry, chance: Random) -> None:
        interest, source = uuid7(of.at), self.on.source
        state, stage, hold = _fate(chance, age=self.on.end - of.at)
        self.rows["interest"].append(
            (
                interest,
                of.lead,
                rank,
                one.brand,
                one.model,
                one.kind,
                stage,
                hold,
                0,
                of.at,
                of.campaign,
                source,
                one.region,
            )
        )
        self._milestone(of, interest, 1, one.brand, None)
        if state:
            self._offer(one, interest, of, state)

    def _offer(self, one: Template, interest: UUID, of: _Enquiry, state: str) -> None:
        receipt, offer, minute, at, kept = uuid7(of.at), uuid7(of.at), timedelta(minutes=1), of.at, one.receipt
        lent = (kept[name] for name in TABLES["receipt"][2:-1])
        self.rows["receipt"].append((receipt, interest, *lent, at))
        accepted = at + 9 * minute if state == "accepted" else None
        ended = at + 20 * minute if state in ("refused", "expired") else None
        reason = "no_staff" if state == "refused" else None
        deadlines = (at + 30 * minute, at + 45 * minute)
        whose = (one.store, one.dealer, one.brand)
        self.rows["offer"].append(
            (offer, interest, *whose, receipt, kept["basis"], state, at, *deadlines, accepted, ended, reason, 2)
        )
        shared = (one.dealer, one.store, one.brand, offer, "name_masked,phone_masked", "share_with_dealer")
        self.rows["sharing_entry"].append((uuid7(at), of.person, *shared, kept["basis"], at))
        self._milestone(of, interest, 2, one.brand, one.store)

    def _milestone(self, of: _Enquiry, interest: UUID, kind: int, brand: int, store: int | None) -> None:
        self.rows["milestone"].append(
            (uuid7(of.at), of.person, of.lead, interest, kind, of.campaign, brand, store, of.at, of.at)
        )


def _fate(chance: Random, *, age: timedelta) -> tuple[str, str, str | None]:
    """The state of the offer ('' for none), the stage and the hold of an interest of this age."""
    if chance.random() < HELD:
        return "", "identified", chance.choice(HOLDS)
    if age < STILL_OPEN:
        return "offered", "offered", None
    state, stage, _ = chance.choices(ENDS, [end[2] for end in ENDS])[0]
    return state, stage, None


def _template_body(
    number: int, chance: Random, models: Sequence[Any], places: Sequence[Any], *, at: datetime
) -> Incoming:
    model, place = chance.choice(models), chance.choice(places)
    code = next(brand.code for brand in _brands if brand.id == model.brand)
    body = {
        "external_id": f"T{number}",
        "captured_at": at.isoformat(),
        "source": {"kind": "event_desk", "campaign": "crowd-show"},
        "person": {"name": names.invent(chance).written, "phone": f"199{(number * 104_729) % 100_000_000:08d}"},
        "place": {"latitude": place["latitude"], "longitude": place["longitude"]}
        if number % 3
        else {"region_code": place["region"]},
        "interests": [{"brand": code, "model": model.code, "kind": chance.choice(("buy", "test_drive"))}],
        "consents": [
            {
                "purpose": "share_with_dealer",
                "brands": [code],
                "given": True,
                "notice": {"id": "desk", "version": "1", "language": "zh"},
            }
        ],
    }
    raw = msgspec.json.encode(body)
    return Incoming(body=msgspec.json.decode(raw, type=LeadBody), raw=raw)


_brands: list[Any] = []


async def _reference() -> reference.Reference:
    async with transaction():
        known = await reference.load()
    _brands[:] = known.brands.values()
    return known
