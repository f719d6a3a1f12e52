"""Two names side by side: the word for how alike they are."""

import pytest

from crm.identity import likeness
from crm.normalise import name

PAIRS = [
    ("杜泽鹏", "杜泽鹏", "same"),
    ("王伟", "王伟", "same_short"),
    ("杜泽鹏", "杜泽朋", "same_sound"),
    ("王强", "wangqiang", "same_spelling"),
    ("王强", "Qiang Wang", "same_spelling"),
    ("Wang Qiang", "Qiang Wang", "same_spelling"),
    ("欧阳娜娜", "Ouyang Nana", "same_spelling"),
    ("李娜萌", "李娜平", "one_off"),
    ("李娜萌", "李萌娜", "one_off"),
    ("李明", "李芳", "one_off_short"),
    ("李娜萌", "李超伟", "kin"),
    ("李娜萌", "李超", "kin"),
    ("李娜萌", "李娜", "one_off"),
    ("李娜萌", "王超伟", "other"),
    ("李娜萌", "Wang Chaowei", "other"),
    ("王先生", "王强", "fits"),
    ("王先生", "Wang Qiang", "fits"),
    ("李女士", "王强", "other_address"),
    ("阿敏", "邓敏悦", "nickname"),
    ("阿敏", "Deng Minyue", "nickname"),
    ("阿敏", "杜泽鹏", "other_nickname"),
    ("快乐每一天", "杜泽鹏", "silent"),
    ("Tom", "杜泽鹏", "silent"),
    ("Tom Du", "杜泽鹏", "fits"),
    ("Tom Smith", "杜泽鹏", "silent"),
    ("", "杜泽鹏", "silent"),
    ("测试", "杜泽鹏", "silent"),
]


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS)
def test_two_names_are_as_alike_as_people_would_say(one, other, expected):
    assert likeness.between(name(one), name(other)) == expected
    assert likeness.between(name(other), name(one)) == expected


def test_a_whole_name_outweighs_a_form_of_address():
    known = [name("李女士"), name("李超伟")]

    assert likeness.closest([name("李娜萌")], known) == "kin"


def test_a_form_of_address_is_a_mans_or_a_womans():
    known = [name("李超伟"), name("李先生")]

    assert likeness.closest([name("李先生")], known) == "fits"
    assert likeness.closest([name("李女士")], known) == "other_sex"
    assert likeness.closest([name("李总")], known) == "fits"
    assert likeness.closest([name("李超伟"), name("李女士")], known) == "same"


def test_slips_of_one_name_count_as_one_person():
    names = [name(typed) for typed in ("李娜萌", "李娜平", "Li Nameng", "李女士", "王强")]

    assert likeness.different(names) == 2
