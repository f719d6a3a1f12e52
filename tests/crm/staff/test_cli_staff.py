"""The first administrator comes in by the command line; so does help when nobody can sign in."""

from click.testing import CliRunner

from crm.staff import passwords
from tests.cast import fetch, signed_in, value
from tests.test_cli import marquee, well

ADMIN = ("staff", "add", "--login", "gu@marquee.test", "--name", "顾明远")


async def fits(password, *, login="gu@marquee.test"):
    return await passwords.fits(await value("select password_hash from staff where login = $1", login), password)


async def test_the_first_administrator_gets_a_password_that_fits():
    made = (await well(*ADMIN, "--json")).answer

    assert made["role"] == await value("select role from staff") == "alliance_admin"
    assert await fits(made["password"])


async def test_a_password_typed_at_the_terminal_is_not_shown(monkeypatch):
    typed = "a quiet tent at noon"
    invoke = CliRunner.invoke

    def by_hand(self, cli, line):
        return invoke(self, cli, line, input=f"{typed}\n{typed}\n")

    monkeypatch.setattr(CliRunner, "invoke", by_hand)

    ended = await well(*ADMIN)

    assert typed not in ended.out + ended.err
    assert await fits(typed)


async def test_limits_are_asked_for_in_a_sentence():
    ended = await marquee(*ADMIN, "--role", "regional_manager", "--brand", "aito", "--json")

    assert ended.code == 1
    assert "region: This role needs a region." in ended.err
    assert await value("select count(*) from staff") == 0


async def test_somebody_who_leaves_is_disabled_and_listed_as_such():
    client = await signed_in("auditor")
    login = await value("select login from staff")

    await well("staff", "disable", login)

    [listed] = (await well("staff", "list", "--json")).answer
    assert listed["disabled_at"]
    assert (await client.get("/account")).status_code == 303


async def test_a_new_password_signs_out_and_fits():
    client = await signed_in("auditor")
    login = await value("select login from staff")

    made = (await well("staff", "password", login, "--json")).answer

    assert await fits(made["password"], login=login)
    assert (await client.get("/account")).status_code == 303
    assert [row[0] for row in await fetch("select actor from history_entry")] == ["staff:cli"]


async def test_a_login_nobody_has_is_said_so():
    assert "Nobody has this login." in (await marquee("staff", "disable", "nobody@marquee.test")).err
