"""The dealer network as its dealers report it: who runs which store, which brands it may sell, what it can take.

Promises that an import changes only what the file says differently, keeps every former operator and franchise as a
closed range, and raises the network's version once if anything changed. Refuses an import dated before the last one.
Stores that a file does not name stay as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from crm import history
from crm.database import current, insert
from crm.errors import Refused
from crm.network import local_day, stores_file
from crm.network.stores_file import RowFault, StoreRow
from crm.tables import Franchise, Party, Store, StoreCapability, StoreOperator


class NetworkIsNewer(Refused):
    sentence = "The network was last changed on {on:%Y-%m-%d}; an import cannot be dated before that."


class NetworkImport(msgspec.Struct, frozen=True):
    """What became of a file: the fates of its rows add up; `untouched` counts the stores that it does not name."""

    rows: int
    created: int
    changed: int
    unchanged: int
    error: int
    untouched: int
    version: int | None
    errors: list[RowFault]


class _Standing(msgspec.Struct, frozen=True):
    # What is open now; ranges by their row id, so that they can be closed.
    stores: dict[str, Any]
    operators: dict[int, Any]
    franchises: dict[tuple[int, int], Any]
    capabilities: set[tuple[int, str]]


async def import_network(
    file: Path | bytes, *, at: datetime, actor: str, columns: Mapping[str, str] | None = None
) -> NetworkImport:
    """Bring a stores file in, by store code, in the caller's transaction; bad rows do not stop the others.

    `version` is None when nothing changed; `columns` are those of `stores_file.read`.
    """
    brands = await _brands()
    rows, faults = stores_file.read(file, brands=brands, columns=columns)
    await take_turns(at)
    standing = await _standing()
    dealers = await _dealers(rows)

    created = [row for row in rows if row.store_code not in standing.stores]
    ids = {code: store["id"] for code, store in standing.stores.items()} | await _open_stores(created)
    changes = _Changes(ids=ids, on=local_day(at), standing=standing)
    wanted_dealer = {ids[row.store_code]: dealers[row.dealer_code] for row in rows}
    wanted_brands = {(ids[row.store_code], brands[brand]) for row in rows for brand in row.brands}
    wanted_skills = {(ids[row.store_code], skill) for row in rows for skill in _capabilities(row)}
    touched = await changes.operators(wanted_dealer)
    touched |= await changes.franchises(wanted_brands, of=set(wanted_dealer))
    touched |= await changes.capabilities(wanted_skills, of=set(wanted_dealer))
    changed = await changes.stores([row for row in rows if row.store_code in standing.stores], touched=touched)

    version = await _new_version(created=len(created), changed=changed, at=at, actor=actor)
    bad = len({fault.row for fault in faults})
    return NetworkImport(
        rows=len(rows) + bad,
        created=len(created),
        changed=changed,
        unchanged=len(rows) - len(created) - changed,
        error=bad,
        untouched=len(standing.stores.keys() - {row.store_code for row in rows}),
        version=version,
        errors=faults,
    )


def _capabilities(row: StoreRow) -> Iterable[str]:
    # The file knows no test drives of its own: who sells a car lets people drive it.
    return row.services | {"test_drive"} if "sales" in row.services else row.services


async def take_turns(at: datetime) -> None:
    """Keep other imports waiting until the transaction ends; refuses one that is dated before the last."""
    # A later version that commits first would hide the earlier one from readers of the latest.
    await current().execute("lock table network_version in share row exclusive mode")
    last = await current().fetchval("select max(at) from network_version")
    if last is not None and local_day(at) < local_day(last):
        raise NetworkIsNewer(on=local_day(last))


async def _standing() -> _Standing:
    fetch = current().fetch
    stores = await fetch("select * from store")
    operators = await fetch("select id, store, dealer, valid_from_on from store_operator where valid_until_on is null")
    franchises = await fetch("select id, store, brand, valid_from_on from franchise where valid_until_on is null")
    capabilities = await fetch("select store, capability from store_capability")
    return _Standing(
        stores={store["code"]: store for store in stores},
        operators={row["store"]: row for row in operators},
        franchises={(row["store"], row["brand"]): row for row in franchises},
        capabilities={(row["store"], row["capability"]) for row in capabilities},
    )


async def _brands() -> dict[str, int]:
    return {row["code"]: row["id"] for row in await current().fetch("select id, code from brand")}


async def _dealers(rows: Iterable[StoreRow]) -> dict[str, int]:
    new = sorted({row.dealer_code for row in rows} - (await _known_dealers()).keys())
    # The file names a company by its code alone; the prefix keeps it apart from makers and other parties.
    await insert([Party(code=f"dealer:{code}", kind="dealer", legal_name=code) for code in new])
    await current().execute(
        """
        insert into dealer (code, party)
        select given.code, party.id
        from unnest($1::text[]) as given (code) join party on party.code = 'dealer:' || given.code
        """,
        new,
    )
    return await _known_dealers()


async def _known_dealers() -> dict[str, int]:
    return {row["code"]: row["id"] for row in await current().fetch("select id, code from dealer")}


async def _open_stores(rows: Sequence[StoreRow]) -> dict[str, int]:
    await insert([Store(**_plain(row)) for row in rows])
    stores = await current().fetch(
        "select id, code from store where code = any($1::text[])", [row.store_code for row in rows]
    )
    return {store["code"]: store["id"] for store in stores}


def _plain(row: StoreRow) -> dict[str, Any]:
    same = ("kind", "name_zh", "longitude", "latitude", "daily_capacity", "weight", "opens", "closes")
    return {"code": row.store_code, "region": row.region_code, **{name: getattr(row, name) for name in same}}


async def _new_version(*, created: int, changed: int, at: datetime, actor: str) -> int | None:
    if not created and not changed:
        return None
    version: int = await current().fetchval(
        "insert into network_version (at, cause) values ($1, $2) returning id",
        at,
        f"import by {actor}: {created} stores new, {changed} changed"[:200],
    )
    await history.note(actor, "network imported", "network", version, at=at, created=created, changed=changed)
    return version


class _Changes(msgspec.Struct, frozen=True):
    """Brings the standing rows to what a file wants; each verb returns the stores that it had to touch."""

    ids: Mapping[str, int]
    on: date
    standing: _Standing

    async def operators(self, wanted: Mapping[int, int]) -> set[int]:
        """Another dealer takes a store over on the day; the former one's range ends there."""
        standing = self.standing.operators
        differing = {
            store for store, dealer in wanted.items() if store in standing and standing[store]["dealer"] != dealer
        }
        ending = {store for store in differing if standing[store]["valid_from_on"] < self.on}
        await self._end("store_operator", [standing[store]["id"] for store in ending])
        # A range of today would be empty if it were closed today: it is a slip of the pen, put right in place.
        await self._drop("store_operator", [standing[store]["id"] for store in differing - ending])
        starting = sorted(differing | (wanted.keys() - standing.keys()))
        await insert([StoreOperator(store=store, dealer=wanted[store], valid_from_on=self.on) for store in starting])
        return set(starting)

    async def franchises(self, wanted: set[tuple[int, int]], *, of: set[int]) -> set[int]:
        """Brands that a store of the file lost end on the day, new ones begin."""
        standing = self.standing.franchises
        lost = {right for right in standing if right[0] in of} - wanted
        ending = {right for right in lost if standing[right]["valid_from_on"] < self.on}
        await self._end("franchise", [standing[right]["id"] for right in ending])
        await self._drop("franchise", [standing[right]["id"] for right in lost - ending])
        won = sorted(wanted - standing.keys())
        await insert([Franchise(store=store, brand=brand, valid_from_on=self.on) for store, brand in won])
        return {store for store, _ in lost | set(won)}

    async def capabilities(self, wanted: set[tuple[int, str]], *, of: set[int]) -> set[int]:
        """What a store of the file can do, as the file says it; the past is not kept."""
        lost = {skill for skill in self.standing.capabilities if skill[0] in of} - wanted
        await current().executemany("delete from store_capability where store = $1 and capability = $2", sorted(lost))
        won = sorted(wanted - self.standing.capabilities)
        await insert([StoreCapability(store=store, capability=capability) for store, capability in won])
        return {store for store, _ in lost | set(won)}

    async def stores(self, rows: Iterable[StoreRow], *, touched: set[int]) -> int:
        """Write what differs in the stores themselves and raise the version of every store that changed in any way."""
        differing = [row for row in rows if self.ids[row.store_code] in touched or self._differs(row)]
        columns = [_plain(row) for row in differing]
        await current().executemany(
            """
            update store
            set region = $2, kind = $3, name_zh = $4, longitude = $5, latitude = $6, daily_capacity = $7, weight = $8,
                opens = $9, closes = $10, version = version + 1
            where code = $1
            """,
            [tuple(values.values()) for values in columns],
        )
        return len(differing)

    def _differs(self, row: StoreRow) -> bool:
        store = self.standing.stores[row.store_code]
        return any(store[column] != value for column, value in _plain(row).items())

    async def _end(self, table: str, ids: Sequence[int]) -> None:
        # The table's name is ours, never a caller's.
        await current().execute(f"update {table} set valid_until_on = $2 where id = any($1::int[])", ids, self.on)  # noqa: S608

    async def _drop(self, table: str, ids: Sequence[int]) -> None:
        await current().execute(f"delete from {table} where id = any($1::int[])", ids)  # noqa: S608
