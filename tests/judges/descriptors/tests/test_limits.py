"""Limits of requests: those that were answered well must keep to them."""

from typing import Any

import pytest

CREATE = "POST /functions/v1/functions"
VERSION = "POST /functions/v1/versions"
LIST = "GET /iam/v1/serviceAccounts"
TRIGGER = "POST /triggers/v1/triggers"
FUNCTION = {"folderId": "b1g0folder", "name": "lobby"}
GOOD_VERSION = {
    "functionId": "d4e0function",
    "runtime": "nodejs22",
    "entrypoint": "index.handler",
    "resources": {"memory": "134217728"},
    "executionTimeout": "3600s",
    "content": "UEsDBA==",
}


@pytest.fixture
def accepted(verdict: Any, begun: dict[str, Any]) -> Any:
    """Judges requests that began an operation of the method's kind."""

    def judged(call: str, body: dict[str, Any]) -> list[str]:
        complaints = verdict(call, requestBody=body, responseBody=begun)
        return [text for text in complaints if text.startswith("request")]

    return judged


def test_good_requests_pass(accepted: Any) -> None:
    assert accepted(CREATE, FUNCTION | {"labels": {"a": "", "b.c/d": "e"}}) == []
    assert accepted(VERSION, GOOD_VERSION | {"environment": {"A_1": "b" * 4096}}) == []


@pytest.mark.parametrize(
    ("call", "body", "complaint"),
    [
        (CREATE, {"name": "lobby"}, "request.folderId: required"),
        (CREATE, FUNCTION | {"name": "Lobby"}, "request.name: 'Lobby' doesn't match |[a-z]"),
        (CREATE, FUNCTION | {"name": "ab"}, "request.name: 'ab' doesn't match |[a-z]"),
        (
            CREATE,
            FUNCTION | {"description": "d" * 601},
            "request.description: 601 characters, and the limit is <=600",
        ),
        (
            CREATE,
            FUNCTION | {"labels": {"A": "b"}},
            "request.labels.A (the key): 'A' doesn't match",
        ),
        (CREATE, FUNCTION | {"labels": {"a": "B"}}, "request.labels.a: 'B' doesn't match"),
        (CREATE, FUNCTION | {"labels": {"a": "\\"}}, "request.labels.a: "),
        (
            CREATE,
            FUNCTION | {"labels": {f"a{number}": "b" for number in range(65)}},
            "request.labels: 65 elements, and the limit is <=64",
        ),
        (
            VERSION,
            GOOD_VERSION | {"executionTimeout": "3600.5s"},
            "request.executionTimeout: 3600.5 seconds, and the limit is 0s-3600s",
        ),
        (
            VERSION,
            GOOD_VERSION | {"resources": {"memory": "1024"}},
            "request.resources.memory: 1024, and the limit is 134217728-8589934592",
        ),
        (
            VERSION,
            GOOD_VERSION | {"concurrency": "17"},
            "request.concurrency: 17, and the limit is",
        ),
        (
            VERSION,
            {key: value for key, value in GOOD_VERSION.items() if key != "content"},
            "request: one of package, content, versionId is required",
        ),
        (TRIGGER, {"folderId": "b1g0", "rule": {}}, "request.rule: one of timer, "),
        (
            "PATCH /apigateways/v1/apigateways/d5d0",
            {"updateMask": "name"},
            "request: one of openapiSpec",
        ),
    ],
)
def test_limits(accepted: Any, call: str, body: dict[str, Any], complaint: str) -> None:
    (only,) = accepted(call, body)
    assert only.startswith(complaint)


def test_limits_of_a_query(verdict: Any) -> None:
    query = "folderId=b1g0&pageSize=1001"
    (only,) = verdict(LIST, query=query, responseBody={})
    assert only == "query.pageSize: 1001, and the limit is 0-1000"
    (only,) = verdict(LIST, responseBody={})
    assert only == "query.folderId: required"


def test_what_is_refused_may_break_limits(verdict: Any) -> None:
    refusal = {"code": 3, "message": "folder_id: Field is required"}
    assert verdict(CREATE, requestBody={}, responseBody=refusal, status=400) == []
