"""Whether a JSON value is a message: by the protobuf parser, then by its form."""

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from . import form
from .form import Json


def check(value: Json, message: Descriptor, where: str) -> list[str]:
    """What is wrong with a message of this type."""
    return parse(value, message, where)[1]


def parse(value: Json, message: Descriptor, where: str) -> tuple[Message | None, list[str]]:
    """The message, or what is wrong with it.

    The parser knows oneofs, base64, ranges of numbers and what an `Any` holds;
    the form knows the rest, and says where it is.
    """
    complaints = form.check(value, message, where)
    if complaints:
        return None, complaints
    parsed = message_factory.GetMessageClass(message)()
    try:
        json_format.ParseDict(value, parsed)
    except json_format.ParseError as error:
        return None, [f"{where}: {error}"]
    return parsed, []
