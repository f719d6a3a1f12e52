"""What guests are told, in both languages (`data/guest_words.json`): the house's own words, for nobody approves what somebody waits for.

Placeholders: name, event, date, venue, until.
"""

import functools
from pathlib import Path

import msgspec

WORDS = Path(__file__).parent / "data" / "guest_words.json"
TEST_DRIVE = {"zh-Hans": "试驾", "en": "test drive"}


class Words(msgspec.Struct, frozen=True):
    """A mail's subject and text, and the SMS that says the same in short."""

    subject: str
    text: str
    sms: str


@functools.cache
def of(kind: str, language: str) -> Words:
    """The words of a kind of message."""
    return msgspec.json.decode(WORDS.read_bytes(), type=dict[str, dict[str, Words]])[language][kind]
