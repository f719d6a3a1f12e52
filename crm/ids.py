"""Identifiers made here, so that one row can name another before either is written.

Promises UUIDv7 values (RFC 9562, section 5.7) that sort by the moment they were asked for, on any supported PostgreSQL and Python.
They tell when a row was made, so they stay inside: other principals get a reference from `crm.vault`.
"""

import os
from datetime import datetime
from uuid import UUID


def uuid7(at: datetime) -> UUID:
    """A new id that sorts by `at` to the millisecond; 74 random bits keep ids of one millisecond apart."""
    milliseconds = int(at.timestamp() * 1000)
    random = int.from_bytes(os.urandom(10))
    low = (milliseconds << 80) | (0x7 << 76) | ((random >> 68 & 0xFFF) << 64) | (0b10 << 62) | (random & (1 << 62) - 1)
    return UUID(int=low)
