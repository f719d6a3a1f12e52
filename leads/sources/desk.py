"""Sheets of an event desk read into leads: which column says what, and what each cell means.

Promises a lead or the faults of every row, each with its column and what to do, never a word of what stood in it.
Refuses to guess: a time, car or consent that can be read in two ways is a fault; a number or name that stands in a
neighbour's column is rescued.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from crm import normalise
from crm.errors import Fault
from leads.sources import cells, sheets
from leads.sources.cars import Car, CarNames
from leads.sources.delimited import EDGES, Record
from leads.submission import (
    ConsentSaid,
    InterestSaid,
    LeadBody,
    NoticeShown,
    Origin,
    PersonSaid,
    PlaceSaid,
    Purpose,
    TradeInSaid,
    WeChat,
)

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
MOST_INTERESTS = 20
LONGEST = {
    **dict.fromkeys(("name", "phone", "email", "address"), 200),
    **dict.fromkeys(("event", "booth"), 80),
    "registration": 120,
    "remark": 1800,  # leaves room for what is added
}

DESK = sheets.Vocabulary(
    {
        "registration": "登记编号 登记号 报名编号 报名号 注册编号 签到编号 编号"
        " registration registration_no registration_id reg_no external_id",
        "event": "活动 活动名称 展会 场次 event event_name campaign show",
        "booth": "展位 展位号 booth",
        "registered_at": "登记时间 报名时间 注册时间 签到时间 提交时间 填写时间 时间"
        " registered_at registration_time time timestamp datetime created_at",
        "registered_on": "登记日期 报名日期 日期 registered_on registration_date date",
        "name": "姓名 客户姓名 名字 联系人 称呼 name full_name customer_name customer",
        "phone": "手机 手机号 手机号码 电话 电话号码 联系电话 联系方式"
        " phone phone_number mobile mobile_phone cell telephone tel",
        "email": "邮箱 电子邮箱 电子邮件 邮件 email mail email_address",
        "unionid": "微信unionid unionid wechat_unionid wx_unionid 微信标识",
        "address": "地址 住址 联系地址 所在地 城市 所在城市 address city location",
        "age": "年龄 age",
        "interest": "意向车型 车型 感兴趣车型 关注车型 interest interests model car vehicle",
        "intent": "意向 意向类型 需求 购车意向 intent intention purpose",
        "consent_alliance": "同意联盟营销 联盟营销 consent_alliance alliance_marketing consent_alliance_marketing",
        "consent_brand": "同意共享给品牌 共享给品牌 consent_brand share_with_brand consent_share_with_brand",
        "consent_dealer": "同意经销商联系 经销商联系 consent_dealer share_with_dealer consent_share_with_dealer",
        "remark": "备注 说明 留言 remark remarks note notes comment comments",
        "problem": f"{PROBLEM['zh']} {PROBLEM['en']}",
    },
    key="registration",
    needed=["registration", "registered_at"],
    reach=["phone", "email", "unionid"],
)


class Row(msgspec.Struct, frozen=True):
    """One row as read: a body or `faults`; `notes` are what a body is without, `raw` is the row as typed."""

    number: int
    body: LeadBody | None
    raw: bytes
    faults: list[Fault]
    notes: list[Fault]


def opened(content: bytes, *, columns: Mapping[str, str] | None = None) -> sheets.Sheet:
    """The sheet of an event desk, with what was said of its `columns` (name -> field); refuses what is no such sheet."""
    return sheets.read(content, vocabulary=DESK.taught_by(columns or {}))


def rows(sheet: sheets.Sheet, *, cars: CarNames, at: datetime, start: int = 0) -> Iterator[Row]:
    """Every row of the sheet from `start`, read; `at` is the moment after which nothing can have been registered."""
    for record in sheet.rows()[start:]:
        yield _RowReader(sheet, record, cars, at).read()


class _RowReader:
    """Reads one row and remembers what is wrong with it, so that a person sees all faults at once."""

    def __init__(self, sheet: sheets.Sheet, record: Record, cars: CarNames, at: datetime) -> None:
        self.sheet = sheet
        self.record = record
        self.cars = cars
        self.at = at
        self.faults: list[Fault] = []
        self.notes: list[Fault] = []

    def read(self) -> Row:
        self._check_line()
        body = self._body()
        return Row(self.record.number, None if self.faults else body, self._raw(), self.faults, self.notes)

    def _body(self) -> LeadBody:
        registration = self._registration()
        captured_at = self._captured_at()
        person, other_numbers = self._person()
        interests, is_trade_in = self._interests()
        # Capture finds a child by the words of the remark: whatever it agreed to is then no consent.
        age = f"年龄{said}岁" if (said := self._said("age").removesuffix("岁")) else ""
        remark = "\n".join(filter(None, (self._text("remark"), age, other_numbers)))
        event = self._said("event") or None
        address = self._said("address")
        return LeadBody(
            external_id=registration,
            captured_at=captured_at,
            source=Origin(kind="event_desk", campaign=event, event=event, booth=self._said("booth") or None),
            person=person,
            place=PlaceSaid(address=address) if address else None,
            interests=interests,
            # The desk knows that there is a car to trade in, not which.
            trade_in=TradeInSaid() if is_trade_in else None,
            consents=self._consents(interests),
            remark=remark or None,
        )

    def _check_line(self) -> None:
        if self.record.damaged:
            self._fault("line", "Some letters of this line are lost; mend them and save the file as CSV UTF-8.")
        if any(cell.strip() for cell in self.record.cells[len(self.sheet.columns) :]):
            self._fault("line", "There are more cells than columns; put a cell that holds a delimiter in quotes.")
        for field, longest in LONGEST.items():
            if len(self._text(field)) > longest:
                self._fault(field, f"This is longer than {longest} characters; shorten it.")

    def _registration(self) -> str:
        typed = unicodedata.normalize("NFKC", self._said("registration"))
        if not typed:
            self._fault("registration", "Give the registration number; a row without one cannot be told from another.")
        elif _ROUNDED.fullmatch(typed):
            self._fault("registration", "The spreadsheet rounded this number; format the column as text.")
        return typed[:-2] if _FLOAT_ID.fullmatch(typed) else typed

    def _captured_at(self) -> datetime:
        day, moment = self._said("registered_on"), self._said("registered_at")
        found = cells.local_time(moment) or (cells.local_time(cells.joined(day, moment)) if day else None)
        field = "registered_at" if "registered_at" in self.sheet.fields else "registered_on"
        if found is None:
            self._fault(field, "Give the day and time of registration, such as 2025-09-01 10:04.")
        elif found > self.at + AHEAD:
            self._fault(field, "This time is yet to come; correct the day and year.")
        return found or self.at

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
        columns = " / ".join(self.sheet.name_of(field) for field in DESK.reach if field in self.sheet.fields)
        return Fault(path=columns, message="There is no contact; give a phone number, an e-mail address or a unionid.")

    def _interests(self) -> tuple[list[InterestSaid], bool]:
        kinds, is_trade_in = cells.intents(self._said("intent"))
        pairs = [(car, kind) for car in self._cars() for kind in kinds]
        interests = [
            InterestSaid(kind=kind, brand=car.brand, model=car.model, rank=rank)
            for rank, (car, kind) in enumerate(pairs[:MOST_INTERESTS], start=1)
        ]
        return interests, is_trade_in

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

    def _consents(self, interests: list[InterestSaid]) -> list[ConsentSaid]:
        """The answers for the brands of this row; an empty cell is a question that nobody asked."""
        brands = list(dict.fromkeys(interest.brand for interest in interests if interest.brand))
        said = [(field, purpose, self._answer(field)) for field, purpose in CONSENTS.items()]
        return [
            ConsentSaid(purpose=purpose, given=given, brands=brands, notice=self._notice(field))
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
