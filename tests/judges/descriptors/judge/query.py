"""Query parameters: request fields of methods that have no body."""

from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from . import form
from .catalogue import Method
from .form import Json


def check(query: str | None, method: Method) -> list[str]:
    """What is wrong with the parameters of a call of this method."""
    pairs = parse_qsl(query or "", keep_blank_values=True)
    if method.body and pairs:
        names = ", ".join(name for name, _ in pairs)
        return [f"query: {names}: the fields of {method.name} are in its body"]
    complaints = []
    seen: set[str] = set()
    for name, text in pairs:
        where = f"query.{name}"
        field, complaint = _find(name, method.request)
        if field is None:
            complaints.append(f"{where}: {complaint}")
            continue
        if "." not in name and field.name in method.path_fields:
            complaints.append(f"{where}: the field is in the path already")
        if name in seen and not field.is_repeated:
            complaints.append(f"{where}: given twice")
        seen.add(name)
        complaints += _value(text, field, where)
    return complaints


def _find(name: str, request: Descriptor) -> tuple[FieldDescriptor | None, str]:
    """The field of a parameter: `pageSize`, or `resource.id` inside of a message."""
    message: Descriptor | None = request
    field: FieldDescriptor | None = None
    for part in name.split("."):
        if message is None:
            return None, f"{part} is inside of something that has no fields"
        fields = {field.json_name: field for field in message.fields}
        field = fields.get(part)
        if field is None and part in message.fields_by_name:
            return None, f"written {message.fields_by_name[part].json_name} in a query"
        if field is None:
            return None, f"{message.full_name} has no field {part}"
        message = field.message_type
    return field, ""


def _value(text: str, field: FieldDescriptor, where: str) -> list[str]:
    """Checks a parameter as if it stood in JSON, where numbers have no quotes."""
    if field.message_type is not None:
        return form.check(text, field.message_type, where)
    value: Json = text
    if field.type == FieldDescriptor.TYPE_BOOL:
        value = {"true": True, "false": False}.get(text, text)
    elif field.type in form.WHOLE and form.WHOLE_NUMBER.fullmatch(text):
        value = int(text)
    return form.scalar(value, field, where)
