"""What each role may do, and of what: permissions by name, and the one scope that every read of staff goes through.

Promises that what is not listed is refused, and that a scope is a condition in the statement itself: nobody's rows are read first and
filtered later. A brand's own staff never see what only another brand was told.
"""

from collections.abc import Sequence
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

Role = Literal[
    "alliance_admin",
    "alliance_marketer",
    "brand_marketer",
    "regional_manager",
    "event_desk",
    "store",
    "analyst",
    "auditor",
]
Permission = Literal[
    "home",  # the first page, with the figures that the role may see
    "leads.see",
    "leads.create",
    "leads.work",  # notes, tasks, place, interests, bulk, re-check
    "leads.offer",  # to a store chosen by hand, with a reason
    "leads.export",
    "queues",
    "people.see",
    "people.work",  # correct, notes, consent told by phone
    "people.reveal",
    "people.merge",  # duplicate review, merge, unmerge
    "network.see",
    "network.work",  # import, hours, remind
    "keys",
    "policies.see",
    "policies.work",  # draft, simulate, activate, roll back
    "imports",
    "figures",  # campaign figures, without personal data
    "campaigns.see",  # plans and their figures, without personal data
    "campaigns.work",  # plan, events, slots, channels
    "campaigns.join",  # accept a brand's share and its arrangement
    "guests.see",
    "guests.work",  # register, change, cancel, check what a form said
    "guests.import",  # bring in a list of guests of an event, a brand's people of their own brand's, and take it back
    "invitations.see",  # audiences and mailings, as counts
    "invitations.work",  # audiences, templates, sending
    "audit",
    "settings",  # notices, hours
    "staff",  # who works here and what they may do
    "inbox",  # the own store's offers
    "own",  # one's own account
]
ROLES: tuple[Role, ...] = get_args(Role)
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

_MARKETING: frozenset[Permission] = frozenset(
    {"home", "own", "leads.see", "leads.create", "leads.work", "leads.offer", "leads.export", "queues", "people.see",
     "people.work", "people.reveal", "network.see", "policies.see", "figures", "campaigns.see", "guests.see", "invitations.see"}
)  # fmt: skip
MAY: dict[Role, frozenset[Permission]] = {
    "alliance_admin": frozenset(PERMISSIONS) - {"inbox", "campaigns.join"},
    "alliance_marketer": _MARKETING
    | {
        "people.merge",
        "network.work",
        "policies.work",
        "imports",
        "campaigns.work",
        "guests.work",
        "guests.import",
        "invitations.work",
    },
    "brand_marketer": _MARKETING | {"campaigns.join", "guests.import", "invitations.work"},
    "regional_manager": _MARKETING - {"leads.export", "leads.create", "invitations.see"},
    "event_desk": frozenset({"home", "own", "leads.see", "leads.create"}),
    "store": frozenset({"own", "inbox"}),
    "analyst": frozenset({"home", "own", "figures", "campaigns.see"}),
    "auditor": frozenset(
        {
            "home",
            "own",
            "leads.see",
            "people.see",
            "network.see",
            "policies.see",
            "figures",
            "audit",
            "campaigns.see",
            "guests.see",
            "invitations.see",
        }
    ),
}


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """One of us, signed in: role and limits as they are this moment. `brand`, `region` (a GB/T 2260 code) and `dealer` limit what is seen."""

    id: int
    login: str
    name: str
    role: Role
    brand: int | None = None
    region: str | None = None
    dealer: int | None = None
    language: str | None = None
    theme: str | None = None
    time_zone: str = "Asia/Shanghai"
    shortcuts: bool = True
    session: UUID

    @property
    def actor(self) -> str:
        """How history names them."""
        return f"staff:{self.id}"

    def may(self, permission: Permission) -> bool:
        """Whether the role has this permission; of what is for `visible_to` to say."""
        return permission in MAY[self.role]


class Condition(msgspec.Struct, frozen=True):
    """A piece of SQL that is true for some rows, with `{}` where its values go; pieces are joined with `&`."""

    text: str
    values: tuple[Any, ...] = ()

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(f"({self.text}) and ({other.text})", self.values + other.values)


EVERYTHING = Condition("true")
NOTHING = Condition("false")


def numbered(text: str, conditions: Sequence[Condition], *first: object) -> tuple[str, list[Any]]:
    """A statement whose `{}` stand, in order, for conditions; answers it with $n in place and the values, `first` ones being $1 and on."""
    values: list[Any] = list(first)
    pieces = []
    for condition in conditions:
        places = [f"${len(values) + place}" for place in range(1, len(condition.values) + 1)]
        # In brackets: a condition with an "or" in it stands beside others.
        pieces.append(f"({condition.text.format(*places)})")
        values += condition.values
    return text.format(*pieces), values


class Scope(msgspec.Struct, frozen=True):
    """What an actor may see, as conditions for the WHERE of a read."""

    actor: Actor
    looking_at: int | None = None  # the one brand that somebody of the alliance narrowed the pages to

    @property
    def brand(self) -> int | None:
        """The one brand whose rows are seen; None for all."""
        return self.actor.brand if self.actor.brand is not None else self.looking_at

    @property
    def sees_all_brands(self) -> bool:
        """Whether somebody of the alliance looks, who may know of every brand."""
        return self.actor.brand is None and self.actor.role in ("alliance_admin", "alliance_marketer", "auditor")

    def of_interests(self, alias: str = "interest") -> Condition:
        """True for the interests that may be seen."""
        return self._by_role(alias) if self.actor.may("leads.see") else NOTHING

    def of_leads(self, alias: str = "lead") -> Condition:
        """True for the leads of which at least one interest may be seen; one without interests belongs to the alliance and who entered it."""
        if not self.actor.may("leads.see"):
            return NOTHING
        if self.actor.role == "event_desk":
            return Condition(f"{alias}.entered_by = {{}}", (self.actor.id,))
        if self.sees_all_brands and self.brand is None:
            return EVERYTHING
        inner = self.of_interests("seen")
        return Condition(
            f"exists (select from interest as seen where seen.lead = {alias}.id and {inner.text})", inner.values
        )

    def of_observations(self, alias: str = "observation") -> Condition:
        """True for what was said on the occasion of leads that may be seen: nobody learns what only another brand was told."""
        if not self.actor.may("people.see"):
            return NOTHING
        if self.sees_all_brands and self.brand is None:
            return EVERYTHING
        inner = self.of_interests("seen")
        text = (
            "exists (select from lead as told join interest as seen on seen.lead = told.id "
            f"where told.observation = {alias}.id and {inner.text})"
        )
        return Condition(text, inner.values)

    def of_persons(self, alias: str = "person") -> Condition:
        """True for persons (survivors) whom a lead that may be seen belongs to, under whatever id it came."""
        if not self.actor.may("people.see"):
            return NOTHING
        if self.sees_all_brands and self.brand is None:
            return EVERYTHING
        inner = self.of_interests("seen")
        text = (
            f"exists (select from link as mine join lead as told on told.observation = mine.observation "
            f"join interest as seen on seen.lead = told.id "
            f"where mine.person = {alias}.id and mine.closed_at is null and {inner.text})"
        )
        return Condition(text, inner.values)

    def of_campaigns(self, alias: str = "campaign") -> Condition:
        """True for campaigns that may be seen: a brand's people see those in which their brand is a partner."""
        if not self.actor.may("campaigns.see"):
            return NOTHING
        if self.brand is None:
            return EVERYTHING
        text = f"exists (select from partner as joined where joined.campaign = {alias}.id and joined.brand = {{}})"
        return Condition(text, (self.brand,))

    def of_registrations(self, alias: str = "registration") -> Condition:
        """True for registrations of guests who want to see a brand that may be seen; whether their names may be read is for crm/sight.py."""
        if not self.actor.may("guests.see"):
            return NOTHING
        if self.sees_all_brands and self.brand is None:
            return EVERYTHING
        wished = self.of_brands("wish.brand")
        mine = Condition(
            f"exists (select from registration_wish as wish where wish.registration = {alias}.id and {wished.text})",
            wished.values,
        )
        # Where the guest lives, or when nobody said, where they come to.
        said = f"(select region from observation where id = {alias}.observation)"  # noqa: S608  an alias of our own
        there = f"(select region from event where id = {alias}.event)"  # noqa: S608
        return mine & self._in_region(f"coalesce({said}, {there})") if self.actor.region else mine

    def of_brands(self, column: str) -> Condition:
        """True for rows of the brand that may be seen; `column` holds a brand's id, null belongs to the alliance."""
        return EVERYTHING if self.brand is None else Condition(f"{column} = {{}}", (self.brand,))

    def of_stores(self, alias: str = "store") -> Condition:
        """True for stores that may be seen: those with a franchise of the brand, in the region of a regional manager."""
        if not self.actor.may("network.see"):
            return NOTHING
        seen = EVERYTHING
        if self.brand is not None:
            held = f"exists (select from franchise where franchise.store = {alias}.id and franchise.brand = {{}})"
            seen = Condition(held, (self.brand,))
        return seen & self._in_region(f"{alias}.region")

    def _by_role(self, alias: str) -> Condition:
        if self.actor.role == "event_desk":
            entered = f"exists (select from lead as mine where mine.id = {alias}.lead and mine.entered_by = {{}})"
            return Condition(entered, (self.actor.id,))
        seen = self.of_brands(f"{alias}.brand")
        return seen & self._in_region(f"{alias}.region") if self.actor.region else seen

    def _in_region(self, column: str) -> Condition:
        if self.actor.region is None:
            return EVERYTHING
        return Condition(f"{column} like {{}}", (f"{stem(self.actor.region)}%",))


def visible_to(actor: Actor, *, looking_at: int | None = None) -> Scope:
    """The one scope of every read by staff; `looking_at` narrows it to a brand, and never widens it."""
    return Scope(actor, looking_at)


def stem(region: str) -> str:
    """The leading digits that every code beneath a region shares: 51 for 510000, 5101 for 510100, all six for a district."""
    return region[:2] if region.endswith("0000") else region[:4] if region.endswith("00") else region
