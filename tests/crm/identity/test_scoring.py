"""When two are one: what is recognised, what is asked, and what is never joined."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import normalise
from crm.identity import scoring
from crm.identity.profiles import Profile, Seen
from crm.identity.scoring import Known, decide, model, weigh

PHONE, EMAIL, UNIONID = "+8613512345670", "zepengdu7396@163.com", (("alliance", "o1"),)


def known_as(number, *observations):
    profile = Profile(person=UUID(int=number))
    for one in observations:
        profile.add(one)
    return profile


def said(typed="", **values):
    return Seen(name=normalise.name(typed), **values)


def verdict(newcomer, *candidates, **known):
    return decide(known_as(99, newcomer), candidates, known=Known(**known))


def outcome(newcomer, *candidates, **known):
    return verdict(newcomer, *candidates, **known).outcome


@pytest.mark.parametrize(
    "newcomer",
    [
        said("杜泽鹏", phone=PHONE),
        said("杜泽朋", phone=PHONE),
        said("Zepeng Du", phone=PHONE),
        said("杜先生", phone=PHONE),
        said("阿鹏", phone=PHONE),
        said("", phone=PHONE),
        said("杜泽鹏", phone="+8613512345607"),
        said("杜泽鹏", phone="+8613512345678"),
        said("杜泽鹏", masked="135****5670", email="else@qq.com"),
        said("杜泽鹏", email="13512345670@qq.com"),
        said("杜泽鹏", email=EMAIL, phone="+8613999990000"),
        said("", unionids=UNIONID),
    ],
)
def test_the_same_person_in_other_words_is_recognised(newcomer):
    known = known_as(1, said("杜泽鹏", phone=PHONE, email=EMAIL), said("杜泽鹏", unionids=UNIONID))

    assert outcome(newcomer, known) == "linked"


@pytest.mark.parametrize(
    "newcomer",
    [
        said("王超伟", phone=PHONE),
        said("杜超伟", phone=PHONE),
        said("王女士", phone=PHONE),
        said("杜泽鹏", phone=PHONE, unionids=(("alliance", "o2"),)),
        said("王超伟", phone="+8613512345607"),
        said("", phone="+8613512345607"),
        said("杜泽鹏", phone="+8618600001111"),
        said("阿敏", phone=PHONE),
    ],
)
def test_a_shared_value_or_name_alone_does_not_make_two_people_one(newcomer):
    known = known_as(1, said("杜泽鹏", phone=PHONE, unionids=UNIONID))

    assert outcome(newcomer, known) != "linked"


def test_a_unionid_of_another_account_says_nothing():
    known = known_as(1, said("杜泽鹏", phone=PHONE, unionids=UNIONID))

    assert outcome(said("杜泽鹏", phone=PHONE, unionids=(("other", "o2"),)), known) == "linked"


def test_in_a_household_the_name_decides_and_silence_asks():
    household = known_as(1, said("杜泽鹏", phone=PHONE)), known_as(2, said("李娜萌", phone=PHONE))

    named, nameless = verdict(said("李娜萌", phone=PHONE), *household), verdict(said("", phone=PHONE), *household)

    assert (named.outcome, named.best.profile.person.int) == ("linked", 2)
    assert (nameless.outcome, nameless.question) == ("provisional", "possible_same")


def test_siblings_with_short_names_on_one_phone_are_a_question():
    asked = verdict(said("李芳", phone=PHONE), known_as(1, said("李明", phone=PHONE)))

    assert (asked.outcome, asked.question) == ("provisional", "possible_same")


@pytest.mark.parametrize("sibling", ["张建军", "张爱国", "Zhang Jianjun", "张国"])
def test_siblings_with_a_character_in_common_on_one_phone_are_a_question(sibling):
    asked = verdict(said(sibling, phone=PHONE), known_as(1, said("张建国", phone=PHONE)))

    assert (asked.outcome, asked.question) == ("provisional", "possible_same")


def test_siblings_with_a_mailbox_in_common_are_a_question_too():
    asked = verdict(said("张建军", email=EMAIL), known_as(1, said("张建国", email=EMAIL)))

    assert (asked.outcome, asked.question) == ("provisional", "possible_same")


@pytest.mark.parametrize("also", [{"email": EMAIL}, {"unionids": UNIONID}])
def test_a_slip_in_a_name_is_forgiven_where_more_than_a_phone_agrees(also):
    assert outcome(said("张建军", phone=PHONE, **also), known_as(1, said("张建国", phone=PHONE, **also))) == "linked"


def test_between_siblings_on_one_phone_a_form_of_address_does_not_choose():
    siblings = known_as(1, said("张建国", phone=PHONE)), known_as(2, said("张建军", phone=PHONE))

    assert verdict(said("张先生", phone=PHONE), *siblings).question == "possible_same"
    assert outcome(said("张建军", phone=PHONE), *siblings) == "linked"


@pytest.mark.parametrize("other", ["杜超伟", "王超伟", "王女士", "小莉"])
def test_a_family_that_shares_phone_and_mailbox_stays_several_people(other):
    shared = {"phone": PHONE, "email": EMAIL}

    assert outcome(said(other, **shared), known_as(1, said("杜泽鹏", **shared))) == "provisional"


def test_a_mr_and_a_ms_of_one_surname_on_one_phone_are_a_question():
    known = known_as(1, said("杜泽鹏", phone=PHONE), said("杜先生", phone=PHONE))

    assert outcome(said("杜先生", phone=PHONE), known) == "linked"
    assert outcome(said("杜女士", phone=PHONE), known) != "linked"


def test_a_form_of_address_beside_another_mailbox_is_a_question():
    known = known_as(1, said("杜泽鹏", phone=PHONE, email=EMAIL))

    assert outcome(said("杜先生", phone=PHONE, email="sunny@qq.com"), known) == "provisional"
    assert outcome(said("杜先生", phone=PHONE, email="zepengdu.7396@163.com"), known) == "linked"


def test_a_phone_in_a_mailbox_is_no_other_phone():
    known = known_as(1, said("杜泽鹏", phone="+8618600001111", email="13512345670@qq.com"))

    assert outcome(said("杜先生", phone=PHONE), known) == "linked"


def test_a_phone_that_many_gave_proves_next_to_nothing():
    newcomer, known = said("杜先生", phone=PHONE), known_as(1, said("杜泽鹏", phone=PHONE))

    assert outcome(newcomer, known) == "linked"
    assert outcome(newcomer, known, crowds={PHONE: 9}) == "new"


def test_an_example_number_is_a_hub_from_the_first_day():
    example = "+8613800138000"

    assert outcome(said("", phone=example), known_as(1, said("杜泽鹏", phone=example))) == "new"


def test_values_of_two_different_people_contradict_each_other():
    his, hers = known_as(1, said("杜泽鹏", phone=PHONE)), known_as(2, said("李娜萌", email="sunny@qq.com"))

    assert verdict(said("", phone=PHONE, email="sunny@qq.com"), his, hers).question == "contradiction"


def test_an_observation_with_values_of_both_shows_two_to_be_one():
    older, younger = known_as(1, said("杜泽鹏", phone=PHONE)), known_as(2, said("杜泽鹏", email=EMAIL))

    bridge = verdict(said("杜泽鹏", phone=PHONE, email=EMAIL), older, younger)

    assert bridge.outcome == "linked"
    assert len(bridge.same) == 1


def test_people_known_to_be_apart_are_never_shown_to_be_one():
    older, younger = known_as(1, said("杜泽鹏", phone=PHONE)), known_as(2, said("杜泽鹏", email=EMAIL))
    apart = frozenset([frozenset([older.person, younger.person])])

    assert verdict(said("杜泽鹏", phone=PHONE, email=EMAIL), older, younger, apart=apart).same == ()


def test_where_many_share_phones_a_missing_name_is_not_enough():
    known = known_as(1, said("杜泽鹏", phone=PHONE))

    assert outcome(said("", phone=PHONE), known, sharing=0.01) == "linked"
    assert outcome(said("", phone=PHONE), known, sharing=0.1) == "provisional"


def test_where_many_share_phones_a_mailbox_still_speaks_for_the_nameless():
    known = known_as(1, said("杜泽鹏", phone=PHONE, email=EMAIL))

    assert outcome(said("", email=EMAIL), known, sharing=0.1) == "linked"


def test_an_email_that_spells_the_name_tells_the_household_apart():
    household = known_as(1, said("杜泽鹏", phone=PHONE)), known_as(2, said("李娜萌", phone=PHONE))

    found = verdict(said("", phone=PHONE, email=EMAIL), *household)

    assert (found.outcome, found.best.profile.person.int) == ("linked", 1)


VALUES = st.builds(
    said,
    st.sampled_from(["", "杜泽鹏", "杜泽朋", "Du Zepeng", "杜先生", "阿鹏", "李明", "李芳", "王超伟"]),
    phone=st.sampled_from([None, PHONE, "+8613512345607", "+8613800138000"]),
    email=st.sampled_from([None, EMAIL, "13512345670@qq.com"]),
    unionids=st.sampled_from([(), UNIONID, (("alliance", "o2"),)]),
    city=st.sampled_from([None, "510100"]),
)


@given(VALUES, st.lists(VALUES, min_size=1, max_size=4))
def test_every_total_is_the_sum_of_parts_that_have_words(newcomer, others):
    weighed = weigh(known_as(1, newcomer), known_as(2, *others), known=Known())

    assert weighed.total == sum(part.points for part in weighed.parts)
    assert all(scoring.words(part.name) for part in weighed.parts)


@given(st.lists(VALUES, min_size=1, max_size=3), st.lists(VALUES, min_size=1, max_size=3))
def test_weighing_does_not_depend_on_who_came_first(ours, theirs):
    one, other = known_as(1, *ours), known_as(2, *theirs)

    assert weigh(one, other, known=Known()).total == pytest.approx(weigh(other, one, known=Known()).total)


@given(VALUES, st.lists(VALUES, max_size=4))
def test_whoever_is_linked_passed_the_threshold(newcomer, others):
    found = verdict(newcomer, *(known_as(n, one) for n, one in enumerate(others)))

    assert (found.outcome == "linked") <= bool(found.best and found.best.total >= model().link)
