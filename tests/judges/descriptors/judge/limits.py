"""Limits of request fields, by the options of yandex/cloud/validation.proto.

A request that was answered well must keep to them: the cloud would have refused
it otherwise.
"""

import re
from collections.abc import Iterable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from yandex.cloud import validation_pb2

from .form import is_map, shown

ENDLESS = 2**63 - 1
"""Where a limit has no end."""
SECONDS = {"s": 1, "m": 60, "h": 3600}
NUMBER = r"(-?\d+)([smh]?)"
BETWEEN = re.compile(f"{NUMBER}-{NUMBER}")
COMPARED = re.compile(f"(<=|>=|<|>){NUMBER}")


def check(message: Message, elsewhere: Iterable[str], where: str) -> list[str]:
    """What is wrong with a request. `elsewhere` names fields that are in the path."""
    complaints = []
    for oneof in message.DESCRIPTOR.oneofs:
        wanted = oneof.GetOptions().Extensions[validation_pb2.exactly_one]
        if wanted and message.WhichOneof(oneof.name) is None:
            names = ", ".join(field.json_name for field in oneof.fields)
            complaints.append(f"{where}: one of {names} is required")
    for field in message.DESCRIPTOR.fields:
        if field.name not in elsewhere:
            complaints += _field(message, field, f"{where}.{field.json_name}")
    return complaints


def _field(message: Message, field: FieldDescriptor, where: str) -> list[str]:
    value = getattr(message, field.name)
    present = message.HasField(field.name) if field.has_presence else bool(value)
    if not present:
        return [f"{where}: required"] if option(field, "required") else []
    if is_map(field):
        return _map(value, field, where)
    if field.is_repeated:
        complaints = _within(len(value), option(field, "size"), "elements", where)
        if option(field, "unique") and len(set(value)) < len(value):
            complaints.append(f"{where}: the same element twice")
        for at, item in enumerate(value):
            complaints += _single(item, field, f"{where}[{at}]")
        return complaints
    return _single(value, field, where)


def _map(entries: Any, field: FieldDescriptor, where: str) -> list[str]:
    complaints = _within(len(entries), option(field, "size"), "elements", where)
    of_key = option(field, "map_key")
    for key in entries:
        below = f"{where}.{key}"
        complaints += _matches(key, of_key.pattern, f"{below} (the key)")
        complaints += _within(len(key), of_key.length, "characters", f"{below} (the key)")
        complaints += _single(entries[key], field, below)
    return complaints


def _single(value: Any, field: FieldDescriptor, where: str) -> list[str]:
    """Checks one value, element, or value of a map's entry."""
    if isinstance(value, (str, bytes)):
        complaints = _within(len(value), option(field, "length"), "characters", where)
        if isinstance(value, str):
            complaints += _matches(value, option(field, "pattern"), where)
        return complaints
    limit = option(field, "value")
    if not isinstance(value, Message):
        return _within(value, limit, "", where)
    kind = value.DESCRIPTOR.full_name
    if kind == "google.protobuf.Duration":
        return _within(value.seconds + value.nanos / 1e9, limit, "seconds", where)
    if kind.startswith("google.protobuf."):
        return []
    return check(value, (), where)


def _matches(text: str, pattern: str, where: str) -> list[str]:
    if not pattern or re.fullmatch(pattern, text):
        return []
    return [f"{where}: {shown(text)} doesn't match {pattern}"]


def _within(value: float, limit: str, unit: str, where: str) -> list[str]:
    """Checks a limit like `1-64`, `<=50` or `1s-1m`; none is an empty text."""
    if not limit or _keeps_to(value, limit):
        return []
    return [f"{where}: {value} {unit}".rstrip() + f", and the limit is {limit}"]


def _keeps_to(value: float, limit: str) -> bool:
    low, high = bounds(limit)
    return low <= value <= high


def bounds(limit: str) -> tuple[int, int]:
    """The lowest and the highest value that a limit allows."""
    if between := BETWEEN.fullmatch(limit):
        low, low_unit, high, high_unit = between.groups()
        return _number(low, low_unit), _number(high, high_unit)
    if compared := COMPARED.fullmatch(limit):
        sign, number, unit = compared.groups()
        bound = _number(number, unit)
        low, high = -ENDLESS, ENDLESS
        of_sign = {
            "<=": (low, bound),
            ">=": (bound, high),
            "<": (low, bound - 1),
            ">": (bound + 1, high),
        }
        return of_sign[sign]
    raise ValueError(f"a limit of an unknown form: {limit}")


def _number(text: str, unit: str) -> int:
    return int(text) * SECONDS.get(unit, 1)


def option(field: FieldDescriptor, name: str) -> Any:
    """What a field's option of validation.proto says; empty without it."""
    return field.GetOptions().Extensions[getattr(validation_pb2, name)]
