"""Whatever leads come in: a brand's own people never receive anything of a lead that only another brand was told of."""

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.database import transaction
from crm.roles import visible_to
from leads.lists import columns, export, listing
from leads.lists.query import Query
from tests.cast import NOON, another_phone, colleague, open_chengdu, registration, says, send, value, wants, work

BRANDS = ("aito", "luxeed", "stelato")
FAMILY, GIVEN = "赵钱孙吴郑冯陈褚蒋沈韩杨朱秦许何吕施", "一丁三上下丈万丰久义乌书买云互五井亚交亦产享京亭亮亲仁今介仍"
numbers = count(1)

# Which brands somebody wished for, and whether they agreed that those may hand it on.
wish = st.tuples(st.sets(st.sampled_from(BRANDS)), st.booleans())


def of_lead(brands, agrees):
    """A registration whose every word is its own: what somebody wished for of AITO is also told by the joint campaign."""
    number = next(numbers)
    is_ours = "aito" in brands
    person = {
        "name": FAMILY[number % len(FAMILY)] + GIVEN[number % len(GIVEN)] + GIVEN[number // len(GIVEN) % len(GIVEN)],
        "phone": another_phone(number),
        "email": f"somebody{number}@qq.com",
    }
    said = registration(
        external_id=f"{'OURS' if is_ours else 'THEIRS'}-{number}-X",
        source={"kind": "event_desk", "campaign": "joint" if is_ours else f"theirs-{number}"},
        person=person,
        interests=[wants(brand) for brand in sorted(brands)],
        consents=[says(True, *sorted(brands))] if agrees and brands else [],
    )
    return is_ours, said


def telling(said):
    """What would tell of this lead wherever it stood."""
    phone = said["person"]["phone"]
    return {said["external_id"], said["person"]["name"], f"{phone[:3]}****{phone[-4:]}", said["source"]["campaign"]}


async def everything_shown(actor, *, looking_at=None):
    """The page, its menus and its file, as one text."""
    scope = visible_to(actor, looking_at=looking_at)
    address = Query.parse("columns=" + ",".join(column.name for column in columns.COLUMNS))
    async with transaction():
        shown = await listing.see(address, scope=scope, at=NOON)
    file = "".join([piece async for piece in export.lines(shown.filters, shown.look.columns, at=NOON, view="")])
    menus = [(option.value, option.label) for menu in shown.menus for option in menu.options]
    return shown, repr(shown.rows) + repr(menus) + repr(shown.chips) + file


async def found_by(actor, text, *, name="q"):
    async with transaction():
        return await listing.see(Query({name: text}), scope=visible_to(actor), at=NOON)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=st.lists(wish, min_size=1, max_size=6))
async def test_nothing_of_another_brands_lead_is_shown_counted_found_or_taken_away(wishes, tmp_path):
    if not await value("select count(*) from store"):
        await open_chengdu(tmp_path)
    leads = [of_lead(*one) for one in wishes]
    outcomes = await send(*(said for is_ours, said in leads if is_ours), by="desk")
    outcomes += await send(*(said for is_ours, said in leads if not is_ours), by="their-desk") if leads else []
    await work()
    assert not [outcome.errors for outcome in outcomes if outcome.errors]

    ours = await value("select count(distinct lead) from interest join brand on brand.id = brand where code = 'aito'")
    marketer = await colleague("brand_marketer")
    aito = await value("select id from brand where code = 'aito'")
    for actor, looking_at in (
        (marketer, None),
        (await colleague("regional_manager"), None),
        (await colleague("alliance_marketer"), aito),
    ):
        shown, text = await everything_shown(actor, looking_at=looking_at)
        assert shown.count.leads == ours
        assert {one.brand for row in shown.rows for one in row.interests} <= {aito}
        assert not _leaked(leads, text)
        assert "成都三号店" not in text
        assert "their-desk" not in text

    for is_ours, said in leads:
        for sought in (said["external_id"], said["person"]["name"], said["person"]["phone"], said["person"]["email"]):
            assert bool((await found_by(marketer, sought)).rows) == is_ours
        campaign = await found_by(marketer, said["source"]["campaign"], name="campaign")
        assert (campaign.chips[0].fault is None) == is_ours
    for theirs in (("source", "their-desk"), ("store", "S3"), ("brand", "luxeed")):
        assert (await found_by(marketer, theirs[1], name=theirs[0])).chips[0].fault

    _, everything = await everything_shown(await colleague("alliance_marketer"))
    assert all(word in everything for _, said in leads for word in telling(said)), (
        "the alliance sees what this test looks for"
    )


def _leaked(leads, text):
    # Their number alone: what a failing test prints is no personal data, invented or not.
    return [
        said["external_id"] for is_ours, said in leads if not is_ours and any(word in text for word in telling(said))
    ]
