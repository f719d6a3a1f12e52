"""Addresses: nobody is sent elsewhere, and what was typed is readable by us alone."""

import pytest

from crm import addresses

ELSEWHERE = [
    "https://elsewhere.test/leads",
    "//elsewhere.test/leads",
    "/\\elsewhere.test",
    "\\/elsewhere.test",
    "/\t/elsewhere.test",
    "/\n/elsewhere.test",
    "/ /elsewhere.test",
    "javascript:alert(1)",
    "leads",
    "//[",
    "/线索",
    "",
]


@pytest.mark.parametrize("way", ["/", "/leads?q=~abc&sort=newest", "/stores/S1/load#late", "/leads/%E7%BA%BF"])
def test_a_way_of_ours_is_known(way):
    assert addresses.is_ours(way)
    assert addresses.way_of(f"https://marquee.test{way}", host="marquee.test") == way.partition("#")[0]


@pytest.mark.parametrize("way", ELSEWHERE)
def test_nobody_is_sent_elsewhere(way):
    assert not addresses.is_ours(way)
    assert addresses.way_of(way, host="marquee.test") is None


def test_what_was_typed_is_sealed_for_one_list_alone():
    sealed = addresses.sealed("王建国", place="list|q|leads")

    assert sealed.isascii()
    assert addresses.opened(sealed, place="list|q|leads") == "王建国"
    assert addresses.opened(sealed, place="list|q|people") is None


@pytest.mark.parametrize("text", ["~", "~abc", "~~~~", "~王", "~" + "A" * 300])
def test_a_seal_that_is_none_of_ours_opens_to_nothing(text):
    assert addresses.opened(text, place="list|q|leads") is None


def test_a_plain_text_is_itself():
    assert addresses.opened("王建国", place="list|q|leads") == "王建国"
