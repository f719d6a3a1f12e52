"""One form as a visitor of an invented show fills it in: who, where from, which cars, which consents.

Promises bodies of the very shape that real sources send.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from random import Random
from typing import NamedTuple, TypeVar

from campaigns.registering import FORM_SOURCE
from campaigns.showcases import Showcase
from crm.network import LOCAL, local_day
from crm.people import corrections
from leads import entering
from leads.demo import network, visitors
from leads.demo.visitors import Visitor
from leads.submission import (
    ConsentSaid,
    ContactPreference,
    InterestKind,
    InterestSaid,
    LeadBody,
    NoticeShown,
    Origin,
    PersonSaid,
    PlaceSaid,
    TradeInSaid,
)

Code = TypeVar("Code", bound=str)

DESK, WEB, GUESTS = "demo-desk", "demo-web", "demo-guests"
# Sources of its own, and what its people type in: what comes by any other is not the demo's, and is never emptied nor shown to strangers.
SOURCES = (DESK, WEB, GUESTS, FORM_SOURCE, entering.SOURCE, corrections.SOURCE)
NOTICE = NoticeShown(id="desk", version="1", language="zh")
# What a brand's stand draws, and which of its cars.
BRANDS: dict[str, int] = {"aito": 40, "luxeed": 20, "stelato": 14, "maextro": 10, "shangjie": 16}
MODELS: dict[str, dict[str, int]] = {
    "aito": {"M9": 34, "M8": 28, "M7": 26, "M5": 12},
    "luxeed": {"R7": 62, "S7": 38},
    "stelato": {"S9": 45, "S9T": 55},
    "maextro": {"S800": 1},
    "shangjie": {"H5": 1},
}
KINDS: dict[InterestKind, int] = {"buy": 54, "test_drive": 26, "call_back": 8, "lease": 6, "other": 6}
REMARKS = (
    "周末试驾",
    "关注智驾",
    "比较Model Y",
    "已有M7",
    "想看夜景灯光",
    "家里有两个孩子",
    "等年底政策",
    "公司用车",
    "想了解换电",
    "对续航有疑问",
)
OLD_CARS = (("大众", "帕萨特"), ("丰田", "凯美瑞"), ("比亚迪", "汉"), ("别克", "GL8"), ("本田", "雅阁"))


# Visitors by the hour: the stands are open from nine to ten.
STAND_HOURS = dict(zip(range(9, 22), (5, 10, 13, 12, 8, 9, 13, 14, 11, 8, 6, 5, 3), strict=True))
XUHUI = PlaceSaid(address="上海市徐汇区漕溪北路88号")


class Registration(NamedTuple):
    """One form as it was sent; `human` says whose it really was, which no form knows."""

    source: str
    body: LeadBody
    human: int

    @property
    def captured_at(self) -> datetime:
        """When it was filled in."""
        return self.body.captured_at


def filled_in(
    visitor: Visitor, at: datetime, show: Showcase, brand: str, chance: Random, *, source: str
) -> Registration:
    """One form as chance and the visitor's manners have it."""
    interests = _interests(brand, visitor, chance)
    remark = chance.choice(REMARKS) if chance.random() < 0.16 else None
    body = LeadBody(
        external_id="",
        captured_at=at,
        source=_origin(show, brand, source=source),
        person=visitors.said_of_themselves(visitor, chance),
        place=visitors.said_of_home(visitor, chance),
        interests=interests,
        trade_in=_old_car(chance) if chance.random() < 0.07 else None,
        contact_preference=_preference(at, chance) if chance.random() < 0.1 else None,
        consents=_consents([said.brand for said in interests if said.brand], visitor, chance),
        remark=remark,
    )
    return Registration(source, body, visitor.no)


def is_open(at: datetime) -> bool:
    """Whether the stands are open at this hour."""
    return at.astimezone(LOCAL).hour in STAND_HOURS


def plain(
    visitor: Visitor,
    at: datetime,
    show: Showcase,
    brand: str | None,
    *,
    place: PlaceSaid | None = XUHUI,
    person: PersonSaid | None = None,
    agrees: bool = True,
    remark: str | None = None,
) -> Registration:
    """One form as it should be, but for what is said otherwise; from the desk while it is open."""
    source = DESK if is_open(at) else WEB
    interests = [InterestSaid(kind="buy", brand=brand, model=next(iter(MODELS[brand])))] if brand else []
    body = LeadBody(
        external_id="",
        captured_at=at,
        source=_origin(show, brand or "aito", source=source),
        person=person or PersonSaid(name=visitor.name.written, phone=visitor.phone),
        place=place,
        interests=interests,
        consents=[ConsentSaid(purpose="share_with_dealer", brands=[brand], given=agrees, notice=NOTICE)]
        if brand
        else [],
        remark=remark,
    )
    return Registration(source, body, visitor.no)


def _origin(show: Showcase, brand: str, *, source: str) -> Origin:
    if source == WEB:
        return Origin(kind="web_form", campaign=show.code)
    return Origin(kind="event_desk", campaign=show.code, event=show.code, booth=brand)


def _interests(brand: str, visitor: Visitor, chance: Random) -> list[InterestSaid]:
    roll = chance.random()
    kind = _drawn(KINDS, chance)
    if roll < 0.02:
        return []
    if roll < 0.03:
        return [InterestSaid(kind=kind)]
    store = (
        chance.choice(stores)
        if chance.random() < 0.06 and (stores := network.stores_of(visitor.city, brand=brand))
        else None
    )
    first = InterestSaid(kind=kind, brand=brand, model=_drawn(MODELS[brand], chance), preferred_store=store)
    if roll < 0.86:
        return [first]
    other = drawn_brand(chance)
    return [first, InterestSaid(kind=kind, brand=other, model=_drawn(MODELS[other], chance))]


def _consents(brands: Iterable[str], visitor: Visitor, chance: Random) -> list[ConsentSaid]:
    named = list(dict.fromkeys(brands))
    # A few desks forget to ask; a no to one's dealers is mostly meant for all of them.
    if not named or chance.random() < 0.04:
        return []
    agrees = visitor.agrees if chance.random() < 0.95 else not visitor.agrees
    return [
        ConsentSaid(purpose="alliance_marketing", brands=named, given=chance.random() < 0.7, notice=NOTICE),
        ConsentSaid(purpose="share_with_brand", brands=named, given=agrees or chance.random() < 0.5, notice=NOTICE),
        ConsentSaid(purpose="share_with_dealer", brands=named, given=agrees, notice=NOTICE),
    ]


def _old_car(chance: Random) -> TradeInSaid:
    make, model = chance.choice(OLD_CARS)
    return TradeInSaid(make=make, model=model, year=chance.randint(2012, 2022))


def _preference(at: datetime, chance: Random) -> ContactPreference:
    evening = datetime.combine(local_day(at) + timedelta(days=1), time(18), tzinfo=LOCAL)
    return chance.choice(
        (
            ContactPreference(channel="phone", not_before=evening),
            ContactPreference(channel="wechat", note="先加微信"),
            ContactPreference(channel="phone", note="工作日白天勿扰"),
        )
    )


def drawn_brand(chance: Random) -> str:
    """A brand whose stand somebody comes to."""
    return _drawn(BRANDS, chance)


def _drawn(shares: Mapping[Code, int], chance: Random) -> Code:
    return chance.choices(list(shares), list(shares.values()))[0]
