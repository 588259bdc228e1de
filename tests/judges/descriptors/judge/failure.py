"""Bodies of calls that failed: a google.rpc.Status in JSON."""

from google.rpc import error_details_pb2, status_pb2
from yandex.cloud.quota import quota_pb2

from . import message
from .form import Json

HTTP_BY_CODE = {
    1: 499,
    2: 500,
    3: 400,
    4: 504,
    5: 404,
    6: 409,
    7: 403,
    8: 429,
    9: 400,
    10: 409,
    11: 400,
    12: 501,
    13: 500,
    14: 503,
    15: 500,
    16: 401,
}
"""HTTP status by gRPC code, as gRPC-JSON transcoding maps them."""

DETAILS = {
    message_type.DESCRIPTOR.full_name
    for message_type in (
        error_details_pb2.BadRequest,
        error_details_pb2.RequestInfo,
        quota_pb2.QuotaFailure,
    )
}
"""The types that the cloud's documents name for details."""


def check(body: Json, status: int) -> list[str]:
    """What is wrong with the body of an HTTP error."""
    complaints = message.check(body, status_pb2.Status.DESCRIPTOR, "error")
    if complaints:
        return complaints
    code = body.get("code", 0)
    if HTTP_BY_CODE.get(code) != status:
        complaints.append(f"error.code: {code} under the HTTP status {status}")
    if not body.get("message"):
        complaints.append("error.message: missing")
    for at, detail in enumerate(body.get("details", [])):
        name = detail["@type"].rpartition("/")[2]
        if name not in DETAILS:
            complaints.append(f"error.details[{at}]: {name} is none that the cloud documents")
    return complaints
