"""What an address says: it comes back as it was, and changing it starts anew."""

import pytest

from leads.lists.query import KEPT, Query


def test_an_address_comes_back_as_it_was_but_for_what_it_does_not_know():
    assert Query.parse("stage=offered,lost&brand=aito&tracking=1").href() == "/leads?brand=aito&stage=offered,lost"


def test_a_parameter_that_comes_again_adds_its_value():
    assert Query.parse("brand=aito&brand=luxeed").values("brand") == ("aito", "luxeed")


def test_a_changed_filter_starts_at_the_first_page():
    query = Query.parse("stage=offered&after=0.1.2&sort=clock")

    assert query.toggled("stage", "lost").text == "stage=offered,lost&sort=clock"
    assert query.toggled("stage", "offered").text == "sort=clock"


def test_the_next_page_keeps_everything_else():
    assert Query.parse("stage=lost&before=0.1.2").changed(after="0.3.4").text == "stage=lost&after=0.3.4"


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("view=7", "view=7&stage=lost&sort=clock"),
        ("view=7&brand=aito", "view=7&brand=aito&sort=clock"),
        ("view=7&sort=captured", "view=7&stage=lost&sort=captured"),
    ],
)
def test_a_view_is_the_ground_on_which_an_address_stands(asked, shown):
    assert Query.parse(asked).upon(Query.parse("stage=lost&sort=clock")).text == shown


def test_a_view_never_keeps_what_was_searched_for_or_where_one_was():
    asked = Query.parse("q=13800138000&brand=aito&after=0.1.2&view=7&columns=person,phone")

    assert asked.only(KEPT).text == "brand=aito&columns=person,phone"
