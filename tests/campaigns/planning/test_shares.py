"""A budget is split to the last fen, whatever the shares are."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.planning.shares import MOST_FEN, money, read_money, read_share, split, written

weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)


@given(total=st.integers(0, MOST_FEN), parts=weights)
def test_parts_add_up_to_the_whole_and_none_is_a_fen_from_its_share(total, parts):
    shares = {place: Fraction(part, sum(parts)) for place, part in enumerate(parts)}

    fen = split(total, shares)

    assert sum(fen.values()) == total
    assert all(abs(fen[place] - total * share) < 1 for place, share in shares.items())


@given(total=st.integers(0, 10**6), parts=weights)
def test_the_same_shares_always_get_the_same_parts(total, parts):
    shares = {place: Fraction(part, sum(parts)) for place, part in enumerate(parts)}

    assert split(total, shares) == split(total, dict(reversed(shares.items())))


def test_who_loses_most_by_whole_fen_gets_the_one_that_is_left():
    assert split(100, {1: Fraction(1, 3), 2: Fraction(1, 3), 3: Fraction(1, 3)}) == {1: 34, 2: 33, 3: 33}
    assert split(10, {1: Fraction(1, 4), 2: Fraction(3, 4)}) == {1: 3, 2: 7}


def test_shares_that_leave_something_leave_it_undivided():
    assert split(100, {1: Fraction(1, 3), 2: Fraction(1, 3)}) == {1: 33, 2: 33}


@pytest.mark.parametrize(
    ("typed", "share"),
    [("1/3", Fraction(1, 3)), ("34%", Fraction(34, 100)), ("33.5", Fraction(67, 200)), ("１００％", Fraction(1)), ("2/7", Fraction(2, 7)),
     ("", None), ("a third", None), ("1/0", None), ("120", None), ("-1", None), ("1/1000001", None)],
)  # fmt: skip
def test_a_share_is_read_as_people_write_it(typed, share):
    assert read_share(typed) == share


@given(st.fractions(0, 1, max_denominator=10**4))
def test_a_share_that_is_written_down_is_read_again(share):
    assert read_share(written(share)) == share


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("4,800,000.50", 480000050),
        ("¥12", 1200),
        ("0", 0),
        ("1.234", None),
        ("many", None),
        ("-3", None),
        ("nan", None),
        ("1e40", None),
    ],
)
def test_money_is_read_to_the_fen(typed, fen):
    assert read_money(typed) == fen


@given(st.integers(0, MOST_FEN))
def test_money_that_is_written_down_is_read_again(fen):
    assert read_money(money(fen)) == fen
