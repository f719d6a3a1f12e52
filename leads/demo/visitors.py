"""Invented visitors: who they are, where they live, how they can be reached, and how that ends up in a form.

Promises that one seed makes the same people on every machine. Households share a phone, consultants lend theirs, and
nobody types as they should: that is what the identity of a real show has to cope with.
"""

from collections.abc import Sequence
from random import Random

import msgspec

from crm import regions
from leads.demo import names
from leads.demo.names import FullName
from leads.submission import PersonSaid, PlaceSaid, WeChat

OPEN_PLATFORM = "alliance"
PREFIXES = ("130", "131", "135", "136", "137", "138", "139", "150", "151", "158", "166", "177", "186", "188", "199")
MAIL = ("qq.com", "163.com", "126.com", "foxmail.com", "139.com", "outlook.com", "gmail.com")
MISTYPED = {"qq.com": "qq.con", "163.com": "163.con", "gmail.com": "gmial.com", "outlook.com": "outlok.com"}
ROADS = ("人民", "中山", "建设", "解放", "和平", "新华", "滨江", "科技", "文化", "学府", "创业", "锦绣", "迎宾", "长江")
KINDS_OF_ROAD = ("路", "东路", "西路", "大道", "街")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")

# Cities by how many people a show draws from them: its own, its neighbours', and everybody else's.
CROWDS: dict[str, tuple[tuple[str, int], ...]] = {
    "chengdu": (
        ("510100", 560), ("500000", 90), ("510700", 30), ("510600", 25), ("511300", 20), ("511500", 20), ("510500", 18),
        ("520100", 20), ("530100", 20), ("610100", 30), ("440100", 10), ("310000", 14), ("110000", 14), ("420100", 14),
        ("430100", 12), ("450100", 8), ("460400", 5), ("340800", 6), ("222400", 5), ("632800", 4), ("659001", 3),
    ),
    "shanghai": (
        ("310000", 540), ("320500", 70), ("330100", 60), ("320100", 40), ("320200", 30), ("330200", 26), ("340100", 20),
        ("350100", 12), ("350200", 10), ("370200", 14), ("440300", 20), ("440100", 14), ("110000", 24), ("420100", 16),
        ("510100", 30), ("460400", 6), ("222400", 5), ("632800", 3), ("330900", 8), ("410100", 10), ("120000", 10),
    ),
}  # fmt: skip


class Visitor(msgspec.Struct, frozen=True):
    """One invented human: the truth that the forms blur. `lends` is a phone of somebody else that they give."""

    no: int
    name: FullName
    city: str
    phone: str
    email: str | None
    unionid: str | None
    agrees: bool
    lent: bool = False


def crowd(count: int, *, draws_from: str, first_no: int, chance: Random) -> list[Visitor]:
    """This many visitors of one show; about one in twelve shares a phone with somebody of the same household."""
    consultants = [_phone(chance) for _ in range(max(1, count // 600))]
    met: list[Visitor] = []
    for no in range(first_no, first_no + count):
        roll = chance.random()
        if met and roll < 0.045:
            met.append(_of_the_household(chance.choice(met[-40:]), no=no, chance=chance))
        elif roll < 0.065:
            borrowed = chance.choice(consultants)
            met.append(msgspec.structs.replace(_stranger(no, draws_from, chance), phone=borrowed, lent=True))
        else:
            met.append(_stranger(no, draws_from, chance))
    return met


def said_of_themselves(visitor: Visitor, chance: Random) -> PersonSaid:
    """What one form has of this visitor; at least one way to reach them is whole."""
    phone: str | None = _typed(visitor.phone, chance)
    email = _mistyped(visitor.email, chance) if visitor.email and chance.random() < 0.55 else None
    unionid = visitor.unionid if chance.random() < 0.6 else None
    if visitor.email and chance.random() < 0.03:
        phone, email = chance.choice((None, f"{visitor.phone[:3]}****{visitor.phone[-4:]}")), visitor.email
    return PersonSaid(
        name=names.written_by_a_desk(visitor.name, chance),
        phone=phone,
        email=email,
        wechat=WeChat(account=OPEN_PLATFORM, unionid=unionid) if unionid else None,
    )


def said_of_home(visitor: Visitor, chance: Random) -> PlaceSaid | None:
    """Where the visitor says they live: anything from the door to nothing."""
    roll = chance.random()
    if roll < 0.16:
        return None
    city = regions.table()[visitor.city].name
    if roll < 0.4:
        return PlaceSaid(address=city.removesuffix("市"))
    district = chance.choice(districts(visitor.city))
    door = f"{chance.choice(ROADS)}{chance.choice(KINDS_OF_ROAD)}{chance.randint(1, 999)}号"
    if roll < 0.5:
        return PlaceSaid(region_code=district)
    return PlaceSaid(address=f"{city}{regions.table()[district].name}{door}")


def districts(city: str) -> Sequence[str]:
    """The districts of a city, or of a municipality; a place without any stands for itself."""
    found = _districts().get(city)
    return found or (city,)


def _districts() -> dict[str, list[str]]:
    if not _known:
        for code, region in regions.table().items():
            if region.level == "district" and (city := regions.city_of(code)):
                _known.setdefault(city, []).append(code)
    return _known


_known: dict[str, list[str]] = {}


def _stranger(no: int, draws_from: str, chance: Random) -> Visitor:
    cities, weights = zip(*CROWDS[draws_from], strict=True)
    name = names.invent(chance)
    phone = _phone(chance)
    return Visitor(
        no=no,
        name=name,
        city=chance.choices(cities, weights)[0],
        phone=phone,
        email=_email(name, phone, chance) if chance.random() < 0.4 else None,
        unionid=f"o{chance.getrandbits(60):018d}" if chance.random() < 0.45 else None,
        agrees=chance.random() < 0.85,
    )


def _of_the_household(other: Visitor, *, no: int, chance: Random) -> Visitor:
    name = names.relative(other.name, chance)
    email = _email(name, other.phone, chance) if chance.random() < 0.4 else None
    unionid = f"o{chance.getrandbits(60):018d}" if chance.random() < 0.5 else None
    return msgspec.structs.replace(other, no=no, name=name, email=email, unionid=unionid)


def _phone(chance: Random) -> str:
    return f"{chance.choice(PREFIXES)}{chance.randrange(10**8):08d}"


def _email(name: FullName, phone: str, chance: Random) -> str:
    surname, given = name.sound
    number = chance.randrange(100, 9999)
    mailbox = chance.choice(
        (f"{surname}{given}{number}", f"{given}{surname}{number}", f"{number}{surname}{number}", phone)
    )
    return f"{mailbox}@{chance.choice(MAIL)}"


def _typed(phone: str, chance: Random) -> str:
    roll = chance.random()
    if roll < 0.012:
        at = chance.randrange(4, 11)
        return phone[:at] + str((int(phone[at]) + chance.randint(1, 9)) % 10) + phone[at + 1 :]
    if roll < 0.72:
        return phone
    spaced = f"{phone[:3]} {phone[3:7]} {phone[7:]}"
    return chance.choice(
        (
            spaced,
            spaced.replace(" ", "-"),
            f"+86 {spaced}",
            f"86-{phone}",
            f"0086{phone}",
            phone.translate(FULL_WIDTH),
            f" {phone}",
        )
    )


def _mistyped(email: str, chance: Random) -> str:
    mailbox, _, domain = email.partition("@")
    if chance.random() < 0.05:
        return f"{mailbox}@{MISTYPED.get(domain, domain)}"
    return email.upper() if chance.random() < 0.05 else email
