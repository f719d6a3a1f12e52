"""People as those may see them who may know that somebody is there, but not who: enough to follow a story, too little to call.

Promises that no more than a surname, initials, or the ends of a phone number stay readable, however they were typed.
"""

from crm import names
from crm.identity.observations import Particulars

LONG_NUMBER = 11  # digits from which seven can be shown and four stay hidden


def name(typed: str | None) -> str | None:
    """王**, W*** Q***, 王先生 as it is (a form of address tells the surname alone); None when there is no name."""
    told = names.read(typed or "")
    if told.kind in ("none", "placeholder"):
        return None
    if told.kind == "latin" or told.text.isascii():
        return " ".join(f"{word[0].upper()}***" for word in (typed or "").split())
    if told.kind == "salutation":
        return told.text
    return f"{told.surname or told.text[:1]}**"


def phone(said: Particulars) -> str | None:
    """138****8000, whether the number is known or came masked; None when there is none."""
    return number(said.phone) if said.phone else said.phone_masked


def number(e164: str) -> str:
    """The first three and last four digits; fewer of a short number."""
    digits = e164.removeprefix("+86").removeprefix("+")
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= LONG_NUMBER else f"****{digits[-2:]}"


def email(address: str | None) -> str | None:
    """The first letter and the domain; None when there is none."""
    if address is None:
        return None
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
