"""What somebody wrote and what we understood: every fault at its path with what to do, and nothing guessed."""

import msgspec
import pytest

from crm.consent import Answer
from crm.reference import BrandFacts, ModelFacts, Reference
from leads import reading
from leads.submission import LeadBody
from tests.cast import AT_THE_SHOW, WANG, registration, says, wants

BRANDS = {
    code: BrandFacts(number, code, code, code, number) for number, code in enumerate(("aito", "luxeed", "stelato"), 1)
}
WORDS = Reference(
    brands=BRANDS,
    models={"M9": ModelFacts(11, "M9", 1), "S7": ModelFacts(12, "S7", 2)},
    notices={("desk", "1", "zh"): 7, ("desk", "1", "en"): 8},
    notice_hashes={},
)
STORES = {"S0001": 1, "S0002": 2}


def read(**facts):
    body = msgspec.convert(registration(**facts), LeadBody, strict=False)
    return reading.read(body, reference=WORDS, stores=STORES)


def faults(**facts):
    return {fault["path"]: fault["message"] for fault in read(**facts).faults}


# Who


@pytest.mark.parametrize("person", [{}, {"name": "王建国"}, {"phone": " ", "email": ""}])
def test_a_lead_without_any_contact_is_refused(person):
    assert faults(person=person) == {"person": "Give a phone number, an e-mail address or a WeChat identity."}


def test_a_number_that_stars_hide_is_no_contact_by_itself():
    assert "Stars hide digits" in faults(person={"phone": "138****8000"})["person.phone"]


def test_a_number_that_stars_hide_is_kept_beside_another_contact():
    understood = read(person={"phone": "137****7665", "email": "wang@qq.com"})

    assert not understood.faults
    assert understood.phone.e164 is None


def test_a_number_that_cannot_be_is_forgiven_where_another_contact_is_left():
    understood = read(person={"phone": "12345", "email": "wang@qq.com"})

    assert (understood.faults, understood.phone, bool(understood.email)) == ([], None, True)


def test_of_several_contacts_that_cannot_be_each_says_why():
    assert faults(person={"phone": "12345", "email": "wang(at)qq", "vin": "X"}).keys() == {
        "person.phone", "person.email", "person.vin",
    }  # fmt: skip


@pytest.mark.parametrize(
    "person",
    [{"wechat": {"account": "alliance", "unionid": "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"}}, {"vin": "LSVAA4182E2100001"}],
)
def test_a_wechat_identity_or_a_car_is_contact_enough(person):
    assert not faults(person=person)


# What


def test_a_brand_that_nobody_knows_is_answered_with_the_nearest():
    assert faults(interests=[wants(), wants("lexeed")]) == {
        "interests[1].brand": "There is no such brand; the nearest is luxeed."
    }


def test_a_model_and_a_store_that_nobody_knows_are_answered_with_the_nearest():
    told = faults(interests=[wants(model="M99", preferred_store="S0003")])

    assert told["interests[0].model"] == "There is no such model; the nearest is M9."
    assert told["interests[0].preferred_store"].startswith("There is no such store; the nearest is S000")


def test_a_store_is_not_known_where_there_are_none():
    body = msgspec.convert(registration(interests=[wants(preferred_store="S1")]), LeadBody, strict=False)

    [fault] = reading.read(body, reference=WORDS, stores={}).faults

    assert fault["message"] == "There is no such store."


def test_codes_are_read_however_they_are_written():
    [wish] = read(interests=[wants(" AITO ", model="m9", preferred_store="s0002")]).interests

    assert (wish.brand, wish.model, wish.preferred_store) == (1, 11, 2)


def test_a_model_tells_its_brand_and_must_not_be_of_another():
    assert read(interests=[wants(None, model="S7")]).interests[0].brand == 2
    assert faults(interests=[wants("aito", model="S7")]) == {"interests[0].model": "S7 is not a model of aito."}


@pytest.mark.parametrize(
    ("given", "order"),
    [
        ([None, None, None], ["aito", "luxeed", "stelato"]),
        ([3, 2, 1], ["stelato", "luxeed", "aito"]),
        ([None, 1, 1], ["luxeed", "stelato", "aito"]),
    ],
)
def test_wishes_are_ranked_as_said_then_as_listed(given, order):
    interests = [wants(code) | ({"rank": rank} if rank else {}) for code, rank in zip(BRANDS, given, strict=True)]

    understood = read(interests=interests).interests

    assert [(wish.rank, wish.brand) for wish in understood] == [
        (place, BRANDS[code].id) for place, code in enumerate(order, 1)
    ]


# Where


@pytest.mark.parametrize(
    ("place", "region"),
    [
        (None, None),
        ({"region_code": "510107"}, "510107"),
        ({"address": "成都市武侯区"}, "510107"),
        ({"region_code": "510104", "address": "成都市武侯区"}, "510104"),
        (AT_THE_SHOW, "510100"),
        ({"latitude": 0.0, "longitude": 0.0}, None),
    ],
)
def test_a_place_is_the_deepest_region_that_is_certain(place, region):
    assert read(place=place).region == region


@pytest.mark.parametrize(
    ("place", "path"), [({"latitude": 30.5}, "place"), ({"longitude": 104.0}, "place"), ({"region_code": "999999"}, "place.region_code")]
)  # fmt: skip
def test_half_a_point_and_a_code_that_never_was_are_refused(place, path):
    assert faults(place=place).keys() == {path}


# Answers


def test_an_answer_speaks_for_the_brands_it_names():
    assert read(consents=[says(True, "aito"), says(False, "luxeed", channel="sms")]).answers == [
        Answer("share_with_dealer", 1, "given", None, 7),
        Answer("share_with_dealer", 2, "withdrawn", "sms", 7),
    ]


def test_marketing_without_brands_is_for_all_of_them_and_sharing_is_for_nobody():
    assert [answer.brand for answer in read(consents=[says(True, purpose="alliance_marketing")]).answers] == [1, 2, 3]
    assert faults(consents=[says(True)]).keys() == {"consents[0].brands"}


def test_the_wording_must_be_known_and_a_country_does_not_matter():
    shown = {"id": "desk", "version": "1", "language": "zh-CN"}
    assert read(consents=[says(True, "aito", notice=shown)]).answers[0].notice_version == 7

    told = faults(consents=[says(True, "aito", notice=shown | {"version": "2"})])["consents[0].notice"]
    assert told == "This wording is not known; known are: desk 1 en; desk 1 zh."


def test_a_brand_in_an_answer_is_answered_at_its_own_place():
    assert faults(consents=[says(True, "aito", "luxed")]) == {
        "consents[0].brands[1]": "There is no such brand; the nearest is luxeed."
    }


def test_a_childs_yes_is_no_consent_and_its_no_counts():
    said = [says(True, "aito"), says(False, "luxeed")]

    assert [answer.state for answer in read(consents=said, remark="年龄13岁").answers] == ["withdrawn"]
    assert len(read(consents=said, remark="年龄14岁").answers) == 2


@pytest.mark.parametrize(
    ("remark", "is_child"),
    [
        (None, False), ("", False), ("年龄13岁", True), ("本人今年 13", True), ("13岁", True), ("12 years old", True),
        ("Age: 9", True), ("年龄14岁", False), ("孩子8岁", False), ("家里有个8岁的孩子", False), ("本人孩子8岁", False),
        ("13年的车", False), ("今年买车", False), ("预算30万", False), ("age 35", False),
        ("今年10月提车", False), ("今年5月买车", False), ("本人有2台车", False), ("今年预算12万", False), ("本人今年12岁", True),
    ],
)  # fmt: skip
def test_only_the_persons_own_age_makes_a_child(remark, is_child):
    assert reading.is_child(remark) is is_child


def test_a_good_lead_has_no_faults():
    assert not faults(person=WANG | {"email": "wang@qq.com"})
