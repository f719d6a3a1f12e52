"""What a caller needs to know before it can talk to us: who it is to us, and the codes that bodies may name.

Promises that every closed set is told in full with its words in Chinese and English. A dealer is told its own stores
alone.
"""

from datetime import datetime

import msgspec

from crm import reference
from crm.access import Principal
from crm.database import current, statement
from crm.network import local_day
from leads import kinds
from leads.tables import Hold, InterestKind, Stage

GRADES = (
    ("O", "当场下订", "orders on the spot"),
    ("H", "7天内", "within 7 days"),
    ("A", "15天内", "within 15 days"),
    ("B", "30天内", "within 30 days"),
    ("C", "90天内", "within 90 days"),
    ("F", "战败", "lost"),
)


class Code(msgspec.Struct, frozen=True):
    code: str
    name_zh: str
    name_en: str


class ModelCode(msgspec.Struct, frozen=True):
    code: str
    brand: str
    name_zh: str
    name_en: str


class DispositionCode(msgspec.Struct, frozen=True):
    """`stage` is where it moves the interest, if anywhere."""

    code: str
    stage: str | None
    reason_needed: bool
    name_zh: str
    name_en: str


class ReasonCode(msgspec.Struct, frozen=True):
    """`fits` says what it may explain: a refusal, a lost lead or both."""

    code: str
    fits: str
    name_zh: str
    name_en: str


class OwnStore(msgspec.Struct, frozen=True):
    """A store that the caller runs today, with the brands it sells."""

    code: str
    name_zh: str
    brands: list[str]


class Codes(msgspec.Struct, frozen=True):
    brands: list[Code]
    models: list[ModelCode]
    stores: list[OwnStore]
    kinds: list[Code]
    dispositions: list[DispositionCode]
    reasons: list[ReasonCode]
    grades: list[Code]
    stages: list[Code]
    holds: list[Code]


class Me(msgspec.Struct, frozen=True):
    kind: str
    code: str
    scopes: list[str]
    stores: list[OwnStore]


async def me(caller: Principal, *, at: datetime) -> Me:
    """Who the key belongs to, and which stores it reaches."""
    return Me(caller.kind, caller.code, sorted(caller.scopes), await _stores(caller, at=at))


async def codes(caller: Principal, *, at: datetime) -> Codes:
    """Everything that a body may name, and what our answers name."""
    words = await reference.load()
    brands = {brand.id: brand for brand in words.brands.values()}
    return Codes(
        brands=[Code(b.code, b.name_zh, b.name_en) for b in sorted(brands.values(), key=lambda brand: brand.rank)],
        models=[_model(model, brands[model.brand]) for model in words.models.values()],
        stores=await _stores(caller, at=at),
        kinds=[_code(kind) for kind in kinds.INTERESTS],
        dispositions=[
            DispositionCode(k.code, k.stage, k.reason_needed, k.name_zh, k.name_en) for k in kinds.DISPOSITIONS
        ],
        reasons=[ReasonCode(r.code, r.fits, r.name_zh, r.name_en) for r in kinds.REASONS],
        grades=[Code(*grade) for grade in GRADES],
        stages=[_code(stage) for stage in kinds.STAGES],
        holds=[_code(hold) for hold in kinds.HOLDS],
    )


def _code(row: InterestKind | Stage | Hold) -> Code:
    return Code(row.code, row.name_zh, row.name_en)


def _model(model: reference.ModelFacts, brand: reference.BrandFacts) -> ModelCode:
    return ModelCode(model.code, brand.code, f"{brand.name_zh} {model.code}", f"{brand.name_en} {model.code}")


async def _stores(caller: Principal, *, at: datetime) -> list[OwnStore]:
    if caller.kind != "dealer":
        return []
    rows = await current().fetch(statement("leads", "stores_of_dealer"), caller.id, local_day(at))
    return [OwnStore(row["code"], row["name_zh"], row["brands"]) for row in rows]
