"""What a stores file may change, what it must leave alone, and how it says what is wrong."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from crm.database import current, transaction
from crm.network import dealers, network
from crm.network import stores_file as reading
from crm.tables import Dealer, Franchise, NetworkVersion, Store, StoreOperator

STORES = Path(__file__).parents[3] / "crm" / "data" / "stores.csv"
MONDAY = datetime(2025, 8, 25, 4, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)
BRANDS = ("aito", "luxeed", "stelato", "maextro", "shangjie")


@pytest.fixture
def stores_file(tmp_path):
    """Writes rows of the real file, with some cells changed, as a file of its own."""

    def write(*changes: dict[str, str], encoding: str = "utf-8"):
        with STORES.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        path = tmp_path / "stores.csv"
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, fieldnames=reading.COLUMNS)
            writer.writeheader()
            writer.writerows(row | change for row, change in zip(rows, changes, strict=False))
        return path

    return write


async def bring_in(file, *, at=MONDAY):
    async with transaction():
        return await dealers.import_network(file, at=at, actor="tester")


async def test_the_whole_network_comes_in_and_a_second_time_changes_nothing():
    first = await bring_in(STORES)
    again = await bring_in(STORES, at=TUESDAY)

    assert (first.rows, first.created, first.error) == (370, 370, 0)
    assert (again.unchanged, again.changed, again.version) == (370, 0, None)
    assert await NetworkVersion.count() == 1
    assert await Dealer.count() == 150


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
async def test_a_file_from_another_spreadsheet_is_read_all_the_same(stores_file, encoding):
    await bring_in(stores_file({}, {}, encoding=encoding))

    assert await Store.select(Store.name_zh).order_by(Store.code).first() == {"name_zh": "沈阳和平区用户中心1"}


async def test_a_bad_row_is_named_with_its_column_and_the_others_come_in(stores_file):
    file = stores_file({"longitude": "41.77"}, {}, {"brands": "aito;tesla", "weight": "0"}, {"closes": "08:00"})

    told = await bring_in(file)

    assert (told.rows, told.created, told.error) == (4, 1, 3)
    assert [(fault.row, fault.column) for fault in told.errors] == [
        (2, "longitude"),
        (4, "weight"),
        (4, "brands"),
        (5, "closes"),
    ]
    assert "look exchanged" in told.errors[0].message


async def test_a_new_owner_closes_the_old_range_and_opens_a_new_one(stores_file):
    await bring_in(stores_file({"dealer_code": "D900"}))
    told = await bring_in(stores_file({"dealer_code": "D901"}), at=TUESDAY)

    ranges = await StoreOperator.select(
        StoreOperator.dealer.code, StoreOperator.valid_from_on, StoreOperator.valid_until_on
    ).order_by(StoreOperator.valid_from_on)
    assert [tuple(row.values()) for row in ranges] == [
        ("D900", date(2025, 8, 25), date(2025, 8, 26)),
        ("D901", date(2025, 8, 26), None),
    ]
    assert told.changed == 1
    assert await Store.select(Store.version).first() == {"version": 2}


async def test_an_owner_corrected_on_the_same_day_leaves_no_trace_of_the_slip(stores_file):
    await bring_in(stores_file({"dealer_code": "D900", "brands": "aito;stelato"}))
    await bring_in(stores_file({"dealer_code": "D901", "brands": "aito"}))

    async with transaction():
        picture = await network(date(2025, 8, 25))
    assert [len(store.brands) for store in picture.stores.values()] == [1]
    assert await StoreOperator.count() == 1
    assert await Franchise.count() == 1


async def test_a_brand_lost_and_won_back_on_one_day_keeps_both_ranges(stores_file):
    await bring_in(stores_file({"brands": "aito;stelato"}))
    await bring_in(stores_file({"brands": "aito"}), at=TUESDAY)
    await bring_in(stores_file({"brands": "aito;stelato"}), at=TUESDAY)

    ranges = await Franchise.select(Franchise.valid_until_on).where(Franchise.brand.code == "stelato")
    assert {row["valid_until_on"] for row in ranges} == {date(2025, 8, 26), None}


async def test_stores_that_a_file_does_not_name_stay_as_they_are(stores_file):
    await bring_in(stores_file({}, {}, {}))
    told = await bring_in(stores_file({"daily_capacity": "99"}), at=TUESDAY)

    assert (told.changed, told.untouched) == (1, 2)
    assert await Franchise.count().where(Franchise.valid_until_on.is_not_null()) == 0


async def test_the_picture_of_a_day_follows_the_latest_version_and_the_day(stores_file):
    await bring_in(stores_file({"brands": "aito;luxeed"}))
    await bring_in(stores_file({"brands": "luxeed;maextro"}), at=TUESDAY)

    async with transaction():
        pictures = [await network(on) for on in (date(2025, 8, 24), date(2025, 8, 25), date(2025, 8, 26))]
        codes = {row["id"]: row["code"] for row in await current().fetch("select id, code from brand")}

    sold = [{codes[brand] for store in picture.stores.values() for brand in store.brands} for picture in pictures]
    assert sold == [set(), {"aito", "luxeed"}, {"luxeed", "maextro"}]
    assert {skill for store in pictures[1].stores.values() for skill in store.capabilities} >= {"sales", "test_drive"}


async def test_an_import_cannot_be_dated_before_the_last_one(stores_file):
    await bring_in(stores_file({}), at=TUESDAY)

    with pytest.raises(dealers.NetworkIsNewer, match="2025-08-26"):
        await bring_in(stores_file({}), at=MONDAY)


def test_a_store_told_twice_keeps_its_first_row(stores_file):
    rows, faults = reading.read(stores_file({}, {"store_code": "S0001"}), brands=BRANDS)

    assert [row.number for row in rows] == [2]
    assert [(fault.row, fault.column) for fault in faults] == [(3, "store_code")]


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"PK\x03\x04", "workbook"), (b"store_code,weight\n", "dealer_code"), (b"\xff\xfe\x81", "UTF-8")],
)
def test_what_is_no_stores_file_is_refused_whole(tmp_path, content, why):
    file = tmp_path / "stores.csv"
    file.write_bytes(content)

    with pytest.raises(reading.NotAStoresFile, match=why):
        reading.read(file, brands=BRANDS)
