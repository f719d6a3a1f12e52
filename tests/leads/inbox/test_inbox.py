"""A dealer works its inbox: one winner per offer, nothing of a person too early, nothing of one taken back."""

import asyncio
from datetime import timedelta
from functools import partial
from uuid import uuid4

import msgspec
import pytest

from crm import consent
from crm.database import transaction
from crm.errors import Invalid, NotThere
from leads import inbox, journey, offers
from leads.inbox import requests
from leads.inbox.dispositions import Said
from tests.cast import CHENGDU, change_network
from tests.leads.offering import MINUTE, a_lead, an_offer, another_phone, fetch, offer_of, open_chengdu
from tests.leads.wishing import NOON


@pytest.fixture(autouse=True)
async def chengdu(clean_tables, tmp_path):
    await open_chengdu(tmp_path)


async def answer(verb, offer, dealer, *, at=NOON, **facts):
    async with transaction():
        return await verb(offer, dealer=dealer, at=at, **facts)


async def feed(dealer, *, after=0, **facts):
    async with transaction():
        return await inbox.changes(dealer, after=after, **facts)


async def look(offer, dealer):
    async with transaction():
        return await inbox.show(offer, dealer=dealer)


async def dispose(offer, dealer, *, kind="contacted", at=NOON, now=None, **facts):
    async with transaction():
        said = Said(
            kind=kind, at=at, **{name: facts.pop(name) for name in tuple(facts) if name in Said.__annotations__}
        )
        return await inbox.dispose(offer, said, dealer=dealer, at=now or at, **facts)


async def test_before_acceptance_a_person_is_masked():
    offer, dealer, _ = await an_offer()

    lead = (await look(offer, dealer)).lead

    assert (lead.person.name, lead.person.phone, lead.person.email) == ("王**", "138****8000", "w***@qq.com")
    assert (lead.remark, lead.contact_preference.note, lead.trade_in.make) == (None, None, None)
    assert (lead.place.region_code[:4], lead.campaign, lead.consent.basis) == ("5101", "chengdu-2025", "consent")


async def test_acceptance_reveals_the_lead_and_enters_it_in_the_ledger():
    offer, dealer, _ = await an_offer()

    lead = (await answer(inbox.accept, offer, dealer, at=NOON + MINUTE)).offer.lead

    assert (lead.person.name, lead.person.phone) == ("王建国", "+8613800138000")
    assert (lead.remark, lead.contact_preference.note, lead.trade_in.make) == ("周末有空", "晚上打", "Audi")
    entries = await fetch("select fields, purpose, consent from sharing_entry where offer = $1 order by at, id", offer)
    assert [row["fields"].split(",")[:2] for row in entries] == [["name_masked", "phone_masked"], ["name", "phone"]]
    assert all(row["consent"] for row in entries)


async def test_acceptance_moves_the_interest_and_counts_as_a_milestone():
    offer, dealer, _ = await an_offer()

    await answer(inbox.accept, offer, dealer, at=NOON + MINUTE)

    assert [row["stage"] for row in await fetch("select stage from interest")] == ["accepted"]
    milestones = await fetch("select kind, at from milestone order by kind")
    assert [row["kind"] for row in milestones] == [1, 2, 3]
    assert milestones[2]["at"] == NOON + MINUTE


async def test_of_two_acceptances_at_once_one_wins():
    offer, dealer, _ = await an_offer()

    ends = await asyncio.gather(*(answer(inbox.accept, offer, dealer) for _ in range(2)), return_exceptions=True)

    assert set(map(type, ends)) == {inbox.Answered, inbox.OfferTaken}
    assert [item.type for item in (await feed(dealer)).items] == ["offered", "accepted"]


async def test_a_second_acceptance_says_whose_it_is():
    offer, dealer, _ = await an_offer()
    store = (await answer(inbox.accept, offer, dealer)).offer.store

    with pytest.raises(inbox.OfferTaken, match=f"already accepted, by store {store} at 2025-08-29 12:00"):
        await answer(inbox.accept, offer, dealer)


async def test_the_same_key_gets_the_same_answer_also_at_the_same_moment():
    offer, dealer, _ = await an_offer()

    answers = await asyncio.gather(*(answer(inbox.accept, offer, dealer, key="k1") for _ in range(4)))

    assert sorted(done.replayed for done in answers) == [False, True, True, True]
    assert len({(done.offer.id, done.offer.version, done.offer.state) for done in answers}) == 1


async def test_a_key_is_good_for_one_request_and_a_day():
    offer, dealer, _ = await an_offer()
    another, *_ = await an_offer(phone="13900139000", brand="luxeed") if dealer.code == "D1" else (offer,)
    await answer(inbox.refuse, offer, dealer, key="k1", reason="no_staff")

    with pytest.raises(requests.NameTaken):
        await answer(inbox.refuse, another, dealer, key="k1", reason="other")
    with pytest.raises(inbox.OfferTaken):
        await answer(inbox.refuse, offer, dealer, key="k1", reason="no_staff", at=NOON + timedelta(hours=25))


async def test_a_refused_request_may_come_again_under_its_key():
    offer, dealer, _ = await an_offer()

    with pytest.raises(inbox.VersionMoved, match="version 1"):
        await answer(inbox.accept, offer, dealer, key="k1", if_match=7)

    assert (await answer(inbox.accept, offer, dealer, key="k1", if_match=1)).offer.version == 2


async def test_a_late_answer_counts_until_the_offer_moves_on():
    offer, dealer, _ = await an_offer()

    assert (await answer(inbox.accept, offer, dealer, at=NOON + 44 * MINUTE)).offer.state == "accepted"


async def test_an_expired_offer_says_when_it_ended():
    offer, dealer, _ = await an_offer()

    with pytest.raises(inbox.OfferExpired, match="ended at 12:45"):
        await answer(inbox.accept, offer, dealer, at=NOON + 45 * MINUTE)


async def test_a_refusal_goes_to_the_other_store_and_never_back():
    lead = await a_lead()
    first, dealer, other = await offer_of(lead)

    await answer(inbox.refuse, first, dealer, reason="no_staff", note="请转其他门店")
    await journey.advance_due(NOON + MINUTE)
    second, holder, _ = await offer_of(lead)
    await answer(inbox.refuse, second, other, reason="closed_today", at=NOON + MINUTE)
    await journey.advance_due(NOON + 2 * MINUTE)

    assert holder == other
    assert [row["stage"] for row in await fetch("select stage from interest")] == ["alliance_queue"]
    assert (await look(first, dealer)).lead.person.name == "王**"


async def test_a_refusal_needs_a_reason_of_the_closed_set():
    offer, dealer, _ = await an_offer()

    with pytest.raises(Invalid) as refused:
        await answer(inbox.refuse, offer, dealer, reason="price")

    assert refused.value.errors[0]["path"] == "reason"
    assert "no_staff" in refused.value.errors[0]["message"]


async def test_another_dealers_offer_is_not_there():
    offer, _, other = await an_offer()

    for missing in (offer, uuid4()):
        for verb, facts in ((inbox.accept, {}), (inbox.refuse, {"reason": "no_staff"})):
            with pytest.raises(NotThere):
                await answer(verb, missing, other, **facts)
        with pytest.raises(NotThere):
            await look(missing, other)
        with pytest.raises(NotThere):
            await dispose(missing, other)
    assert (await feed(other)).items == []


async def test_two_dealers_cannot_compare_their_references():
    lead = await a_lead(interests=[{"kind": "test_drive", "brand": "aito"}])
    first, dealer, other = await offer_of(lead)
    seen = (await look(first, dealer)).lead
    await answer(inbox.refuse, first, dealer, reason="no_staff")
    await journey.advance_due(NOON + MINUTE)
    second, *_ = await offer_of(lead)

    again = (await look(second, other)).lead

    assert (seen.id, seen.person.reference) != (again.id, again.person.reference)
    assert not {seen.id, seen.person.reference} & {again.id, again.person.reference, str(lead)}


async def test_a_withdrawn_offer_comes_again_without_the_person():
    offer, dealer, _ = await an_offer()
    await answer(inbox.accept, offer, dealer)

    async with transaction():
        await offers.withdraw([offer], reason="consent_withdrawn", at=NOON + MINUTE)

    page = await feed(dealer)
    assert [item.type for item in page.items] == ["offered", "accepted", "withdrawn"]
    assert all(msgspec.to_builtins(item.offer.lead).keys() == {"id"} for item in page.items)
    assert page.items[0].offer.reason == "consent_withdrawn"
    with pytest.raises(inbox.OfferWithdrawn, match="delete what you noted"):
        await answer(inbox.accept, offer, dealer, at=NOON + MINUTE)


async def test_consent_that_is_gone_reveals_nothing_even_before_the_offer_is_taken_back():
    offer, dealer, _ = await an_offer()
    person, brand = tuple((await fetch("select lead.person, offer.brand from offer, lead"))[0])

    async with transaction():
        await consent.withdraw(person, purpose="share_with_dealer", brands=[brand], at=NOON + MINUTE, actor="test")

    with pytest.raises(inbox.ConsentGone):
        await answer(inbox.accept, offer, dealer, at=NOON + MINUTE)


@pytest.mark.parametrize("change", [("S{n},", "D{n}", "D9"), ("S{n},", ",aito,", ",luxeed,")], ids=["dealer", "brand"])
@pytest.mark.parametrize("verb", [inbox.accept, partial(inbox.refuse, reason="no_staff")], ids=["accept", "refuse"])
async def test_a_store_that_is_no_longer_the_dealers_own_reveals_nothing(tmp_path, change, verb):
    offer, dealer, _ = await an_offer()
    number = dealer.code[1]
    start, old, new = (part.format(n=number) for part in change)
    lines = [line.replace(old, new) if line.startswith(start) else line for line in CHENGDU.splitlines()]
    await change_network(tmp_path, "\n".join(lines))

    with pytest.raises(inbox.StoreGone, match="no longer yours"):
        await answer(verb, offer, dealer, at=NOON + MINUTE)

    assert (await look(offer, dealer)).lead.person.phone == "138****8000"
    assert [row["state"] for row in await fetch("select state from offer")] == ["offered"]


async def test_the_feed_pages_without_loss_and_a_store_filter_moves_on():
    for number in range(6):
        await a_lead(phone=another_phone(number), brand="aito" if number % 2 else "luxeed")
    dealer = (await an_offer(phone="13700137000", brand="luxeed"))[1]
    whole = await feed(dealer)

    first = await feed(dealer, limit=2)
    rest = await feed(dealer, after=first.next)
    none_of_this_store = await feed(dealer, after=whole.items[-1].seq - 1, store="S1")

    assert [item.seq for item in first.items + rest.items] == list(range(1, len(whole.items) + 1))
    assert (first.more, rest.more) == (True, False)
    assert (none_of_this_store.items, none_of_this_store.next) == ([], whole.next)
    with pytest.raises(NotThere):
        await feed(dealer, store="S2")


async def test_dispositions_advance_the_interest_and_never_turn_it_back():
    offer, dealer, _ = await an_offer()
    await answer(inbox.accept, offer, dealer)

    for minute, kind in enumerate(("order", "contacted", "deposit")):
        await dispose(
            offer, dealer, kind=kind, at=NOON + minute * MINUTE, value_fen=28980000 if kind == "order" else None
        )

    assert [row["stage"] for row in await fetch("select stage from interest")] == ["order"]
    counted = await fetch("select kind, value_fen from milestone where kind > 3 order by kind")
    assert [tuple(row) for row in counted] == [(4, None), (6, None), (7, 28980000)]
    assert [item.type for item in (await feed(dealer)).items][2:] == ["disposed"] * 3


async def test_a_lost_lead_needs_a_reason_and_may_be_found_again():
    offer, dealer, _ = await an_offer()
    await answer(inbox.accept, offer, dealer)
    with pytest.raises(Invalid):
        await dispose(offer, dealer, kind="lost")

    await dispose(offer, dealer, kind="lost", reason="price")
    assert [row["stage"] for row in await fetch("select stage from interest")] == ["lost"]
    await dispose(offer, dealer, kind="order")
    assert [row["stage"] for row in await fetch("select stage from interest")] == ["order"]


async def test_the_same_reference_gets_its_first_answer():
    offer, dealer, _ = await an_offer()
    await answer(inbox.accept, offer, dealer)

    first = await dispose(offer, dealer, kind="order", reference="A-1", value_fen=100)
    again = await dispose(offer, dealer, kind="order", reference="A-1", value_fen=999, key="k2")
    by_key = await dispose(offer, dealer, kind="order", reference="A-1", value_fen=999, key="k2")

    assert first.disposition == again.disposition == by_key.disposition
    assert (first.replayed, again.replayed, by_key.replayed) == (False, True, True)
    with pytest.raises(inbox.ReferenceTaken, match="kind order"):
        await dispose(offer, dealer, kind="deposit", reference="A-1")


async def test_a_disposition_says_every_fault_at_once():
    offer, dealer, _ = await an_offer()
    with pytest.raises(inbox.NotAccepted, match="it is offered"):
        await dispose(offer, dealer)
    await answer(inbox.accept, offer, dealer)

    with pytest.raises(Invalid) as refused:
        await dispose(offer, dealer, kind="sold", reason="closed_today", at=NOON + timedelta(minutes=11), now=NOON)

    assert [fault["path"] for fault in refused.value.errors] == ["kind", "at", "reason"]


async def test_a_repeat_enquiry_goes_the_way_of_the_offer_it_joined():
    first, dealer, _ = await an_offer()
    await a_lead(at=NOON + MINUTE)

    await answer(inbox.accept, first, dealer, at=NOON + 2 * MINUTE)
    await dispose(first, dealer, kind="order", at=NOON + 3 * MINUTE, value_fen=5)

    assert [item.type for item in (await feed(dealer)).items] == ["offered", "repeat", "accepted", "disposed"]
    assert [row["stage"] for row in await fetch("select stage from interest")] == ["order", "order"]
    counted = await fetch("select kind, count(*) from milestone group by kind order by kind")
    assert [tuple(row) for row in counted] == [(1, 2), (2, 2), (3, 2), (4, 2), (7, 1)]
    assert len((await look(first, dealer)).lead.repeats) == 1
