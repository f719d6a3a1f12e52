"""Sheets of an event desk read into leads: which column says what, and what each cell means.

Promises a lead or the faults of every row (see leads/sources/reading.py). Refuses a row without a number and a time: it could not be told from
another, nor what it says from what was said later.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from crm.errors import Fault
from leads.sources import cells, sheets
from leads.sources.cars import CarNames
from leads.sources.reading import PROBLEM, RowReader
from leads.submission import InterestSaid, LeadBody, Origin, PlaceSaid, TradeInSaid

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
        yield _LeadReader(sheet, record, cars, at).read()


class _LeadReader(RowReader):
    longest = LONGEST
    reach = DESK.reach

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
            consents=self._consents([interest.brand for interest in interests if interest.brand]),
            remark=remark or None,
        )

    def _registration(self) -> str:
        if typed := self._number():
            return typed
        self._fault("registration", "Give the registration number; a row without one cannot be told from another.")
        return ""

    def _captured_at(self) -> datetime:
        found = self._moment()
        if found is None:
            self._fault(self._time_column(), "Give the day and time of registration, such as 2025-09-01 10:04.")
        return found or self.at

    def _interests(self) -> tuple[list[InterestSaid], bool]:
        kinds, is_trade_in = cells.intents(self._said("intent"))
        pairs = [(car, kind) for car in self._cars() for kind in kinds]
        interests = [
            InterestSaid(kind=kind, brand=car.brand, model=car.model, rank=rank)
            for rank, (car, kind) in enumerate(pairs[:MOST_INTERESTS], start=1)
        ]
        return interests, is_trade_in
