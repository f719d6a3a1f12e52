"""What a submission means: codes become rows we know, contact details their canonical form, an address the deepest certain region.

Promises to find every fault, each at its path and with what to do; what a person typed is kept beside what we made of it. Refuses a lead
without any valid contact, and brands, models, stores and notices that nobody knows. Pure but for the words it is given.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from rapidfuzz import process

from crm import normalise, places, regions
from crm.consent import Answer, State
from crm.errors import Fault
from crm.normalise import Email, Name, Phone
from crm.reference import Reference
from leads.submission import ConsentSaid, InterestSaid, LeadBody, PersonSaid, PlaceSaid, moment_fault

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
    region, longitude, latitude = _place(body.place, faults=faults)
    return Reading(
        name=normalise.name(body.person.name or ""),
        **_identity(body.person, faults=faults),
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


def _identity(person: PersonSaid, *, faults: list[Fault]) -> dict[str, Any]:
    """Contact details in canonical form; one that cannot be read is a fault only when no other contact is left."""
    unread: list[Fault] = []
    phone = _understood(normalise.phone, person.phone, "person.phone", unread)
    email = _understood(normalise.email, person.email, "person.email", unread)
    unionid = _understood(
        normalise.wechat, person.wechat.unionid if person.wechat else None, "person.wechat.unionid", unread
    )
    vin = _understood(normalise.vin, person.vin, "person.vin", unread)
    if not (email or unionid or vin or (phone and phone.e164)):
        faults.extend(unread or [_unreachable(phone)])
    return {
        "phone": phone,
        "email": email,
        "wechat_account": person.wechat.account if person.wechat and unionid else None,
        "unionid": unionid,
        "vin": vin,
    }


def _unreachable(phone: Phone | None) -> Fault:
    if phone is None:
        return Fault(path="person", message="Give a phone number, an e-mail address or a WeChat identity.")
    return Fault(
        path="person.phone", message="Stars hide digits of this number; give the whole number or another contact."
    )


def _understood(read_value: Any, typed: str | None, path: str, unread: list[Fault]) -> Any:
    if typed is None or not typed.strip():
        return None
    try:
        return read_value(typed)
    except normalise.Unreadable as no:
        unread.append(Fault(path=path, message=no.reason))
        return None


def _place(place: PlaceSaid | None, *, faults: list[Fault]) -> tuple[str | None, float | None, float | None]:
    if place is None:
        return None, None, None
    if (place.latitude is None) != (place.longitude is None):
        faults.append(Fault(path="place", message="Give latitude and longitude together."))
    stated = regions.current(place.region_code) if place.region_code is not None else None
    if place.region_code is not None and stated is None:
        faults.append(Fault(path="place.region_code", message="No region has this GB/T 2260 code today."))
    region = stated or (places.resolve(place.address).region if place.address else None)
    if region is None and place.latitude is not None and place.longitude is not None:
        # The nearest district seat is a guess, its city hardly ever: keep what is certain.
        nearest = regions.nearest(place.longitude, place.latitude)
        region = regions.city_of(nearest) if nearest else None
    return region, place.longitude, place.latitude


def _wish(
    said: InterestSaid, *, at: int, reference: Reference, stores: Mapping[str, int], faults: list[Fault]
) -> Wished:
    path = f"interests[{at}]"
    model = _known(said.model, reference.models, f"{path}.model", "model", faults, fold=str.upper)
    brand = _known(said.brand, reference.brands, f"{path}.brand", "brand", faults, fold=str.lower)
    store = _known(said.preferred_store, stores, f"{path}.preferred_store", "store", faults, fold=str.upper)
    if model and brand and model.brand != brand.id:
        faults.append(Fault(path=f"{path}.model", message=f"{model.code} is not a model of {brand.code}."))
    brand_id = brand.id if brand else model.brand if model else None
    return Wished(said.rank or at + 1, said.kind, brand_id, model.id if model else None, store)


def _known(code: str | None, known: Mapping[str, Any], path: str, what: str, faults: list[Fault], *, fold: Any) -> Any:
    if code is None:
        return None
    if (found := known.get(code) or known.get(fold(code.strip()))) is not None:
        return found
    nearest = process.extractOne(fold(code), known.keys())
    hint = f"; the nearest is {nearest[0]}" if nearest else ""
    faults.append(Fault(path=path, message=f"There is no such {what}{hint}."))
    return None


def _ranked(wishes: list[Wished], said: list[InterestSaid]) -> list[Wished]:
    # A stable order: by the rank that was given, then as listed.
    ordered = sorted(zip(wishes, said, strict=True), key=lambda pair: pair[1].rank or len(said) + 1)
    return [msgspec.structs.replace(wish, rank=rank) for rank, (wish, _) in enumerate(ordered, start=1)]


def _answers(body: LeadBody, *, reference: Reference, faults: list[Fault]) -> list[Answer]:
    answers = [
        answer
        for i, said in enumerate(body.consents)
        for answer in answers_of(said, path=f"consents[{i}]", reference=reference, faults=faults)
    ]
    # A child's yes is no consent; a child's no counts.
    return [answer for answer in answers if answer.state == "withdrawn"] if is_child(body.remark) else answers


def answers_of(said: ConsentSaid, *, path: str, reference: Reference, faults: list[Fault]) -> list[Answer]:
    """One answer per brand that a consent names; marketing without brands speaks for all of them."""
    notice = said.notice
    wording = reference.notices.get((notice.id, notice.version, notice.language)) or reference.notices.get(
        (notice.id, notice.version, notice.language.partition("-")[0].lower())
    )
    if wording is None:
        shown = "; ".join(sorted(f"{code} {version} {language}" for code, version, language in reference.notices))
        faults.append(Fault(path=f"{path}.notice", message=f"This wording is not known; known are: {shown}."))
    if not said.brands and said.purpose != "alliance_marketing":
        faults.append(Fault(path=f"{path}.brands", message="Name the brands that this answer is for."))
    codes = said.brands or list(reference.brands)
    brands = [
        _known(code, reference.brands, f"{path}.brands[{i}]", "brand", faults, fold=str.lower)
        for i, code in enumerate(codes)
    ]
    state: State = "given" if said.given else "withdrawn"
    return [Answer(said.purpose, brand.id, state, said.channel, wording) for brand in brands if brand is not None]
