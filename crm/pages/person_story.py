"""The story of a person, told: registrations, answers, hand-overs and what staff did, a line each, grouped by day.

Promises no personal value in any line; an action without words of its own is shown by its code.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec

from crm import languages
from crm.answers import Answered
from crm.languages import later, say
from crm.people.chronicle import Entry
from crm.people.portraits import Registration, Sketch
from crm.reference import BrandFacts
from crm.sharing import HandOver

SOURCES = {
    "event_desk": later("event desk"),
    "desk": later("event desk"),
    "web_form": later("web form"),
    "mini_program": later("mini program"),
    "phone": later("phone"),
    "walk_in": later("walk-in"),
    "ad_platform": later("ad platform"),
    "import": later("import"),
    "api": later("interface"),
    "staff": later("our staff"),
}
ACTIONS = {
    "merged": ("merge", "info", later("%(who)s found two records to be one person")),
    "unmerged": ("undo", "warn", later("%(who)s took a merge back")),
    "corrected": ("edit", "info", later("%(who)s put the %(field)s right")),
    "correction_undone": ("undo", None, later("%(who)s took a correction of the %(field)s back")),
    "revealed": ("reveal", "warn", later("%(who)s looked at the %(field)s in clear: %(why)s")),
    "consent_taken": ("note", None, later("%(who)s wrote down what the person said about %(brand)s (%(told)s)")),
}
FIELDS = {"name": later("name"), "phone": later("phone"), "email": later("e-mail")}
WHY = {
    "call_back": later("to call the person back"),
    "check_identity": later("to check who it is"),
    "asked_by_person": later("the person asked for it"),
    "complaint": later("to work on a complaint"),
}
TOLD = {
    "by_phone": later("on the phone"),
    "in_person": later("in person"),
    "in_writing": later("in writing"),
    "by_dealer": later("told by a dealer"),
}
PURPOSES = {
    "alliance_marketing": later("marketing"),
    "share_with_brand": later("shown to the brand"),
    "share_with_dealer": later("given to its dealers"),
}
HEARD = {
    "customer_by_phone": later("said by the person on the phone"),
    "id_seen": later("read from an identity card"),
    "dealer_told": later("told by a dealer"),
    "slip": later("a slip of the pen"),
}


# What the ledger of consents tells by itself.
TOLD_ELSEWHERE = frozenset({"consent_given", "consent_withdrawn"})
ONLY = ("registrations", "consents", "sharing", "staff")


class Line(msgspec.Struct, frozen=True):
    """One line of the story; `about` is its chapter."""

    about: str
    at: datetime
    sign: str
    tone: str | None
    text: str


class Ledgers(msgspec.Struct, frozen=True):
    """All that a story is told from, each as far as the reader may see."""

    sketch: Sketch
    entries: Sequence[Entry]
    answers: Sequence[Answered]
    shared: Sequence[HandOver]


def days(told: Ledgers, *, brands: Sequence[BrandFacts], only: str | None) -> list[tuple[str, list[Line]]]:
    """Newest day first; `only` one chapter of it, None for all."""
    named = {brand.id: brand.name_zh if languages.spoken() == "zh-Hans" else brand.name_en for brand in brands}
    lines = [
        *_met(told.sketch.registrations, named),
        *_answered(told.answers, named),
        *_shared(told.shared, named),
        *_done(told.entries, named),
    ]
    lines = sorted((line for line in lines if only in (None, line.about)), key=lambda line: line.at, reverse=True)
    return [(day, list(of_day)) for day, of_day in groupby(lines, key=lambda line: languages.weekday(line.at))]


def source(kind: str) -> str:
    """How a kind of source is called."""
    return say(SOURCES[kind]) if kind in SOURCES else kind


def _met(registrations: Iterable[Registration], named: dict[int, str]) -> Iterator[Line]:
    for one in registrations:
        if one.righted is None:
            brands = ", ".join(named[brand] for brand in one.brands)
            words = (
                say(later("Registered by %(source)s: %(brands)s")) if brands else say(later("Registered by %(source)s"))
            )
            yield Line(
                "registrations", one.at, "lead", "info", words % {"source": source(one.source_kind), "brands": brands}
            )


def _answered(given: Iterable[Answered], named: dict[int, str]) -> Iterator[Line]:
    for one in given:
        agreed = one.state == "given"
        words = say(
            later("%(purpose)s: agreed for %(brand)s") if agreed else later("%(purpose)s: not agreed for %(brand)s")
        )
        facts = {"purpose": _word(PURPOSES, one.purpose), "brand": named[one.brand]}
        yield Line("consents", one.captured_at, "shield", "good" if agreed else "bad", words % facts)


def _shared(shared: Iterable[HandOver], named: dict[int, str]) -> Iterator[Line]:
    for one in shared:
        words = say(later("%(store)s received details for %(brand)s")) % {
            "store": one.store_name,
            "brand": named[one.brand],
        }
        yield Line("sharing", one.at, "export", None, words)


def _done(entries: Iterable[Entry], named: dict[int, str]) -> Iterator[Line]:
    for entry in entries:
        if entry.action not in TOLD_ELSEWHERE:
            sign, tone, words = ACTIONS.get(entry.action, ("note", None, ""))
            yield Line("staff", entry.at, sign, tone, say(words) % _facts(entry, named) if words else entry.action)


def _facts(entry: Entry, named: dict[int, str]) -> dict[str, Any]:
    said = entry.details
    return {
        "who": entry.who or say(later("The machine")),
        "field": _word(FIELDS, said.get("field")),
        "why": _word(WHY, said.get("why")),
        "told": _word(TOLD, said.get("told")),
        "purpose": _word(PURPOSES, said.get("purpose")),
        "brand": named.get(said.get("brand") or 0, "–"),
    }


def _word(words: dict[str, str], code: object) -> str:
    return say(words[str(code)]) if str(code) in words else str(code or "–")
