"""What is kept of sign-ins, sessions and notifications has an end: old ones go in batches, what still counts stays."""

from datetime import timedelta

from crm.database import current, transaction
from crm.staff import notifications, sessions, sweeping, throttle
from leads import jobs
from tests.cast import DAY, MINUTE, NOON, colleague, fetch, value


async def tries(*ages):
    for age in ages:
        async with transaction():
            await throttle.begin(f"{age}@marquee.test", address=f"{age}", at=NOON - age)


async def heard(staff, *, age, read=None):
    async with transaction():
        await notifications.notify_staff([staff], "import_checked", href=f"/{age.days}", at=NOON - age)
        if read is not None:
            await current().execute("update notification set read_at = $1 where href = $2", NOON - read, f"/{age.days}")


async def test_tries_that_no_limit_counts_any_more_are_forgotten():
    await tries(61 * DAY, 59 * DAY, timedelta())

    async with transaction():
        assert await throttle.forget(at=NOON) == 1

    assert [NOON - row["at"] for row in await fetch("select at from sign_in_attempt order by at")] == [
        59 * DAY,
        0 * DAY,
    ]


async def test_the_oldest_go_first_and_no_more_than_the_limit():
    await tries(62 * DAY, 63 * DAY, 61 * DAY)

    async with transaction():
        assert await throttle.forget(at=NOON, limit=2) == 2

    assert NOON - await value("select at from sign_in_attempt") == 61 * DAY


async def test_sessions_are_forgotten_a_season_after_their_time_and_no_live_one_is():
    actor = await colleague("event_desk")
    async with transaction():
        for age in (91 * DAY, 89 * DAY):
            await sessions.start(actor.id, step="full", browser="Firefox", at=NOON - age)

    async with transaction():
        assert await sessions.forget(at=NOON) == 1

    left = await fetch("select id, created_at from staff_session order by created_at")
    assert (left[0]["created_at"], left[1]["id"]) == (NOON - 89 * DAY, actor.session)


async def test_a_notification_is_forgotten_after_it_was_read_and_an_unread_one_much_later():
    me = (await colleague("alliance_marketer")).id
    await heard(me, age=91 * DAY, read=90 * DAY + MINUTE)
    await heard(me, age=92 * DAY, read=DAY)
    await heard(me, age=364 * DAY)
    await heard(me, age=366 * DAY)

    async with transaction():
        assert await notifications.forget(at=NOON) == 2

    assert [row["href"] for row in await fetch("select href from notification order by at")] == ["/364", "/92"]


async def test_a_worker_sweeps_until_it_is_clean_and_then_rests_for_a_while():
    broom = sweeping.Broom()
    await tries(61 * DAY, 62 * DAY, timedelta())

    assert [await broom.sweep(NOON), await broom.sweep(NOON)] == [2, 0]
    await tries(63 * DAY)

    assert await broom.sweep(NOON + MINUTE) == 0
    assert await broom.sweep(NOON + 11 * MINUTE) == 1
    assert sweeping.JOB in jobs.JOBS
