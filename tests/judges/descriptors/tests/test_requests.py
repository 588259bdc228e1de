"""Verbs, paths, queries, bodies and masks of requests."""

from typing import Any

import pytest

FUNCTIONS = "/functions/v1/functions"
VERSIONS = "/functions/v1/versions"
FUNCTION = {"folderId": "b1g0folder", "name": "lobby", "labels": {"a-b": "c"}}
VERSION = {
    "functionId": "d4e0function",
    "runtime": "nodejs22",
    "entrypoint": "index.handler",
    "resources": {"memory": "268435456"},
    "executionTimeout": "30s",
    "content": "UEsDBA==",
    "logOptions": {"folderId": "b1g0folder", "minLevel": "INFO"},
    "tag": ["live"],
}


def request_of(verdict: Any, call: str, **recorded: Any) -> list[str]:
    """Complaints about a request, of which nobody saw the reply."""
    return verdict(call, status=None, **recorded)


def test_good_requests_pass(verdict: Any) -> None:
    assert request_of(verdict, f"POST {FUNCTIONS}", requestBody=FUNCTION) == []
    assert request_of(verdict, f"POST {VERSIONS}", requestBody=VERSION) == []
    assert request_of(verdict, f"GET {FUNCTIONS}/d4e0") == []
    assert request_of(verdict, "POST /triggers/v1/triggers/a1s0:pause") == []


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (f"PUT {FUNCTIONS}/d4e0", "PUT where the cloud has DELETE, GET, PATCH"),
        (
            "POST /apigateways/v1/apigateways/d5d0:updateAccessBindings",
            "POST where the cloud has PATCH",
        ),
        ("GET /functions/v2/functions/d4e0", "no method under this path"),
        (f"GET {FUNCTIONS}/d4e0/tags", "no method under this path"),
        (f"POST {FUNCTIONS}/d4e0:scale", "no method under this path"),
    ],
)
def test_wrong_verbs_and_paths(verdict: Any, call: str, complaint: str) -> None:
    (only,) = request_of(verdict, call)
    assert complaint in only


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"runTime": "nodejs22"}, "request.runTime: yandex.cloud"),
        (
            {"execution_timeout": "30s"},
            "request.execution_timeout: the name is written executionTimeout",
        ),
        (
            {"resources": {"memory": 268435456}},
            "request.resources.memory: 268435456 where a 64-bit",
        ),
        ({"concurrency": 16}, "request.concurrency: 16 where a 64-bit"),
        ({"entrypoint": 5}, "request.entrypoint: 5 where a string"),
        ({"logOptions": {"minLevel": 3}}, "request.logOptions.minLevel: 3 where a name of"),
        (
            {"logOptions": {"minLevel": "LOUD"}},
            "request.logOptions.minLevel: 'LOUD' where a name of",
        ),
        ({"executionTimeout": 30}, "request.executionTimeout: 30 where a duration"),
        ({"tag": "live"}, "request.tag: 'live' where a list"),
        ({"environment": ["A=b"]}, "request.environment: ['A=b'] where an object"),
        ({"environment": {"A": 1}}, "request.environment.A: 1 where a string"),
        ({"description": None}, "request.description: null"),
        ({"content": "not base64!"}, "request: Failed to parse content"),
        ({"versionId": "d4e0version"}, "oneof"),
        ({"logOptions": {"folderId": "b1g0", "logGroupId": "e230"}}, "oneof"),
    ],
)
def test_bad_bodies(verdict: Any, change: dict[str, Any], complaint: str) -> None:
    (only,) = request_of(verdict, f"POST {VERSIONS}", requestBody=VERSION | change)
    assert complaint in only


@pytest.mark.parametrize("body", ["text that is no JSON", [FUNCTION]])
def test_a_body_is_an_object(verdict: Any, body: Any) -> None:
    (only,) = request_of(verdict, f"POST {FUNCTIONS}", requestBody=body)
    assert "where an object is due" in only


def test_a_body_that_is_not_taken(verdict: Any) -> None:
    (only,) = request_of(verdict, f"DELETE {FUNCTIONS}/d4e0", requestBody={})
    assert "a body, which" in only


def test_a_field_of_the_path_is_not_in_the_body(verdict: Any) -> None:
    body = {"functionId": "d4e0", "updateMask": "name", "name": "lobby"}
    (only,) = request_of(verdict, f"PATCH {FUNCTIONS}/d4e0", requestBody=body)
    assert only == "request.functionId: the field is in the path already"


@pytest.mark.parametrize("mask", ["name", "name,description,labels", ""])
def test_good_masks_pass(verdict: Any, mask: str) -> None:
    body = {"name": "lobby", "updateMask": mask}
    assert request_of(verdict, f"PATCH {FUNCTIONS}/d4e0", requestBody=body) == []


def test_a_mask_may_go_into_a_message(verdict: Any) -> None:
    body = {"updateMask": "serverlessDatabase.storageSizeLimit", "serverlessDatabase": {}}
    assert request_of(verdict, "PATCH /ydb/v1/databases/etn0", requestBody=body) == []


@pytest.mark.parametrize(
    ("mask", "complaint"),
    [
        ("title", "has no field title"),
        ("serverless_database", "serverless_database is written serverlessDatabase"),
        ("serverlessDatabase.size", "has no field size"),
        ("name.first", "goes into something that has no fields"),
        ("labels.a", "goes into something that has no fields"),
        ("databaseId", "no field that an update sets"),
        ("updateMask", "no field that an update sets"),
        ("name, description", "has no field  description"),
    ],
)
def test_bad_masks(verdict: Any, mask: str, complaint: str) -> None:
    body = {"name": "lobby", "updateMask": mask}
    complaints = request_of(verdict, "PATCH /ydb/v1/databases/etn0", requestBody=body)
    # The parser has its own words for some of them.
    assert complaints[-1].startswith("request.updateMask: path ")
    assert complaint in complaints[-1]


@pytest.mark.parametrize(
    "query", ["folderId=b1g0&pageSize=1000&filter=name%3D%22lobby%22", None, ""]
)
def test_good_queries_pass(verdict: Any, query: str | None) -> None:
    assert request_of(verdict, f"GET {FUNCTIONS}", query=query) == []


@pytest.mark.parametrize(
    ("call", "query", "complaint"),
    [
        (f"GET {FUNCTIONS}", "folder_id=b1g0", "query.folder_id: the name is written folderId"),
        (f"GET {FUNCTIONS}", "folder=b1g0", "query.folder: "),
        ("GET /quota-manager/v1/quotaLimits", "resource.kind=cloud", "query.resource.kind: "),
        (f"GET {FUNCTIONS}", "pageSize=1&pageSize=2", "query.pageSize: given twice"),
        (f"GET {FUNCTIONS}", "pageSize=many", "where a 64-bit integer"),
        (f"GET {FUNCTIONS}/d4e0", "functionId=d4e1", "the field is in the path already"),
        (f"DELETE {VERSIONS}/d4e0", "force=yes", "query.force: 'yes' where true or false"),
        (
            "GET /apigateways/v1/apigateways/d5d0:spec",
            "format=XML",
            "query.format: 'XML' where a name of",
        ),
        (f"POST {FUNCTIONS}", "name=lobby", "query: name: the fields of"),
    ],
)
def test_bad_queries(verdict: Any, call: str, query: str, complaint: str) -> None:
    (only,) = request_of(verdict, call, query=query)
    assert complaint in only


def test_what_is_outside_of_the_api_is_not_judged(verdict: Any) -> None:
    assert request_of(verdict, "POST /invoke/d4e0", requestBody=["anything"]) == []
    assert request_of(verdict, "GRPC /Ydb.Table.V1.TableService/CreateSession", grpc=True) == []
