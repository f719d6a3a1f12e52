"""Whom the demo's people invited to the second show: those met at the first one by mail, for all brands; and one brand's drivers by SMS.

Promises that everything goes through the verbs of audiences and mailings, three days before the show, and that nothing leaves the house: the
outbox keeps it.
"""

from datetime import datetime, time, timedelta
from uuid import uuid4

from campaigns import audiences, channels, events
from campaigns.audiences import Filter
from campaigns.invitations import mailings, wordings
from campaigns.invitations.mailings import Plan
from campaigns.invitations.writing import Wording
from campaigns.showcases import Showcase
from crm import reference, staff
from crm.database import current
from crm.network import LOCAL
from crm.roles import Actor, Scope, visible_to
from crm.staff import Duty
from leads.demo import joint

BY_MAIL = {
    "zh-Hans": Wording(
        subject="{event}：诚邀莅临",
        text="{name}，您好：\n\n感谢您上次莅临成都展台。{brands}诚邀您参加 {event}，现场可预约试驾。\n\n登记请点：{link}",
    ),
    "en": Wording(
        subject="You are invited: {event}",
        text="Dear {name},\n\nthank you for visiting us in Chengdu. {brands} invite you to {event}, where drives can be booked.\n\nRegister: {link}",
    ),
}
BY_SMS = {"zh-Hans": Wording(text="{name}，{event}可预约试驾：{link}")}


async def invite(met_at: Showcase, to: Showcase) -> datetime:
    """Have both mailings planned, to go out three days before the show; answers when."""
    due_at = datetime.combine(to.starts_on - timedelta(days=3), time(10), tzinfo=LOCAL)
    at = due_at - timedelta(hours=1)
    event = await events.known(to.code)
    campaign = event.campaign
    before = await current().fetchval("select id from campaign where code = $1", met_at.code)
    words = await reference.load()
    # A few brands' guests are enough for a demo; a real one asks them all.
    known = Filter(campaigns=[before], brands=[words.brands[code].id for code in ("stelato", "maextro", "shangjie")])
    drivers = Filter(campaigns=[before], brands=[words.brands["aito"].id], stage_from="test_drive")
    alliance, brand = await _alliance(at), visible_to(await joint.representative(joint.JOINED[0], at=at))
    for scope, name, channel, who, texts, way in (
        (alliance, "成都展台来宾", "email", known, BY_MAIL, "feed"),
        (brand, "问界试驾来宾", "sms", drivers, BY_SMS, "sms"),
    ):
        audience = await audiences.create(name, who, brand=scope.actor.brand, actor=scope.actor, at=at)
        template = await _template(name, channel, texts, scope, at=at)
        plan = Plan(name=name, brand=scope.actor.brand, channel=channel, audience=audience)
        number = await mailings.draft(plan, campaign=campaign, scope=scope, at=at)
        mailing = await mailings.find(number, campaign, scope)
        link = (await channels.find(campaign, way)).id
        await mailings.word(mailing, template=template, event=event.id, way=link, scope=scope, at=at)
        await mailings.plan(await mailings.find(number, campaign, scope), due_at=due_at, scope=scope, at=at)
    return due_at


async def _template(name: str, channel: str, texts: dict[str, Wording], scope: Scope, *, at: datetime) -> int:
    number = await wordings.create(name, channel, texts, brand=scope.actor.brand, actor=scope.actor, at=at)
    if channel == "sms":
        for step, reference_ in (("submitted", None), ("approved", "TPL-2025-117")):
            known = await wordings.find(number, scope)
            await wordings.approve(known, step, reference=reference_, reason=None, actor=scope.actor, at=at)
    return number


async def _alliance(at: datetime) -> Scope:
    """Somebody of the alliance's marketing, who speaks for all brands."""
    login, name = "wen.qing", "闻清"
    known = await current().fetchval("select id from staff where login = $1", login)
    number = known or await staff.add(
        login, name=name, duty=Duty("alliance_marketer"), password_hash=None, actor=joint.FOR_THEIR_BRANDS, at=at
    )
    return visible_to(Actor(id=number, login=login, name=name, role="alliance_marketer", session=uuid4()))
