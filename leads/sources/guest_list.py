"""Lists of guests of one event read into registrations: which column says what, and what each cell means.

Promises a registration or the faults of every row (see leads/sources/reading.py), and a name for each that the same row has again in a later
file. Refuses an answer about consent without the time at which it was given: it could not be told from what the guest said since.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from campaigns.events import EventFacts, SlotFacts
from campaigns.registering import GuestSaid, RegistrationBody, WishSaid, naming
from campaigns.registering.shapes import MOST_WISHES, Language
from crm.errors import Fault
from leads.sources import cells, sheets
from leads.sources.cars import Car, CarNames
from leads.sources.delimited import Record
from leads.sources.reading import CONSENTS, PROBLEM, RowReader
from leads.submission import ConsentSaid, PersonSaid, PlaceSaid

LONGEST = {**dict.fromkeys(("name", "phone", "email", "address", "slot"), 200), "registration": 120}
LANGUAGES: dict[str, Language] = {
    **dict.fromkeys(("zh", "cn", "zhhans", "zhcn", "中文", "汉语", "普通话", "简体中文", "chinese"), "zh"),
    **dict.fromkeys(("en", "enus", "engb", "英文", "英语", "english"), "en"),
}

GUESTS = sheets.Vocabulary(
    {
        "registration": "登记编号 登记号 报名编号 报名号 嘉宾编号 编号 外部编号"
        " registration registration_no registration_id reg_no guest_id external_id",
        "registered_at": "登记时间 报名时间 同意时间 提交时间 填写时间 时间"
        " registered_at registration_time time timestamp datetime created_at agreed_at",
        "registered_on": "登记日期 报名日期 日期 registered_on registration_date date",
        "name": "姓名 嘉宾姓名 客户姓名 名字 联系人 称呼 name full_name guest_name guest customer_name",
        "phone": "手机 手机号 手机号码 电话 电话号码 联系电话 联系方式"
        " phone phone_number mobile mobile_phone cell telephone tel",
        "email": "邮箱 电子邮箱 电子邮件 邮件 email mail email_address",
        "language": "语言 沟通语言 language lang",
        "address": "地址 住址 所在地 城市 所在城市 address city location",
        "interest": "意向车型 车型 感兴趣车型 关注车型 interest interests model car cars vehicle",
        "slot": "预约时段 预约时间 试驾时间 试驾时段 时段 slot time_slot booked_time session",
        "consent_alliance": "同意联盟营销 联盟营销 consent_alliance alliance_marketing consent_alliance_marketing",
        "consent_brand": "同意共享给品牌 共享给品牌 consent_brand share_with_brand consent_share_with_brand",
        "consent_dealer": "同意经销商联系 经销商联系 consent_dealer share_with_dealer consent_share_with_dealer",
        "problem": f"{PROBLEM['zh']} {PROBLEM['en']}",
    },
    key="phone",
    needed=[],
    reach=["phone", "email"],
)


# The columns by which a row is known again, the most telling first.
NAMED_BY = ("registration", "phone", "email")


class Occasion(msgspec.Struct, frozen=True):
    """The event that a list is for, what can be booked there, the brands that share it, and the one brand whose guests these must be, if any."""

    event: EventFacts
    slots: Sequence[SlotFacts]
    partners: frozenset[str]
    brand: str | None


class Row(msgspec.Struct, frozen=True):
    """One row as read: a body or `faults`; the slot that it books, when the guest said so, `notes` on what is left out, the row as typed."""

    number: int
    body: RegistrationBody | None
    slot: int | None
    said_at: datetime | None
    raw: bytes
    faults: list[Fault]
    notes: list[Fault]


def opened(content: bytes, *, columns: Mapping[str, str] | None = None) -> sheets.Sheet:
    """The list of guests, with what was said of its `columns` (name -> field); refuses what is no such list."""
    return sheets.read(content, vocabulary=GUESTS.taught_by(columns or {}))


def rows(sheet: sheets.Sheet, *, cars: CarNames, of: Occasion, at: datetime, start: int = 0) -> Iterator[Row]:
    """Every row of the list from `start`, read; `at` is the moment after which nothing can have been said."""
    for record in sheet.rows()[start:]:
        yield _GuestReader(sheet, record, cars, at, of=of).read()


class _GuestReader(RowReader):
    longest = LONGEST
    reach = GUESTS.reach
    no_contact = "There is no contact; give a phone number or an e-mail address."

    def __init__(self, sheet: sheets.Sheet, record: Record, cars: CarNames, at: datetime, *, of: Occasion) -> None:
        super().__init__(sheet, record, cars, at)
        self.of = of
        self.zone = of.event.zone

    def read(self) -> Row:
        self._check_line()
        cars = self._own(self._cars())
        said_at, consents = self._said_at(), self._answers(cars)
        person, _ = self._person()
        body = RegistrationBody(
            external_id=self._name_of_row(person),
            person=GuestSaid(name=person.name, phone=person.phone, email=person.email),
            wishes=[WishSaid(brand=car.brand, model=car.model) for car in cars[:MOST_WISHES]],
            place=PlaceSaid(address=address) if (address := self._said("address")) else None,
            language=self._language(),
            consents=consents,
        )
        slot = self._slot(cars)
        if consents and said_at is None:
            self._fault(
                self._time_column(),
                "Say when they agreed, such as 2025-09-01 10:04; newer answers go before older ones.",
            )
        return Row(
            self.record.number, None if self.faults else body, slot, said_at, self._raw(), self.faults, self.notes
        )

    def _own(self, cars: list[Car]) -> list[Car]:
        """The cars that are wished for; a brand's own list is of its own guests."""
        brand = self.of.brand
        if brand is None:
            return cars
        if any(car.brand != brand for car in cars):
            self._fault(
                "interest", "Only guests of your own brand can be brought in by you; leave other brands’ cars out."
            )
        return cars or [Car(brand, None)]

    def _said_at(self) -> datetime | None:
        found = self._moment()
        if found is None and (self._said("registered_at") or self._said("registered_on")):
            self._fault(self._time_column(), "Give the day and time of registration, such as 2025-09-01 10:04.")
        return found

    def _answers(self, cars: Sequence[Car]) -> list[ConsentSaid]:
        brands = [car.brand for car in cars if not self.of.partners or car.brand in self.of.partners]
        consents = self._consents(brands)
        if not consents and any(self._said(field) for field in CONSENTS):
            self.notes.append(
                Fault(
                    path=self.sheet.name_of(next(field for field in CONSENTS if self._said(field))),
                    message="No brand of this campaign is named in the row, so the answer is for nobody.",
                )
            )
        return consents

    def _name_of_row(self, person: PersonSaid) -> str:
        """What this row is called whenever it comes: its number and contact as digests, apart for each event."""
        contacts = naming.contacts(phone=person.phone, email=person.email)
        # With a number to call, the e-mail address can be corrected without making another guest.
        is_enough = bool(person.phone) and cells.is_number(person.phone or "")
        return naming.once(
            f"file:{self.of.event.id}", contacts=[self._number(), *(contacts[:1] if is_enough else contacts)]
        )

    def _language(self) -> Language | None:
        typed = self._said("language")
        found = LANGUAGES.get(sheets.plain(typed)) if typed else None
        if typed and found is None:
            self._fault("language", "Write 中文 or English, or leave it empty.")
        return found

    def _slot(self, cars: Sequence[Car]) -> int | None:
        typed = self._said("slot")
        if not typed:
            return None
        found = [slot for slot in self.of.slots if self._is_meant(slot, typed)]
        if len(found) > 1:
            models = {car.model for car in cars}
            found = [slot for slot in found if slot.model in models] or found
        if not found:
            self._fault(
                "slot", "No such time can be booked; write when it begins, such as 2026-05-01 10:00, or its name."
            )
        elif len(found) > 1:
            self._fault("slot", "Several times begin then; write the name of the one they want, or one car.")
        return found[0].id if len(found) == 1 else None

    def _is_meant(self, slot: SlotFacts, typed: str) -> bool:
        if slot.name and sheets.plain(slot.name) == sheets.plain(typed):
            return True
        begins = _UNTIL.sub("", unicodedata.normalize("NFKC", typed)).strip()
        if clock := _CLOCK.fullmatch(begins):
            return f"{slot.starts_at.astimezone(self.zone):%H:%M}" == f"{int(clock[1]):02}:{clock[2]}"
        return cells.local_time(begins, zone=self.zone) == slot.starts_at


_UNTIL = re.compile(r"(?<=:\d\d)\s*[-–—~至到]\s*\d{1,2}:\d\d$", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)", re.ASCII)
