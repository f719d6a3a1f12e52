"""Events from the command line: planned, given slots, opened and closed, for people and for programs."""

import json

from tests.whole.running import asked, commands


def test_an_event_planned_from_the_terminal_is_open_at_once_and_can_be_closed_and_opened(fresh_database):
    told = commands(
        fresh_database.environment,
        ["events", "add", "--code", "tent", "--name", "联合展", "--starts", "2037-05-01T10:00", "--ends", "2037-05-01T18:00",
         "--capacity", "40", "--city", "成都市武侯区", "--json"],
        ["events", "add-slot", "tent", "--starts", "2037-05-01T11:00", "--minutes", "40", "--places", "3", "--kind", "test_drive",
         "--model", "m9", "--json"],
        ["events", "close", "tent"],
        ["events", "open", "tent", "--json"],
        ["events", "list", "--json"],
    )  # fmt: skip

    added, slot, opened, listed = map(json.loads, (*told[:2], *told[3:]))
    assert (added["code"], added["starts_at"], added["page"]) == ("tent", "2037-05-01T02:00:00Z", "/e/tent")
    assert (slot["model"], slot["places"], slot["starts_at"]) == ("M9", 3, "2037-05-01T03:00:00Z")
    assert (added["open"], told[2], opened["open"], listed[0]["code"]) == (True, "tent is closed", True, "tent")
    assert asked(fresh_database.url, "select region from event where code = 'tent'")[0][0] == "510107"


def test_the_clocks_of_an_event_are_those_of_its_campaign(fresh_database):
    one = ["events", "add", "--name", "Tent", "--campaign", "abroad", "--json"]
    commands(fresh_database.environment, [*one, "--code", "first", "--starts", "2037-05-01"])
    asked(fresh_database.url, "update campaign set time_zone = 'Europe/Berlin' returning id")

    [told] = commands(
        fresh_database.environment,
        [*one, "--code", "second", "--starts", "2037-05-01T10:00", "--ends", "2037-05-01T23:30"],
    )

    added = json.loads(told)
    assert (added["starts_at"], added["ends_at"]) == ("2037-05-01T08:00:00Z", "2037-05-01T21:30:00Z")
    assert added["ends_on"] == "2037-05-01"
