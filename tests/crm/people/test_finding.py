"""Staff find people by what they know of them."""

import pytest

from crm.identity.observations import Particulars
from crm.people import finding

WANG = Particulars(name="王建国", phone="+8613788997665", email="wang.jg@example.cn")
KEYS = finding.keys_of(WANG)


@pytest.mark.parametrize(
    "typed",
    [
        "王建国",
        "wang jianguo",
        "Jianguo Wang",
        "WANGJIANGUO",
        "137 8899 7665",
        "+86 13788997665",
        "7665",
        "wang.jg@example.cn",
        "WANG.JG@EXAMPLE.CN",
        "王 建国",
    ],
)
def test_a_person_is_found_by(typed):
    assert KEYS & set(finding.digests_for(typed))


@pytest.mark.parametrize("typed", ["", "王建", "李娜", "1378899", "8899", "example.cn", "137*", "@", "%", "\x00"])
def test_a_person_is_not_found_by(typed):
    assert not KEYS & set(finding.digests_for(typed))


def test_a_masked_number_is_found_by_its_last_digits_and_as_it_stands():
    masked = finding.keys_of(Particulars(name="李女士", phone_masked="139****5671"))

    assert masked & set(finding.digests_for("5671"))
    assert masked & set(finding.digests_for("139****5671"))
