"""Requests that are wrong in one thing each, made of a good one: an unknown field,
a name that an enum doesn't have, two members of a oneof, or a limit of
yandex/cloud/validation.proto that is broken. A server refuses all of them."""

import copy
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from . import limits
from .catalogue import Catalogue
from .form import Json, is_map

Path = list[str | int]
Broken = tuple[Path, str, Json]
"""Where in the body, which option, and the value that breaks it."""

UNKNOWN_FIELD = "noSuchField"
UNKNOWN_NAME = "NO_SUCH_NAME"
MISSING = object()
"""Breaks `required`."""
UNLIKELY = "A b!\\"
"""A text that no pattern of an id, a name or a label takes."""
LONGEST_TEXT = 100_000
"""Longer ones would only be slow to send."""


@dataclass(frozen=True)
class Violation:
    """A bad request."""

    rule: str
    """As `labels size <=64`, or what else is wrong."""
    body: Json


def of_call(catalogue: Catalogue, verb: str, path: str, body: Json) -> list[dict[str, Any]]:
    """All that can be made of a good request, as JSON."""
    (method,) = [method for method in catalogue.at(path) if method.verb == verb]
    broken = _message(method.request, body, [], method.path_fields)
    return [asdict(Violation(rule, _with(body, where, value))) for where, rule, value in broken]


def _message(
    message: Descriptor, body: Json, where: Path, elsewhere: Iterable[str]
) -> Iterator[Broken]:
    yield [*where, UNKNOWN_FIELD], "unknown field", "a"
    yield from _oneofs(message, body, where)
    for field in message.fields:
        if field.name in elsewhere or field.type == FieldDescriptor.TYPE_BYTES:
            continue
        below = [*where, field.json_name]
        if limits.option(field, "required"):
            yield below, f"{field.json_name} required", MISSING
        for option, value in _field(field):
            yield below, f"{field.json_name} {option}", value
        inner = _at(body, below)
        if field.message_type is None or is_map(field) or inner is None:
            continue
        if isinstance(inner, list):
            yield from _message(field.message_type, body, [*below, 0], ())
        elif isinstance(inner, dict):
            yield from _message(field.message_type, body, below, ())


def _oneofs(message: Descriptor, body: Json, where: Path) -> Iterator[Broken]:
    """Adds a second member to each oneof that has one."""
    for oneof in message.oneofs:
        absent = [field for field in oneof.fields if _at(body, [*where, field.json_name]) is None]
        if 0 < len(absent) < len(oneof.fields):
            second = absent[0]
            value: Json = {} if second.message_type else "a"
            yield [*where, second.json_name], f"{oneof.name} twice", value


def _field(field: FieldDescriptor) -> Iterator[tuple[str, Json]]:
    if is_map(field):
        yield from _map(field)
    elif field.is_repeated:
        if field.message_type is None:
            yield from ((option, [value]) for option, value in _single(field))
    else:
        yield from _single(field)


def _map(field: FieldDescriptor) -> Iterator[tuple[str, Json]]:
    if field.message_type.fields_by_name["value"].type != FieldDescriptor.TYPE_STRING:
        return
    if size := limits.option(field, "size"):
        _, most = limits.bounds(size)
        yield f"size {size}", {f"a{number}": "b" for number in range(int(most) + 1)}
    of_key = limits.option(field, "map_key")
    if of_key.pattern:
        yield f"key {of_key.pattern}", {UNLIKELY: "b"}
    for text in _too_long(of_key.length):
        yield f"key length {of_key.length}", {text: "b"}
    for option, value in _single(field):
        yield f"value {option}", {"a": value}


def _single(field: FieldDescriptor) -> Iterator[tuple[str, Json]]:
    """Breaks what one value, or the value of a map's entry, must keep to."""
    length = limits.option(field, "length")
    for text in _too_long(length):
        yield f"length {length}", text
    if pattern := limits.option(field, "pattern"):
        yield pattern, UNLIKELY
    if field.type == FieldDescriptor.TYPE_ENUM:
        yield "name", UNKNOWN_NAME
    value = limits.option(field, "value")
    kind = field.message_type.full_name if field.message_type else ""
    if not value or kind == "google.protobuf.Timestamp":
        return
    unit = "s" if kind == "google.protobuf.Duration" else ""
    low, high = limits.bounds(value)
    if high < limits.ENDLESS:
        yield f"value {value}", f"{high + 1}{unit}"
    # Zero is the same as nothing, except for a duration.
    if low > -limits.ENDLESS and (unit or low != 1):
        yield f"value {value}", f"{low - 1}{unit}"


def _too_long(limit: str) -> Iterator[str]:
    if limit:
        _, most = limits.bounds(limit)
        if most < LONGEST_TEXT:
            yield "a" * (int(most) + 1)


def _at(body: Json, where: Path) -> Json:
    for step in where:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return None
    return body


def _with(body: Json, where: Path, value: Json) -> Json:
    changed = copy.deepcopy(body)
    parent = _at(changed, where[:-1])
    if value is MISSING:
        parent.pop(where[-1], None)
    else:
        parent[where[-1]] = value
    return changed
