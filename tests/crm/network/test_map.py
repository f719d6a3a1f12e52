"""The map shows every store where it is, and together what would overlap."""

import math
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from crm import regions
from crm.network import map as drawing
from crm.network.map import Box, Place

PLACES = st.lists(st.tuples(st.floats(73, 135), st.floats(18, 53)), min_size=1, max_size=60, unique=True).map(
    lambda spots: [Place(key, *spot) for key, spot in enumerate(spots)]
)


def draw(places, box=None):
    view = drawing.view_of(box or drawing.around(places))
    return view, drawing.marks(places, view)


@given(PLACES)
def test_every_place_is_in_exactly_one_mark(places):
    _, marks = draw(places)

    assert sorted(key for mark in marks for key in mark.keys) == list(range(len(places)))


@given(PLACES)
def test_no_two_marks_overlap_and_none_lies_outside(places):
    _, marks = draw(places)

    assert all(math.dist((a.x, a.y), (b.x, b.y)) > drawing.APART - 1 for a, b in combinations(marks, 2))
    assert all(0 <= mark.x <= drawing.WIDTH and 0 <= mark.y <= drawing.HEIGHT for mark in marks)


@given(PLACES)
def test_the_same_places_give_the_same_drawing(places):
    assert draw(places)[1] == draw(list(places))[1]


def test_a_closer_look_takes_a_cluster_apart():
    stores = [Place(1, 104.05, 30.57), Place(2, 104.09, 30.60), Place(3, 121.47, 31.23)]

    _, marks = draw(stores)
    [cluster] = [mark for mark in marks if len(mark.keys) == 2]
    _, closer = draw(stores, cluster.box)

    assert [mark.keys for mark in closer] == [(1,), (2,)]


def test_lengths_east_and_north_are_equal_at_the_middle():
    view = drawing.view_of(Box(103.0, 29.0, 105.0, 31.0))
    (west, y), (east, _) = view.spot(103.5, 30), view.spot(104.5, 30)
    (x, south), (_, north) = view.spot(104, 29.5), view.spot(104, 30.5)

    wide, high = regions.distance_km(103.5, 30, 104.5, 30), regions.distance_km(104, 29.5, 104, 30.5)
    assert math.isclose((east - west) / wide, (south - north) / high, rel_tol=0.01)
    assert (x, y) == (drawing.WIDTH / 2, drawing.HEIGHT / 2)


def test_north_is_up_and_one_store_alone_stands_in_the_middle():
    view, [mark] = draw([Place(7, 104.06, 30.57)])

    assert (mark.x, mark.y, mark.keys) == (drawing.WIDTH / 2, drawing.HEIGHT / 2, (7,))
    assert view.spot(104.06, 30.58)[1] < mark.y


def test_what_lies_outside_the_box_is_not_drawn():
    _, marks = draw([Place(1, 104.06, 30.57), Place(2, 121.47, 31.23)], Box(103.0, 30.0, 105.0, 31.0))

    assert [mark.keys for mark in marks] == [(1,)]


def test_no_store_at_all_still_has_a_map():
    view, marks = draw([])

    assert marks == []
    assert 0 < view.spot(104.06, 30.57)[0] < drawing.WIDTH
