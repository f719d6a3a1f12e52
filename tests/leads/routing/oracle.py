"""A second opinion on routing, written from the rules alone: slow, plain, and sharing no line with `leads`.

It reads the stores file and the table of regions by itself, and remembers capacity and credits in dictionaries.
"""

import csv
from math import acos, cos, radians, sin

MUNICIPALITIES = ("11", "12", "31", "50")


def read_csv(path):
    with open(path, encoding="utf-8-sig", newline="") as file:  # noqa: PTH123
        return list(csv.DictReader(file))


class Oracle:
    def __init__(self, stores, regions):
        self.stores = read_csv(stores)
        self.regions = {row["code"]: row for row in read_csv(regions)}
        self.taken = {}
        self.credits = {}

    def decide(self, *, brand, region=None, point=None, preferred=None, held=None, refused=()):
        """(outcome, tier, code of the store) for one lead; remembers what the store was given."""
        sellers = [store for store in self.stores if brand in store["brands"].split(";")]
        if not sellers:
            return "no_franchise", None, None
        if len(refused) >= 3:
            return "alliance_queue", None, None
        here = point or (self.centre(region) if region else None)
        stated = region or (self.city(self.nearest_district(point)) if point else None)
        told = {"stated": stated, "here": here, "preferred": preferred, "held": held, "region": region}
        is_full = False
        for tier in ("protected", "preferred", "district", "near", "city", "province"):
            inside = [s for s in sellers if self.belongs(s, tier, **told)]
            open_to_it = [s for s in inside if s["store_code"] not in refused]
            pool = [s for s in open_to_it if self.taken.get(s["store_code"], 0) < int(s["daily_capacity"])]
            is_full = is_full or bool(open_to_it)
            if pool:
                return "offered", tier, self.winner(brand, pool, here)
        if is_full:
            return "no_capacity", None, None
        return ("alliance_queue" if here else "no_place"), None, None

    def belongs(self, store, tier, *, stated, here, preferred, held, region):  # noqa: PLR0911 - one line per rule
        code = store["store_code"]
        if tier == "protected":
            return code == held
        if tier == "preferred":
            return code == preferred
        if here is None:
            return False
        where = store["region_code"]
        if tier == "district":
            return region is not None and self.regions[region]["level"] == "district" and where == region
        if tier == "near":
            return self.km(here, store) <= 15
        if stated is None:
            return False
        if tier == "city":
            return self.city(stated) is not None and self.city(where) == self.city(stated)
        return where[:2] == stated[:2] and self.km(here, store) <= 200

    def winner(self, brand, pool, here):
        if here is None:
            pool = pool[:1]
        else:
            nearest = min(self.km(here, store) for store in pool)
            pool = [store for store in pool if self.km(here, store) <= max(5, 1.5 * nearest)]
        pool_name = (brand, *sorted((store["store_code"], store["weight"]) for store in pool))
        credit = self.credits.setdefault(pool_name, {store["store_code"]: 0 for store in pool})
        for store in pool:
            credit[store["store_code"]] += int(store["weight"])
        owed_most = min(
            pool,
            key=lambda s: (-credit[s["store_code"]], self.km(here, s) if here else 0, s["store_code"]),
        )
        best = owed_most["store_code"]
        credit[best] -= sum(int(store["weight"]) for store in pool)
        self.taken[best] = self.taken.get(best, 0) + 1
        return best

    def city(self, region):
        if region[:2] in MUNICIPALITIES:
            return region[:2] + "0000"
        row = self.regions[region]
        if row["level"] == "province":
            return None
        if row["level"] == "city" or region[2:4] == "90":
            return region
        return row["parent_code"]

    def nearest_district(self, point):
        divided = {row["parent_code"] for row in self.regions.values()}
        leaves = [code for code in self.regions if code not in divided]
        return min(leaves, key=lambda code: self.km_between(point, self.centre(code)))

    def centre(self, region):
        return float(self.regions[region]["longitude"]), float(self.regions[region]["latitude"])

    def km(self, here, store):
        return self.km_between(here, (float(store["longitude"]), float(store["latitude"])))

    def km_between(self, a, b):
        (x1, y1), (x2, y2) = (tuple(map(radians, place)) for place in (a, b))
        return 6371.0088 * acos(min(1, sin(y1) * sin(y2) + cos(y1) * cos(y2) * cos(x1 - x2)))
