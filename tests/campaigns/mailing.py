"""People who may be invited, and mailings to them: what the tests of invitations begin with."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from campaigns import audiences
from campaigns.audiences import Filter
from campaigns.invitations import mailings, sending, starting, wordings
from campaigns.invitations.mailings import Plan
from campaigns.invitations.writing import Wording
from crm import vault
from crm.database import current, transaction
from crm.identity.observations import Particulars
from crm.ids import uuid7
from crm.roles import Scope, visible_to
from tests.cast import NOON, another_phone, colleague, fetch, value

TEXTS = {
    "zh-Hans": Wording(subject="{event} 邀请函", text="{name}，诚邀您参加 {event}（{brands}）：{link}"),
    "en": Wording(subject="Invitation to {event}", text="Dear {name}, you are invited to {event} ({brands}): {link}"),
}
SMS = {"zh-Hans": Wording(text="{name}，诚邀您参加{event}：{link}")}


async def a_campaign(code: str = "spring", *brands: str) -> int:
    """A campaign with these partner brands; of all five when none is named."""
    async with transaction() as connection:
        campaign: int = await connection.fetchval(
            "insert into campaign (code, name, status, time_zone, created_at, version, starts_on) "
            "values ($1, $1, 'live', 'Asia/Shanghai', $2, 1, '2025-09-01') returning id",
            code,
            NOON,
        )
        wanted = list(brands) or ["aito", "luxeed", "stelato", "maextro", "shangjie"]
        await connection.execute(
            "insert into partner (campaign, brand) select $1, id from brand where code = any($2::text[])",
            campaign,
            wanted,
        )
        return campaign


async def brand(code: str) -> int:
    found: int = await value("select id from brand where code = $1", code)
    return found


async def people(number: int, *, brands: Sequence[str] = ("aito",), **said: Any) -> list[UUID]:
    """So many persons with a mail address and a phone, written around the verbs for speed, who agreed to marketing of these brands."""
    async with transaction() as connection:
        ids = await connection.fetch("select id from brand where code = any($1::text[]) order by id", list(brands))
        return await add_people(connection, number, [row["id"] for row in ids], **said)


async def add_people(
    connection: Any,
    number: int,
    brands: Sequence[int],
    *,
    state: str = "given",
    email: str | None = None,
    place: str = "observation|particulars",
    at: datetime = NOON,
) -> list[UUID]:
    source = await connection.fetchval(
        "insert into source (code, kind, test) values ('crowd', 'api', false) on conflict (code) do update set kind = 'api' returning id"
    )
    agreed = at - timedelta(days=30)
    persons, observations, decisions, links, consents = [], [], [], [], []
    for i in range(number):
        person, observation, decision = uuid7(agreed), uuid7(agreed), uuid7(agreed)
        said = Particulars(
            name="王建国", phone=f"+86{another_phone(i)}", email=email or f"p{person.hex[-12:]}@example.com"
        )
        sealed = vault.seal(msgspec.json.encode(said).decode(), place=f"{place}|{observation}")
        persons.append((person, "active", agreed, 1))
        observations.append((observation, source, person.hex, agreed, agreed, False, sealed, 1))
        decisions.append((decision, observation, person, "new", "[]", 1, "tester", agreed))
        links.append((uuid7(agreed), observation, person, decision, agreed))
        consents += [
            (
                uuid7(agreed),
                observation,
                person,
                "alliance_marketing",
                "alliance",
                one,
                "separate",
                state,
                agreed,
                agreed,
                "tester",
                b"x",
            )
            for one in brands
        ]
    copies = {
        "person": (persons, ("id", "status", "created_at", "version")),
        "observation": (observations, ("id", "source", "external_id", "captured_at", "received_at", "synthetic", "particulars", "normaliser")),
        "decision": (decisions, ("id", "observation", "person", "outcome", "parts", "weights_version", "actor", "at")),
        "link": (links, ("id", "observation", "person", "decision", "opened_at")),
        "consent": (
            consents,
            ("id", "observation", "person", "purpose", "receiver_kind", "brand", "kind", "state", "captured_at", "recorded_at", "actor",
             "evidence_hash"),
        ),
    }  # fmt: skip
    for table, (rows, columns) in copies.items():
        await connection.copy_records_to_table(table, records=rows, columns=columns)
    return [row[0] for row in persons]


async def alliance() -> Scope:
    """Somebody who works for the whole alliance."""
    return visible_to(await colleague("alliance_marketer"))


async def a_mailing(
    campaign: int, *, by: str | None = "aito", scope: Scope | None = None, channel: str = "email", at: datetime = NOON,
    who: Filter | None = None, due_at: datetime | None = None, turn: int = 1,
) -> mailings.Known:  # fmt: skip
    """A mailing of this brand (none: of the alliance) to everybody, planned for now or for a moment."""
    scope = scope or await alliance()
    sender = await brand(by) if by else None
    async with transaction():
        audience = await audiences.create("everybody", who or Filter(), brand=sender, actor=scope.actor, at=at)
        texts = TEXTS if channel == "email" else SMS
        template = await wordings.create("invitation", channel, texts, brand=sender, actor=scope.actor, at=at)
        if channel == "sms":
            await current().execute("update message_template set approval = 'approved', approval_reference = 'T1'")
        plan = Plan(name="first", brand=sender, channel=channel, audience=audience, round=turn)
        id_ = await mailings.draft(plan, campaign=campaign, scope=scope, at=at)
        known = await mailings.find(id_, campaign, scope)
        await mailings.word(known, template=template, event=None, way=None, scope=scope, at=at)
        known = await mailings.find(id_, campaign, scope)
        await mailings.plan(known, due_at=due_at, scope=scope, at=at)
        return await mailings.find(id_, campaign, scope)


async def start(mailing: mailings.Known, *, at: datetime = NOON) -> None:
    """Its people are queued, nothing is sent yet."""
    async with transaction():
        await starting.start(mailing.id, at=at)


async def send(at: datetime = NOON) -> None:
    """Everything that is due is sent."""
    while await sending.advance(at):
        pass


async def fates(mailing: mailings.Known) -> dict[tuple[str, str | None], int]:
    """How many messages of a mailing are in which state, and why."""
    rows = await fetch("select state, reason, count(*) from message where mailing = $1 group by 1, 2", mailing.id)
    return {(row["state"], row["reason"]): row["count"] for row in rows}
