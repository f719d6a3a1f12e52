"""What somebody said, in our own terms: contact details in canonical form, an address as the deepest certain region, answers by brand.

Promises to find every fault, each at its path and with what to do. Refuses a person whom nobody can reach, and brands, models and notices
that nobody knows. Pure but for the words it is given.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from rapidfuzz import process

from crm import normalise, places, regions
from crm.consent import Answer, State
from crm.errors import Fault
from crm.normalise import Email, Name, Phone
from crm.reference import BrandFacts, ModelFacts, Reference
from crm.wire import ConsentSaid, PersonSaid, PlaceSaid

NO_CONTACT = "Give a phone number, an e-mail address or a WeChat identity."


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """How a person can be known again; the canonical forms of what they gave."""

    name: Name
    phone: Phone | None
    email: Email | None
    wechat_account: str | None
    unionid: str | None
    vin: str | None


def identity(person: PersonSaid, *, faults: list[Fault], no_contact: str = NO_CONTACT) -> Identity:
    """Who says so; a contact that cannot be read is a fault only when no other contact is left."""
    unread: list[Fault] = []
    phone = _read(normalise.phone, person.phone, "person.phone", unread)
    email = _read(normalise.email, person.email, "person.email", unread)
    unionid = _read(normalise.wechat, person.wechat.unionid if person.wechat else None, "person.wechat.unionid", unread)
    vin = _read(normalise.vin, person.vin, "person.vin", unread)
    if not (email or unionid or vin or (phone and phone.e164)):
        faults.extend(unread or [_unreachable(phone, no_contact)])
    return Identity(
        name=normalise.name(person.name or ""),
        phone=phone,
        email=email,
        wechat_account=person.wechat.account if person.wechat and unionid else None,
        unionid=unionid,
        vin=vin,
    )


def place(said: PlaceSaid | None, *, faults: list[Fault]) -> tuple[str | None, float | None, float | None]:
    """Region, longitude and latitude of what somebody said about where they are."""
    if said is None:
        return None, None, None
    if (said.latitude is None) != (said.longitude is None):
        faults.append(Fault(path="place", message="Give latitude and longitude together."))
    stated = regions.current(said.region_code) if said.region_code is not None else None
    if said.region_code is not None and stated is None:
        faults.append(Fault(path="place.region_code", message="No region has this GB/T 2260 code today."))
    region = stated or (places.resolve(said.address).region if said.address else None)
    if region is None and said.latitude is not None and said.longitude is not None:
        # The nearest district seat is a guess, its city hardly ever: keep what is certain.
        nearest = regions.nearest(said.longitude, said.latitude)
        region = regions.city_of(nearest) if nearest else None
    return region, said.longitude, said.latitude


def car(
    brand_code: str | None, model_code: str | None, *, path: str, reference: Reference, faults: list[Fault]
) -> tuple[BrandFacts | None, ModelFacts | None]:
    """The brand and the model that are wished for; a model alone names its brand."""
    model: ModelFacts | None = known(model_code, reference.models, f"{path}.model", "model", faults, fold=str.upper)
    brand: BrandFacts | None = known(brand_code, reference.brands, f"{path}.brand", "brand", faults, fold=str.lower)
    if model and brand and model.brand != brand.id:
        faults.append(Fault(path=f"{path}.model", message=f"{model.code} is not a model of {brand.code}."))
    if model and brand is None and brand_code is None:
        brand = next((one for one in reference.brands.values() if one.id == model.brand), None)
    return brand, model


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
        known(code, reference.brands, f"{path}.brands[{i}]", "brand", faults, fold=str.lower)
        for i, code in enumerate(codes)
    ]
    state: State = "given" if said.given else "withdrawn"
    return [Answer(said.purpose, brand.id, state, said.channel, wording) for brand in brands if brand is not None]


def known(code: str | None, codes: Mapping[str, Any], path: str, what: str, faults: list[Fault], *, fold: Any) -> Any:
    """The row of a code, however it is spelt; None, and a fault with the nearest known one, when nobody knows it."""
    if code is None:
        return None
    if (found := codes.get(code) or codes.get(fold(code.strip()))) is not None:
        return found
    nearest = process.extractOne(fold(code), codes.keys())
    hint = f"; the nearest is {nearest[0]}" if nearest else ""
    faults.append(Fault(path=path, message=f"There is no such {what}{hint}."))
    return None


def _unreachable(phone: Phone | None, no_contact: str) -> Fault:
    if phone is None:
        return Fault(path="person", message=no_contact)
    return Fault(
        path="person.phone", message="Stars hide digits of this number; give the whole number or another contact."
    )


def _read(read_value: Any, typed: str | None, path: str, unread: list[Fault]) -> Any:
    if typed is None or not typed.strip():
        return None
    try:
        return read_value(typed)
    except normalise.Unreadable as no:
        unread.append(Fault(path=path, message=no.reason))
        return None
