"""Field masks: which fields of a request an update sets."""

from google.protobuf.descriptor import Descriptor

from .form import Json

FIELD = "update_mask"


def check(body: Json, request: Descriptor, path_fields: list[str], where: str) -> list[str]:
    """What is wrong with the mask of an update's body, if it has one.

    The parser takes any path. Here each must lead to a field of the request, and
    not to those that say what is updated.
    """
    field = request.fields_by_name.get(FIELD)
    if field is None or not isinstance(body, dict):
        return []
    mask = body.get(field.json_name)
    if not isinstance(mask, str) or not mask:
        return []
    where = f"{where}.{field.json_name}"
    fixed = [FIELD, *path_fields]
    return [f"{where}: {text}" for path in mask.split(",") for text in _path(path, request, fixed)]


def _path(path: str, request: Descriptor, fixed: list[str]) -> list[str]:
    message: Descriptor | None = request
    for depth, name in enumerate(path.split(".")):
        if message is None:
            return [f"path {path!r} goes into something that has no fields"]
        fields = {field.json_name: field for field in message.fields}
        field = fields.get(name)
        if field is None and name in message.fields_by_name:
            right = message.fields_by_name[name].json_name
            return [f"path {path!r}: {name} is written {right} in JSON"]
        if field is None:
            return [f"path {path!r}: {message.full_name} has no field {name}"]
        if depth == 0 and field.name in fixed:
            return [f"path {path!r} is no field that an update sets"]
        message = None if field.is_repeated else field.message_type
    return []
