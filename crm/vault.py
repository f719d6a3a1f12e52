"""Contact details at rest: sealed for us alone, found again by keyed match keys, named to others by references.

Promises that a sealed value opens only at the place it was sealed for, and that no key leaves this module. Refuses to
start without keys: lost ones are never replaced by new ones, because what they sealed would be lost in silence.
"""

import base64
import binascii
import contextlib
import functools
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

from crm.errors import NotReady
from crm.settings import settings

FORMAT = 1
NONCE_BYTES = 12
KEY_BYTES = 32
REFERENCE_CHARACTERS = 43  # 32 bytes in base64 without padding


class CannotOpen(Exception):
    """A sealed value was changed, belongs elsewhere or needs a key that is not here. Not a refusal: something broke."""


@dataclass(frozen=True)
class Keys:
    """What the key file holds, ready for use; several sealing keys may be there, `current` seals."""

    current: int
    sealing: Mapping[int, AESGCM]
    match: bytes
    reference: bytes


def seal(text: str, *, place: str) -> bytes:
    """The text for one place, named `table|column|row`: format byte, key id, nonce, AES-256-GCM ciphertext."""
    keys = _keys()
    nonce = os.urandom(NONCE_BYTES)
    return (
        bytes((FORMAT, keys.current)) + nonce + keys.sealing[keys.current].encrypt(nonce, text.encode(), place.encode())
    )


def open_(sealed: bytes, *, place: str) -> str:
    """The text again; raises CannotOpen for another place, a changed byte or an unknown key."""
    key = _keys().sealing.get(sealed[1]) if len(sealed) > NONCE_BYTES + 2 and sealed[0] == FORMAT else None
    if key is None:
        raise CannotOpen(f"no key or format of ours at {place.partition('|')[0]}")
    nonce, ciphertext = sealed[2 : 2 + NONCE_BYTES], sealed[2 + NONCE_BYTES :]
    try:
        return key.decrypt(nonce, ciphertext, place.encode()).decode()
    except InvalidTag:
        raise CannotOpen(f"changed or misplaced value in {place.partition('|')[0]}") from None


def match_key(kind: str, value: str, *, namespace: str = "") -> bytes:
    """32 bytes that are equal for equal values of one kind and namespace, and tell nothing without our key."""
    # Lengths keep ("a", "bc") and ("ab", "c") apart.
    return blind_index(_keys().match, f"{len(kind)}:{kind}{len(namespace)}:{namespace}{value}")


def blind_index(key: bytes, value: str) -> bytes:
    """HMAC-SHA256 of the value, the primitive beneath match keys."""
    return hmac.digest(key, value.encode(), "sha256")


def outside_reference(principal: str, person: UUID) -> str:
    """The name of a person for one principal: always the same, unlike any other principal's, readable by us alone."""
    sealed = _reference_cipher(principal).encrypt(person.bytes, None)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def inside_reference(principal: str, reference: str) -> UUID | None:
    """The person whom this principal names so; None when it is no reference of theirs."""
    if len(reference) != REFERENCE_CHARACTERS or not reference.isascii():
        return None
    try:
        sealed = base64.b64decode(reference + "=", altchars=b"-_", validate=True)
        person = UUID(bytes=_reference_cipher(principal).decrypt(sealed, None))
    except (binascii.Error, InvalidTag):
        return None
    # The last character has spare bits: one person has one spelling.
    return person if outside_reference(principal, person) == reference else None


def make_keys() -> None:
    """Write a key file (0600) for the embedded database's first start; an existing one or MARQUEE_KEYS stays."""
    if settings().keys is not None:
        return
    folder = settings().data
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"keys.{secrets.token_hex(8)}.new"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(new_keys())
        file.flush()
        os.fsync(file.fileno())
    # A link appears whole or not at all, and fails when another starter was first: then theirs are the keys.
    with contextlib.suppress(FileExistsError):
        os.link(draft, _key_file())
    draft.unlink()


def new_keys() -> str:
    """The text of a new key file, for MARQUEE_KEYS or a safe place."""
    fresh = {
        name: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() for name in ("sealing", "match", "reference")
    }
    return json.dumps(
        {"current": 1, "sealing": {"1": fresh["sealing"]}, "match": fresh["match"], "reference": fresh["reference"]}
    )


def ready() -> None:
    """Refuses, in a sentence for the operator, when there are no usable keys."""
    _keys()


def forget_keys() -> None:
    """Read the keys anew at the next use: after a rotation, or when a test changes them."""
    _keys.cache_clear()
    _reference_cipher.cache_clear()


@functools.cache
def _keys() -> Keys:
    text = _key_text()
    try:
        written = json.loads(text)
        sealing = {int(number): AESGCM(_key_bytes(key)) for number, key in written["sealing"].items()}
        keys = Keys(int(written["current"]), sealing, _key_bytes(written["match"]), _key_bytes(written["reference"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        # Without the cause: its message could quote a key.
        raise NotReady(why="The keys cannot be read; `marquee doctor` shows the form that is expected.") from None
    if keys.current not in sealing or not all(0 < number < 256 for number in sealing):  # noqa: PLR2004  # one byte
        raise NotReady(why="The current key must be among the sealing keys, numbered 1 to 255.")
    return keys


def _key_text() -> str:
    given = settings().keys
    if given is not None and given.lstrip().startswith("{"):
        return given
    if given is None and settings().database_url is not None:
        raise NotReady(
            why="With DATABASE_URL set, MARQUEE_KEYS must name the key file or hold its JSON: keep keys apart."
        )
    file = Path(given) if given is not None else _key_file()
    try:
        return file.read_text()
    except FileNotFoundError:
        raise NotReady(
            why=f"There is no key file {file.name}. Restore it: without it, sealed contact details stay sealed."
        ) from None


def _key_file() -> Path:
    return settings().data / "keys.json"


def _key_bytes(written: str) -> bytes:
    key = base64.b64decode(written, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return key


@functools.lru_cache(maxsize=1024)
def _reference_cipher(principal: str) -> AESSIV:
    # AES-SIV wants 64 bytes for AES-256; SHA-512 keyed by the reference key derives them per principal.
    return AESSIV(hmac.digest(_keys().reference, principal.encode(), hashlib.sha512))
