"""The people who work here: added, given a role and its limits, disabled, and brought back.

Promises that a change of what somebody may do, or a new password, ends every session they had, and that the alliance never loses its last
administrator. Refuses a role without the limits that belong to it, and changes to what somebody else changed meanwhile.
"""

import re
from datetime import datetime
from typing import Any

import msgspec

from crm import history
from crm.database import current
from crm.errors import Fault, Invalid, NotThere, Refused
from crm.languages import later, say
from crm.roles import Role
from crm.staff import second_factor, sessions

LOGIN = re.compile(r"[\w.+-]+(@[\w.-]+)?", re.ASCII)
LOGIN_CHARACTERS, NAME_CHARACTERS = (2, 120), (1, 80)
PAGE = 100

# Which limits a role has: it needs them, may have them, or must not.
NEEDS: dict[Role, frozenset[str]] = {
    "brand_marketer": frozenset({"brand"}),
    "regional_manager": frozenset({"brand", "region"}),
    "store": frozenset({"dealer"}),
}
MAY_HAVE: dict[Role, frozenset[str]] = {"event_desk": frozenset({"brand"}), "analyst": frozenset({"brand"})}
NEEDED = {
    "brand": later("This role needs a brand."),
    "region": later("This role needs a region."),
    "dealer": later("This role needs a dealer."),
}
TOO_MUCH = {
    "brand": later("This role is not limited to a brand."),
    "region": later("This role is not limited to a region."),
    "dealer": later("This role does not belong to a dealer."),
}

_SHOWN = """
select staff.id, login, staff.name, role, brand.code as brand, region as region, region.name_zh as region_name,
       dealer.code as dealer, coalesce(nullif(party.legal_name, dealer.code), first_store.name_zh) as dealer_name,
       totp_confirmed_at is not null as second_factor, staff.created_at, created_by, last_sign_in_at, disabled_at, staff.version,
       (select count(*) from staff_session as session where session.staff = staff.id and step = 'full'
        and ended_at is null and expires_at > {at}) as sessions
from staff
left join brand on brand.id = staff.brand
left join region on region.code = staff.region
left join dealer on dealer.id = staff.dealer
left join party on party.id = dealer.party
left join lateral (
    select name_zh from store_operator as operator join store on store.id = operator.store
    where operator.dealer = dealer.id and valid_until_on is null order by store.code limit 1
) as first_store on true
"""


class Duty(msgspec.Struct, frozen=True):
    """What somebody may do, and of what; brand, region and dealer are codes."""

    role: Role
    brand: str | None = None
    region: str | None = None
    dealer: str | None = None


class Colleague(msgspec.Struct, frozen=True, kw_only=True):
    """One of us, for the list and the page about them."""

    id: int
    login: str
    name: str
    role: Role
    brand: str | None
    region: str | None
    region_name: str | None
    dealer: str | None
    dealer_name: str | None
    second_factor: bool
    created_at: datetime
    created_by: str
    last_sign_in_at: datetime | None
    disabled_at: datetime | None
    version: int
    sessions: int

    @property
    def duty(self) -> Duty:
        """Their role with its limits."""
        return Duty(self.role, self.brand, self.region, self.dealer)


class ChangedMeanwhile(Refused):
    sentence = "Somebody changed this meanwhile. Nothing of yours was saved; look at both and decide."


class LastAdministrator(Refused):
    sentence = "This is the last administrator of the alliance: make somebody else one first."


class NotYourself(Refused):
    sentence = "Nobody disables themselves or takes their own role away; ask another administrator."


async def add(login: str, *, name: str, duty: Duty, password_hash: str | None, actor: str, at: datetime) -> int:
    """A new colleague; answers their number. Refuses a login that is taken, and limits that do not fit the role."""
    login, name = _login(login), _name(name)
    brand, region, dealer = await _limits(duty)
    added: int | None = await current().fetchval(
        """
        insert into staff (login, name, role, brand, region, dealer, password_hash, totp_step, time_zone, shortcuts,
                           created_at, created_by, version)
        values ($1, $2, $3, $4, $5, $6, $7, 0, 'Asia/Shanghai', true, $8, $9, 1)
        on conflict (login) do nothing returning id
        """,
        login,
        name,
        duty.role,
        brand,
        region,
        dealer,
        password_hash,
        at,
        actor,
    )
    if added is None:
        raise Invalid(errors=[Fault(path="login", message=say("Somebody has this login already."))])
    await history.note(actor, "staff_added", "staff", added, at=at, **_facts(duty))
    return added


async def change(staff: int, *, name: str, duty: Duty, version: int, actor: str, at: datetime) -> None:
    """Another name, role or limit. A new role or limit signs them out everywhere: what their pages show is no longer theirs."""
    before = await _locked(staff, at=at)
    if before.version != version:
        raise ChangedMeanwhile
    moved = duty != before.duty
    if moved and actor == f"staff:{staff}":
        raise NotYourself
    if duty.role != before.role:
        await _refuse_to_lose_the_last_administrator(before)
    brand, region, dealer = await _limits(duty)
    await current().execute(
        "update staff set name = $2, role = $3, brand = $4, region = $5, dealer = $6, version = version + 1 where id = $1",
        staff,
        _name(name),
        duty.role,
        brand,
        region,
        dealer,
    )
    if moved:
        await sessions.end_all(staff, why="role", at=at)
        await history.note(actor, "role_changed", "staff", staff, at=at, before=_facts(before.duty), after=_facts(duty))


async def disable(staff: int, *, actor: str, at: datetime) -> None:
    """From this moment on they are nobody here; their sessions end at once. Whatever they did stays theirs."""
    if actor == f"staff:{staff}":
        raise NotYourself
    before = await _locked(staff, at=at)
    if before.disabled_at is not None:
        return
    await _refuse_to_lose_the_last_administrator(before)
    await current().execute("update staff set disabled_at = $2, version = version + 1 where id = $1", staff, at)
    ended = await sessions.end_all(staff, why="disabled", at=at)
    await history.note(actor, "staff_disabled", "staff", staff, at=at, sessions=ended)


async def enable(staff: int, *, actor: str, at: datetime) -> None:
    """They may sign in again, with the password they had."""
    if (await _locked(staff, at=at)).disabled_at is None:
        return
    await current().execute("update staff set disabled_at = null, version = version + 1 where id = $1", staff)
    await history.note(actor, "staff_enabled", "staff", staff, at=at)


async def set_password(staff: int, password_hash: str, *, actor: str, at: datetime) -> None:
    """Another password, hashed before the transaction began; whoever was signed in with the old one is not any more."""
    await _locked(staff, at=at)
    await current().execute(
        "update staff set password_hash = $2, version = version + 1 where id = $1", staff, password_hash
    )
    await sessions.end_all(staff, why="password", at=at)
    await history.note(actor, "password_set", "staff", staff, at=at)


async def reset_second_factor(staff: int, *, actor: str, at: datetime) -> None:
    """Their telephone is gone: they sign in by password alone until they set up another."""
    await _locked(staff, at=at)
    await second_factor.drop(staff, actor=actor, at=at)
    await sessions.end_all(staff, why="second factor", at=at)


async def show(staff: int, *, at: datetime) -> Colleague:
    """One colleague; refuses a number nobody has."""
    rows = await current().fetch(f"{_SHOWN.format(at='$1')} where staff.id = $2", at, staff)
    if not rows:
        raise NotThere
    return msgspec.convert(dict(rows[0]), Colleague)


async def has_password(staff: int) -> bool:
    """Whether they can sign in by a password at all."""
    has: bool = await current().fetchval("select password_hash is not null from staff where id = $1", staff)
    return has


async def is_nobody_here() -> bool:
    """Whether nobody was ever added: the house waits for its first administrator."""
    nobody: bool = await current().fetchval("select not exists (select from staff)")
    return nobody


async def find(login: str) -> int:
    """The number of a login; refuses one nobody has."""
    found: int | None = await current().fetchval("select id from staff where login = $1", login.strip().lower())
    if found is None:
        raise Invalid(errors=[Fault(path="login", message=say("Nobody has this login."))])
    return found


async def everybody(
    *, at: datetime, role: Role | None = None, text: str = "", disabled: str = "no", after: str = ""
) -> list[Colleague]:
    """Colleagues by login, a page from `after` on and one more; `disabled` is no, yes or all, `text` part of a name or login."""
    statement = f"""
        {_SHOWN.format(at="$1")}
        where login > $2 and ($3 = 'all' or ($3 = 'yes') = (disabled_at is not null))
              and ($4::text is null or role = $4)
              and ($5 = '' or strpos(login, $5) > 0 or strpos(lower(staff.name), $5) > 0)
        order by login limit $6
    """
    rows = await current().fetch(statement, at, after, disabled, role, text.strip().lower(), PAGE + 1)
    return [msgspec.convert(dict(row), Colleague) for row in rows]


async def added_by(actor: str, *, at: datetime) -> list[Colleague]:
    """Colleagues whom somebody brought in and who may still sign in, in the order in which they came."""
    statement = f"{_SHOWN.format(at='$1')} where created_by = $2 and disabled_at is null order by staff.id"
    return [msgspec.convert(dict(row), Colleague) for row in await current().fetch(statement, at, actor)]


async def _locked(staff: int, *, at: datetime) -> Colleague:
    # Administrators first and in one order: two who disable each other at once leave one of them.
    await current().execute("select from staff where role = 'alliance_admin' or id = $1 order by id for update", staff)
    return await show(staff, at=at)


async def _refuse_to_lose_the_last_administrator(before: Colleague) -> None:
    others = "select exists (select from staff where role = 'alliance_admin' and disabled_at is null and id <> $1)"
    if before.role == "alliance_admin" and not await current().fetchval(others, before.id):
        raise LastAdministrator


async def _limits(duty: Duty) -> tuple[int | None, str | None, int | None]:
    """Ids of the limits; refuses those that are missing, do not belong to the role or do not exist."""
    given = {name for name in ("brand", "region", "dealer") if getattr(duty, name) is not None}
    needed = NEEDS.get(duty.role, frozenset())
    faults = [Fault(path=name, message=say(NEEDED[name])) for name in sorted(needed - given)]
    too_much = given - needed - MAY_HAVE.get(duty.role, frozenset())
    faults += [Fault(path=name, message=say(TOO_MUCH[name])) for name in sorted(too_much)]
    [row] = await current().fetch(
        """
        select (select id from brand where code = $1) as brand, (select code from region where code = $2) as region,
               (select id from dealer where code = $3) as dealer
        """,
        duty.brand,
        duty.region,
        duty.dealer,
    )
    faults += [Fault(path=name, message=say("There is no such one.")) for name in sorted(given) if row[name] is None]
    if faults:
        raise Invalid(errors=faults)
    return row["brand"], row["region"], row["dealer"]


def _login(typed: str) -> str:
    login, (shortest, longest) = typed.strip().lower(), LOGIN_CHARACTERS
    if not shortest <= len(login) <= longest or not LOGIN.fullmatch(login):
        why = say("A login is a work e-mail, or letters, digits, dots and dashes.")
        raise Invalid(errors=[Fault(path="login", message=why)])
    return login


def _name(typed: str) -> str:
    name, (shortest, longest) = " ".join(typed.split()), NAME_CHARACTERS
    if not shortest <= len(name) <= longest or not name.isprintable():
        raise Invalid(errors=[Fault(path="name", message=say("Use 1 to 80 characters."))])
    return name


def _facts(duty: Duty) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(duty).items() if value is not None}
