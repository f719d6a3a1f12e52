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
