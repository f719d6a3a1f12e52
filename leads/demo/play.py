"""The show played from its first day until now: each registration, answer and change of mind through the verb made for it.

Promises that nothing is written around the verbs, and that a story which came to its end is not played again. Refuses to
start on a database that holds anything else. Both its beginning and its end are noted in the history.
"""

import asyncio
import contextlib
import heapq
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import count, groupby
from random import Random
from typing import NamedTuple
from uuid import UUID

import msgspec

from campaigns.lead_rules import LeadRule
from campaigns.showcases import Showcase
from crm import access, consent, work
from crm.access import Principal
from crm.database import current, statement, transaction
from crm.errors import Refused
from crm.network import LOCAL
from leads import capture, feed, inbox, jobs
from leads.capture import Incoming, Sender
from leads.demo import dealers, ground, guests, inviting, joint, network, showcase, steward
from leads.demo.dealers import Character
from leads.demo.enquiries import DESK, WEB, Registration
from leads.demo.showcase import Shows
from leads.inbox.dispositions import Said

SEED = 7
BATCH = 200
HANDS = 3
TAKES_BACK = 60  # one in so many

Progress = Callable[[int, int], None]
Act = Callable[[datetime], Awaitable[object]]


class _Event(NamedTuple):
    # Something that happens later; `no` keeps two of one moment in their order, `dealer` is who does it, 0 for us.
    at: datetime
    no: int
    dealer: int
    act: Act


async def stage(now: datetime, *, progress: Progress, seed: int = SEED, size: int = showcase.USUAL_SIZE) -> None:
    """Play the story until now into an empty database; does nothing where it was played before.

    `progress` hears registrations taken in, and how many there are.
    """
    if await ground.is_finished():
        return
    calendar = showcase.shows(now)
    await ground.begin(campaign=calendar.shanghai.code, at=now)
    forms = showcase.registrations(calendar, size=size, seed=seed)
    await _Player(calendar, forms, seed=seed, progress=progress).play()
    await ground.finish(campaign=calendar.shanghai.code, at=now, registrations=len(forms))


class _Player:
    """The clock of the story: who is still to come, what is still to happen, and how each dealer works."""

    def __init__(self, calendar: Shows, forms: Sequence[Registration], *, seed: int, progress: Progress) -> None:
        self.calendar = calendar
        self.forms = forms
        self.seed = seed
        self.progress = progress
        self.sent = 0
        self.later: list[_Event] = []
        self.numbers = count()
        self.drawn = count()
        self.accepted = count()
        self.senders: dict[str, Sender] = {}
        self.characters: dict[str, Character] = {}

    async def play(self) -> None:
        """Every moment at which something is due, in order."""
        await self._open()
        for at in _moments(self.calendar):
            await self._let_happen(until=at)
            await self._take_in(at)
            await work.until_idle(jobs.JOBS, at=at)
            await self._hand_out(at)
            self.progress(self.sent, len(self.forms))

    async def _open(self) -> None:
        """Plan the shows, open the stores, let the sources in, and note down what is to happen beside the shows."""
        show, now = self.calendar, self.calendar.now
        async with transaction():
            await joint.plan(show.chengdu, city="510100", venue="中国西部国际博览城", rule=LeadRule(when="attended"))
            await joint.plan(show.shanghai, city="310000", venue="国家会展中心（上海）", rule=LeadRule(at_most=2))
            await network.open_stores(_local(show.chengdu.starts_on, 8) - timedelta(days=1))
            for code, kind in ((DESK, "desk"), (WEB, "api")):
                self.senders[code] = await capture.sender(await access.make_source(code, kind=kind))
        self._plan(_local(show.shanghai.starts_on, 8), network.refit)
        self._plan(now - timedelta(hours=3), network.renew_franchises)
        self._expect_guests()
        self._plan(_local(show.shanghai.starts_on, 9) - timedelta(days=3), self._invite)
        truth = {(form.source, form.body.external_id): form.human for form in self.forms}
        for when in (_local(show.chengdu.ends_on, 10) + timedelta(days=1), now - timedelta(minutes=20)):
            self._plan(when, partial(steward.join_split, truth))
            self._plan(when + timedelta(minutes=15), partial(steward.slip_and_mend, truth))

    async def _invite(self, _: datetime) -> None:
        await inviting.invite(self.calendar.chengdu, self.calendar.shanghai)

    def _expect_guests(self) -> None:
        """Who registers ahead of the shows, beside the forms that are filled in there."""
        show, chance = self.calendar, Random(f"{self.seed}-guests")
        parts = ((show.chengdu, "chengdu", 500_001, 60), (show.shanghai, "shanghai", 600_001, 36))
        for one, draws_from, first_no, share in parts:
            number = max(4, len(self.forms) // share)
            coming = guests.guests(one, number, draws_from=draws_from, first_no=first_no, until=show.now, chance=chance)
            for guest in coming:
                self._plan(guest.at, partial(self._register, one, guest))

    async def _register(self, show: Showcase, guest: guests.Coming, at: datetime) -> None:
        registration = await guests.register(show, guest, at)
        if registration is None:
            return
        if guest.cancels:
            self._plan(at + timedelta(hours=20), partial(guests.let_go, registration))
        elif guest.attends:
            self._plan(guests.visit(show, guest), partial(guests.be_there, registration))

    def _plan(self, at: datetime, act: Act, *, dealer: int = 0) -> None:
        # What lies beyond the end of the story is for those who watch.
        if at <= self.calendar.now:
            heapq.heappush(self.later, _Event(at, next(self.numbers), dealer, act))

    async def _let_happen(self, *, until: datetime) -> None:
        while due := self._due(until):
            await _in_order([event for event in due if not event.dealer])
            # Dealers work side by side: no two hands touch one dealer's counter, so none waits for another.
            hands = [[event for event in due if event.dealer and event.dealer % HANDS == hand] for hand in range(HANDS)]
            await asyncio.gather(*map(_in_order, hands))

    def _due(self, until: datetime) -> list[_Event]:
        due = []
        while self.later and self.later[0].at <= until:
            due.append(heapq.heappop(self.later))
        return due

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
            # Chance of its own for each offer, whichever hand comes to it first.
            chance = Random(f"{self.seed}-{next(self.drawn)}")
            answer = dealers.answer(
                self._character(who.code), offered_at=row["offered_at"], expires_at=row["expires_at"], chance=chance
            )
            if answer.act == "accept":
                act: Act = partial(self._accept, row["id"], who, row["brand"], chance)
                self._plan(answer.at, act, dealer=who.id)
            elif answer.act == "refuse":
                self._plan(answer.at, partial(_refuse, row["id"], who, answer.reason or "other"), dealer=who.id)

    def _character(self, dealer: str) -> Character:
        if dealer not in self.characters:
            self.characters[dealer] = dealers.character_of(dealer, seed=self.seed)
        return self.characters[dealer]

    async def _accept(self, offer: UUID, who: Principal, brand: int, chance: Random, at: datetime) -> None:
        await inbox.accept(offer, dealer=who, at=at)
        for said in dealers.story(accepted_at=at, reference=f"{chance.randrange(10**6):06d}", chance=chance):
            self._plan(said.at, partial(_dispose, offer, who, said), dealer=who.id)
        if next(self.accepted) % TAKES_BACK == 0:
            self._plan(at + timedelta(hours=chance.uniform(1, 40)), partial(_withdraw, offer, brand))


async def _in_order(events: Sequence[_Event]) -> None:
    if not events:
        return
    async with transaction(), feed.gathered():
        for event in events:
            # Somebody may have taken consent back since, and the offer with it: the verb says no before it writes.
            with contextlib.suppress(Refused):
                await event.act(event.at)


async def _refuse(offer: UUID, who: Principal, reason: str, at: datetime) -> None:
    await inbox.refuse(offer, dealer=who, reason=reason, at=at)


async def _dispose(offer: UUID, who: Principal, said: Said, at: datetime) -> None:
    await inbox.dispose(offer, said, dealer=who, at=at)


async def _withdraw(offer: UUID, brand: int, at: datetime) -> None:
    """The person behind an offer no longer wants that brand's dealers."""
    person = await current().fetchval(statement("leads", "person_of_offer"), offer)
    await consent.withdraw(person, purpose="share_with_dealer", brands=[brand], at=at, actor=ground.ACTOR)


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
    early = [_local(day, hour) for hour in (2, 3, 7, 8)]
    return early + [_local(day, 9) + timedelta(minutes=40 * step) for step in range(22)]


def _of_a_quiet_day(day: date) -> Iterable[datetime]:
    # In twos, an hour apart: what a store let pass goes to the next one.
    return [_local(day, hour) for hour in (10, 11, 19, 20)]


def _local(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=LOCAL).astimezone(UTC)
