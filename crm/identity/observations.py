"""What one submission said about a person: as it arrives, as it is kept (one sealed JSON per row), as it is compared.

Promises that what comes out of the seal is what went in, for the row it was made for and no other. Refuses to be shown:
the kept values print without their contents, so that neither a log nor a failing test tells who somebody is.
"""

from datetime import datetime
from functools import lru_cache
from uuid import UUID

import msgspec

from crm import normalise, regions, vault
from crm.identity.profiles import Seen
from crm.normalise import Email, Name, Phone
from crm.tables import Observation


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What one submission says about a person, normalised; `id` becomes the Observation's id."""

    id: UUID
    source: int
    external_id: str
    captured_at: datetime
    received_at: datetime
    import_id: UUID | None = None
    row_no: int | None = None
    synthetic: bool = False
    region: str | None = None
    name: Name
    phone: Phone | None = None
    email: Email | None = None
    wechat_account: str | None = None
    unionid: str | None = None
    vin: str | None = None
    # As typed, kept beside the canonical values where they differ.
    name_typed: str | None = None
    phone_typed: str | None = None
    email_typed: str | None = None


class Particulars(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The personal values of an observation; `phone` is E.164, `email` what to write to, `*_typed` what differed."""

    name: str | None = None
    phone: str | None = None
    phone_masked: str | None = None
    email: str | None = None
    email_canonical: str | None = None
    wechat_account: str | None = None
    unionid: str | None = None
    vin: str | None = None
    phone_typed: str | None = None
    email_typed: str | None = None

    def __repr__(self) -> str:
        return "Particulars(...)"


def particulars(observed: Observed) -> Particulars:
    """What is to be kept of this observation."""
    phone, email = observed.phone, observed.email
    return Particulars(
        name=(observed.name_typed or "").strip() or observed.name.text or None,
        phone=phone.e164 if phone else None,
        phone_masked=phone.masked if phone and not phone.e164 else None,
        email=email.address if email else None,
        email_canonical=email.canonical if email and email.canonical != email.address else None,
        wechat_account=observed.wechat_account,
        unionid=observed.unionid,
        vin=observed.vin,
        phone_typed=observed.phone_typed if phone and observed.phone_typed != phone.e164 else None,
        email_typed=observed.email_typed if email and observed.email_typed != email.address else None,
    )


def row(observed: Observed, said: Particulars) -> Observation:
    """The observation as a row, not yet written."""
    return Observation(
        id=observed.id,
        source=observed.source,
        external_id=observed.external_id,
        import_id=observed.import_id,
        row_no=observed.row_no,
        captured_at=observed.captured_at,
        received_at=observed.received_at,
        synthetic=observed.synthetic,
        region=observed.region,
        particulars=vault.seal(msgspec.json.encode(said).decode(), place=_place(observed.id)),
        normaliser=normalise.VERSION,
    )


def opened(sealed: bytes, *, observation: UUID) -> Particulars:
    """The kept values again; raises `vault.CannotOpen` for the bytes of another row."""
    return msgspec.json.decode(vault.open_(sealed, place=_place(observation)), type=Particulars)


def seen(said: Particulars, *, region: str | None) -> Seen:
    """The values in the form that is compared."""
    return Seen(
        name=_name(said.name or ""),
        phone=said.phone,
        masked=said.phone_masked,
        email=said.email_canonical or said.email,
        unionids=((said.wechat_account or "", said.unionid),) if said.unionid else (),
        city=regions.city_of(region) if region else None,
    )


def _place(observation: UUID) -> str:
    return f"observation|particulars|{observation}"


# Names come again (a person's own, 王先生) and cost 50 us each to read.
_name = lru_cache(maxsize=4096)(normalise.name)
