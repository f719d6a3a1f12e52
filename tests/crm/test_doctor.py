"""The doctor names what would hurt later: clocks apart, acknowledgements that may be lost, keys beside the data."""

from datetime import UTC, datetime, timedelta

from crm import doctor
from crm.database import current, transaction
from crm.settings import settings


async def findings(*, at=None, before=None):
    async with transaction():
        if before:
            await current().execute(before)
        return {one.what: one for one in await doctor.examine(at=at or datetime.now(UTC))}


async def test_everything_that_was_looked_at_is_named():
    assert (await findings()).keys() == {
        "keys", "database", "server", "clock", "disk", "limits", "key ends",
    }  # fmt: skip


async def test_a_server_that_keeps_what_it_acknowledged_is_good():
    found = (await findings(before="set local synchronous_commit = on"))["server"]

    assert found.verdict == "good"
    assert found.says.endswith("synchronous_commit on.")


async def test_a_server_that_may_lose_what_it_acknowledged_is_bad():
    found = (await findings(before="set local synchronous_commit = off"))["server"]

    assert (found.verdict, "acknowledged lead could be lost" in found.says) == ("bad", True)


async def test_clocks_that_are_apart_are_bad():
    found = (await findings(at=datetime.now(UTC) - timedelta(hours=1)))["clock"]

    assert (found.verdict, "3600 s apart" in found.says) == ("bad", True)


async def test_limits_that_are_off_are_a_warning(monkeypatch):
    monkeypatch.setenv("MARQUEE_RATE_LIMITS", "off")
    settings.cache_clear()
    try:
        found = (await findings())["limits"]
    finally:
        monkeypatch.undo()
        settings.cache_clear()

    assert (found.verdict, "Set it to on" in found.says) == ("warning", True)
