"""Forms of pages: what a browser sent, read into the shape a page asks for, with every fault at its field.

Promises that a field nobody asked for is refused, that an empty field is nothing where nothing is allowed, and that what was typed is there
again when the form comes back. Refuses with sentences that people understand, in their language.
"""

import re
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request
from litestar.datastructures import FormMultiDict, UploadFile

from crm.errors import Fault, Invalid, Refused
from crm.languages import later, say

Asked: TypeAlias = Request[Any, Any, Any]
Shape = TypeVar("Shape", bound=msgspec.Struct)

TOKEN = "_csrf"  # noqa: S105  the name of a field, not a secret
NEEDED = later("Please fill this in.")
UNUSABLE = later("This cannot be used as it is.")
NO_MOMENT = later("Please write day and time like 2025-12-10 09:00.")
WIDEST = 2**31 - 1  # what a column for numbers holds
# What msgspec says about a field, and what a person is told instead; %(n)s is the number in it.
SENTENCES = (
    (re.compile(r"length >= 1$"), NEEDED),
    (re.compile(r"length >= (?P<n>\d+)$"), later("At least %(n)s characters, please.")),
    (re.compile(r"length <= (?P<n>\d+)$"), later("At most %(n)s characters, please.")),
    (re.compile(r"(?:int|float)` >= (?P<n>[-\d.]+)$"), later("It must be %(n)s or more.")),
    (re.compile(r"(?:int|float)` <= (?P<n>[-\d.]+)$"), later("It must be %(n)s or less.")),
    (re.compile(r"Expected `int"), later("Please write a whole number.")),
    (re.compile(r"Expected `float"), later("Please write a number.")),
    (re.compile(r"Invalid enum value"), later("Please choose one of the list.")),
    (re.compile(r"Expected `date`|Invalid RFC3339|Expected `datetime`"), later("Please write a date like 2025-12-10.")),
    (re.compile(r"Invalid UUID|Expected `uuid`"), later("Please choose one of the list.")),
)


async def form(request: Asked, shape: type[Shape]) -> Shape:
    """The form as `shape`; a repeated field becomes a list, a ticked box true. Refuses with `Invalid`, a fault for every wrong field."""
    sent = await request.form()
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    given = _given(sent, fields)
    request.state.given = {name: value for name, value in given.items() if not isinstance(value, UploadFile)}
    faults = [Fault(path=name, message=say(UNUSABLE)) for name in sent if name not in fields and name != TOKEN]
    read: dict[str, Any] = {}
    for name, field in fields.items():
        try:
            read |= _read(field, given.get(name))
        except msgspec.ValidationError as wrong:
            faults.append(Fault(path=name, message=_sentence(str(wrong))))
    if faults:
        raise Invalid(errors=faults)
    return shape(**read)


def sentences(wrong: Invalid) -> dict[str, str]:
    """What stands at each field, in the reader's language."""
    return {fault["path"]: say(fault["message"]) for fault in wrong.errors}


def at_fields(no: Refused, fields: Mapping[str, str]) -> Refused:
    """The same faults at the fields that stand for their paths: `interests` for `interests[0].brand` too, unless that has one of its own.

    A refusal of the whole stays what it is.
    """
    if not isinstance(no, Invalid):
        return no
    return Invalid(errors=[Fault(path=_field(one["path"], fields), message=one["message"]) for one in no.errors])


def moment(typed: str | None, *, zone: str, field: str) -> datetime | None:
    """What a browser's field for day and time says, on the writer's clock; refuses, at that field, what is no moment."""
    if not typed:
        return None
    try:
        said = datetime.fromisoformat(typed)
        return (said if said.tzinfo else said.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day there is have no other zone
        raise Invalid(errors=[Fault(path=field, message=say(NO_MOMENT))]) from None


def _field(path: str, fields: Mapping[str, str]) -> str:
    bare = re.sub(r"\[\d+\]", "", path)
    fitting = [known for known in fields if bare == known or bare.startswith(f"{known}.")]
    return fields[max(fitting, key=len)] if fitting else path


def _given(sent: FormMultiDict, fields: dict[str, msgspec.structs.FieldInfo]) -> dict[str, Any]:
    return {
        name: sent.getall(name) if _is_list(field.type) else _trimmed(sent[name])
        for name, field in fields.items()
        if name in sent
    }


def _read(field: msgspec.structs.FieldInfo, value: Any) -> dict[str, Any]:
    if value == "" and (_allows_nothing(field.type) or not field.required):
        value = None
    if isinstance(value, UploadFile) and field.type is Any:
        return {field.name: value}
    if value is None and not field.required:
        return {}  # the shape's own default
    if value in (None, "") and not _allows_nothing(field.type):
        raise msgspec.ValidationError("length >= 1")
    if _bare(field.type) is bool:
        value = value not in ("false", "0", "no", "off")
    return {field.name: _keepable(msgspec.convert(value, field.type, strict=False))}


def _keepable(value: Any) -> Any:
    """The value, unless no column of ours can hold it: a text with a NUL in it, or a number that is too wide."""
    one_by_one = value if isinstance(value, list) else [value]
    if any("\0" in one if isinstance(one, str) else isinstance(one, int) and abs(one) > WIDEST for one in one_by_one):
        raise msgspec.ValidationError("unusable")
    return value


def _sentence(told: str) -> str:
    for pattern, sentence in SENTENCES:
        found = pattern.search(told.partition(" - at ")[0])
        if found:
            return say(sentence) % found.groupdict()
    return say(UNUSABLE)


def _trimmed(value: Any) -> Any:
    # Browsers count a new line as one sign and send it as two: what fitted into a field is not too long here.
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def _bare(kind: Any) -> Any:
    return typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind


def _is_list(kind: Any) -> bool:
    return typing.get_origin(_bare(kind)) in (list, tuple, set, frozenset)


def _allows_nothing(kind: Any) -> bool:
    kind = _bare(kind)
    return typing.get_origin(kind) in (typing.Union, types.UnionType) and type(None) in typing.get_args(kind)
