"""What a text typed above a list may mean: a name, its sound, a phone or its end, an e-mail, a number at the source, a lead's id or number.

Promises that only digests and opaque numbers are looked up, so that nobody can walk through names, that no more than the newest `MOST`
leads are taken up, and that an address carries what was typed sealed. What is found still stands under the reader's scope.
"""

import re
from uuid import UUID

from crm import addresses
from crm.people import finding
from crm.roles import Condition

LONGEST = 120
MOST = 5000
SHORT = re.compile(r"[lL]-([0-9a-fA-F]{6})")  # a lead's number as its page shows it: the end of its id
PLACE = "list|q|leads"


def sealed(text: str) -> str:
    """The text for an address: nobody reads a name or a number in a history, a log or over a shoulder."""
    return addresses.sealed(_tidy(text)[: LONGEST + 1], place=PLACE)


def opened(text: str) -> str | None:
    """What was typed, of an address; a plain text is itself, a seal that is none of ours None."""
    typed = addresses.opened(text, place=PLACE)
    return None if typed is None else _tidy(typed)


def meaning(text: str) -> Condition | None:
    """An expression for the ids of leads, as an array; None for a text that can mean nothing."""
    if not text or len(text) > LONGEST or not text.isprintable():
        return None
    parts = [Condition(_BY_NUMBER, (text,))]
    if digests := finding.digests_for(text):
        parts.append(Condition(_BY_DIGEST % {"most": MOST}, (digests,)))
    if (lead := _id(text)) is not None:
        parts.append(Condition("select {}::uuid", (lead,)))
    if number := SHORT.fullmatch(text):
        parts.append(Condition(_BY_SHORT, (number[1].lower(),)))
    union = " union all ".join(f"({part.text})" for part in parts)
    return Condition(f"array({union})", tuple(value for part in parts for value in part.values))


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


_BY_DIGEST = """
select told.id from search_key join lead as told on told.observation = search_key.observation
where search_key.match_key = any({}::bytea[]) order by search_key.captured_at desc limit %(most)s
"""

# Not unique: of a million leads one in seventeen shares its number with another.
_BY_SHORT = "select short.id from lead as short where right(short.id::text, 6) = {}"

# The names of sources are unique within a source: asked for each of them, the index answers.
_BY_NUMBER = """
select submission.lead from submission
where submission.source = any(array(select source.id from source)) and submission.external_id = {}
"""
