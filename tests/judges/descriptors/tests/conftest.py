"""What the samples share: a judge, and calls that differ from good ones in one thing."""

from collections.abc import Callable
from typing import Any

import pytest

from judge import catalogue, record
from judge.call import Judge
from judge.catalogue import Catalogue

FUNCTIONS = "type.googleapis.com/yandex.cloud.serverless.functions.v1."
Verdict = Callable[..., list[str]]


@pytest.fixture(scope="session")
def known() -> Catalogue:
    """All methods; reading them takes a second."""
    return catalogue.load()


@pytest.fixture
def verdict(known: Catalogue) -> Verdict:
    """Judges calls, each given as its verb and path and what is recorded of it."""
    judge = Judge(known)

    def judged(call: str, **recorded: Any) -> list[str]:
        verb, _, path = call.partition(" ")
        fields = {
            "sequence": 1,
            "method": verb,
            "path": path,
            "query": None,
            "grpc": False,
            "status": 200,
            "requestBody": None,
            "responseBody": None,
        }
        return judge.complaints(record.of_json(fields | recorded))

    return judged


@pytest.fixture
def begun() -> dict[str, Any]:
    """The reply to the creation of a function: its operation, which goes on."""
    return {
        "id": "d4e0operation",
        "description": "Create function",
        "createdAt": "2026-01-02T03:04:05.678901Z",
        "createdBy": "aje0account",
        "done": False,
        "metadata": {
            "@type": FUNCTIONS + "CreateFunctionMetadata",
            "functionId": "d4e0function",
        },
    }
