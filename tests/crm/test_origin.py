"""Where a request comes from, for counting: one household is one address."""

from types import SimpleNamespace
from typing import Any

import pytest

from crm import origin
from crm.settings import settings


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("a-socket", "a-socket"),
    ],
)
def test_of_a_household_with_many_addresses_one_is_counted(host, counted):
    request: Any = SimpleNamespace(headers={}, client=SimpleNamespace(host=host))

    assert origin.address(request) == counted


@pytest.mark.parametrize(
    ("host", "whole"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2:aaaa::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("a-socket", "None"),
    ],
)
def test_the_whole_address_is_compared_with_networks(host, whole):
    request: Any = SimpleNamespace(headers={}, client=SimpleNamespace(host=host))

    assert str(origin.caller(request)) == whole


def test_all_callers_of_a_server_that_listens_for_both_kinds_are_not_one_household():
    hosts = ("::ffff:203.0.113.9", "::ffff:198.51.100.7")
    requests: list[Any] = [SimpleNamespace(headers={}, client=SimpleNamespace(host=host)) for host in hosts]

    assert [origin.address(request) for request in requests] == ["203.0.113.9", "198.51.100.7"]


@pytest.mark.parametrize(
    ("trusted", "found"), [("1", "203.0.113.9"), ("0", "127.0.0.1")], ids=["behind our proxy", "without one"]
)
def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(monkeypatch, trusted, found):
    forged = {"x-forwarded-for": "10.0.0.1, 203.0.113.9"}
    request: Any = SimpleNamespace(headers=forged, client=SimpleNamespace(host="127.0.0.1"))
    monkeypatch.setenv("MARQUEE_TRUST_PROXY", trusted)
    settings.cache_clear()
    try:
        assert str(origin.caller(request)) == found
    finally:
        monkeypatch.undo()
        settings.cache_clear()
