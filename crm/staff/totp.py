"""Six digits that change every half minute (RFC 6238, SHA-1 as every authenticator app expects), and the picture that carries their secret.

Pure functions; that a step is used once is for `crm.second_factor` to promise.
"""

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

from crm import qr

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
# Telephones run a little early or late.
SLACK = (0, -1, 1)
ISSUER = "Marquee"


def new_secret() -> str:
    """160 random bits in base32, as apps take them typed."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code(secret: str, step: int) -> str:
    """What an authenticator shows in that time step."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8), "sha1")
    at = digest[-1] & 0xF
    number = int.from_bytes(digest[at : at + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_at(at: datetime) -> int:
    """The number of the time step that this moment lies in."""
    return int(at.timestamp()) // STEP_SECONDS


def step_of(secret: str, typed: str, *, at: datetime) -> int | None:
    """The step, now or next to it, in which these digits are shown; None for wrong ones."""
    steps = (step_at(at) + slack for slack in SLACK)
    return next((step for step in steps if hmac.compare_digest(code(secret, step).encode(), typed.encode())), None)


def address(secret: str, *, login: str) -> str:
    """The otpauth address that authenticator apps read."""
    return f"otpauth://totp/{ISSUER}:{quote(login)}?secret={secret}&issuer={ISSUER}"


def picture(secret: str, *, login: str) -> str:
    """The same as a QR code: an SVG without styles, for a page that lets none in."""
    return qr.on_page(address(secret, login=login))
