"""The cars of the alliance by the words that people write for them: 问界M9, AITO M9, M9, aito m9 Ultra.

Promises a brand and model code for a name that can only mean one car, and the nearest known name for one that means
none. Refuses to round: M99 is not M9.
"""

import re
from typing import NamedTuple

from rapidfuzz import fuzz, process

from crm.reference import Reference
from leads.sources.sheets import plain

# How far a name may be off so that pointing at its neighbour helps.
LIKE_ENOUGH = 60
_NEW = re.compile(r"^(?:全新|新款|新)")
_TRIM = re.compile(
    r"(?:max|ultra|pro|plus|ev|erev|增程|纯电|智驾|智能|标准|旗舰|尊享|行政|顶配|高配|低配|[五六七567]座|20\d\d|款|版|车型|suv)+"
)


class Car(NamedTuple):
    """A brand and, unless only the brand was named, its model."""

    brand: str
    model: str | None


class CarNames:
    """All names of all cars, made once from the reference data; remembers what it was asked."""

    def __init__(self, reference: Reference) -> None:
        self.labels: dict[str, str] = {}
        self._cars: dict[str, Car] = {}
        brands = {brand.id: brand for brand in reference.brands.values()}
        for brand in brands.values():
            for name in (brand.name_zh, brand.name_en, brand.code, brand.name_zh + brand.name_en):
                self._cars[plain(name)] = Car(brand.code, None)
        for model in reference.models.values():
            brand = brands[model.brand]
            for name in ("", brand.name_zh, brand.name_en, brand.code, brand.name_en + brand.name_zh):
                self._cars[plain(name + model.code)] = Car(brand.code, model.code)
                self.labels[plain(name + model.code)] = brand.name_zh + model.code
            self._cars[plain(brand.name_zh + brand.name_en + model.code)] = Car(brand.code, model.code)

    def find(self, written: str) -> Car | None:
        """The car of this name, with or without a trim level; None when there is none."""
        name = _NEW.sub("", plain(written))
        if found := self._cars.get(name):
            return found
        # The longest name first, so that S9T is not an S9 with something behind it.
        starts = (name[:length] for length in range(len(name) - 1, 1, -1))
        return next(
            (self._cars[start] for start in starts if start in self._cars and _TRIM.fullmatch(name[len(start) :])), None
        )

    def advice(self, written: str) -> str:
        """What to write instead: the nearest known name, or all of them when none is near."""
        nearest = process.extractOne(plain(written), self.labels.keys(), scorer=fuzz.ratio, score_cutoff=LIKE_ENOUGH)
        if nearest:
            return f"the nearest is {self.labels[nearest[0]]}"
        return f"known are {', '.join(dict.fromkeys(self.labels.values()))}"
