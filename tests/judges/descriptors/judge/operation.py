"""What an operation carries: metadata and response of the types that the method
that began it declares."""

from . import form
from .catalogue import OperationTypes
from .form import Json

NAME = "yandex.cloud.operation.Operation"


def check(operation: Json, types: OperationTypes, where: str) -> list[str]:
    """What is wrong with an operation that is known to be well formed."""
    complaints = _carries(operation.get("metadata"), types.metadata, f"{where}.metadata")
    ended = [key for key in ("response", "error") if key in operation]
    if "response" in operation:
        complaints += _carries(operation["response"], types.response, f"{where}.response")
    done = operation.get("done", False)
    if done and not ended:
        complaints.append(f"{where}: done, with neither response nor error")
    if not done and "response" in operation:
        complaints.append(f"{where}: a response before it is done")
    return complaints


def _carries(value: Json, name: str, where: str) -> list[str]:
    if value is None:
        return [f"{where}: missing, where {name} is due"]
    message, complaint = form.message_of_any(value)
    if message is None:
        return [f"{where}: {complaint}"]
    if message.full_name != name:
        return [f"{where}: a {message.full_name} where {name} is due"]
    return []
