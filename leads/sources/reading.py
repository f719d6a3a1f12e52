"""What every list of people has in common: one row with a contact, cars, answers about consent, a number and a time.

Promises to find every fault of a row at once, each at its column and with what to do, never with a word of what stood in it. Refuses to
guess: what can be read in two ways is a fault; a number or name that stands in a neighbour's column is rescued.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

import msgspec

from crm import normalise
from crm.errors import Fault
from leads.sources import cells, sheets
from leads.sources.cars import Car, CarNames
from leads.sources.delimited import EDGES, Record
from leads.submission import ConsentSaid, NoticeShown, PersonSaid, Purpose, WeChat

AHEAD = timedelta(minutes=10)  # how far a desk's clock may run ahead of ours
OPEN_PLATFORM = "alliance"  # the account in which the desks' unionids are the same person's
NOTICE = "desk", "1"
# The column that an error file adds and a re-import ignores.
PROBLEM = {"zh": "问题", "en": "problem"}
CONSENTS: dict[str, Purpose] = {
    "consent_alliance": "alliance_marketing",
    "consent_brand": "share_with_brand",
    "consent_dealer": "share_with_dealer",
}


class RowReader:
    """Reads one row and remembers what is wrong with it, so that a person sees all faults at once."""

    longest: Mapping[str, int]
    reach: Sequence[str]
    zone: tzinfo = cells.LOCAL
    no_contact = "There is no contact; give a phone number, an e-mail address or a unionid."

    def __init__(self, sheet: sheets.Sheet, record: Record, cars: CarNames, at: datetime) -> None:
        self.sheet = sheet
        self.record = record
        self.cars = cars
        self.at = at
        self.faults: list[Fault] = []
        self.notes: list[Fault] = []

    def _check_line(self) -> None:
        if self.record.damaged:
            self._fault("line", "Some letters of this line are lost; mend them and save the file as CSV UTF-8.")
        if any(cell.strip() for cell in self.record.cells[len(self.sheet.columns) :]):
            self._fault("line", "There are more cells than columns; put a cell that holds a delimiter in quotes.")
        for field, longest in self.longest.items():
            if len(self._text(field)) > longest:
                self._fault(field, f"This is longer than {longest} characters; shorten it.")

    def _number(self) -> str:
        """The registration number, or nothing; a fault where a spreadsheet rounded it."""
        typed = unicodedata.normalize("NFKC", self._said("registration"))
        if _ROUNDED.fullmatch(typed):
            self._fault("registration", "The spreadsheet rounded this number; format the column as text.")
        return typed[:-2] if _FLOAT_ID.fullmatch(typed) else typed

    def _moment(self) -> datetime | None:
        """The time of registration, if it can be read; a fault where it is yet to come."""
        day, moment = self._said("registered_on"), self._said("registered_at")
        found = cells.local_time(moment, zone=self.zone)
        if found is None and day:
            found = cells.local_time(cells.joined(day, moment), zone=self.zone)
        if found is not None and found > self.at + AHEAD:
            self._fault(self._time_column(), "This time is yet to come; correct the day and year.")
        return found

    def _time_column(self) -> str:
        return "registered_at" if "registered_at" in self.sheet.fields else "registered_on"

    def _person(self) -> tuple[PersonSaid, str]:
        name, phone, email, others = cells.rescued(self._said("name"), self._said("phone"), self._said("email"))
        unionid = self._said("unionid")
        unread = [
            *self._unread("phone", phone, normalise.phone),
            *self._unread("email", email, normalise.email),
            *self._unread("unionid", unionid, normalise.wechat),
        ]
        is_known = bool(unionid) and cells.reads(normalise.wechat, unionid)
        if is_known or cells.is_number(phone) or cells.reads(normalise.email, email):
            self.notes.extend(unread)
        else:
            self.faults.extend(unread or [self._unreachable(phone)])
        person = PersonSaid(
            name=name or None,
            phone=phone or None,
            email=email or None,
            wechat=WeChat(account=OPEN_PLATFORM, unionid=unionid) if is_known else None,
        )
        return person, f"其他号码 / other number: {', '.join(others)}" if others else ""

    def _unread(self, field: str, typed: str, reader: Callable[[str], Any]) -> list[Fault]:
        try:
            if typed:
                reader(typed)
        except normalise.Unreadable as no:
            return [Fault(path=self.sheet.name_of(field), message=no.reason)]
        return []

    def _unreachable(self, phone: str) -> Fault:
        if phone:
            advice = "Stars hide digits of this number; give the whole number or another contact."
            return Fault(path=self.sheet.name_of("phone"), message=advice)
        columns = " / ".join(self.sheet.name_of(field) for field in self.reach if field in self.sheet.fields)
        return Fault(path=columns, message=self.no_contact)

    def _cars(self) -> list[Car]:
        written = self._said("interest")
        if written and not sheets.plain(written):
            self._fault("interest", "This names no car; leave it empty or write one, such as 问界M9.")
            return []
        found: dict[Car, None] = {}
        for name in cells.split_list(written):
            if car := self.cars.find(name):
                found[car] = None
            else:
                self._fault("interest", f"There is no such car; {self.cars.advice(name)}.")
        return list(found)

    def _consents(self, brands: Sequence[str]) -> list[ConsentSaid]:
        """The answers for the brands of this row; an empty cell is a question that nobody asked."""
        said = [(field, purpose, self._answer(field)) for field, purpose in CONSENTS.items()]
        return [
            ConsentSaid(purpose=purpose, given=given, brands=list(dict.fromkeys(brands)), notice=self._notice(field))
            for field, purpose, given in said
            # Without a car in the row there is no brand that the answer could be for.
            if given is not None and brands
        ]

    def _answer(self, field: str) -> bool | None:
        typed = self._said(field)
        given = cells.yes_or_no(typed)
        if typed and given is None:
            self._fault(field, "Write 是 or 否 (Y or N), or leave it empty when nobody asked.")
        return given

    def _notice(self, field: str) -> NoticeShown:
        # The desk shows the wording in the language of its sheet.
        language = "en" if self.sheet.name_of(field).isascii() else "zh"
        return NoticeShown(id=NOTICE[0], version=NOTICE[1], language=language)

    def _raw(self) -> bytes:
        """The row as typed, by field or column: the same for every order of columns and every encoding."""
        return msgspec.json.encode({name: cell for name, cell in self._named_cells() if cell}, order="sorted")

    def _named_cells(self) -> Iterator[tuple[str, str]]:
        fields = {place: field for field, places in self.sheet.fields.items() for place in reversed(places[:1])}
        for place, cell in enumerate(self.record.cells):
            name = self.sheet.columns[place] if place < len(self.sheet.columns) else ""
            if fields.get(place) != "problem":
                yield fields.get(place) or name or f"column {place + 1}", cell.strip(EDGES)

    def _text(self, field: str) -> str:
        return self.sheet.cell(self.record, field)

    def _said(self, field: str) -> str:
        return cells.said(self._text(field))

    def _fault(self, field: str, advice: str) -> None:
        self.faults.append(Fault(path=self.sheet.name_of(field), message=advice))


_ROUNDED = re.compile(r"\d(?:\.\d+)?E\+?\d+", re.IGNORECASE)
_FLOAT_ID = re.compile(r"\d+\.0")
