"""Our reading of 18,000 real addresses against the public library cpca, where its answer can be held against ours.

Two kinds of its answers are counted apart, because they are wrong by construction: for a district name that several
cities share it takes the first in its list (every bare 朝阳区 lies in 长春), and a road named after a city it takes for
the city (南京西路 lies in 南京). Needs the dependency group `oracle` and the shared address file.
"""

import csv
import os
import re
from collections import Counter
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
    with ADDRESSES.open(encoding="utf-8-sig", newline="") as table:
        addresses = [row[0] for row in csv.reader(table)][1:]
    found = zip(addresses, cpca.transform(addresses)["adcode"], strict=True)
    return [(address, code) for address, code in found if isinstance(code, str) and regions.city_of(code)]


def test_the_city_is_right_where_the_oracle_did_not_pick_the_first_of_several(oracle):
    told = [(address, code) for address, code in oracle if not _is_first_of_several(address, code)]

    assert len(told) > 14_000
    assert _agreement(told) >= 0.98


def test_the_city_is_right_in_all_but_one_of_two_hundred_where_no_road_misled_the_oracle(oracle):
    told = [row for row in oracle if not _is_first_of_several(*row) and not _is_road(*row)]

    assert len(told) > 14_000
    assert _agreement(told) >= 0.99


def test_what_the_oracle_picked_from_several_we_keep_open(oracle):
    picked = [address for address, code in oracle if _is_first_of_several(address, code)]
    fates = Counter(places.resolve(address).certainty for address in picked)

    assert fates["ambiguous"] + fates["partial"] + fates["unknown"] > 0.8 * len(picked)


def _agreement(rows):
    return sum(
        regions.city_of(places.resolve(address).region or "") == regions.city_of(code) for address, code in rows
    ) / len(rows)


def _is_first_of_several(address, code):
    region = regions.table()[code]
    is_shared = sum(other.name == region.name for other in regions.table().values() if other.level == "district") > 1
    parents = {f"{code[:2]}0000", f"{code[:4]}00"} & regions.table().keys()
    return region.level == "district" and is_shared and not any(_short(parent) in address for parent in parents)


def _is_road(address, code):
    name, short = regions.table()[code].name, _short(code)
    at = address.find(short)
    return at >= 0 and not address.startswith(name, at) and ROAD.match(address, at + len(short)) is not None


def _short(code):
    return re.sub("(?:省|市|自治区|特别行政区)$", "", regions.table()[code].name)
