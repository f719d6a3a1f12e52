"""People as strangers may see them: enough to follow a story, too little to know whose it is.

Promises that no more than a surname, initials, or the ends of a phone number stay readable, however they were typed.
"""

from crm import normalise
from crm.identity.observations import Particulars
from crm.masks import masked_phone

NOTHING = "–"


def name(typed: str | None) -> str:
    """王**, W*** Q***, 王先生 as it is (a form of address tells the surname alone); a dash when there is none."""
    typed = typed or ""
    told = normalise.name(typed)
    if told.kind in ("none", "placeholder"):
        return NOTHING
    if told.kind == "latin" or told.text.isascii():
        return " ".join(f"{word[0].upper()}***" for word in typed.split())
    if told.kind == "salutation":
        return told.text
    return f"{told.surname or told.text[:1]}**"


def phone(said: Particulars) -> str:
    """138****8000, whether the number is known or came masked; a dash when there is none."""
    return masked_phone(said.phone) if said.phone else said.phone_masked or NOTHING
