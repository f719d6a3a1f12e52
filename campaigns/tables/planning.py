"""Joint campaigns: the brands in them, what these agreed on and aim at, and the ways by which people come."""

from piccolo.columns import (
    JSONB,
    BigInt,
    Boolean,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from crm.tables import Brand, Region, Staff


class Campaign(Table, tablename="campaign"):
    """Joint work of several brands; `status` found means that a lead named it before anybody planned it.

    `lead_rule` says which registrations become leads, and when; none means that each does at once (see leads/of_registrations).
    `terms` counts up whenever what the partners are asked to accept changes; `takes_registrations` is false when no page is wanted.
    """

    id: Serial
    code = Varchar(length=80, unique=True, default=None)
    name = Varchar(length=200, default=None)
    status = Varchar(length=20, default=None)
    starts_on = Date(default=None, null=True)
    ends_on = Date(default=None, null=True)
    time_zone = Varchar(length=40, default="Asia/Shanghai")
    region = ForeignKey(Region, on_delete=OnDelete.restrict, null=True, default=None)
    lead_rule = JSONB(default=None, null=True)
    created_at = Timestamptz(default=None)
    version = Integer(default=1)
    budget_fen = BigInt(default=None, null=True)
    terms = Integer(default=1)
    takes_registrations = Boolean(default=True)


class Partner(Table, tablename="partner"):
    """A brand inside a campaign, with its share of the budget: `share_part` of `share_of`, exactly."""

    id: Serial
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=False)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    role = Varchar(length=10, default="partner")
    share_part = Integer(default=None, null=True)
    share_of = Integer(default=None, null=True)


class ArrangementVersion(Table, tablename="campaign_arrangement"):
    """The wording by which the partners of a campaign share data, in two languages; `hash` is the SHA-256 of both."""

    id: Serial
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=False)
    version = Integer(default=None)
    text_zh = Text(default=None)
    text_en = Text(default=None)
    hash = Varchar(length=64, default=None)
    published_by = Varchar(length=80, default=None)
    published_at = Timestamptz(default=None)


class PartnerAnswer(Table, tablename="partner_answer"):
    """What a brand's own staff said to the terms of a campaign, for good; the latest one to the terms in force counts."""

    id: Serial
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=False)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    terms = Integer(default=None)
    arrangement = ForeignKey(ArrangementVersion, on_delete=OnDelete.restrict, null=False)
    answer = Varchar(length=10, default=None)
    reason = Varchar(length=400, default=None, null=True)
    staff = ForeignKey(Staff, on_delete=OnDelete.restrict, null=False)
    at = Timestamptz(default=None)


class Goal(Table, tablename="campaign_goal"):
    """How many of a figure a brand wants; figures are those of campaigns/figures.py."""

    id: Serial
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=False)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    figure = SmallInt(default=None)
    number = Integer(default=None)


class Channel(Table, tablename="channel"):
    """A way by which people come to a campaign: a poster, a message, an ad. `slug` is its short link `/r/{slug}`; `medium` its UTM medium."""

    id: Serial
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=False)
    code = Varchar(length=40, default=None)
    name = Varchar(length=120, default=None)
    medium = Varchar(length=20, default=None)
    slug = Varchar(length=20, unique=True, default=None)
    created_at = Timestamptz(default=None)
    closed_at = Timestamptz(default=None, null=True)
