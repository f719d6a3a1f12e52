"""Forms of pages: what a browser sent, read into the shape a page asks for, with every fault at its field.

Promises that a field nobody asked for is refused, that an empty field is nothing where nothing is allowed, and that what was typed is there
again when the form comes back. Refuses with sentences that people understand, in their language.
"""

import re
import types
import typing
from typing import Any, TypeAlias, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import FormMultiDict, UploadFile

from crm.errors import Fault, Invalid
from crm.languages import later, say

Asked: TypeAlias = Request[Any, Any, Any]
Shape = TypeVar("Shape", bound=msgspec.Struct)

TOKEN = "_csrf"  # noqa: S105  the name of a field, not a secret
NEEDED = later("Please fill this in.")
UNUSABLE = later("This cannot be used as it is.")
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


def _given(sent: FormMultiDict, fields: dict[str, msgspec.structs.FieldInfo]) -> dict[str, Any]:
    return {
        name: sent.getall(name) if _is_list(field.type) else _trimmed(sent[name])
        for name, field in fields.items()
        if name in sent
    }


def _read(field: msgspec.structs.FieldInfo, value: Any) -> dict[str, Any]:
    if value == "" and (_allows_nothing(field.type) or not field.required):
        value = None
    if isinstance(value, UploadFile):
        return {field.name: value}
    if value is None and not field.required:
        return {}  # the shape's own default
    if value in (None, "") and not _allows_nothing(field.type):
        raise msgspec.ValidationError("length >= 1")
    if _bare(field.type) is bool:
        value = value not in ("false", "0", "no", "off")
    return {field.name: msgspec.convert(value, field.type, strict=False)}


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
