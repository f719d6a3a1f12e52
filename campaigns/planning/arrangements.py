"""How the partners of a campaign share data: the wording in both languages, its versions, and who accepted.

Promises that a version never changes, that a new one asks every partner again, and that a brand accepts by its own staff alone, and only what
they were shown. An answer is for good; a later one to the same terms goes before it.
"""

import hashlib
from datetime import datetime

import msgspec

from campaigns.planning import plans
from crm import history
from crm.database import current
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.roles import Actor


class TermsChanged(Refused):
    sentence = "The terms changed while you read them. Look at them again, then answer."


class NothingToAccept(Refused):
    sentence = "There is no arrangement to answer to yet."


class SharesOpen(Refused):
    sentence = "Your brand has no share yet. It is put down first, then accepted."


class SameWording(Refused):
    sentence = "This is the wording in force already."


class Arrangement(msgspec.Struct, frozen=True):
    """One version of the wording; `hash` is the SHA-256 of both languages."""

    id: int
    version: int
    text_zh: str
    text_en: str
    hash: str
    published_by: str
    published_at: datetime


async def versions(campaign: int) -> list[Arrangement]:
    """All wordings of a campaign, the one in force first."""
    rows = await current().fetch(_VERSIONS, campaign)
    return [Arrangement(*row.values()) for row in rows]


async def publish(campaign: int, *, zh: str, en: str, version: int, actor: str, at: datetime) -> int:
    """Put a new wording in force and ask every partner again; refuses an empty one, and the one that is in force."""
    await plans.locked(campaign, version=version)
    texts = {"text_zh": zh.strip(), "text_en": en.strip()}
    if missing := [Fault(path=name, message="Please fill this in.") for name, text in texts.items() if not text]:
        raise Invalid(errors=missing)
    digest = fingerprint(**texts)
    newest = next(iter(await versions(campaign)), None)
    if newest and newest.hash == digest:
        raise SameWording
    number = newest.version + 1 if newest else 1
    await current().execute(_PUBLISH, campaign, number, *texts.values(), digest, actor, at)
    await plans.touch(campaign)
    await plans.new_terms(campaign, actor=actor, at=at)
    await history.note(actor, "arrangement_published", "campaign", campaign, at=at, version=number, hash=digest)
    return number


async def accept(campaign: int, *, terms: int, actor: Actor, at: datetime) -> None:
    """Accept share and arrangement for the actor's own brand, as they were shown under `terms`."""
    await _answer(campaign, "accepted", terms=terms, reason=None, actor=actor, at=at)


async def decline(campaign: int, *, terms: int, reason: str, actor: Actor, at: datetime) -> None:
    """Say no for the actor's own brand, and why."""
    await _answer(campaign, "declined", terms=terms, reason=reason, actor=actor, at=at)


def fingerprint(text_zh: str, text_en: str) -> str:
    """The SHA-256 by which a wording is known: of both languages, one line between them."""
    return hashlib.sha256(f"{text_zh}\n\n{text_en}".encode()).hexdigest()


async def _answer(campaign: int, answer: str, *, terms: int, reason: str | None, actor: Actor, at: datetime) -> None:
    found = await plans.locked(campaign)
    partner = await current().fetchrow(
        "select share_part from partner where campaign = $1 and brand = $2", campaign, actor.brand
    )
    if partner is None or not actor.may("campaigns.join"):
        raise NotThere
    if found.status == "closed":
        raise plans.CampaignClosed
    arrangement = await current().fetchval(_IN_FORCE, campaign)
    if arrangement is None:
        raise NothingToAccept
    if partner["share_part"] is None:
        raise SharesOpen
    if found.terms != terms:
        raise TermsChanged
    await current().execute(_SAY, campaign, actor.brand, terms, arrangement, answer, reason, actor.id, at)
    if answer == "declined":
        await plans.back_to_draft(campaign, actor=actor.actor, at=at)
    action = "terms_accepted" if answer == "accepted" else "terms_declined"
    await history.note(actor.actor, action, "campaign", campaign, at=at, brand=actor.brand, terms=terms)


_VERSIONS = """
select said.id, said.version, said.text_zh, said.text_en, said.hash, coalesce(staff.name, said.published_by), said.published_at
from campaign_arrangement as said
left join staff on said.published_by = 'staff:' || staff.id
where said.campaign = $1 order by said.version desc
"""
_PUBLISH = """
insert into campaign_arrangement (campaign, version, text_zh, text_en, hash, published_by, published_at)
values ($1, $2, $3, $4, $5, $6, $7)
"""
_IN_FORCE = "select id from campaign_arrangement where campaign = $1 order by version desc limit 1"
_SAY = """
insert into partner_answer (campaign, brand, terms, arrangement, answer, reason, staff, at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
