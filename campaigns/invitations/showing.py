"""How a message will look: the letter of somebody made up, in each language, with what an SMS costs.

Promises that no real person stands in a preview, and that its links lead nowhere.
"""

from uuid import UUID

import msgspec

from campaigns.invitations import composing, reserving, rules, segments, wordings, writing
from campaigns.invitations.mailings import Known
from campaigns.invitations.rules import Rules
from campaigns.invitations.writing import Occasion, Recipient, Wording
from campaigns.senders.letters import Letter
from crm import reference
from crm.database import current
from crm.roles import Scope

NOBODY = UUID(int=0)
EXAMPLES = {
    "zh-Hans": Recipient("example@marquee.invalid", "李明"),
    "en": Recipient("example@marquee.invalid", "Ms Example"),
}
OCCASIONS = {
    "zh-Hans": Occasion(event="联合品鉴会", date="12月10日 14:00", venue="世纪城新国际会展中心", brands="问界、智界"),
    "en": Occasion(event="Joint preview", date="10 December 14:00", venue="Century City", brands="AITO, Luxeed"),
}


class Shown(msgspec.Struct, frozen=True):
    """A letter in one language; `count` is what it takes as an SMS."""

    language: str
    letter: Letter
    count: segments.Count | None


async def of_mailing(mailing: Known, scope: Scope) -> list[Shown]:
    """The letters of a draft, as whoever may be spoken to for every one of its brands would get them."""
    if mailing.template is None:
        return []
    wording, house = await wordings.find(mailing.template, scope), await rules.load()
    [facts] = await current().fetch(composing.WORDS, mailing.id)
    brands, known = (
        (await reserving.speaking(mailing.id)).asking(mailing.kind, mailing.channel).speakers,
        await reference.load(),
    )
    shown = []
    for language, text in wording.texts.items():
        names = composing.brand_names(brands, language, known)
        signed = msgspec.structs.replace(house, signature_zh=names, signature_en=names) if mailing.brand else house
        occasion = composing.occasion(facts, language, names)
        shown.append(_shown(text, language, mailing.channel, occasion, signed))
    return shown


def of_template(texts: dict[str, Wording], channel: str, house: Rules) -> list[Shown]:
    """The letters of a template, for an occasion that is made up too."""
    return [_shown(text, language, channel, OCCASIONS[language], house) for language, text in texts.items()]


def _shown(text: Wording, language: str, channel: str, occasion: Occasion, house: Rules) -> Shown:
    to = EXAMPLES[language]
    if channel == "sms":
        letter = writing.sms(text, message=NOBODY, to=to, language=language, occasion=occasion, rules=house)
        return Shown(language, letter, segments.count(letter.text))
    sender = house.signature_zh if language == "zh-Hans" else house.signature_en
    return Shown(
        language, writing.mail(text, message=NOBODY, to=to, language=language, occasion=occasion, sender=sender), None
    )
