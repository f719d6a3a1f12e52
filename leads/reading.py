"""What a submission means: codes become rows we know, contact details their canonical form, an address the deepest certain region.

Promises to find every fault, each at its path and with what to do; what a person typed is kept beside what we made of it. Refuses a lead
without any valid contact, and brands, models, stores and notices that nobody knows. Pure but for the words it is given.
"""

import re
from collections.abc import Mapping

import msgspec

from crm import understanding
from crm.consent import Answer
from crm.errors import Fault
from crm.normalise import Email, Name, Phone
from crm.reference import Reference
from leads.submission import InterestSaid, LeadBody, moment_fault

GUARDED_AGE = 14
# The person's own age: "年龄13岁", "本人今年 13", "13岁" as the whole remark; "孩子8岁" speaks of somebody else.
AGE = re.compile(
    r"(?:年龄|\bage\b)[\s:：是为]{0,3}(\d{1,3})(?!\d)"
    r"|(?:本人|今年)[\s:：是为已满]{0,4}(\d{1,3})\s*(?:周?岁|years? old|$)"
    r"|^\s*(\d{1,3})\s*(?:周?岁|years? old)\s*$",
    re.IGNORECASE,
)


class Wished(msgspec.Struct, frozen=True):
    """One interest with its codes understood."""

    rank: int
    kind: str
    brand: int | None
    model: int | None
    preferred_store: int | None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One lead as understood; with any `faults` it is refused as a whole."""

    name: Name
    phone: Phone | None
    email: Email | None
    wechat_account: str | None
    unionid: str | None
    vin: str | None
    region: str | None
    longitude: float | None
    latitude: float | None
    interests: list[Wished]
    answers: list[Answer]
    faults: list[Fault]


def read(body: LeadBody, *, reference: Reference, stores: Mapping[str, int]) -> Reading:
    """What this body says in our own terms, or its faults; `stores` are the known stores by code."""
    faults = moment_fault(body.captured_at, path="captured_at")
    if body.contact_preference:
        faults += moment_fault(body.contact_preference.not_before, path="contact_preference.not_before")
    interests = [
        _wish(said, at=i, reference=reference, stores=stores, faults=faults) for i, said in enumerate(body.interests)
    ]
    region, longitude, latitude = understanding.place(body.place, faults=faults)
    return Reading(
        **msgspec.structs.asdict(understanding.identity(body.person, faults=faults)),
        region=region,
        longitude=longitude,
        latitude=latitude,
        interests=_ranked(interests, body.interests),
        answers=_answers(body, reference=reference, faults=faults),
        faults=faults,
    )


def is_child(remark: str | None) -> bool:
    """Whether a remark says that the person is under 14: then only a guardian could consent."""
    found = AGE.search(remark or "")
    return found is not None and int(next(filter(None, found.groups()))) < GUARDED_AGE


def _wish(
    said: InterestSaid, *, at: int, reference: Reference, stores: Mapping[str, int], faults: list[Fault]
) -> Wished:
    path = f"interests[{at}]"
    brand, model = understanding.car(said.brand, said.model, path=path, reference=reference, faults=faults)
    store = understanding.known(
        said.preferred_store, stores, f"{path}.preferred_store", "store", faults, fold=str.upper
    )
    return Wished(said.rank or at + 1, said.kind, brand.id if brand else None, model.id if model else None, store)


def _ranked(wishes: list[Wished], said: list[InterestSaid]) -> list[Wished]:
    # A stable order: by the rank that was given, then as listed.
    ordered = sorted(zip(wishes, said, strict=True), key=lambda pair: pair[1].rank or len(said) + 1)
    return [msgspec.structs.replace(wish, rank=rank) for rank, (wish, _) in enumerate(ordered, start=1)]


def _answers(body: LeadBody, *, reference: Reference, faults: list[Fault]) -> list[Answer]:
    answers = [
        answer
        for i, said in enumerate(body.consents)
        for answer in understanding.answers_of(said, path=f"consents[{i}]", reference=reference, faults=faults)
    ]
    # A child's yes is no consent; a child's no counts.
    return [answer for answer in answers if answer.state == "withdrawn"] if is_child(body.remark) else answers
