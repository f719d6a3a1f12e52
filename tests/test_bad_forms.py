"""Every form of the house, filled in by somebody who means no good: whatever stands in its fields, it is answered and never breaks.

Which fields a form has is read from the doors themselves, so that a new form is tried without anybody thinking of it.
"""

import inspect
import os
import re
import types
import typing
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
import pytest

from crm.roles import MAY
from tests.whole import running, two_brands
from tests.whole.matrix import ASKED, PERMITTED, SAID, filled
from tests.whole.test_matrix import ENDS, routes
from tests.whole.two_brands import NOBODY, be

# Where everything must hold each field meets them all; elsewhere one of three, the next field the next one.
EVERY = 1 if running.FULL or os.environ.get("CI") == "true" else 3
FORM = "application/x-www-form-urlencoded"
# What no field expects, or only some do: nothing, wrong kinds, too much of the right kind, and bytes that are no text.
BAD: tuple[Any, ...] = (
    "",
    "nowhere",
    "//[",
    "/中",
    NOBODY,
    "-1",
    "2147483648",
    str(10**20),
    "1e400",
    "x" * 5000,
    "a\x00b",
    b"\xff\xfe",
    b"\xed\xa0\x80",
)
# What brings a form so far that the next field is looked at.
GOOD: dict[Any, str] = {int: "1", float: "1", str: "hello", bool: "true", date: "2025-12-10", UUID: NOBODY}


@pytest.fixture
async def world(clean_tables, tmp_path):
    return await two_brands.open_house(tmp_path)


def forms():
    """Every POST of the pages with the fields that its handler reads."""
    found = {(method, address): shape_of(handler.fn) for (method, address), handler in routes()}
    return {address: shape for (method, address), shape in found.items() if method == "POST" and ("POST", address) in ASKED
            and not address.startswith("/api/")}  # fmt: skip


def shape_of(function):
    """The struct that a handler reads its form as, by itself or in a function that it calls; None for a bare button."""
    known = {**vars(inspect.getmodule(function)), **vars(sys_class(function))}
    for source in (function, *(known[name] for name in called(function) if inspect.isfunction(known.get(name)))):
        if found := re.search(r"\bform\(request, (\w+)\)", inspect.getsource(source)):
            return known[found[1]]
    return None


def called(function):
    return re.findall(r"\b(?:self\.)?(_\w+)\(", inspect.getsource(function))


def sys_class(function):
    return getattr(inspect.getmodule(function), function.__qualname__.partition(".")[0])


def plain(field, said):
    """One value that the field may take."""
    kind = field.type
    while typing.get_origin(kind) in (typing.Annotated, typing.Union, types.UnionType, list):
        kind = typing.get_args(kind)[0]
    return said.get(field.encode_name) or GOOD.get(kind) or str((typing.get_args(kind) or ("hello",))[0])


def tries(shape, said):
    """Bodies to send: every field in turn missing, bad or twice, the others as they should be; then one that nobody asked for."""
    good = {field.encode_name: plain(field, said) for field in msgspec.structs.fields(shape)} if shape else {}
    for place, (name, usual) in enumerate(good.items()):
        yield f"{name} missing", [(other, value) for other, value in good.items() if other != name]
        yield f"{name} twice", [*good.items(), (name, usual)]
        for bad in BAD[place % EVERY :: EVERY]:
            yield f"{name}={bad[:12]!r}", list((good | {name: bad}).items())
    yield "unknown field", [*good.items(), ("nobody", "asked")]


async def test_no_form_breaks_the_house(world):
    admin, store = await be(world, "alliance_admin"), await be(world, "store")

    broken, sent = [], 0
    # What ends a session or empties the stage comes last.
    for address, shape in sorted(forms().items(), key=lambda one: (one[0] in ENDS, one[0])):
        client = admin if PERMITTED.get(("POST", address), frozenset()) <= MAY["alliance_admin"] else store
        said = {name: filled(one, world.ours) for name, one in SAID.get(("POST", address), {}).items()}
        for what, body in tries(shape, said):
            answer = await client.post(
                filled(address, world.ours), content=urlencode(body), headers={"content-type": FORM}
            )
            sent += 1
            if answer.status_code >= 500:
                broken.append((address, what))
    assert not broken, "\n".join(map(str, broken))
    assert sent > 500
