"""The command line as people and programs use it: answers on stdout, the rest on stderr, a refusal ends with its sentence."""

import asyncio
import csv
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import click
import pytest
import structlog
from click.testing import CliRunner

import app
from crm import access, database
from crm.database import transaction
from tests.cast import (
    CHENGDU,
    LI,
    MINUTE,
    NOON,
    a_lead,
    fetch,
    offers_of,
    open_chengdu,
    person_of,
    registration,
    send,
    stands,
    value,
    work,
)

ROOT = Path(__file__).parent.parent
SHEET = "登记编号,活动,登记时间,姓名,手机,意向车型,意向,同意联盟营销,同意共享给品牌,同意经销商联系,备注\n{}"
ROW = "R1,成都车展2025 联盟展台,2025-09-01 10:04,王建国,13788997665,M9,试驾,是,否,是,\n"


class Ended(NamedTuple):
    """A command that ran."""

    code: int
    out: str
    err: str

    @property
    def answer(self):
        return json.loads(self.out.splitlines()[-1])


async def marquee(*arguments):
    """Run a command in a thread, with a loop and a pool of its own, as if it were the only one here."""
    ours, database.DB.pool = database.DB.pool, None
    try:
        ended = await asyncio.to_thread(CliRunner().invoke, app.main, list(map(str, arguments)))
    finally:
        database.DB.pool = ours
        structlog.reset_defaults()
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return Ended(ended.exit_code, ended.stdout, ended.stderr)


async def from_a_shell(*arguments):
    """Run the program itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", *arguments, cwd=ROOT, env=dict(os.environ),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def well(*arguments):
    ended = await marquee(*arguments)
    assert ended.code == 0, ended.err
    return ended


def commands(command=app.main, path=()):
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from commands(below, (*path, name))


@pytest.fixture
async def chengdu(tmp_path):
    await open_chengdu(tmp_path)


@pytest.mark.parametrize(("path", "command"), commands(), ids=lambda it: " ".join(it) if isinstance(it, tuple) else "")
def test_every_command_says_what_it_is_for(path, command):
    told = CliRunner().invoke(app.main, [*path, "--help"])

    assert told.exit_code == 0
    assert command.help
    assert command.help.splitlines()[0] in " ".join(told.output.split())
    assert all(
        option.help
        for option in command.params
        if isinstance(option, click.Option) and option.name in ("backfill", "errors")
    )


def test_the_commands_of_the_plan_are_there():
    known = {" ".join(path) for path, _ in commands()}

    assert known >= {
        "serve", "worker", "migrate", "seed", "doctor", "database url", "database stop", "network import", "import",
        "keys create", "keys list", "keys change",
        "keys revoke", "leads show", "route explain", "route replay", "people merge", "people unmerge", "people show",
        "people members", "consent give", "consent withdraw", "export performance",
    }  # fmt: skip


async def test_seeding_twice_says_the_same_and_leaves_the_same():
    first = await well("seed")
    counts = [await value(f"select count(*) from {table}") for table in ("region", "campaign", "event", "partner")]

    again = await well("seed")

    assert first == again == Ended(0, "", "the reference data is there\n")
    assert [
        await value(f"select count(*) from {table}") for table in ("region", "campaign", "event", "partner")
    ] == counts
    assert await value("select count(*) from store") == 0


async def test_the_schema_can_be_brought_up_to_date_at_any_time():
    ended = await well("migrate")

    assert (ended.out, ended.err) == ("", "the schema is up to date\n")


async def test_the_doctor_says_what_it_looked_at_and_fails_when_something_is_bad():
    # The tests' own server is careless on purpose: an acknowledged lead could be lost.
    ended = await marquee("doctor", "--json")

    found = {finding["what"]: finding["verdict"] for finding in ended.answer}
    assert (ended.code, found["server"]) == (1, "bad")
    assert {found[what] for what in ("keys", "database", "clock", "queue", "set aside", "limits", "key ends")} == {
        "good"
    }


async def test_the_doctor_finds_what_waits_too_long_and_what_was_given_up(chengdu):
    await send(registration(), registration(person=LI))
    await fetch("update interest set attempts = 10, due_at = null where id = (select id from interest limit 1)")

    ended = await marquee("doctor")

    assert "is a worker running?" in ended.out
    assert "1 interests failed too often" in ended.out
    retried = await well("leads", "retry", "--json")
    assert retried.answer == {"retried": 1}
    assert await value("select count(*) from interest where due_at is null") == 0


async def test_a_key_is_shown_once_and_lets_in(chengdu):
    person = await from_a_shell("keys", "create", "--source", "app")
    program = await from_a_shell("keys", "create", "--dealer", "D1", "--json")

    assert "not stored" in person.err
    async with transaction():
        assert (await access.authenticate(person.out.strip(), at=NOON)).principal.code == "app"
        assert (await access.authenticate(program.answer["key"], at=NOON)).principal.code == "D1"
    assert program.answer.keys() == {"key"}


async def test_keys_are_listed_changed_and_revoked_by_their_number(chengdu):
    terms = ("--until", "2037-05-01T10:00", "--from", "203.0.113.0/24", "--from", "2001:db8::/32", "--limit", "600/10")
    await well("keys", "create", "--source", "app", "--scope", "leads", *terms)
    await well("keys", "create", "--dealer", "D1")

    dealers, [app_key] = [(await well("keys", "list", *of, "--json")).answer for of in ((), ("--source", "app"))]
    assert [key["code"] for key in dealers] == ["D1", "app"]
    assert (app_key["scopes"], app_key["limit"], app_key["expires_at"]) == (["leads"], "600/10", "2037-05-01T02:00:00Z")
    assert app_key["allowed_from"] == ["203.0.113.0/24", "2001:db8::/32"]

    changed = await well("keys", "change", app_key["id"], "--no-end", "--from-anywhere", "--limit", "usual", "--json")
    assert (changed.answer["expires_at"], changed.answer["allowed_from"]) == (None, [])
    assert changed.answer["limit"] == "30000/10"
    assert (await well("keys", "change", app_key["id"], "--limit", "5/60", "--json")).answer["limit"] == "5/60"

    assert "opens nothing any more" in (await well("keys", "revoke", app_key["id"])).out
    assert "app" not in (await well("keys", "list")).out
    assert "revoked" in (await well("keys", "list", "--all")).out
    assert await value("select count(*) from history_entry where action = 'key_changed'") == 2


async def test_a_third_key_is_refused_at_the_terminal_too(chengdu):
    for _ in range(2):
        await well("keys", "create", "--source", "app")

    ended = await marquee("keys", "create", "--source", "app")

    assert (ended.code, "app has two keys that open already" in ended.err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("keys", "create", "--source", "app", "--limit", "many"), "Write requests and seconds, like 600/10."),
        (("keys", "create", "--source", "app", "--scope", "inbox"), "No source has inbox; known are consents, events"),
        (("keys", "create", "--source", "app", "--until", "soon"), "Write a time like 2027-04-01T18:00."),
        (("keys", "create", "--source", "app", "--until", "2020-01-01"), "This is over already"),
        (("keys", "create", "--source", "app", "--from", "10.1.2.3/8"), "Write networks like 203.0.113.0/24"),
        (("keys", "change", "7", "--until", "2037-01-01", "--no-end"), "These options contradict each other."),
        (("keys", "list", "--source", "app", "--dealer", "D1"), "Say either --source CODE or --dealer CODE."),
        (("keys", "revoke", "999999"), "There is nothing here for you."),
        (("keys", "create"), "Say either --source CODE or --dealer CODE."),
        (("keys", "create", "--dealer", "D404"), "There is no dealer D404."),
        (("keys", "create", "--source", "no code"), "A code is 1 to 40 letters"),
        (("leads", "show", uuid4()), "There is no lead"),
        (("route", "explain", uuid4()), "There is nothing here for you."),
        (("people", "show", uuid4()), "There is no person"),
        (("people", "merge", uuid4(), uuid4(), "--reason", "one card"), "There is no person"),
        (("people", "unmerge", uuid4()), "There is no merge"),
        (("consent", "give", uuid4()), "There is no person"),
        (("export", "performance", "beijing-1949"), "There is no campaign beijing-1949."),
    ],
    ids=lambda it: " ".join(it[:2]) if isinstance(it, tuple) else "",
)
async def test_a_refusal_ends_a_command_with_its_sentence(arguments, sentence):
    ended = await marquee(*arguments)

    assert (ended.code, ended.out) == (1, "")
    assert sentence in ended.err


async def test_a_network_comes_in_from_a_file_and_says_what_is_wrong_with_it(tmp_path):
    bad = "S4,成都四号店,D2,user_centre,tesla,510107,104.0660,30.5720,50,1,10:00,22:00,sales\n"
    (tmp_path / "stores.csv").write_text(CHENGDU + bad, encoding="utf-8")

    ended = await well("network", "import", tmp_path / "stores.csv", "--json")

    assert (ended.answer["rows"], ended.answer["created"], ended.answer["error"]) == (4, 3, 1)
    assert "row 4" in ended.err or "row 5" in ended.err


async def test_a_sheet_comes_in_and_a_second_time_creates_nothing(tmp_path):
    (tmp_path / "desk.csv").write_text(SHEET.format(ROW), encoding="utf-8")

    first = await well("import", tmp_path / "desk.csv", "--json", "--source", "hall-7", "--backfill")
    second = await well("import", tmp_path / "desk.csv", "--source", "hall-7")

    assert first.answer == {"rows": 1, "created": 1, "repeat": 0, "error": 0}
    assert "1 rows: 0 created, 1 repeat, 0 error" in second.out
    assert await value("select code from source") == "hall-7"
    assert await value("select stage from interest") == "recorded"


async def test_a_lead_is_shown_with_its_offers_and_without_its_person(chengdu):
    lead = await a_lead(person=LI | {"email": "lina.meng@qq.com"})
    [(store, _)] = await offers_of(lead)

    text, program = await well("leads", "show", lead), await well("leads", "show", lead, "--json")

    assert f"{store} 成都" in text.out
    assert "139****5671, l***@qq.com" in text.out
    assert (program.answer["id"], program.answer["stage"], program.answer["interests"][0]["offers"][0]["store"]) == (
        str(lead), "offered", store,
    )  # fmt: skip
    for secret in (LI["name"], LI["phone"], "lina"):
        assert secret not in text.out + program.out


async def test_a_choice_is_explained_and_replayed(chengdu):
    lead = await a_lead()
    [(store, _)] = await offers_of(lead)

    text, program = await well("route", "explain", lead), await well("route", "explain", lead, "--json")
    replayed = await well("route", "replay", "--json")

    assert f"{store} was chosen" in text.out
    assert [line["code"] for line in program.answer[0]["lines"] if line["part"] == "won"] == [store]
    assert replayed.answer == {"replayed": 1, "same": 1, "differing": []}


async def test_a_receipt_that_does_not_replay_fails_the_command(chengdu):
    await a_lead()
    await fetch("alter table receipt disable trigger user")
    await fetch("update receipt set winner = (select id from store where code = 'S3')")
    await fetch("alter table receipt enable trigger user")

    ended = await marquee("route", "replay", "--sample", 5)

    assert (ended.code, "Some receipts do not replay." in ended.err) == (1, True)
    assert "1 receipts replayed, 0 with the same winner" in ended.out


async def test_people_are_shown_merged_and_taken_apart(chengdu):
    persons = [await person_of(await a_lead()), await person_of(await a_lead(person=LI))]

    merged = (await well("people", "merge", *persons, "--reason", "one card", "--json")).answer["merge"]
    shown = await well("people", "show", persons[1])
    undone = await well("people", "unmerge", merged)

    assert str(min(persons)) in shown.out
    assert "137****7665" in shown.out
    assert "one card" in shown.out
    assert "王建国" not in shown.out
    assert undone.out == "unmerged\n"
    assert await value("select count(*) from person where merged_into is not null") == 0


async def test_the_members_of_persons_are_a_table_without_personal_data(chengdu):
    lead = await a_lead()
    await a_lead(person=LI)

    rows = list(csv.DictReader((await well("people", "members")).out.splitlines()))

    assert len(rows) == len({row["person_id"] for row in rows}) == 2
    assert rows[0].keys() == {"source", "external_id", "person_id"}
    assert str(await person_of(lead)) in {row["person_id"] for row in rows}


async def test_a_person_is_shown_for_programs_as_one_line(chengdu):
    person = await person_of(await a_lead())

    shown = (await well("people", "show", person, "--json")).answer

    assert shown["record"]["person"] == str(person)
    assert shown["record"]["names"] == [{"value": "王**", "times": 1}]
    assert len(shown["reasons"]) == 1


async def test_consent_is_given_and_withdrawn_at_the_desk(chengdu):
    lead = await a_lead(consents=[])
    person = await person_of(lead)

    given = await well("consent", "give", person, "--brand", "aito")
    await work(NOON + MINUTE)
    assert (given.err, await stands(lead)) == ("share_with_dealer given\n", [("offered", None)])
    await well("consent", "withdraw", person)
    await work(NOON + timedelta(minutes=2))

    assert await stands(lead) == [("identified", "no_consent")]
    assert await value("select count(*) from consent where state = 'withdrawn'") == 5


async def test_a_refusal_reaches_the_shell_without_a_trace():
    ended = await from_a_shell("keys", "create", "--dealer", "D404")

    assert ended == Ended(1, "", "Error: There is no dealer D404.\n")


async def test_consent_for_a_brand_that_nobody_knows_is_refused(chengdu):
    person = await person_of(await a_lead())

    ended = await marquee("consent", "give", person, "--brand", "tesla")

    assert (ended.code, "There is no brand tesla; known are aito, luxeed" in ended.err) == (1, True)


async def test_figures_are_taken_away_as_text_or_as_a_workbook(chengdu, tmp_path):
    await well("seed")
    await a_lead()

    text = await well("export", "performance", "chengdu-2025")
    workbook = ("--format", "xlsx", "--output", tmp_path / "c.xlsx", "--json")
    program = await well("export", "performance", "chengdu-2025", *workbook)

    assert [row["leads"] for row in csv.DictReader(text.out.splitlines())] == ["1", "0", "0", "0", "0", "1"]
    assert (program.answer["total"]["leads"], program.answer["campaign"]) == (1, "chengdu-2025")
    assert (tmp_path / "c.xlsx").read_bytes()[:2] == b"PK"


async def test_where_the_database_is_can_be_asked_and_an_outside_one_is_left_alone():
    told, stopped = await well("database", "url"), await well("database", "stop")

    assert told.out.strip() == os.environ["DATABASE_URL"]
    assert stopped.out == "nothing to stop\n"
    assert await value("select 1") == 1
