"""Where a wish stands, when all that is known is a region, a point, or nothing."""

from leads.routing.surroundings import standpoint

CHENGDU_CENTRE = (104.0662, 30.5728)


def test_a_stated_district_stands_at_its_centre():
    here = standpoint("510107", None)

    assert (here.district, here.city, here.province) == ("510107", "510100", "510000")
    assert here.point is not None


def test_a_bare_point_is_in_the_city_of_its_nearest_district_but_in_no_district():
    here = standpoint(None, CHENGDU_CENTRE)

    assert (here.district, here.city, here.point) == (None, "510100", CHENGDU_CENTRE)


def test_a_point_with_a_stated_district_keeps_both():
    here = standpoint("510107", CHENGDU_CENTRE)

    assert (here.district, here.point) == ("510107", CHENGDU_CENTRE)


def test_a_district_of_a_municipality_has_the_municipality_for_its_city():
    assert standpoint("310112", None).city == "310000"


def test_a_point_at_sea_is_a_point_and_nothing_else():
    here = standpoint(None, (130.0, 20.0))

    assert (here.city, here.province, here.point) == (None, None, (130.0, 20.0))


def test_nothing_known_is_no_place():
    assert standpoint(None, None).point is None
