"""Why a lead of a bulk job was left as it is: kept as the sentence with its facts, said in the reader's language."""

import msgspec

from crm.errors import Invalid, Refused
from crm.languages import later, say

LONGEST = 400
OURS = later("This failed on our side and has been written down; nothing was changed.")


def of(no: Refused) -> str:
    """A refusal as a row keeps it."""
    if isinstance(no, Invalid) and no.errors:
        return kept(no.errors[0]["message"])
    return kept(no.sentence, **no.facts)


def kept(sentence: str, **facts: object) -> str:
    """A sentence as a row keeps it."""
    text = msgspec.json.encode([sentence, {name: str(value) for name, value in facts.items()}]).decode()
    return text if len(text) <= LONGEST else msgspec.json.encode([sentence[:300], {}]).decode()


def words(stored: str | None) -> str:
    """What a row keeps, for people."""
    if not stored:
        return ""
    sentence, facts = msgspec.json.decode(stored, type=tuple[str, dict[str, str]])
    return say(sentence).format(**facts) if facts else say(sentence)
