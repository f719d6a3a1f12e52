"""The show played from its first day until now: each registration, answer and change of mind through the verb made for it.

Promises that nothing is written around the verbs, and that a story which came to its end is not played again. Refuses to
start on a database that holds anything else.
"""

import heapq
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import count, groupby
from random import Random
from typing import NamedTuple
from uuid import UUID

import msgspec

from campaigns import planning
from crm import access, consent, history, work
from crm.access import Principal
from crm.database import current, statement, transaction
from crm.errors import Refused
from crm.network import LOCAL
from leads import capture, inbox, journey
from leads.capture import Incoming, Sender
from leads.demo import dealers, network, showcase, steward
from leads.demo.dealers import Character
from leads.demo.showcase import DESK, WEB, Registration, Shows
from leads.dispositions import Said

SEED = 7
STAGED = "demo_staged"
ACTOR = "demo"
BATCH = 200
TAKES_BACK = 0.015

Progress = Callable[[int, int], None]
Act = Callable[[datetime], Awaitable[object]]


class NotAnEmptyHouse(Refused):
    sentence = "This database holds registrations already, and not those of a finished demo; start over with: make demo FRESH=1"


class _Event(NamedTuple):
    # Something that happens later; `no` keeps two of one moment in their order.
    at: datetime
    no: int
    act: Act


async def is_staged() -> bool:
    """Whether the whole story is there."""
    async with transaction() as connection:
        found: bool = await connection.fetchval("select exists (select from history_entry where action = $1)", STAGED)
    return found


async def stage(now: datetime, *, progress: Progress, seed: int = SEED, size: int = showcase.USUAL_SIZE) -> None:
    """Play the story until now into an empty database; does nothing where it was played before.

    `progress` hears registrations taken in, and how many there are.
    """
    if await is_staged():
        return
    await _need_an_empty_house()
    calendar = showcase.shows(now)
    forms = showcase.registrations(calendar, size=size, seed=seed)
    await _Player(calendar, forms, seed=seed, progress=progress).play()
    async with transaction():
        await history.note(ACTOR, STAGED, "campaign", calendar.shanghai.code, at=now, registrations=len(forms))


async def _need_an_empty_house() -> None:
    async with transaction() as connection:
        if await connection.fetchval("select exists (select from submission) or exists (select from store)"):
            raise NotAnEmptyHouse


class _Player:
    """The clock of the story: who is still to come, what is still to happen, and how each dealer works."""

    def __init__(self, calendar: Shows, forms: Sequence[Registration], *, seed: int, progress: Progress) -> None:
        self.calendar = calendar
        self.forms = forms
        self.seed = seed
        self.progress = progress
        self.chance = Random(seed + 1)
        self.sent = 0
        self.later: list[_Event] = []
        self.numbers = count()
        self.senders: dict[str, Sender] = {}
        self.characters: dict[str, Character] = {}

    async def play(self) -> None:
        """Every moment at which something is due, in order."""
        await self._open()
        for at in _moments(self.calendar):
            await self._let_happen(until=at)
            await self._take_in(at)
            await work.until_idle(journey.JOBS, at=at)
            await self._hand_out(at)
            self.progress(self.sent, len(self.forms))

    async def _open(self) -> None:
        """Plan the shows, open the stores, let the sources in, and note down what is to happen beside the shows."""
        show, now = self.calendar, self.calendar.now
        async with transaction():
            await planning.seed_showcases([show.chengdu, show.shanghai], at=now)
            await network.open_stores(_local(show.chengdu.starts_on, 8) - timedelta(days=1))
            for code, kind in ((DESK, "desk"), (WEB, "api")):
                self.senders[code] = await capture.sender(await access.make_source(code, kind=kind))
        self._plan(_local(show.shanghai.starts_on, 8), network.refit)
        self._plan(now - timedelta(hours=3), network.renew_franchises)
        truth = {(form.source, form.body.external_id): form.human for form in self.forms}
        for when in (_local(show.chengdu.ends_on, 10) + timedelta(days=1), now - timedelta(hours=2)):
            self._plan(when, partial(steward.join_split, truth))
            self._plan(when + timedelta(minutes=20), partial(steward.slip_and_mend, truth))

    def _plan(self, at: datetime, act: Act) -> None:
        # What lies beyond the end of the story is for those who watch.
        if at <= self.calendar.now:
            heapq.heappush(self.later, _Event(at, next(self.numbers), act))

    async def _let_happen(self, *, until: datetime) -> None:
        if not self.later or self.later[0].at > until:
            return
        async with transaction():
            while self.later and self.later[0].at <= until:
                event = heapq.heappop(self.later)
                await event.act(event.at)

    async def _take_in(self, at: datetime) -> None:
        arrived = self._arrived(at)
        for source, forms in groupby(sorted(arrived, key=lambda form: form.source), key=lambda form: form.source):
            items = [Incoming(form.body, msgspec.json.encode(form.body)) for form in forms]
            for start in range(0, len(items), BATCH):
                async with transaction():
                    await capture.accept_many(items[start : start + BATCH], source=self.senders[source], at=at)
        self.sent += len(arrived)

    def _arrived(self, at: datetime) -> list[Registration]:
        until = self.sent
        while until < len(self.forms) and self.forms[until].captured_at <= at:
            until += 1
        return list(self.forms[self.sent : until])

    async def _hand_out(self, at: datetime) -> None:
        """Every dealer makes up its mind about the offers made at this moment."""
        async with transaction() as connection:
            made = await connection.fetch(statement("leads", "demo_offers_made"), at)
        for row in made:
            who = Principal("dealer", row["dealer"], row["code"], frozenset({"inbox"}))
            answer = dealers.answer(
                self._character(row["code"]),
                offered_at=row["offered_at"],
                expires_at=row["expires_at"],
                chance=self.chance,
            )
            if answer.act == "accept":
                self._plan(answer.at, partial(self._accept, row["id"], who, row["brand"]))
            elif answer.act == "refuse":
                self._plan(answer.at, partial(self._refuse, row["id"], who, answer.reason or "other"))

    def _character(self, dealer: str) -> Character:
        if dealer not in self.characters:
            self.characters[dealer] = dealers.character_of(dealer, seed=self.seed)
        return self.characters[dealer]

    async def _accept(self, offer: UUID, who: Principal, brand: int, at: datetime) -> None:
        # Consent may have been withdrawn since, and the offer with it.
        try:
            await inbox.accept(offer, dealer=who, at=at)
        except Refused:
            return
        for said in dealers.story(accepted_at=at, reference=str(next(self.numbers)), chance=self.chance):
            self._plan(said.at, partial(self._dispose, offer, who, said))
        if self.chance.random() < TAKES_BACK:
            self._plan(at + timedelta(hours=self.chance.uniform(1, 40)), partial(_withdraw, offer, brand))

    async def _refuse(self, offer: UUID, who: Principal, reason: str, at: datetime) -> None:
        try:
            await inbox.refuse(offer, dealer=who, reason=reason, at=at)
        except Refused:
            return

    async def _dispose(self, offer: UUID, who: Principal, said: Said, at: datetime) -> None:
        try:
            await inbox.dispose(offer, said, dealer=who, at=at)
        except Refused:
            return


async def _withdraw(offer: UUID, brand: int, at: datetime) -> None:
    """The person behind an offer no longer wants that brand's dealers."""
    person = await current().fetchval(statement("leads", "person_of_offer"), offer)
    await consent.withdraw(person, purpose="share_with_dealer", brands=[brand], at=at, actor=ACTOR)


def _moments(calendar: Shows) -> Iterator[datetime]:
    """When the clock of the story stops: often at a show, a few times a day between, every few minutes at the end."""
    soon = calendar.now - timedelta(hours=1)
    yield from (at for at in _by_the_day(calendar) if at < soon)
    for minutes in range(60, -1, -5):
        yield calendar.now - timedelta(minutes=minutes)


def _by_the_day(calendar: Shows) -> Iterator[datetime]:
    day = calendar.chengdu.starts_on
    while day <= calendar.shanghai.starts_on + timedelta(days=1):
        at_show = day <= calendar.chengdu.ends_on or day >= calendar.shanghai.starts_on
        yield from _of_a_show_day(day) if at_show else _of_a_quiet_day(day)
        day += timedelta(days=1)


def _of_a_show_day(day: date) -> Iterable[datetime]:
    night = [_local(day, hour) for hour in (1, 3, 5, 7)]
    half_hours = [_local(day, hour, minute) for hour in range(8, 24) for minute in (10, 40)]
    return night + half_hours


def _of_a_quiet_day(day: date) -> Iterable[datetime]:
    # In twos, an hour apart: what a store let pass goes to the next one.
    return [_local(day, hour) for hour in (9, 10, 14, 15, 20, 21)]


def _local(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=LOCAL).astimezone(UTC)
