"""The letters of messages that may go: the words of their mailing as they were at its start, what it invites to, in each person's language.

Promises that a joint message names the brands alone that may speak to that person. What is kept of a letter is the keyed digest of its address.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from campaigns import guest_messages
from campaigns.invitations import knowing, writing
from campaigns.invitations.reserving import Going
from campaigns.invitations.rules import Rules
from campaigns.invitations.writing import Occasion, Wording
from campaigns.senders import Parcel
from campaigns.senders.letters import Letter
from crm import reference
from crm.database import current
from crm.reference import Reference

TEXTS = dict[str, Wording]


async def parcels(going: Sequence[Going], rules: Rules) -> list[Parcel]:
    """The letters of these messages, which are all of one mailing or all of guests."""
    if not going:
        return []
    mailing = going[0].row["mailing"]
    if mailing is None:
        letters = await guest_messages.letters([(one.row, one.recipient) for one in going], rules)
    else:
        letters = await _of_mailing(mailing, going, rules)
    await _keep(going)
    return [Parcel(letter, one.row["kind"]) for one, letter in zip(going, letters, strict=True)]


async def _keep(going: Sequence[Going]) -> None:
    rows = sorted(
        (
            one.row["id"],
            f"{{{','.join(map(str, one.brands))}}}",
            knowing.address_key(one.row["channel"], one.recipient.address),
        )
        for one in going
    )
    await current().execute(_KEEP, *map(list, zip(*rows, strict=True)))


async def _of_mailing(mailing: UUID, going: Sequence[Going], rules: Rules) -> list[Letter]:
    [facts] = await current().fetch(WORDS, mailing)
    texts, known = msgspec.json.decode(facts["texts"], type=TEXTS), await reference.load()
    return [_letter(one, facts, texts, known, rules) for one in going]


def _letter(one: Going, facts: Record, texts: TEXTS, known: Reference, rules: Rules) -> Letter:
    language = one.row["language"] if one.row["language"] in texts else next(iter(texts))
    common: dict[str, Any] = {
        "message": one.row["id"],
        "to": one.recipient,
        "language": language,
        "occasion": occasion(facts, language, brand_names(one.brands, language, known)),
    }
    if one.row["channel"] == "email":
        sender = brand_names(one.brands, language, known) if one.row["kind"] == "brand" else _alliance(rules, language)
        return writing.mail(texts[language], sender=sender, **common)
    signed = _signing(one, rules, language, known)
    return writing.sms(texts[language], rules=signed, template=facts["approval_reference"], **common)


def occasion(facts: Record, language: str, brands: str) -> Occasion:
    """What a mailing invites to, in one language; the day on the campaign's calendar."""
    return Occasion(
        event=facts["event_name"] or facts["campaign_name"],
        date=guest_messages.when(facts["starts_at"], facts["starts_on"], zone=facts["time_zone"], language=language),
        venue=facts["venue"] or "",
        brands=brands,
    )


def brand_names(brands: Iterable[int], language: str, known: Reference) -> str:
    """The names of brands as a sentence has them: 问界、智界 or AITO, Luxeed."""
    facts = [known.brand(brand) for brand in brands]
    return "、".join(it.name_zh for it in facts) if language == "zh-Hans" else ", ".join(it.name_en for it in facts)


def _alliance(rules: Rules, language: str) -> str:
    return rules.signature_zh if language == "zh-Hans" else rules.signature_en


def _signing(one: Going, rules: Rules, language: str, known: Reference) -> Rules:
    # A brand signs with its own name.
    if one.row["kind"] != "brand":
        return rules
    name = brand_names(one.brands, language, known)
    return msgspec.structs.replace(rules, signature_zh=name, signature_en=name)


WORDS = """
select mailing.texts, template.approval_reference, campaign.name as campaign_name, campaign.time_zone, event.name as event_name,
       event.venue, event.starts_at, coalesce(event.starts_on, campaign.starts_on) as starts_on
from mailing
join campaign on campaign.id = mailing.campaign
left join message_template as template on template.id = mailing.template
left join event on event.id = mailing.event
where mailing.id = $1
"""
_KEEP = """
update message set brands = going.brands::int[], address_key = going.address_key
from unnest($1::uuid[], $2::text[], $3::bytea[]) as going (id, brands, address_key)
where message.id = going.id
"""
