"""What the address of a list says: filters, order, columns and place, as the plain texts that people typed, shared or saved.

Promises that an address comes back as it was, in one order of its parts, and that changing a filter starts at the first page again. Judges
nothing: whether a value can be used is for `leads.lists.filters`.
"""

from collections.abc import Iterable
from typing import Self
from urllib.parse import parse_qsl, urlencode

import msgspec

FILTERS = ("q", "brand", "stage", "hold", "campaign", "source", "region", "store", "since", "until", "late")
LOOKS = ("sort", "columns", "density")
PLACES = ("after", "before")
PARAMETERS = ("view", *FILTERS, *LOOKS, *PLACES)
# What a saved view keeps. What somebody looked for may be a name or a phone: it is never written down.
KEPT = (*FILTERS[1:], *LOOKS)
MOST_VALUES = 20


class Query(msgspec.Struct, frozen=True):
    """The parameters of one address, by name; several values of a filter stand in one parameter, with commas between them."""

    said: dict[str, str] = msgspec.field(default_factory=dict)

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Of (name, value) pairs; a name that comes again adds its value, one of no list is left out."""
        said: dict[str, str] = {}
        for name, value in pairs:
            if name in PARAMETERS and value.strip():
                said[name] = f"{said[name]},{value.strip()}" if name in said else value.strip()
        return cls({name: said[name] for name in PARAMETERS if name in said})

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of the text behind a question mark."""
        return cls.read(parse_qsl(text))

    def one(self, name: str) -> str | None:
        """The whole text of a parameter."""
        return self.said.get(name)

    def values(self, name: str) -> tuple[str, ...]:
        """The values of a filter, each once, in the order in which they were said."""
        parts = (part.strip() for part in self.said.get(name, "").split(","))
        return tuple(dict.fromkeys(part for part in parts if part))[:MOST_VALUES]

    @property
    def narrows(self) -> bool:
        """Whether it says any filter by itself."""
        return any(name in self.said for name in FILTERS)

    def only(self, names: Iterable[str]) -> "Query":
        """These parameters alone."""
        wanted = set(names)
        return Query({name: value for name, value in self.said.items() if name in wanted})

    def changed(self, **changes: str | None) -> "Query":
        """The same with these parameters, None taking one away, at its first page unless a place is said."""
        said = {name: value for name, value in self.said.items() if name not in PLACES} | changes
        return Query.read((name, said[name] or "") for name in PARAMETERS if name in said)

    def toggled(self, name: str, value: str) -> "Query":
        """The same with one more value of a filter, or without it where it is there."""
        had = self.values(name)
        now = [one for one in had if one != value] if value in had else [*had, value]
        return self.changed(**{name: ",".join(now) or None})

    def cleared(self) -> "Query":
        """No filter, no view; the order and the columns stay."""
        return self.only(LOOKS)

    def upon(self, saved: "Query") -> "Query":
        """This address on the ground of a saved view: a filter said here replaces all of the view's, looks are taken one by one."""
        ground = saved.only(LOOKS if self.narrows else (*FILTERS, *LOOKS))
        return Query.read((ground.said | self.said).items())

    @property
    def text(self) -> str:
        """The query string, without a question mark."""
        return urlencode(dict(self.said), safe=",:")

    def href(self, path: str = "/leads") -> str:
        """The address with this query."""
        return f"{path}?{self.text}" if self.said else path
