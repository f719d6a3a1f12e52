"""What the environment may say about gateways: whole or not at all, and no password in what is told of it."""

import pytest

from crm.errors import NotReady
from crm.settings import read


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"MARQUEE_SMTP_URL": "http://user:hunter2@mail"}, "MARQUEE_SMTP_URL must be an address like smtp://host."),
        (
            {"MARQUEE_SMTP_URL": "smtp://user:hunter2@mail"},
            "With MARQUEE_SMTP_URL set, MARQUEE_SMTP_FROM is needed too.",
        ),
        ({"MARQUEE_SMS_URL": "https://gateway"}, "With MARQUEE_SMS_URL set, MARQUEE_SMS_SECRET is needed too."),
        ({"MARQUEE_PUBLIC_URL": "marquee.example"}, "MARQUEE_PUBLIC_URL must be an address like https://host."),
    ],
)
def test_half_a_gateway_is_refused_by_the_name_of_what_is_wrong(said, why):
    with pytest.raises(NotReady) as refused:
        read(said)

    assert str(refused.value) == why


def test_settings_print_no_password():
    told = {
        "MARQUEE_SMTP_URL": "smtps://user:hunter2@mail",
        "MARQUEE_SMTP_FROM": "a@b.example",
        "MARQUEE_SMS_URL": "https://g",
        "MARQUEE_SMS_SECRET": "s3cret",
    }

    assert not any(word in repr(read(told)) for word in ("hunter2", "s3cret"))


def test_without_an_address_of_its_own_the_house_is_on_this_machine():
    assert read({}).public_url == "http://127.0.0.1:8000"
    assert read({"MARQUEE_PUBLIC_URL": "https://invite.example/"}).public_url == "https://invite.example"


@pytest.mark.parametrize("said", ["0", "false", "Off"])
def test_limits_are_off_only_by_the_word_itself(said):
    assert read({}).rate_limits
    assert not read({"MARQUEE_RATE_LIMITS": "off"}).rate_limits
    with pytest.raises(NotReady, match="MARQUEE_RATE_LIMITS must be on or off"):
        read({"MARQUEE_RATE_LIMITS": said})
