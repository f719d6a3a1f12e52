"""What somebody with bad intent tried once and got further with than they should have: each attempt, named after what went wrong.

Odd addresses are tried on every page, the others where they succeeded.
"""

import re

import httpx
import pytest

from crm import roles
from tests.cast import browser, colleague, value
from tests.whole import two_brands
from tests.whole.matrix import ASKED, SAID, filled, kinds
from tests.whole.test_matrix import routes
from tests.whole.two_brands import be, signed_in_as

# What a parameter does not expect, by what it is: signs, numbers and moments that no table holds, broken seals and patterns.
NUMBERS = (str(2**31), str(10**25))
DAYS = ("0001-01-01", "9999-12-31", "9999-12-31T23:59:59-23:59")
WORDS = ("a\x00b", "~AAAA", "٣%_' or 1=1 --")
ODD_IDS = (str(2**31), "%00", "%2e%2e")
OURS_ALONE = ("request", "actor", "is_demo", "principal")


@pytest.fixture
async def world(clean_tables, tmp_path):
    return await two_brands.open_house(tmp_path)


@pytest.mark.parametrize("role", ["alliance_admin", "store"])
async def test_no_address_breaks_the_house_whatever_stands_in_it(world, role):
    client, ids, broken = await be(world, role), world.ours, []

    for address, name, path, said in odd_addresses(ids, role):
        answer = await client.get(path, params=said)
        if answer.status_code >= 500:
            broken.append((address, name, (said.get(name) or path)[-40:]))

    assert not broken, "\n".join(map(str, broken))


def odd_addresses(ids, role):
    """Every page of the role with one odd thing in it: (address, the name of what is odd, path, parameters)."""
    for (method, address), handler in routes():
        asks = ASKED[method, address]
        if method != "GET" or not set(asks.split("+")) <= {*roles.MAY[role], "own_pages"}:
            continue
        usual = {name: filled(one, ids) for name, one in SAID.get((method, address), {}).items()}
        for name, field in handler.parsed_fn_signature.parameters.items():
            odd = () if name in OURS_ALONE or name in kinds(address) else odd_for(repr(field.annotation))
            yield from ((address, name, filled(address, ids), usual | {name: one}) for one in odd)
        for name in kinds(address):
            yield from ((address, name, filled(address, {**ids, name: one}), usual) for one in ODD_IDS)


def odd_for(kind):
    return NUMBERS if "int" in kind else DAYS if "date" in kind else WORDS


@pytest.mark.parametrize("headers", [{"host": "[::1"}, {"host": "evil.test"}, {"x-forwarded-host": "["}])
async def test_a_host_that_is_none_gets_the_door_and_no_bug(headers):
    async with httpx.AsyncClient(transport=browser()._transport, base_url="http://127.0.0.1") as stranger:
        answer = await stranger.get("/leads", headers={"accept": "text/html"} | headers)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fleads")


async def test_an_origin_that_is_no_address_is_not_ours(world):
    client = await be(world, "brand_marketer")

    answer = await client.post(
        "/theme", data={"theme": "dark"}, headers={"sec-fetch-site": "", "origin": "http://[::1"}
    )

    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["//evil.test", "//evil.test/leads", "/\\evil.test", "///evil.test"])
async def test_a_page_that_is_not_there_links_to_no_other_host(path):
    stranger = browser()

    answer = await stranger.send(
        stranger.build_request("GET", httpx.URL(stranger.base_url).copy_with(raw_path=path.encode()))
    )

    assert answer.status_code == 404
    assert not re.findall(r'(?:href|action|value)="[/\\]{2}[^"]*', answer.text)


async def test_a_code_that_is_no_campaign_gives_a_lead_none_of_the_brands_own(world):
    client, lead = await be(world, "brand_marketer"), world.ours["lead"]

    said = [
        await client.post("/bulk/jobs", data={"lead": lead, "kind": "campaign", "campaign": code})
        for code in ("NOBODYS", "VEILCAMPAIGN")
    ]

    assert [answer.status_code for answer in said] == [422, 422]
    assert said[0].text.replace("NOBODYS", "") == said[1].text.replace("VEILCAMPAIGN", "")


@pytest.mark.parametrize("query", ["brand=luxeed", "campaign=VEILCAMPAIGN", "store=S9", "source=VEILDESK", "view={view}", "q=~AAAA",
                                   "brand=aito&stage=nowhere", "since=someday"])  # fmt: skip
async def test_a_change_to_all_that_match_never_grows_by_a_filter_that_cannot_be_used(world, query):
    client = await be(world, "brand_marketer")
    said = {"all": "true", "query": filled(query, world.theirs), "kind": "note", "text": "hello"}

    answers = [await client.post(f"/bulk/{step}", data=said) for step in ("previews", "jobs")]

    assert [answer.status_code for answer in answers] == [422, 422]


async def test_a_task_of_another_region_is_not_there_for_a_regional_manager(world):
    theirs, lead = await colleague("regional_manager", region="310000"), world.ours["lead"]
    client = await signed_in_as(theirs.id)

    answers = [
        await client.post(f"/leads/{lead}/tasks/{world.ours['task']}/{act}") for act in ("completion", "reopening")
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert await value("select done_at from staff_task where subject = $1::uuid", lead) is None
