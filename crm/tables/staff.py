"""The people who work here: who they are, what they may do, and how they prove it."""

from piccolo.columns import UUID, BigSerial, Boolean, Bytea, ForeignKey, Integer, OnDelete, Serial, Timestamptz, Varchar
from piccolo.table import Table

from crm.tables.network import Dealer
from crm.tables.parties import Brand, Region


class Staff(Table, tablename="staff"):
    """One of our users. `role` says what they may do, brand, region and dealer what of it.

    `totp` is the sealed second factor, `totp_step` the last time step it was used for. Without a password nobody signs in by one.
    """

    id: Serial
    login = Varchar(length=120, unique=True, default=None)
    name = Varchar(length=80, default=None)
    role = Varchar(length=20, default=None)
    brand = ForeignKey(Brand, on_delete=OnDelete.restrict, null=True, default=None)
    region = ForeignKey(Region, on_delete=OnDelete.restrict, null=True, default=None)
    dealer = ForeignKey(Dealer, on_delete=OnDelete.restrict, null=True, default=None)
    password_hash = Varchar(length=200, default=None, null=True)
    totp = Bytea(default=None, null=True)
    totp_confirmed_at = Timestamptz(default=None, null=True)
    totp_step = Integer(default=0)
    language = Varchar(length=12, default=None, null=True)
    theme = Varchar(length=10, default=None, null=True)
    time_zone = Varchar(length=40, default="Asia/Shanghai")
    shortcuts = Boolean(default=True)
    created_at = Timestamptz(default=None)
    created_by = Varchar(length=80, default=None)
    last_sign_in_at = Timestamptz(default=None, null=True)
    disabled_at = Timestamptz(default=None, null=True)
    version = Integer(default=1)


class RecoveryCode(Table, tablename="recovery_code"):
    """A code that stands in for the second factor, once; kept as a hash."""

    id: Serial
    staff = ForeignKey(Staff, on_delete=OnDelete.cascade, null=False)
    hash = Bytea(default=None)
    used_at = Timestamptz(default=None, null=True)


class StaffSession(Table, tablename="staff_session"):
    """A browser that signed in; only the SHA-256 of its cookie is kept. `step` is password until the second factor came, then full."""

    id = UUID(primary_key=True, default=None)
    hash = Bytea(unique=True, default=None)
    staff = ForeignKey(Staff, on_delete=OnDelete.cascade, null=False)
    step = Varchar(length=10, default=None)
    browser = Varchar(length=160, default=None)
    created_at = Timestamptz(default=None)
    seen_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    ended_at = Timestamptz(default=None, null=True)
    ended_why = Varchar(length=40, default=None, null=True)


class SignInAttempt(Table, tablename="sign_in_attempt"):
    """One try at a password or a second factor, by keyed digests of the login and of the address it came from."""

    id = BigSerial(primary_key=True)
    login_key = Bytea(default=None)
    address_key = Bytea(default=None)
    at = Timestamptz(default=None)
    succeeded = Boolean(default=False)
