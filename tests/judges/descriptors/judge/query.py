"""Query parameters: request fields of methods that have no body."""

from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from . import form
from .catalogue import Method
from .form import Json


def as_json(query: str | None, method: Method) -> tuple[dict[str, Json], list[str]]:
    """The parameters as the JSON of a request, and what is wrong with them as
    parameters. Names and values that no field takes stay in the JSON as they are."""
    pairs = parse_qsl(query or "", keep_blank_values=True)
    if method.body and pairs:
        names = ", ".join(name for name, _ in pairs)
        return {}, [f"query: {names}: the fields of {method.name} are in its body"]
    request: dict[str, Json] = {}
    complaints = []
    for name, text in pairs:
        path = name.split(".")
        field = _find(path, method.request)
        if field is not None and len(path) == 1 and field.name in method.path_fields:
            complaints.append(f"query.{name}: the field is in the path already")
        elif not _put(request, path, field, text):
            complaints.append(f"query.{name}: given twice")
    return request, complaints


def _find(path: list[str], request: Descriptor) -> FieldDescriptor | None:
    """The field of a parameter: `pageSize`, or `resource.id` inside of a message."""
    message: Descriptor | None = request
    field: FieldDescriptor | None = None
    for part in path:
        fields = {field.json_name: field for field in message.fields} if message else {}
        field = fields.get(part)
        message = field.message_type if field else None
    return field


def _put(
    request: dict[str, Any], path: list[str], field: FieldDescriptor | None, text: str
) -> bool:
    """Adds a parameter, unless it is there already and no list."""
    for part in path[:-1]:
        request = request.setdefault(part, {})
    name = path[-1]
    if field is not None and field.is_repeated:
        request.setdefault(name, []).append(_value(text, field))
    elif name in request:
        return False
    else:
        request[name] = text if field is None else _value(text, field)
    return True


def _value(text: str, field: FieldDescriptor) -> Json:
    """A parameter as it would be in JSON, where some values have no quotes."""
    if field.type == FieldDescriptor.TYPE_BOOL:
        return {"true": True, "false": False}.get(text, text)
    if field.type in form.WHOLE and form.WHOLE_NUMBER.fullmatch(text):
        return int(text)
    return text
