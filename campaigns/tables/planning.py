"""Joint campaigns: the brands in them and the ways by which people come."""

from piccolo.columns import JSONB, Date, ForeignKey, Integer, Numeric, OnDelete, Serial, Timestamptz, Varchar
from piccolo.table import Table

from crm.tables import Brand, Region


class Campaign(Table, tablename="campaign"):
    """Joint work of several brands; `status` found means that a lead named it before anybody planned it.

    `lead_rule` says which registrations become leads, and when; none means that each does at once (see leads/of_registrations).
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


class Partner(Table, tablename="partner"):
    """A brand inside a campaign, with its share of the budget (0..1)."""

    id: Serial
    campaign = ForeignKey(Campaign, on_delete=OnDelete.restrict, null=False)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=False)
    share = Numeric(digits=(7, 6), default=None, null=True)


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
