"""The digits are those that every authenticator shows."""

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest

from crm.staff import totp

# RFC 6238, appendix B, its last six digits.
SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.mark.parametrize(("seconds", "digits"), VECTORS)
def test_digits_are_those_of_the_standard(seconds, digits):
    at = datetime.fromtimestamp(seconds, UTC)

    assert totp.code(SECRET, totp.step_at(at)) == digits
    assert totp.step_of(SECRET, digits, at=at) == seconds // 30


def test_a_telephone_may_run_half_a_minute_early_or_late():
    at = datetime.fromtimestamp(1234567890, UTC)

    taken = [totp.step_of(SECRET, "005924", at=at + timedelta(seconds=30 * late)) for late in (-2, -1, 0, 1, 2)]

    assert [step is not None for step in taken] == [False, True, True, True, False]


def test_the_picture_carries_no_style_and_no_script():
    drawn = totp.picture(totp.new_secret(), login="zhou@marquee.test")

    assert drawn.startswith("<svg")
    assert not re.search(r"style|script|\son\w+=", drawn)
