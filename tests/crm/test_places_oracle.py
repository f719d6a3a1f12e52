"""Our reading of 18,000 real addresses against the public library cpca, where its answer can be held against ours.

Two kinds of its answers are counted apart, because they are wrong or arbitrary by construction: for a district name that
several cities share it takes the first in its list (every bare 朝阳区 lies in 长春), and a road named after a city it
takes for the city (南京西路 lies in 南京). Needs the dependency group `oracle` and the shared address file.
"""

import csv
import os
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

from crm import places, regions

SHARED = Path(os.environ.get("MARQUEE_SHARED") or Path(__file__).parents[3] / "shared")
ADDRESSES = SHARED / "data" / "addresses_zh.csv"
ROAD = re.compile("[东西南北中一二三四五六七八九十0-9]{0,3}(?:路|街|大道|大街)")


@pytest.fixture(scope="module")
def oracle():
    """(address, region that the oracle names) for every row where it names a region of today that lies in a city."""
    cpca = pytest.importorskip("cpca", reason="needs the dependency group `oracle`", exc_type=ImportError)
    if not ADDRESSES.exists():
        pytest.skip("needs the shared data folder (MARQUEE_SHARED)")
    return _found_by(cpca)


@pytest.fixture(scope="module")
def told_oracle(oracle):
    """The same once the oracle is told, as it asks to be, which bearer of a shared name is meant: the one that hardly anybody means otherwise."""
    import cpca

    shared = {name: regions.usually_meant(codes) for name, codes in _districts_by_name().items() if len(codes) > 1}
    return _found_by(cpca, umap={name: code for name, code in shared.items() if code})


def test_the_city_is_right_where_the_oracle_did_not_pick_the_first_of_several(oracle):
    told = [(address, code) for address, code in oracle if not _is_first_of_several(address, code)]

    assert len(told) > 14_000
    assert _agreement(told) >= 0.98


def test_the_city_is_right_in_all_but_one_of_two_hundred_where_no_road_misled_the_oracle(oracle):
    told = [row for row in oracle if not _is_first_of_several(*row) and not _is_road(*row)]

    assert len(told) > 14_000
    assert _agreement(told) >= 0.99


def test_the_raw_agreement_with_everything_the_oracle_says(oracle, capsys):
    raw = _agreement(oracle)
    with capsys.disabled():
        print(f"\nthe same city as the oracle, nothing set apart: {raw:.2%} of {len(oracle):,} addresses")

    assert raw >= 0.96


def test_the_agreement_with_an_oracle_that_knows_which_of_several_is_meant(told_oracle, capsys):
    told = _agreement(told_oracle)
    with capsys.disabled():
        print(
            f"\nthe same city as the oracle, which was told whose 朝阳区 is meant: {told:.2%} of {len(told_oracle):,}"
        )

    assert told >= 0.979


def test_what_the_oracle_picked_from_several_we_keep_open_or_give_to_whom_hardly_anybody_means_otherwise(oracle):
    picked = [(address, code) for address, code in oracle if _is_first_of_several(address, code)]
    read = [(code, places.resolve(address)) for address, code in picked]
    fates = Counter(place.certainty for _, place in read)

    assert fates["certain"] < 0.2 * len(picked)
    assert all(place.region == _usually_meant(code) for code, place in read if place.certainty == "likely")


def test_who_names_the_city_of_a_shared_district_hardly_ever_means_another_than_we_take_to_be_meant(oracle):
    read = [(address, places.resolve(address)) for address, _ in oracle]
    certain = [(address, place.region) for address, place in read if place.certainty == "certain"]
    told = [code for address, code in certain if len(_bearers(code)) > 1 and _names_parent(address, code)]
    meant = [(code, likely) for code in told if (likely := _usually_meant(code))]

    assert len(meant) > 1_000
    assert sum(code == likely for code, likely in meant) >= 0.98 * len(meant)


def _found_by(cpca, **told):
    with ADDRESSES.open(encoding="utf-8-sig", newline="") as table:
        addresses = [row[0] for row in csv.reader(table)][1:]
    found = zip(addresses, cpca.transform(addresses, **told)["adcode"], strict=True)
    return [(address, code) for address, code in found if isinstance(code, str) and regions.city_of(code)]


def _agreement(rows):
    return sum(
        regions.city_of(places.resolve(address).region or "") == regions.city_of(code) for address, code in rows
    ) / len(rows)


def _is_first_of_several(address, code):
    return len(_bearers(code)) > 1 and not _names_parent(address, code)


def _names_parent(address, code):
    parents = {f"{code[:2]}0000", f"{code[:4]}00"} & regions.table().keys()
    return any(_short(parent) in address for parent in parents)


def _usually_meant(code):
    return regions.usually_meant(_bearers(code))


def _bearers(code):
    return _districts_by_name()[regions.table()[code].name] if regions.table()[code].level == "district" else []


@cache
def _districts_by_name():
    found = defaultdict(list)
    for region in regions.table().values():
        if region.level == "district":
            found[region.name].append(region.code)
    return found


def _is_road(address, code):
    name, short = regions.table()[code].name, _short(code)
    at = address.find(short)
    return at >= 0 and not address.startswith(name, at) and ROAD.match(address, at + len(short)) is not None


def _short(code):
    return re.sub("(?:省|市|自治区|特别行政区)$", "", regions.table()[code].name)
