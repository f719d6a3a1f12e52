"""Signing in: who knows the password and holds the telephone comes in, everybody else learns nothing."""

from datetime import timedelta

import pytest

from crm import staff
from crm.database import current, transaction
from crm.staff import Duty, entrance, passwords, second_factor, sessions, throttle, totp
from crm.staff.throttle import TooManyTries, Try
from tests.cast import MINUTE, NOON, fetch, value

PASSWORD = "a quiet tent at noon"
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


async def zhou(*, password=PASSWORD):
    kept = await passwords.make(password)
    async with transaction():
        return await staff.add(
            "zhou@marquee.test",
            name="周岚",
            duty=Duty("alliance_marketer"),
            password_hash=kept,
            actor="tester",
            at=NOON,
        )


async def try_in(password=PASSWORD, *, login="zhou@marquee.test", address=HOME, at=NOON, former=None):
    """The cookie, or None for a try that failed."""
    async with transaction():
        knocked = await entrance.knock(login, address=address, at=at)
    fits = await passwords.fits(knocked.password_hash, password)
    async with transaction():
        if fits:
            return await entrance.let_in(knocked, former=former, browser="Firefox", renewed_hash=None, at=at)
        await entrance.turn_away(knocked, at=at)
        return None


async def whose(token, *, step="full", at=NOON):
    async with transaction():
        found = await sessions.find(token, at=at, step=step)
    return found and found.login


@pytest.fixture
def quick(monkeypatch):
    """Guessing often, without the price of it."""

    async def fits(kept, password):
        return kept is not None and password == PASSWORD

    monkeypatch.setattr(passwords, "fits", fits)


async def with_telephone(number):
    async with transaction():
        draft = await second_factor.begin(number)
        codes = await second_factor.confirm(number, totp.code(draft.secret, totp.step_at(NOON)), at=NOON)
    return draft.secret, codes


async def second(token, digits, *, at=NOON + MINUTE, address=HOME):
    async with transaction():
        half = await sessions.find(token, at=at, step="password")
        assert half is not None
        return await entrance.second(half, digits, address=address, browser="Firefox", at=at)


async def test_the_right_password_opens_a_session_and_is_in_the_history():
    number = await zhou()

    token = await try_in(login=" Zhou@Marquee.test ")

    assert await whose(token) == "zhou@marquee.test"
    [entry] = await fetch("select actor, subject from history_entry where action = 'signed_in'")
    assert tuple(entry) == (f"staff:{number}", str(number))


async def test_a_wrong_password_opens_nothing():
    await zhou()

    assert await try_in("a quiet tent at night") is None
    assert await value("select count(*) from staff_session") == 0


async def test_an_unknown_login_costs_as_much_work_as_a_wrong_password(monkeypatch):
    compared = []

    class Watched:
        hash = passwords.HASHER.hash

        def verify(self, kept, typed, real=passwords.HASHER.verify):
            compared.append(kept)
            return real(kept, typed)

    monkeypatch.setattr(passwords, "HASHER", Watched())
    await zhou()

    assert await try_in("guess one of them", login="nobody@marquee.test") is None
    assert await try_in("guess one of them") is None

    assert [kept.split("$")[:4] for kept in compared] == [["", "argon2id", "v=19", "m=65536,t=3,p=4"]] * 2


async def test_a_colleague_without_a_password_and_a_disabled_one_do_not_come_in():
    number = await zhou()
    async with transaction():
        await current().execute("update staff set password_hash = null where id = $1", number)
    assert await try_in() is None

    async with transaction():
        await current().execute(
            "update staff set password_hash = $1, disabled_at = $2", await passwords.make(PASSWORD), NOON
        )
    assert await try_in() is None


async def test_a_session_known_before_signing_in_is_worthless_afterwards():
    number = await zhou()
    async with transaction():
        planted = await sessions.start(number, step="password", browser="Mallory", at=NOON)

    token = await try_in(former=planted)

    assert token != planted
    assert not await whose(planted)
    assert not await whose(planted, step="password")


async def test_a_password_that_changed_while_it_was_compared_opens_nothing():
    number = await zhou()
    async with transaction():
        knocked = await entrance.knock("zhou@marquee.test", address=HOME, at=NOON)
    async with transaction():
        await staff.set_password(number, await passwords.make("something else"), actor="tester", at=NOON)

    with pytest.raises(entrance.ChangedJustNow):
        async with transaction():
            await entrance.let_in(knocked, former=None, browser="", renewed_hash=None, at=NOON)


async def test_after_five_failures_an_address_waits_a_quarter_of_an_hour(quick):
    await zhou()
    for _ in range(throttle.LIMITS["both"]):
        assert await try_in("wrong") is None

    with pytest.raises(TooManyTries, match="wait 15 min"):
        await try_in()
    with pytest.raises(TooManyTries, match="wait 1 min"):
        await try_in(at=NOON + timedelta(minutes=14, seconds=30))
    assert await try_in(at=NOON + 15 * MINUTE)


async def test_a_burst_of_failures_is_noted_once_and_names_no_login(quick):
    number = await zhou()
    for login in ("zhou@marquee.test", "typo@marquee.test"):
        for _ in range(5):
            await try_in("wrong", login=login)

    noted = await fetch("select * from history_entry where action = 'sign_in_blocked' order by id")
    assert [entry["subject"] for entry in noted] == [str(number), "unknown"]
    assert "typo" not in str([dict(entry) for entry in noted])


async def test_a_success_never_counts_as_a_try(quick):
    await zhou()

    for _ in range(30):
        assert await try_in()


async def test_one_address_cannot_try_many_logins(quick):
    await zhou()
    for number in range(throttle.LIMITS["address"]):
        await try_in("wrong", login=f"guess{number}@marquee.test")

    with pytest.raises(TooManyTries):
        await try_in()
    assert await try_in(address=ELSEWHERE)


async def test_guessing_from_everywhere_closes_a_login_but_not_where_its_owner_sits(quick):
    await zhou()
    assert await try_in(address=HOME)
    for number in range(throttle.LIMITS["login"]):
        await try_in("wrong", address=f"192.0.2.{number}")

    with pytest.raises(TooManyTries):
        await try_in(address=ELSEWHERE)
    assert await try_in(address=HOME)


async def test_many_tries_at_once_count_like_many_in_a_row():
    await zhou()
    async with transaction():
        for _ in range(throttle.LIMITS["both"]):
            await entrance.knock("zhou@marquee.test", address=HOME, at=NOON)

        with pytest.raises(TooManyTries):
            await entrance.knock("zhou@marquee.test", address=HOME, at=NOON)


async def test_tries_name_neither_login_nor_address():
    await try_in("wrong")

    assert "marquee.test" not in str([dict(row) for row in await fetch("select * from sign_in_attempt")])


async def test_with_a_second_factor_the_password_alone_opens_nothing():
    secret, _ = await with_telephone(await zhou())

    half = await try_in()
    assert not await whose(half)
    full = await second(half, totp.code(secret, totp.step_at(NOON + MINUTE)))

    assert await whose(full) == "zhou@marquee.test"
    assert not await whose(half, step="password")


async def test_digits_that_were_used_are_worth_nothing():
    secret, _ = await with_telephone(await zhou())
    digits = totp.code(secret, totp.step_at(NOON + MINUTE))
    assert isinstance(await second(await try_in(), digits), str)

    assert isinstance(await second(await try_in(), digits), Try)
    assert isinstance(await second(await try_in(), totp.code(secret, totp.step_at(NOON))), Try)


async def test_a_recovery_code_opens_once_however_it_is_typed():
    number = await zhou()
    _, codes = await with_telephone(number)

    assert isinstance(await second(await try_in(), codes[0].upper().replace("-", " ")), str)
    assert isinstance(await second(await try_in(), codes[0]), Try)
    async with transaction():
        assert await second_factor.codes_left(number) == len(codes) - 1
    assert await value("select count(*) from history_entry where action = 'recovery_code_used'") == 1


async def test_recovery_codes_are_kept_only_as_digests():
    _, codes = await with_telephone(await zhou())

    kept = str([dict(row) for row in await fetch("select * from recovery_code")])
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


async def test_new_recovery_codes_take_the_place_of_the_old_ones():
    number = await zhou()
    _, old = await with_telephone(number)

    async with transaction():
        new = await second_factor.make_recovery_codes(number)

    assert isinstance(await second(await try_in(), old[1]), Try)
    assert isinstance(await second(await try_in(), new[1]), str)


async def test_digits_cannot_be_guessed_either(quick):
    secret, _ = await with_telephone(await zhou())
    half = await try_in()
    for _ in range(throttle.LIMITS["both"]):
        assert isinstance(await second(half, "000000"), Try)

    with pytest.raises(TooManyTries):
        await second(half, totp.code(secret, totp.step_at(NOON + MINUTE)))
    with pytest.raises(TooManyTries):
        await try_in(at=NOON + MINUTE)


async def test_a_half_open_session_lasts_ten_minutes():
    await with_telephone(await zhou())

    half = await try_in()

    assert await whose(half, step="password", at=NOON + 9 * MINUTE)
    assert not await whose(half, step="password", at=NOON + 10 * MINUTE)


async def test_a_second_factor_is_not_in_force_before_its_first_digits_came():
    number = await zhou()
    async with transaction():
        await second_factor.begin(number)
        with pytest.raises(second_factor.NotTheseDigits):
            await second_factor.confirm(number, "000000", at=NOON)

    assert await whose(await try_in())


async def test_the_secret_is_sealed_in_the_database():
    secret, _ = await with_telephone(await zhou())

    assert secret.encode() not in await value("select totp from staff")
