"""Doors for sources: leads come in one by one or five hundred at a time, and what people answer about consent follows them.

A 2xx means committed. One bad item of a batch fails alone; a body too large or not JSON fails as a whole.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, RawBody

from crm import access, consent, people, reference, understanding, vault
from crm.access import Principal
from crm.database import transaction
from crm.errors import TOO_DEEP, Fault, Invalid, NotThere, NotUnderstood, faults_of
from leads import capture
from leads.api.gathering import Gathering
from leads.capture import Answer, Incoming, Outcome
from leads.submission import ConsentSaid, LeadBody

MOST_ITEMS = 500
ONE_LEAD = 64 * 1024
ONE_BATCH = 8 * 1024 * 1024

_lead = msgspec.json.Decoder(LeadBody)
_items = msgspec.json.Decoder(list[msgspec.Raw])


class BatchResult(msgspec.Struct, omit_defaults=True):
    """The fate of one item, at its place in the array: status 201 created, 200 repeat, 422 with errors."""

    index: int
    status: int
    id: UUID | None = None
    external_id: str | None = None
    stage: str | None = None
    hold: str | None = None
    person_id: str | None = None
    interests: list[capture.CapturedInterest] | None = None
    errors: list[Fault] | None = None


class BatchAnswer(msgspec.Struct):
    """One result per item, in the order sent."""

    results: list[BatchResult]


class ConsentsGiven(msgspec.Struct, forbid_unknown_fields=True):
    """What a person answered after the lead, through the source that sent them."""

    consents: list[ConsentSaid]


class StandingNow(msgspec.Struct):
    """Where the person stands on one question for one brand."""

    purpose: str
    brand: str
    channel: str | None
    given: bool
    captured_at: datetime


class ConsentsNow(msgspec.Struct):
    """How the questions of this request stand after it."""

    person_id: str
    consents: list[StandingNow]


# The shapes that the references below name: Litestar describes only what its handlers take apart themselves.
BODIES = msgspec.json.schema_components((LeadBody, ConsentsGiven), ref_template="#/components/schemas/{name}")[1]


@dataclass
class TakesOneLead(Operation):
    """The body is read by hand, so that the bytes that came can be kept; the schema is told here."""

    def __post_init__(self) -> None:
        self.request_body = _json_body(Reference(ref="#/components/schemas/LeadBody"))


@dataclass
class TakesABatch(Operation):
    """The same for an array, whose items are judged one by one."""

    def __post_init__(self) -> None:
        item = Reference(ref="#/components/schemas/LeadBody")
        self.request_body = _json_body(Schema(type=OpenAPIType.ARRAY, items=item, max_items=MOST_ITEMS, min_items=1))


@dataclass
class TakesConsents(Operation):
    """One consent or a list under `consents`."""

    def __post_init__(self) -> None:
        said = Reference(ref="#/components/schemas/ConsentSaid")
        self.request_body = _json_body(
            Schema(one_of=[said, Reference(ref="#/components/schemas/ConsentsGiven")], description="One, or several")
        )


class Leads(Controller):
    path = "/api/v1/leads"
    guards = [access.needs("leads")]
    tags = ["Leads"]

    @post(request_max_body_size=ONE_LEAD, operation_class=TakesOneLead, summary="Send one lead")
    async def send(
        self, body: RawBody, principal: NamedDependency[Principal], gathering: NamedDependency[Gathering]
    ) -> Response[Answer | None]:
        return _answered(await gathering.accept(Incoming(decoded(body), body), source=principal.id))

    @post(
        "/batch",
        status_code=200,
        request_max_body_size=ONE_BATCH,
        operation_class=TakesABatch,
        summary="Send up to 500 leads",
    )
    async def send_many(self, body: RawBody, principal: NamedDependency[Principal]) -> BatchAnswer:
        tried = [_tried(raw) for raw in _split(body)]
        items = [item for item in tried if isinstance(item, Incoming)]
        async with transaction():
            source = await capture.sender(principal.id)
            outcomes = iter(await capture.accept_many(items, source=source, at=datetime.now(UTC)))
        fates = [next(outcomes) if isinstance(item, Incoming) else Outcome("error", errors=item) for item in tried]
        return BatchAnswer([_result(index, outcome) for index, outcome in enumerate(fates)])

    @get("/{lead_id:uuid}", summary="A lead as it stands now")
    async def show(self, lead_id: FromPath[UUID], principal: NamedDependency[Principal]) -> Answer:
        async with transaction():
            return await capture.show(lead_id, source=await capture.sender(principal.id))


class Consents(Controller):
    path = "/api/v1/people/{person_id:str}/consents"
    guards = [access.needs("consents")]
    tags = ["Consents"]

    @post(request_max_body_size=ONE_LEAD, operation_class=TakesConsents, summary="Give or withdraw consent")
    async def answer(
        self, person_id: FromPath[str], body: RawBody, principal: NamedDependency[Principal]
    ) -> ConsentsNow:
        said = _consents(body)
        at = datetime.now(UTC)
        async with transaction():
            person = await _person(person_id, principal)
            answers = await _understood(said)
            await consent.record(answers, person=person, captured_at=at, at=at, actor=principal.actor, evidence=body)
            return await _standing(person_id, person, asked=answers)


def decoded(body: bytes) -> LeadBody:
    """A body as its shape wants it; refuses any other, naming each fault with its path."""
    try:
        return _lead.decode(body)
    except msgspec.ValidationError as wrong:
        raise Invalid(errors=faults_of(wrong)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise _not_json(broken) from None


def _not_json(broken: Exception) -> NotUnderstood:
    return NotUnderstood(why=TOO_DEEP if isinstance(broken, RecursionError) else f"it is not JSON ({broken})")


def _tried(raw: msgspec.Raw) -> Incoming | list[Fault]:
    try:
        return Incoming(decoded(bytes(raw)), bytes(raw))
    except Invalid as wrong:
        return wrong.errors
    except NotUnderstood as broken:
        return [Fault(path="", message=str(broken))]


def _split(body: bytes) -> list[msgspec.Raw]:
    try:
        items = _items.decode(body)
    except (msgspec.ValidationError, UnicodeDecodeError):
        raise NotUnderstood(why="it is not a JSON array of leads") from None
    except (msgspec.DecodeError, RecursionError) as broken:
        items = _split_leniently(body, broken)
    if not 1 <= len(items) <= MOST_ITEMS:
        raise Invalid(errors=[Fault(path="", message=f"Send 1 to {MOST_ITEMS} leads at a time, not {len(items)}.")])
    return items


def _split_leniently(body: bytes, broken: Exception) -> list[msgspec.Raw]:
    # A character cut in half (`\ud83d`, by a program that counts in UTF-16) is grammatical JSON, and shall cost one item, not all.
    try:
        items = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise _not_json(broken) from None
    return [msgspec.Raw(json.dumps(item).encode()) for item in items] if isinstance(items, list) else []


def _answered(outcome: Outcome) -> Response[Answer | None]:
    # Refused only here, after the commit: what was refused is kept sealed for a while.
    if outcome.fate == "error":
        raise Invalid(errors=outcome.errors)
    if outcome.fate == "repeat":
        return Response(outcome.answer, status_code=200, headers={"Idempotent-Replayed": "true"})
    return Response(outcome.answer, status_code=201)


def _result(index: int, outcome: Outcome) -> BatchResult:
    if outcome.answer is None:
        return BatchResult(index, 422, errors=outcome.errors)
    status = 201 if outcome.fate == "created" else 200
    return BatchResult(index, status, **msgspec.structs.asdict(outcome.answer))


def _consents(body: bytes) -> list[ConsentSaid]:
    """A single answer or `{"consents": [...]}`: both are natural, and the first key tells them apart."""
    try:
        several = "consents" in msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        if several:
            return msgspec.json.decode(body, type=ConsentsGiven).consents
        return [msgspec.json.decode(body, type=ConsentSaid)]
    except msgspec.ValidationError as wrong:
        raise Invalid(errors=faults_of(wrong)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise _not_json(broken) from None


async def _person(reference_outside: str, principal: Principal) -> UUID:
    """The survivor behind a source's own reference; NotThere for anybody whom this source never sent."""
    inside = vault.inside_reference(f"source:{principal.code}", reference_outside)
    if inside is None or not await people.was_sent_by(inside, source=principal.id):
        raise NotThere
    return await people.resolve_id(inside)


async def _understood(said: Iterable[ConsentSaid]) -> list[consent.Answer]:
    faults: list[Fault] = []
    words = await reference.load()
    answers = [
        answer
        for i, one in enumerate(said)
        for answer in understanding.answers_of(one, path=f"consents[{i}]", reference=words, faults=faults)
    ]
    if faults or not answers:
        raise Invalid(errors=faults or [Fault(path="consents", message="Say at least one answer.")])
    return answers


async def _standing(person_id: str, person: UUID, *, asked: Iterable[consent.Answer]) -> ConsentsNow:
    """How the questions of this request stand now; what the person told others is not this source's to know."""
    words = await reference.load()
    questions = {(answer.purpose, answer.brand, answer.channel) for answer in asked}
    known = (await consent.standing([person])).get(person, [])
    standings = [s for s in known if (s.purpose, s.brand, s.channel) in questions]
    return ConsentsNow(
        person_id,
        [
            StandingNow(s.purpose, words.brand(s.brand).code, s.channel, s.state == "given", s.captured_at)
            for s in standings
        ],
    )


def _json_body(schema: Any) -> RequestBody:
    return RequestBody(content={"application/json": OpenAPIMediaType(schema=schema)}, required=True)


CONTROLLERS = (Leads, Consents)
