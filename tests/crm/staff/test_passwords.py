"""Passwords are hard to guess and never kept."""

import pytest
from argon2 import PasswordHasher

from crm.errors import Invalid
from crm.staff import passwords


async def test_a_password_is_kept_as_argon2id_and_fits_again():
    kept = await passwords.make("a quiet tent at noon")

    assert kept.startswith("$argon2id$")
    assert await passwords.fits(kept, "a quiet tent at noon")
    assert not await passwords.fits(kept, "a quiet tent at night")


async def test_nothing_fits_where_no_password_is_kept():
    assert not await passwords.fits(None, "")
    assert not await passwords.fits("not a hash", "not a hash")


async def test_full_width_letters_are_the_same_password():
    kept = await passwords.make("ｍarquee２０２５!")

    assert await passwords.fits(kept, "marquee2025!")


def test_weaker_parameters_of_another_day_are_noticed():
    weaker = PasswordHasher(time_cost=1, memory_cost=8192).hash("a quiet tent at noon")

    assert passwords.is_outdated(weaker)


@pytest.mark.parametrize("weak", ["short", "aaaaaaaaaaaa", "ababababababab", "zhou.lan-zhou.lan", "x" * 201])
def test_what_a_list_would_find_is_refused(weak):
    with pytest.raises(Invalid):
        passwords.refuse_weak(weak, login="zhou.lan@marquee.test")


def test_an_invented_password_is_long_and_strong_enough():
    passwords.refuse_weak(passwords.invent(), login="zhou.lan@marquee.test")
