"""Who may call us: sources and the keys of machines, and what they already asked."""

from piccolo.columns import Array, Boolean, Bytea, Integer, Serial, SmallInt, Timestamptz, Varchar
from piccolo.table import Table


class Source(Table, tablename="source"):
    """A system or desk that sends leads; leads of a `test` source never count."""

    id: Serial
    code = Varchar(length=40, unique=True, default=None)
    kind = Varchar(length=20, default=None)
    test = Boolean(default=False)


class ApiKey(Table, tablename="api_key"):
    """A bearer key of a source or dealer; only its SHA-256 is kept (the secret has 256 random bits), `prefix` names it to people.

    A principal has two slots, and a key holds one of them until it is revoked or its time is over. Without networks or a
    limit of its own it may be used from anywhere, as often as its kind usually may (crm/limits.py).
    """

    id: Serial
    principal_kind = Varchar(length=10, default=None)
    principal = Integer(default=None)
    hash = Bytea(unique=True, default=None)
    prefix = Varchar(length=16, default=None)
    scopes = Varchar(length=200, default=None)
    created_at = Timestamptz(default=None)
    created_by = Varchar(length=80, default=None, null=True)
    expires_at = Timestamptz(default=None, null=True)
    revoked_at = Timestamptz(default=None, null=True)
    last_used_at = Timestamptz(default=None, null=True)
    slot = SmallInt(default=None, null=True)
    allowed_from = Array(base_column=Varchar(), default=None, null=True)
    limit_requests = Integer(default=None, null=True)
    limit_seconds = Integer(default=None, null=True)


class Idempotency(Table, tablename="idempotency"):
    """A request that a principal named itself: the same key again gets the answer that `reference` points to."""

    id: Serial
    principal_kind = Varchar(length=10, default=None)
    principal = Integer(default=None)
    route = Varchar(length=160, default=None)
    key = Varchar(length=120, default=None)
    body_hash = Bytea(default=None)
    reference = Varchar(length=120, default=None)
    at = Timestamptz(default=None)
    forget_at = Timestamptz(default=None)
