"""What an SMS is paid as: the vectors that gateways count by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.invitations.segments import BASIC, EXTENDED, count


@pytest.mark.parametrize(
    ("text", "alphabet", "places", "segments"),
    [
        ("", "gsm7", 0, 0),
        ("a" * 160, "gsm7", 160, 1),
        ("a" * 161, "gsm7", 161, 2),
        ("a" * 306, "gsm7", 306, 2),
        ("a" * 307, "gsm7", 307, 3),
        ("€" * 80, "gsm7", 160, 1),
        ("€" * 81, "gsm7", 162, 2),
        ("[", "gsm7", 2, 1),
        ("a" * 152 + "€" + "a" * 152, "gsm7", 306, 3),  # the euro sign would lie across two segments
        ("你" * 70, "ucs2", 70, 1),
        ("你" * 71, "ucs2", 71, 2),
        ("你" * 134, "ucs2", 134, 2),
        ("你" * 135, "ucs2", 135, 3),
        ("a" * 69 + "你", "ucs2", 70, 1),
        ("😀" * 35, "ucs2", 70, 1),
        ("😀" * 36, "ucs2", 72, 2),
        ("你" * 66 + "😀" + "你" * 66, "ucs2", 134, 3),  # nor is a surrogate pair cut
    ],
)
def test_a_text_takes_what_the_gateways_count(text, alphabet, places, segments):
    counted = count(text)

    assert (counted.alphabet, counted.places, counted.segments) == (alphabet, places, segments)


@given(st.text(alphabet=[*sorted(BASIC | EXTENDED), "你", "😀"], max_size=800), st.sampled_from(["a", "€", "你"]))
def test_a_longer_text_never_costs_less(text, more):
    assert count(text + more).segments >= count(text).segments
