"""What everybody refers to is written once, comes back when it was lost, and is read from memory."""

import hashlib

from crm import reference
from crm.database import current, transaction
from tests.cast import fetch, value


async def seed():
    async with transaction():
        await reference.seed()


async def load():
    async with transaction():
        return await reference.load()


async def test_seeding_twice_changes_nothing():
    tables = ("region", "party", "maker", "brand", "model", "notice", "notice_version")
    marks = "select '{0}', count(*), sum(xmin::text::bigint) from {0}"
    before = await fetch(" union all ".join(marks.format(table) for table in tables))

    await seed()

    assert await fetch(" union all ".join(marks.format(table) for table in tables)) == before


async def test_what_is_missing_or_differs_is_put_right():
    await fetch("delete from region where code = '510107'")
    await fetch("update region set name_zh = 'wrong' where code = '510104'")
    await fetch("delete from model where code = 'H5'")

    await seed()

    assert await value("select count(*) from region where code = '510107'") == 1
    assert await value("select name_zh from region where code = '510104'") == "锦江区"
    assert "H5" in (await load()).models


async def test_brands_come_in_their_fixed_order_with_their_models():
    words = await load()

    assert list(words.brands) == ["aito", "luxeed", "stelato", "maextro", "shangjie"]
    assert words.brand(words.models["S9"].brand).code == "stelato"
    assert words.model(words.models["M9"].id).code == "M9"
    assert words.brands["aito"].name_zh == "问界"


async def test_the_desks_notice_is_known_in_two_languages_with_the_hash_of_its_words():
    words = await load()

    assert words.notices.keys() == {
        (code, "1", language) for code in ("desk", "registration") for language in ("zh", "en")
    }
    for row in await fetch("select id, text from notice_version"):
        assert words.notice_hashes[row["id"]] == hashlib.sha256(row["text"].encode()).hexdigest()


async def test_what_was_loaded_stays_until_it_is_forgotten():
    first = await load()
    async with transaction():
        await current().execute("update brand set name_en = 'Other' where code = 'aito'")

    assert await load() is first
    reference.forget()
    assert (await load()).brands["aito"].name_en == "Other"


async def test_every_region_but_a_province_has_its_parent():
    orphans = "select count(*) from region where (parent is null) <> (level = 'province')"

    assert await value(orphans) == 0
