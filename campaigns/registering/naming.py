"""Under which name a form counts once: the form as it was shown, together with whom it is about.

Promises that the same form sent twice for the same contacts has one name, and that somebody else who fills in the form that was left open
gets a name of their own. Keeps no contact: a keyed digest alone.
"""

import contextlib
from collections.abc import Iterable

from crm import normalise, vault

DIGITS = 32


def once(form: str, *, contacts: Iterable[str]) -> str:
    """The external id of what was sent: `form` is the name of the form that was shown, `contacts` whom it is about."""
    digest = vault.match_key("form of contacts", "\n".join(contacts)).hex()[:DIGITS]
    return f"{form}:{digest}"


def contacts(*, phone: str | None, email: str | None) -> list[str]:
    """What was typed in canonical form, phone first; what cannot be read is left out."""
    found = []
    for read, typed in ((normalise.phone, phone), (normalise.email, email)):
        if typed:
            with contextlib.suppress(normalise.Unreadable):
                one = read(typed)
                found.append(str(getattr(one, "e164", None) or getattr(one, "canonical", None) or typed))
    return found
