"""Addresses to regions: the deepest certain one, never a guess; distances and neighbours."""

import csv
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import places, regions


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("北京市海淀区北四环西路66号", "110108"),
        ("四川省成都市武侯区天府大道", "510107"),
        ("徐汇区虹漕路461号", "310104"),
        ("成都", "510100"),
        ("浦东", "310115"),
        ("昆山", "320583"),
        ("诸暨国际商贸城", "330681"),
        ("仙桃", "429004"),
        ("东莞市长安镇", "441900"),
        ("济南市中区千佛山南路2号", "370103"),
        ("青岛市南区香港中路8号", "370202"),
        ("哈尔滨道里区长江路", "230102"),
        ("郑州上街区用户中心", "410106"),
        ("江苏常州五一路258号", "320400"),
        ("广东深圳", "440300"),
        ("北京朝阳望京", "110105"),
        ("吉林长春", "220100"),
        ("辽宁朝阳", "211300"),
        ("恩施州", "422800"),
        ("沪", "310000"),
        ("Shanghai", "310000"),
        ("Chengdu, Sichuan", "510100"),
        ("Chaoyang District, Beijing", "110105"),
        ("Xi'an, Shaanxi", "610100"),
        ("Pi Xian, Chengdu", "510100"),
    ],
)
def test_an_address_leads_to_its_deepest_region(address, region):
    place = places.resolve(address)

    assert (place.region, place.certainty) == (region, "certain")


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("郫县犀浦镇", "510117"),
        ("闸北区恒丰路", "310106"),
        ("卢湾区", "310101"),
        ("南汇", "310115"),
        ("萧山市", "330109"),
        ("襄樊市", "420600"),
        ("亦庄", "110000"),
        ("张江高科", "310115"),
        ("苏州工业园区星湖街", "320500"),
        ("光谷", "420100"),
        ("中山小榄", "442000"),
        ("通州区马驹桥镇", "110112"),
    ],
)
def test_old_names_and_zones_still_arrive(address, region):
    assert places.resolve(address).region == region


@pytest.mark.parametrize(
    "address",
    ["南京西路1266号", "北京路", "上海路", "成都北路333号", "中山东一路", "香港中路", "Nanjing West Road", "沪太路"],
)
def test_a_road_named_after_a_city_is_not_in_it(address):
    assert places.resolve(address) == places.Place(None, None, "unknown")


def test_a_road_does_not_move_an_address():
    assert places.resolve("静安区南京西路1717号").region == "310106"
    assert places.resolve("香港中路8号青岛中心").region == "370200"


@pytest.mark.parametrize(
    "address", ["", "金隅国际", "东方大厦", "高新西区", "Tokyo", "http://www.beijing.com", "阿里巴巴"]
)
def test_no_place_is_an_answer(address):
    assert places.resolve(address).certainty == "unknown"


def test_a_district_of_several_cities_stays_open_until_its_city_is_named():
    assert places.resolve("通州区新世纪大道").candidates == ("110112", "320612")
    assert places.resolve("通州区新世纪大道").region is None
    assert places.resolve("通州区新世纪大道,南通").region == "320612"


def test_where_far_the_most_people_live_in_one_of_the_districts_of_a_name_that_one_is_likely():
    place = places.resolve("朝阳区建国路")

    assert (place.region, place.certainty) == ("110105", "likely")
    assert place.candidates == ("110105", "220104")
    assert places.resolve("朝阳区建国路,长春") == places.Place("220104", "district", "certain")


def test_another_city_in_the_address_keeps_the_likely_district_open():
    assert places.resolve("南山区科技园").region == "440305"
    assert places.resolve("南山区科技园,沈阳").certainty == "ambiguous"


def test_an_avenue_named_after_a_city_is_likely_in_it_but_moves_no_address():
    assert places.resolve("广州大道中289号") == places.Place("440100", "city", "likely")
    assert places.resolve("白云区广州大道北").region == "440111"
    assert places.resolve("重庆市永川区广州大道") == places.resolve("重庆市永川区")
    assert places.resolve("苏州大道8号,宿迁") == places.Place("321300", "city", "certain")
    assert {places.resolve(text).region for text in ("中山大道", "黄山大道", "井冈山大道", "广州路")} == {None}


def test_what_lies_in_one_province_either_way_is_certain_that_far():
    place = places.resolve("江苏省鼓楼区中山北路")

    assert (place.region, place.certainty) == ("320000", "partial")
    assert set(place.candidates) == {"320106", "320302"}


def test_a_house_named_after_a_city_proves_nothing():
    assert places.resolve("深圳大厦").region is None
    assert places.resolve("浦东新区鄂尔多斯大厦").region == "310115"


@pytest.mark.parametrize(
    ("code", "city"),
    [("310115", "310000"), ("310000", "310000"), ("510107", "510100"), ("510000", None), ("429004", "429004"),
     ("441900", "441900"), ("810000", "810000"), ("999999", None)],
)  # fmt: skip
def test_every_place_has_its_city(code, city):
    assert regions.city_of(code) == city


def test_every_region_is_found_by_its_own_full_name_inside_its_parents():
    lost = [
        region.code
        for region in regions.table().values()
        if not region.name.endswith("行政区划") and places.resolve(_full_name(region)).region != region.code
    ]

    assert not lost


def test_aliases_lead_to_regions_and_hide_none():
    names = {region.name for region in regions.table().values()}
    rows = list(csv.DictReader((files("crm") / "data" / "region_aliases.csv").read_text("utf-8").splitlines()))

    assert all(regions.table()[row["code"]].name == row["name_zh"] for row in rows)
    assert not [row["alias"] for row in rows if row["alias"] in names or row["alias"] in regions.table()]


def test_every_bearer_of_a_shared_name_is_counted_or_none_is():
    counted = {row["code"]: row["name_zh"] for row in regions.rows("shared_districts.csv")}
    names = set(counted.values())
    bearers = {region.code: region.name for region in regions.table().values() if region.name in names}

    assert counted == {code: name for code, name in bearers.items() if regions.table()[code].level == "district"}


@pytest.mark.parametrize(
    ("codes", "likely"),
    [(("110105", "220104"), "110105"), (("330106", "360103"), "330106"), (("110112", "320612"), None),
     (("330106", "360103", "610102"), None), ((), None)],
)  # fmt: skip
def test_a_district_is_meant_that_hardly_anybody_with_its_name_means_otherwise(codes, likely):
    assert regions.usually_meant(codes) == likely


def test_an_abolished_code_leads_to_the_one_that_stands():
    assert [regions.current(code) for code in ("310108", "310106", "999999")] == ["310106", "310106", None]


def test_the_nearest_district_is_named_within_sixty_kilometres():
    assert regions.nearest(121.4737, 31.2304) == "310101"
    assert regions.nearest(113.75, 23.02) == "441900"
    assert regions.nearest(-0.13, 51.5) is None


def test_shanghai_and_chengdu_are_1660_kilometres_apart():
    assert regions.distance_km(121.47, 31.23, 104.06, 30.66) == pytest.approx(1660, abs=2)


@given(st.text(max_size=60))
def test_any_text_has_an_answer_that_agrees_with_itself(address):
    place = places.resolve(address)

    assert (place.region is None) == (place.certainty in {"ambiguous", "unknown"})
    assert place.level == (regions.table()[place.region].level if place.region else None)


def _full_name(region):
    parent = regions.table().get(region.parent or "")
    if parent is None:
        return region.name
    return (
        _full_name(parent) + region.name
        if not parent.name.endswith("行政区划")
        else parent.name.split("-")[0] + region.name
    )
