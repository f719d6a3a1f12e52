"""The channels of a campaign: added, changed, closed; their links, QR codes and the sheet to print.

Promises a QR code that every phone reads, as a drawing that stays sharp at any size.
"""

import io
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import segno
from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from campaigns import channels, figures
from campaigns.channels import Channel, Medium
from campaigns.heads import CampaignHead
from campaigns.pages.ways import Me, campaign_of
from crm import access
from crm.database import transaction
from crm.errors import Refused
from crm.languages import say
from crm.pages import frame
from crm.pages.frame import Asked

LIST, ONE = "campaigns/channels.html", "campaigns/channel.html"
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class NewChannel(msgspec.Struct, forbid_unknown_fields=True):
    """A channel as it is written down."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    name: Name
    medium: Medium


class ChangedChannel(msgspec.Struct, forbid_unknown_fields=True):
    """What of a channel may change."""

    name: Name
    medium: Medium


SEES, WORKS = access.permits("campaigns.see"), access.permits("campaigns.work")


class CampaignChannels(Controller):
    """All of a campaign."""

    path = "/campaigns/{code:str}/channels"
    include_in_schema = False

    @get("/", guards=[SEES])
    async def show(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            campaign = await campaign_of(request, code)
            return frame.page(request, LIST, **await _context(request, campaign))

    @post("/", guards=[WORKS])
    async def add(self, request: Asked, code: FromPath[str], actor: Me) -> Template | Response[None]:
        async with transaction():
            campaign = await campaign_of(request, code)
            try:
                sent = await frame.form(request, NewChannel)
                facts = msgspec.structs.asdict(sent)
                await channels.add(campaign.id, **facts, actor=actor.actor, at=datetime.now(UTC))
            except Refused as wrong:
                return frame.invalid(request, LIST, wrong, **await _context(request, campaign))
        told = say("The channel has its link. Print its code, or copy the link.")
        return frame.back(request, f"{campaign.address}/channels/{sent.code}", told=told)

    @get("/sheet", guards=[SEES])
    async def sheet(self, request: Asked, code: FromPath[str]) -> Template:
        async with transaction():
            campaign = await campaign_of(request, code)
            found = [one for one in await channels.of_campaign(campaign.id) if one.closed_at is None]
        drawn = [(one, _address(request, one), drawing(_address(request, one), inline=True)) for one in found]
        return frame.page(request, "campaigns/sheet.html", campaign=campaign, channels=drawn, bare=True)


class CampaignChannel(Controller):
    """One of them."""

    path = "/campaigns/{code:str}/channels/{channel:str}"
    include_in_schema = False

    @get("/", guards=[SEES])
    async def show(self, request: Asked, code: FromPath[str], channel: FromPath[str]) -> Template:
        async with transaction():
            campaign = await campaign_of(request, code)
            return frame.page(request, ONE, **await _of_one(request, campaign, channel))

    @get("/qr", guards=[SEES])
    async def qr(self, request: Asked, code: FromPath[str], channel: FromPath[str]) -> Response[str]:
        async with transaction():
            found = await channels.find((await campaign_of(request, code)).id, channel)
        headers = {"content-disposition": f'attachment; filename="{found.code}.svg"'}
        return Response(drawing(_address(request, found)), media_type="image/svg+xml", headers=headers)

    @post("/", guards=[WORKS])
    async def change(
        self, request: Asked, code: FromPath[str], channel: FromPath[str], actor: Me
    ) -> Template | Response[None]:
        async with transaction():
            campaign = await campaign_of(request, code)
            found = await channels.find(campaign.id, channel)
            try:
                sent = await frame.form(request, ChangedChannel)
                facts = {"name": sent.name, "medium": sent.medium}
                await channels.change(found, **facts, actor=actor.actor, at=datetime.now(UTC))
            except Refused as wrong:
                return frame.invalid(request, ONE, wrong, **await _of_one(request, campaign, channel))
        return frame.back(request, f"{campaign.address}/channels/{found.code}", told=say("The channel is saved."))

    @post("/closing", guards=[WORKS])
    async def close(self, request: Asked, code: FromPath[str], channel: FromPath[str], actor: Me) -> Response[None]:
        async with transaction():
            campaign = await campaign_of(request, code)
            found = await channels.find(campaign.id, channel)
            await channels.close(found, actor=actor.actor, at=datetime.now(UTC))
        here = f"{campaign.address}/channels/{found.code}"
        told = say("The channel is closed. Its link says so from now on.")
        return frame.back(request, here, told=told, undo=f"{here}/opening")

    @post("/opening", guards=[WORKS])
    async def open(self, request: Asked, code: FromPath[str], channel: FromPath[str], actor: Me) -> Response[None]:
        async with transaction():
            campaign = await campaign_of(request, code)
            found = await channels.find(campaign.id, channel)
            await channels.reopen(found, actor=actor.actor, at=datetime.now(UTC))
        told = say("The channel is open again, with the link it had.")
        return frame.back(request, f"{campaign.address}/channels/{found.code}", told=told)


def drawing(address: str, *, inline: bool = False) -> str:
    """A QR code as SVG, error correction M; never a Micro QR, which phones cannot read. `inline` for a page, else a file."""
    code = segno.make_qr(address, error="m")
    if inline:
        return code.svg_inline(scale=1, border=4, omitsize=True, svgclass="mq-qr", lineclass=None, light="#fff")
    file = io.BytesIO()
    code.save(file, kind="svg", scale=10, border=4, light="#fff")
    return file.getvalue().decode()


def _address(request: Asked, channel: Channel) -> str:
    return f"{str(request.base_url).rstrip('/')}{channel.link}"


async def _context(request: Asked, campaign: CampaignHead) -> dict[str, Any]:
    scope = frame.scope_of(request)
    return {
        "campaign": campaign,
        "part": "channels",
        "channels": await channels.of_campaign(campaign.id),
        "media": channels.MEDIA,
        "came": (await figures.figures(campaign.id, scope)).channels,
        "nobody": figures.Came(),
        "small": figures.SMALL,
    }


async def _of_one(request: Asked, campaign: CampaignHead, code: str) -> dict[str, Any]:
    found = await channels.find(campaign.id, code)
    address = _address(request, found)
    target = channels.registration("EVENT", campaign=campaign.code, channel=found.code, medium=found.medium)
    return await _context(request, campaign) | {
        "channel": found,
        "link": address,
        "qr": drawing(address, inline=True),
        "utm": target.partition("?")[2].split("&")[1:],
    }


CONTROLLERS = (CampaignChannels, CampaignChannel)
