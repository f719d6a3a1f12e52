"""Two invented shows as a list of registrations: Chengdu ended three weeks ago, Shanghai is on its second day now.

Promises that one seed and one moment give the same bodies in the same order, none of them after that moment. What a
show cannot promise by chance (a child, a form that mixes up two people) is put in on purpose.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import NamedTuple

import msgspec

from campaigns.showcases import Showcase
from crm.network import LOCAL, local_day
from leads.demo import enquiries, visitors
from leads.demo.enquiries import DESK, STAND_HOURS, WEB, Registration, is_open
from leads.demo.visitors import Visitor
from leads.submission import (
    LeadBody,
    PersonSaid,
    PlaceSaid,
)

USUAL_SIZE = 6000
CODES = CHENGDU, SHANGHAI = "chengdu-demo", "shanghai-demo"
# The history entries that open a story, and end one which was told to its end.
BEGUN, STAGED = "demo_begun", "demo_staged"

STANDS_MET = {1: 70, 2: 18, 3: 8, 4: 3, 5: 1}

# Forms on the web never close.
WEB_HOURS = dict(zip(range(24), (1, 0, 0, 0, 0, 0, 1, 2, 3, 4, 4, 4, 5, 4, 4, 4, 4, 5, 6, 7, 8, 8, 6, 3), strict=True))
LATELY = timedelta(minutes=50)


class Shows(NamedTuple):
    """The two campaigns; `now` is the moment at which the story ends."""

    chengdu: Showcase
    shanghai: Showcase
    now: datetime


def shows(now: datetime) -> Shows:
    """The calendar of the two shows as seen from a moment."""
    today = local_day(now)
    ended = today - timedelta(days=21)
    return Shows(
        Showcase(CHENGDU, "成都联盟展台", ended - timedelta(days=9), ended),
        Showcase(SHANGHAI, "上海联盟展示", today - timedelta(days=1), today + timedelta(days=4)),
        now,
    )


def registrations(calendar: Shows, *, size: int, seed: int) -> list[Registration]:
    """All forms until now, in their order; about `size` of them."""
    chance = Random(seed)
    parts = _shares(size)
    chengdu = visitors.crowd(_people(parts["chengdu"]), draws_from="chengdu", first_no=1, chance=chance)
    shanghai = visitors.crowd(_people(parts["shanghai"]), draws_from="shanghai", first_no=100_001, chance=chance)
    # Some had been at the first show already.
    again = chance.sample(chengdu, len(chengdu) // 25)
    shanghai[len(shanghai) // 2 : len(shanghai) // 2] = again
    forms = [
        *_forms(chengdu, parts["chengdu"], calendar.chengdu, _moments_of_chengdu(calendar), chance),
        *_forms(
            chance.sample(chengdu, min(len(chengdu), parts["after"])),
            parts["after"],
            calendar.chengdu,
            _moments_after(calendar),
            chance,
            only_web=True,
        ),
        *_forms(shanghai, parts["shanghai"], calendar.shanghai, _moments_of_shanghai(calendar), chance),
        *_forms(
            _latecomers(parts["lately"], chance), parts["lately"], calendar.shanghai, _moments_lately(calendar), chance
        ),
        *_on_purpose(calendar, chance),
    ]
    return _numbered(sorted(forms, key=lambda form: form.captured_at))


def newcomer(no: int, *, at: datetime, seed: int) -> LeadBody:
    """One more form from the web, at this moment: the show goes on while one watches."""
    chance = Random(f"{seed}-{no}")
    [visitor] = visitors.crowd(1, draws_from="shanghai", first_no=no, chance=chance)
    form = enquiries.filled_in(visitor, at, shows(at).shanghai, enquiries.drawn_brand(chance), chance, source=WEB)
    return msgspec.structs.replace(form.body, external_id=f"WEB-LIVE-{at:%Y%m%d%H%M%S}-{no}")


def _shares(size: int) -> dict[str, int]:
    lately = min(60 + size // 28, size // 2)
    after = size // 24
    rest = size - lately - after
    return {"chengdu": rest * 62 // 100, "after": after, "shanghai": rest - rest * 62 // 100, "lately": lately}


def _people(forms: int) -> int:
    # A few more than needed: some meet fewer stands than the average.
    return max(8, round(1.07 * forms / (sum(stands * share for stands, share in STANDS_MET.items()) / 100)))


def _latecomers(count_: int, chance: Random) -> list[Visitor]:
    return visitors.crowd(count_, draws_from="shanghai", first_no=200_001, chance=chance)


def _forms(
    people: Sequence[Visitor],
    wanted: int,
    show: Showcase,
    moments: Sequence[tuple[datetime, int]],
    chance: Random,
    *,
    only_web: bool = False,
) -> Iterator[Registration]:
    """What these people fill in at a show, until there are enough; who meets several stands does so within hours."""
    instants, weights = zip(*moments, strict=True)
    last = instants[-1]
    left = wanted
    for visitor in people:
        at = chance.choices(instants, weights)[0] + timedelta(seconds=chance.randrange(600))
        is_web = only_web or at.astimezone(LOCAL).hour not in STAND_HOURS or chance.random() < 0.14
        stands = 1 if is_web else chance.choices(list(STANDS_MET), list(STANDS_MET.values()))[0]
        for brand in _stands(stands, chance)[:left]:
            left -= 1
            yield enquiries.filled_in(
                visitor, min(at, last + timedelta(minutes=9)), show, brand, chance, source=WEB if is_web else DESK
            )
            at += timedelta(minutes=chance.randint(6, 50))
            if not is_open(at):
                at -= timedelta(hours=2)


def _stands(number: int, chance: Random) -> list[str]:
    met: dict[str, None] = {}
    while len(met) < number:
        met[enquiries.drawn_brand(chance)] = None
    return list(met)


def _numbered(forms: Iterable[Registration]) -> list[Registration]:
    numbers = {DESK: count(1), WEB: count(1)}
    prefix = {DESK: "DEMO-", WEB: "WEB-"}
    return [
        form._replace(
            body=msgspec.structs.replace(
                form.body, external_id=f"{prefix[form.source]}{next(numbers[form.source]):06d}"
            )
        )
        for form in forms
    ]


# Moments, as tens of minutes with their weight.


def _moments_of_chengdu(calendar: Shows) -> list[tuple[datetime, int]]:
    show = calendar.chengdu
    days = [show.starts_on + timedelta(days=day) for day in range(10)]
    # The first day is slow, weekends are full.
    return [
        (at, weight * (3 if day.weekday() >= 5 else 1 if day == show.starts_on else 2))
        for day in days
        for at, weight in _tens(day, STAND_HOURS)
    ]


def _moments_after(calendar: Shows) -> list[tuple[datetime, int]]:
    days = range(1, (calendar.shanghai.starts_on - calendar.chengdu.ends_on).days)
    after = [calendar.chengdu.ends_on + timedelta(days=day) for day in days]
    return [(at, weight) for day in after for at, weight in _tens(day, WEB_HOURS) if weight]


def _moments_of_shanghai(calendar: Shows) -> list[tuple[datetime, int]]:
    both = (calendar.shanghai.starts_on, calendar.shanghai.starts_on + timedelta(days=1))
    until = calendar.now - timedelta(minutes=10)
    # Before the stands open on the second day, the web is all there is of it.
    return [
        (at, max(1, stand)) for day in both for at, stand in _tens(day, {**WEB_HOURS, **STAND_HOURS}) if at <= until
    ]


def _moments_lately(calendar: Shows) -> list[tuple[datetime, int]]:
    tens = int(LATELY.total_seconds() // 600)
    return [(calendar.now - timedelta(minutes=10 * back), 1) for back in range(tens, 0, -1)]


def _tens(day: date, hours: dict[int, int]) -> Iterator[tuple[datetime, int]]:
    for hour, weight in hours.items():
        for minute in range(0, 60, 10):
            yield datetime.combine(day, time(hour, minute), tzinfo=LOCAL).astimezone(UTC), weight


def _on_purpose(calendar: Shows, chance: Random) -> Iterator[Registration]:
    """What must be seen whatever chance brings: it happened within the last two hours."""
    show, people = calendar.shanghai, visitors.crowd(48, draws_from="shanghai", first_no=300_001, chance=chance)
    when = (calendar.now - timedelta(minutes=119 - 1.5 * n) for n in count())
    for one, other in zip(people[0:8:2], people[1:8:2], strict=True):
        yield from _mixed_up(one, other, show, when, chance)
    for visitor in people[8:11]:
        yield enquiries.plain(visitor, next(when), show, "aito", remark="年龄12岁，与父母同来")
    for visitor in people[11:15]:
        yield enquiries.plain(visitor, next(when), show, None)
    for visitor in people[15:21]:
        yield enquiries.plain(visitor, next(when), show, "aito", place=None)
    for visitor in people[21:27]:
        yield enquiries.plain(visitor, next(when), show, "aito", place=PlaceSaid(address="海南省儋州市中兴大街88号"))
    for visitor in people[27:33]:
        yield enquiries.plain(visitor, next(when), show, "maextro")
    for visitor in people[33:39]:
        yield enquiries.plain(
            visitor, next(when), show, "luxeed", place=PlaceSaid(address="吉林省延边朝鲜族自治州延吉市")
        )
    for visitor in people[39:45]:
        yield enquiries.plain(visitor, next(when), show, "shangjie", agrees=False)
    for visitor in people[45:48]:
        yield enquiries.plain(visitor, next(when), show, "aito")
        again = PersonSaid(name=f"小{visitor.name.given[-1]}", email=f"v{chance.getrandbits(40):x}@126.com")
        yield enquiries.plain(visitor, next(when), show, "stelato", person=again)


def _mixed_up(
    one: Visitor, other: Visitor, show: Showcase, when: Iterator[datetime], chance: Random
) -> Iterator[Registration]:
    """Two people of one surname at one desk, then a form with the number of one and the mailbox of the other."""
    surname, mailbox = one.name.surname, f"v{chance.getrandbits(40):x}@163.com"
    given = "建国" if one.name.given != "建国" else "海涛"
    second = PersonSaid(name=f"{surname}{given}", email=mailbox)
    third = PersonSaid(name=f"{surname}先生", phone=one.phone, email=mailbox)
    yield enquiries.plain(one, next(when), show, "stelato")
    yield enquiries.plain(other, next(when), show, "stelato", person=second)
    # Whose form that was, nobody can say.
    yield enquiries.plain(one, next(when), show, "luxeed", person=third)._replace(human=-one.no)
