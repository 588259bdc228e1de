"""Replies: messages, operations and errors."""

from typing import Any

import pytest

CREATE = "POST /functions/v1/functions"
LIST = "GET /functions/v1/functions"
DELETE = "DELETE /functions/v1/functions/d4e0function"
GET = "GET /functions/v1/functions/d4e0function"
PREFIX = "type.googleapis.com/yandex.cloud.serverless.functions.v1."
FUNCTION = {
    "id": "d4e0function",
    "folderId": "b1g0folder",
    "createdAt": "2026-01-02T03:04:05Z",
    "name": "lobby",
    "status": "ACTIVE",
}
REQUEST = {"folderId": "b1g0folder"}
EMPTY = {"@type": "type.googleapis.com/google.protobuf.Empty"}


def reply_of(verdict: Any, call: str, reply: Any, **recorded: Any) -> list[str]:
    """Complaints about a reply to a request without fields."""
    return verdict(call, responseBody=reply, **recorded)


def test_good_messages_pass(verdict: Any) -> None:
    assert reply_of(verdict, GET, FUNCTION) == []
    listed = {"functions": [FUNCTION]}
    assert verdict(LIST, query="folderId=b1g0folder", responseBody=listed) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"folder": "b1g0folder"}, "reply.folder: "),
        ({"folder_id": "b1g0folder"}, "reply.folder_id: the name is written folderId"),
        ({"createdAt": "2026-01-02 03:04:05"}, "reply.createdAt: "),
        ({"createdAt": "2026-01-02T03:04:05+00:00"}, "reply.createdAt: "),
        ({"createdAt": "2026-13-02T03:04:05Z"}, "reply: Failed to parse createdAt"),
        ({"status": 2}, "reply.status: 2 where a name of"),
        ({"labels": None}, "reply.labels: null"),
    ],
)
def test_bad_messages(verdict: Any, change: dict[str, Any], complaint: str) -> None:
    (only,) = reply_of(verdict, GET, FUNCTION | change)
    assert only.startswith(complaint)


def test_a_reply_is_never_left_out(verdict: Any) -> None:
    (only,) = reply_of(verdict, GET, None)
    assert only == "reply: None where an object is due"


def test_an_operation_is_followed_to_its_end(verdict: Any, begun: dict[str, Any]) -> None:
    poll = f"GET /operations/{begun['id']}"
    ended = begun | {"done": True, "response": {"@type": PREFIX + "Function"} | FUNCTION}
    assert verdict(CREATE, requestBody=REQUEST, responseBody=begun) == []
    assert reply_of(verdict, poll, begun) == []
    assert reply_of(verdict, poll, ended) == []
    # Another method's response, in a poll that knows nothing but the id.
    (only,) = reply_of(verdict, poll, ended | {"response": EMPTY})
    assert only == (
        "reply.response: a google.protobuf.Empty where "
        "yandex.cloud.serverless.functions.v1.Function is due"
    )


def test_an_operation_of_nobody(verdict: Any, begun: dict[str, Any]) -> None:
    (only,) = reply_of(verdict, f"GET /operations/{begun['id']}", begun)
    assert only == "reply: an operation that none of the recorded calls began"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"metadata": {"@type": PREFIX + "UpdateFunctionMetadata"}}, "reply.metadata: a yandex"),
        ({"metadata": {"functionId": "d4e0function"}}, "reply.metadata: no @type"),
        ({"metadata": {"@type": PREFIX + "NoSuchMetadata"}}, "reply.metadata: @type "),
        ({"metadata": {"@type": "functions.v1.CreateFunctionMetadata"}}, "reply.metadata: @type "),
        (
            {"metadata": {"@type": PREFIX + "CreateFunctionMetadata", "function_id": "d4e0"}},
            "reply.metadata.function_id: the name is written functionId",
        ),
        (
            {"metadata": {"@type": PREFIX + "CreateFunctionMetadata", "id": "d4e0"}},
            "reply.metadata.id: ",
        ),
        ({"done": True}, "reply: done, with neither response nor error"),
        ({"response": {"@type": PREFIX + "Function"}}, "reply: a response before it is done"),
        ({"done": True, "response": EMPTY}, "reply.response: a google.protobuf.Empty where"),
        (
            {"done": True, "response": {"@type": PREFIX + "Function"}, "error": {"code": 13}},
            "reply: Message type",
        ),
        ({"done": True, "error": {"code": 13, "text": "no"}}, "reply.error.text: "),
        ({"done": "true"}, "reply.done: 'true' where true or false"),
    ],
)
def test_bad_operations(
    verdict: Any, begun: dict[str, Any], change: dict[str, Any], complaint: str
) -> None:
    (only,) = verdict(CREATE, requestBody=REQUEST, responseBody=begun | change)
    assert only.startswith(complaint)


def test_an_operation_has_metadata_from_the_first(verdict: Any, begun: dict[str, Any]) -> None:
    del begun["metadata"]
    (only,) = verdict(CREATE, requestBody=REQUEST, responseBody=begun)
    assert only.startswith("reply.metadata: missing")


def test_an_empty_response_is_its_type_alone(verdict: Any, begun: dict[str, Any]) -> None:
    metadata = {"@type": PREFIX + "DeleteFunctionMetadata", "functionId": "d4e0function"}
    ended = begun | {"done": True, "metadata": metadata, "response": EMPTY}
    assert reply_of(verdict, DELETE, ended) == []
    (only,) = reply_of(verdict, DELETE, ended | {"response": EMPTY | {"value": {}}})
    assert only == "reply.response.value: google.protobuf.Empty has no such field"


REFUSED = {
    "code": 8,
    "message": "The limit on maximum number of functions has exceeded.",
    "details": [
        {"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "1-2-3"},
        {
            "@type": "type.googleapis.com/yandex.cloud.quota.QuotaFailure",
            "violations": [
                {
                    "metric": {"name": "serverless.functions.count", "limit": "10", "usage": 10},
                    "required": "1",
                }
            ],
        },
    ],
}


def test_a_good_error_passes(verdict: Any) -> None:
    assert reply_of(verdict, GET, {"code": 5, "message": "Not found"}, status=404) == []
    assert reply_of(verdict, GET, REFUSED, status=429) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"code": 5}, "error.code: 5 under the HTTP status 429"),
        ({"code": "RESOURCE_EXHAUSTED"}, "error.code: 'RESOURCE_EXHAUSTED' where a whole number"),
        ({"message": ""}, "error.message: missing"),
        ({"error": "no"}, "error.error: google.rpc.Status has no such field"),
        ({"details": [{"requestId": "1-2-3"}]}, "error.details[0]: no @type"),
        (
            {"details": [{"@type": "type.googleapis.com/google.rpc.RequestInfo", "id": "1"}]},
            "error.details[0].id: ",
        ),
        (
            {"details": [{"@type": "type.googleapis.com/google.rpc.Status"}]},
            "error.details[0]: google.rpc.Status is none that the cloud documents",
        ),
    ],
)
def test_bad_errors(verdict: Any, change: dict[str, Any], complaint: str) -> None:
    (only,) = reply_of(verdict, GET, REFUSED | change, status=429)
    assert only.startswith(complaint)


def test_an_error_that_is_no_json(verdict: Any) -> None:
    (only,) = reply_of(verdict, GET, "upstream connect error", status=503)
    assert only == "error: 'upstream connect error' where an object is due"
