"""How the cloud writes values in JSON.

The protobuf parser is lenient where the cloud's clients are not: it takes
snake_case names, enums and 64-bit integers as numbers, and null. So the form
is compared with the one that the mapping prescribes for output, field by field.
"""

import re
from typing import Any, TypeAlias

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor

Json: TypeAlias = Any
"""What `json.loads` returns."""

TYPE_PREFIX = "type.googleapis.com/"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
WHOLE_NUMBER = re.compile(r"0|-?[1-9]\d*")

LONG = {
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_SINT64,
    FieldDescriptor.TYPE_FIXED64,
    FieldDescriptor.TYPE_SFIXED64,
}
WHOLE = {
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_UINT32,
    FieldDescriptor.TYPE_SINT32,
    FieldDescriptor.TYPE_FIXED32,
    FieldDescriptor.TYPE_SFIXED32,
}
FLOATING = {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}
TEXT = {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}
FREE = {"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"}
WRAPPER = re.compile(r"google\.protobuf\.(Bool|U?Int32|U?Int64|Double|Float|String|Bytes)Value")


def check(value: Json, message: Descriptor, where: str) -> list[str]:
    """What is wrong with the form of a message of this type."""
    name = message.full_name
    if name in FREE:
        return []
    if WRAPPER.fullmatch(name):
        return _scalar(value, message.fields_by_name["value"], where)
    if name == "google.protobuf.Timestamp":
        return _text(value, TIMESTAMP, "a time like 2006-01-02T15:04:05Z", where)
    if name == "google.protobuf.Duration":
        return _text(value, DURATION, "a duration like 5s", where)
    if name == "google.protobuf.FieldMask":
        return _is(isinstance(value, str), value, "paths joined by commas", where)
    if not isinstance(value, dict):
        return _is(False, value, "an object", where)
    if name == "google.protobuf.Any":
        return _any(value, where)
    return _fields(value, message, where)


def _fields(value: dict[str, Json], message: Descriptor, where: str) -> list[str]:
    by_json_name = {field.json_name: field for field in message.fields}
    complaints = []
    for key, inner in value.items():
        below = f"{where}.{key}"
        field = by_json_name.get(key)
        if field is not None:
            complaints += _field(inner, field, below)
        elif key in message.fields_by_name:
            right = message.fields_by_name[key].json_name
            complaints.append(f"{below}: the name is written {right} in JSON")
        else:
            complaints.append(f"{below}: {message.full_name} has no such field")
    return complaints


def _field(value: Json, field: FieldDescriptor, where: str) -> list[str]:
    if value is None:
        return [f"{where}: null, where a field that isn't set is left out"]
    if is_map(field):
        if not isinstance(value, dict):
            return _is(False, value, "an object", where)
        of_value = field.message_type.fields_by_name["value"]
        return [text for key in value for text in _single(value[key], of_value, f"{where}.{key}")]
    if field.is_repeated:
        if not isinstance(value, list):
            return _is(False, value, "a list", where)
        numbered = enumerate(value)
        return [text for at, item in numbered for text in _single(item, field, f"{where}[{at}]")]
    return _single(value, field, where)


def is_map(field: FieldDescriptor) -> bool:
    """Whether a field is a map, which descriptors show as a list of entries."""
    kind = field.message_type
    return kind is not None and kind.GetOptions().map_entry


def _single(value: Json, field: FieldDescriptor, where: str) -> list[str]:
    if field.message_type is not None:
        return check(value, field.message_type, where)
    return _scalar(value, field, where)


def _scalar(value: Json, field: FieldDescriptor, where: str) -> list[str]:
    if field.type in LONG:
        return _text(value, WHOLE_NUMBER, "a 64-bit integer, which is written as a string", where)
    if field.type == FieldDescriptor.TYPE_ENUM:
        known = isinstance(value, str) and value in field.enum_type.values_by_name
        return _is(known, value, f"a name of {field.enum_type.full_name}", where)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _is(isinstance(value, bool), value, "true or false", where)
    if field.type in TEXT:
        return _is(isinstance(value, str), value, "a string", where)
    number = isinstance(value, int) and not isinstance(value, bool)
    if field.type in FLOATING:
        return _is(number or isinstance(value, float), value, "a number", where)
    return _is(number, value, "a whole number", where)


def _any(value: dict[str, Json], where: str) -> list[str]:
    message, complaint = message_of_any(value)
    if message is None:
        return [f"{where}: {complaint}"]
    content = {key: inner for key, inner in value.items() if key != "@type"}
    special = message.full_name.startswith("google.protobuf.")
    if special and message.full_name != "google.protobuf.Empty":
        # Types with a form of their own stand under `value` here.
        return check(content.get("value"), message, f"{where}.value")
    return check(content, message, where)


def message_of_any(value: Json) -> tuple[Descriptor | None, str]:
    """The type that an `Any` names, or what is wrong with the name."""
    url = value.get("@type") if isinstance(value, dict) else None
    if not isinstance(url, str):
        return None, "no @type"
    if not url.startswith(TYPE_PREFIX):
        return None, f"@type {url!r} doesn't begin with {TYPE_PREFIX}"
    name = url.removeprefix(TYPE_PREFIX)
    try:
        return descriptor_pool.Default().FindMessageTypeByName(name), ""
    except KeyError:
        return None, f"@type {url!r} names a type that isn't there"


def _text(value: Json, pattern: re.Pattern[str], due: str, where: str) -> list[str]:
    good = isinstance(value, str) and pattern.fullmatch(value) is not None
    return _is(good, value, due, where)


def _is(good: bool, value: Json, due: str, where: str) -> list[str]:
    return [] if good else [f"{where}: {shown(value)} where {due} is due"]


def shown(value: Json) -> str:
    """A value in a complaint: not all of an archive."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
