"""What a registration says, in our own terms: who, which cars, what they agreed to, by which way they came.

Promises to find every fault at its path. Refuses answers about brands that have no part in the campaign, where partners are known.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from campaigns.registering.shapes import OfFile, RegistrationBody, WishSaid
from crm import understanding, vault
from crm.consent import Answer
from crm.errors import Fault
from crm.identity import Observed
from crm.languages import later
from crm.reference import Reference
from crm.sources import Sender
from crm.understanding import Identity
from crm.wire import PlaceSaid

NO_CONTACT = later("Give a phone number or an e-mail address.")


class Wish(msgspec.Struct, frozen=True):
    """A brand, and perhaps one model of it, that somebody wants to see."""

    brand: int
    model: int | None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A registration as understood; with any `faults` it is refused as a whole."""

    who: Identity
    region: str | None
    wishes: list[Wish]
    answers: list[Answer]
    channel: int | None
    faults: list[Fault]


class Sealed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody wrote on the form, as it is kept with their registration."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    place: PlaceSaid | None = None

    def __repr__(self) -> str:
        return "Sealed(...)"


def read(
    body: RegistrationBody, *, reference: Reference, partners: frozenset[int], channels: Mapping[str, int]
) -> Reading:
    """What this body says; `partners` are the brands of the campaign, `channels` its ways by their codes."""
    faults: list[Fault] = []
    who = understanding.identity(body.person.as_person(), faults=faults, no_contact=NO_CONTACT)
    region, _, _ = understanding.place(body.place, faults=faults)
    return Reading(
        who=who,
        region=region,
        wishes=wishes(body.wishes, reference=reference, faults=faults),
        answers=_answers(body, reference=_of_partners(reference, partners), faults=faults),
        channel=_channel(body.channel, channels, faults=faults),
        faults=faults,
    )


def wishes(said: list[WishSaid], *, reference: Reference, faults: list[Fault]) -> list[Wish]:
    """The cars that are wished for, each once, in their order."""
    found: dict[Wish, None] = {}
    for i, one in enumerate(said):
        path = f"wishes[{i}]"
        brand, model = understanding.car(one.brand, one.model, path=path, reference=reference, faults=faults)
        if brand is None and one.brand is None and one.model is None:
            faults.append(Fault(path=path, message="Name a brand or a model."))
        if brand is not None:
            found[Wish(brand.id, model.id if model else None)] = None
    return list(found)


def observed(
    body: RegistrationBody,
    what: Reading,
    *,
    number: UUID,
    source: Sender,
    at: datetime,
    of_file: OfFile | None = None,
) -> Observed:
    """What this body says about its person, for identity; `number` is the observation's."""
    said_at = of_file.said_at if of_file else None
    return Observed(
        id=number,
        source=source.id,
        external_id=body.external_id,
        captured_at=min(said_at, at) if said_at else at,
        received_at=at,
        import_id=of_file.import_id if of_file else None,
        row_no=of_file.row if of_file else None,
        synthetic=source.test,
        region=what.region,
        name=what.who.name,
        phone=what.who.phone,
        email=what.who.email,
        name_typed=body.person.name,
        phone_typed=body.person.phone,
        email_typed=body.person.email,
    )


def sealed(body: RegistrationBody, *, registration: UUID) -> bytes:
    """What they wrote, for this row alone."""
    said = Sealed(body.person.name or None, body.person.phone or None, body.person.email or None, body.place)
    return vault.seal(msgspec.json.encode(said).decode(), place=_place(registration))


def opened(kept: bytes, *, registration: UUID) -> Sealed:
    """What they wrote."""
    return msgspec.json.decode(vault.open_(kept, place=_place(registration)), type=Sealed)


def _place(registration: UUID) -> str:
    return f"registration|sealed|{registration}"


def _of_partners(reference: Reference, partners: frozenset[int]) -> Reference:
    if not partners:
        return reference
    brands = {code: brand for code, brand in reference.brands.items() if brand.id in partners}
    return msgspec.structs.replace(reference, brands=brands)


def _answers(body: RegistrationBody, *, reference: Reference, faults: list[Fault]) -> list[Answer]:
    return [
        answer
        for i, said in enumerate(body.consents)
        for answer in understanding.answers_of(said, path=f"consents[{i}]", reference=reference, faults=faults)
    ]


def _channel(code: str | None, channels: Mapping[str, int], *, faults: list[Fault]) -> int | None:
    found: int | None = understanding.known(code, channels, "channel", "channel", faults, fold=str.lower)
    return found
