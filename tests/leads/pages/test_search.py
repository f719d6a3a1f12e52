"""Search over everything: people, leads and stores, by whatever somebody remembers, without leaving it in an address."""

import pytest

from leads.lists import search
from tests.cast import a_lead, open_chengdu, person_of, signed_in


@pytest.fixture(autouse=True)
async def three_stores(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def results(text, role="alliance_marketer", **limits):
    async with await signed_in(role, **limits) as client:
        asked = await client.post("/search", data={"q": text})
        assert (asked.status_code, text in asked.headers["location"]) == (303, False)
        return (await client.get(asked.headers["location"], headers={"accept-language": "en"})).text


@pytest.mark.parametrize("text", ["王建国", "wang jianguo", "137 8899 7665", "7665", "+8613788997665"])
async def test_a_person_is_found_by_whatever_somebody_remembers(text):
    lead = await a_lead()

    found = await results(text)

    assert f'href="/leads/{lead}"' in found
    assert f'href="/people/{await person_of(lead)}"' in found
    assert "13788997665" not in found.replace(f'value="{text}"', "")


async def test_a_lead_is_found_by_the_number_of_its_source_and_by_its_own():
    lead = await a_lead(external_id="DESK-77")

    assert f'href="/leads/{lead}"' in await results("DESK-77")
    assert f'href="/leads/{lead}"' in await results(str(lead))


async def test_a_store_is_found_by_its_code_and_by_a_part_of_its_name():
    assert 'href="/stores/S2"' in await results("s2")
    assert 'href="/stores/S3"' in await results("三号")


async def test_what_another_brand_was_told_is_not_found():
    await a_lead()

    found = await results("王建国", "brand_marketer", brand="luxeed")

    assert "Nothing fits" in found


async def test_a_text_that_means_nothing_finds_nothing():
    await a_lead()

    assert "Nothing fits" in await results("nobody@nowhere.test")


async def test_an_analyst_has_nothing_to_search():
    async with await signed_in("analyst") as client:
        assert (await client.get(f"/search?q={search.sealed('王建国')}")).status_code == 403
