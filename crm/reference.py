"""What everybody refers to: regions, the alliance's parties, makers, brands and models, and the notices people are shown.

Promises that seeding is repeatable and adds only what is missing or changed, and that `load` answers from memory, at most a minute old.
Regions come from `crm/data/regions.csv`; a notice's wording never changes under its version.
"""

import csv
import hashlib
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from time import monotonic

import msgspec

from crm.database import current
from crm.tables import Brand, Maker, Model, Notice, NoticeVersion, Party

DATA = Path(__file__).parent / "data"
FIRST_DAY = date(2025, 1, 1)
FRESH_FOR = 60.0  # seconds


class BrandFacts(msgspec.Struct, frozen=True):
    """A brand as the rest of the house needs it."""

    id: int
    code: str
    name_zh: str
    name_en: str
    rank: int


class ModelFacts(msgspec.Struct, frozen=True):
    """A model and the brand it belongs to."""

    id: int
    code: str
    brand: int


class Reference(msgspec.Struct, frozen=True):
    """Codes and their rows; small, read once."""

    brands: dict[str, BrandFacts]
    models: dict[str, ModelFacts]
    notices: dict[tuple[str, str, str], int]
    notice_hashes: dict[int, str]

    def brand(self, brand_id: int) -> BrandFacts:
        """The brand of an id; the id must exist."""
        return next(brand for brand in self.brands.values() if brand.id == brand_id)

    def model(self, model_id: int) -> ModelFacts:
        """The model of an id; the id must exist."""
        return next(model for model in self.models.values() if model.id == model_id)


_loaded: list[tuple[float, Reference]] = []


async def load() -> Reference:
    """Brands, models and notices by code; read once a minute per process, `forget` makes it read again."""
    if not _loaded or monotonic() - _loaded[0][0] > FRESH_FOR:
        # Another process may have added a notice, which this one is then asked for.
        _loaded[:] = [(monotonic(), await _read())]
    return _loaded[0][1]


def forget() -> None:
    """Read again at the next `load`, after a change or another database."""
    _loaded.clear()


async def seed() -> None:
    """Write the reference data of crm that is missing or differs; safe to repeat, joins the caller's transaction."""
    await _seed_regions()
    await _seed_alliance()
    await _seed_notices()
    forget()


async def _read() -> Reference:
    brands = await Brand.select(Brand.id, Brand.code, Brand.name_zh, Brand.name_en, Brand.rank).order_by(Brand.rank)
    models = await Model.select(Model.id, Model.code, Model.brand).order_by(Model.id)
    notices = await NoticeVersion.select(
        NoticeVersion.id, NoticeVersion.notice.code, NoticeVersion.version, NoticeVersion.language, NoticeVersion.hash
    )
    return Reference(
        brands={row["code"]: BrandFacts(**row) for row in brands},
        models={row["code"]: ModelFacts(**row) for row in models},
        notices={(row["notice.code"], row["version"], row["language"]): row["id"] for row in notices},
        notice_hashes={row["id"]: row["hash"] for row in notices},
    )


async def _seed_regions() -> None:
    with (DATA / "regions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # Provinces before cities before districts, so that every parent is there when its child arrives.
    rows.sort(key=lambda row: (("province", "city", "district").index(row["level"]), row["code"]))
    columns = ("code", "level", "name_zh", "parent_code", "pinyin", "longitude", "latitude", "coordinate")
    await current().execute(
        """
        insert into region (code, level, name_zh, parent, pinyin, longitude, latitude, exact)
        select code, level, name_zh, nullif(parent, ''), pinyin, nullif(longitude, '')::float8, nullif(latitude, '')::float8,
               coordinate = 'exact'
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
             as given (code, level, name_zh, parent, pinyin, longitude, latitude, coordinate)
        on conflict (code) do update
        set level = excluded.level, name_zh = excluded.name_zh, parent = excluded.parent, pinyin = excluded.pinyin,
            longitude = excluded.longitude, latitude = excluded.latitude, exact = excluded.exact
        where (region.level, region.name_zh, region.parent, region.longitude, region.latitude)
              is distinct from (excluded.level, excluded.name_zh, excluded.parent, excluded.longitude, excluded.latitude)
        """,
        *([row[column] for row in rows] for column in columns),
    )


async def _seed_alliance() -> None:
    alliance = json.loads((DATA / "brands.json").read_text(encoding="utf-8"))
    parties = [Party(kind="operator", **alliance["operator"])]
    parties += [Party(code=maker["code"], kind="maker", legal_name=maker["name_en"]) for maker in alliance["makers"]]
    await Party.insert(*parties).on_conflict(Party.code, "DO NOTHING")
    party_ids = await _ids(Party, (party.code for party in parties))

    makers = [Maker(party=party_ids[maker["code"]], **maker) for maker in alliance["makers"]]
    await Maker.insert(*makers).on_conflict(Maker.code, "DO NOTHING")
    maker_ids = await _ids(Maker, (maker.code for maker in makers))

    said = alliance["brands"]
    brands = [
        Brand(code=b["code"], maker=maker_ids[b["maker"]], name_zh=b["name_zh"], name_en=b["name_en"], rank=rank)
        for rank, b in enumerate(said, start=1)
    ]
    await Brand.insert(*brands).on_conflict(Brand.code, "DO NOTHING")
    brand_ids = await _ids(Brand, (brand.code for brand in brands))

    models = [Model(brand=brand_ids[brand["code"]], code=code) for brand in said for code in brand["models"]]
    await Model.insert(*models).on_conflict(Model.code, "DO NOTHING")


async def _seed_notices() -> None:
    wordings = json.loads((DATA / "notices.json").read_text(encoding="utf-8"))
    codes = sorted({wording["code"] for wording in wordings})
    await Notice.insert(*(Notice(code=code) for code in codes)).on_conflict(Notice.code, "DO NOTHING")
    notice_ids = await _ids(Notice, codes)
    known = (await _read()).notices
    versions = [
        NoticeVersion(
            notice=notice_ids[wording["code"]],
            version=wording["version"],
            language=wording["language"],
            text=wording["text"],
            hash=hashlib.sha256(wording["text"].encode()).hexdigest(),
            valid_from_on=FIRST_DAY,
        )
        for wording in wordings
        if (wording["code"], wording["version"], wording["language"]) not in known
    ]
    if versions:
        await NoticeVersion.insert(*versions)


async def _ids(table: type[Party | Maker | Brand | Notice], codes: Iterable[str]) -> dict[str, int]:
    rows = await table.select(table.id, table.code).where(table.code.is_in(list(codes)))
    return {row["code"]: row["id"] for row in rows}
