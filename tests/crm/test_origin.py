"""Where a request comes from, for counting: one household is one address."""

from types import SimpleNamespace
from typing import Any

import pytest

from crm import origin


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
