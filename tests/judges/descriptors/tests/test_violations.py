"""Bad requests that are made of a good one: each is bad in just one thing."""

from typing import Any

from judge import limits, message, violations
from judge.catalogue import Catalogue

PATH = "/functions/v1/versions"
GOOD = {
    "functionId": "d4e0function",
    "runtime": "nodejs22",
    "entrypoint": "index.handler",
    "resources": {"memory": "134217728"},
    "content": "UEsDBA==",
    "environment": {"A": "b"},
}


def test_each_breaks_a_limit(known: Catalogue) -> None:
    made = violations.of_call(known, "POST", PATH, GOOD)
    rules = [violation["rule"] for violation in made]
    assert "functionId required" in rules
    assert "package_source twice" in rules
    assert rules.count("unknown field") == 2
    assert "memory value 134217728-8589934592" in rules
    assert "environment key [a-zA-Z][a-zA-Z0-9_]*" in rules
    assert "environment value length <=4096" in rules
    assert "executionTimeout value 0s-3600s" in rules
    assert "minLevel name" not in rules
    for violation in made:
        assert broken_limits(violation["body"], known), violation["rule"]


def test_enums_are_broken_where_they_are_given(known: Catalogue) -> None:
    good = GOOD | {"logOptions": {"minLevel": "INFO", "folderId": "b1g0"}}
    made = violations.of_call(known, "POST", PATH, good)
    bodies = {violation["rule"]: violation["body"] for violation in made}
    assert bodies["minLevel name"]["logOptions"]["minLevel"] == "NO_SUCH_NAME"
    assert bodies["destination twice"]["logOptions"]["logGroupId"] == "a"


def test_a_list_is_broken_in_its_first_element(known: Catalogue) -> None:
    binding = {"roleId": "viewer", "subject": {"id": "aje0", "type": "serviceAccount"}}
    good = {"accessBindingDeltas": [{"action": "ADD", "accessBinding": binding}]}
    path = "/functions/v1/functions/d4e0:updateAccessBindings"
    made = violations.of_call(known, "POST", path, good)
    bodies = {violation["rule"]: violation["body"] for violation in made}
    delta: Any = bodies["roleId required"]["accessBindingDeltas"][0]
    assert "roleId" not in delta["accessBinding"]
    # The good one stays as it was.
    assert binding["roleId"] == "viewer"


def broken_limits(body: Any, known: Catalogue) -> list[str]:
    """What `message` and `limits` say about a request to create a version."""
    (method,) = [method for method in known.at(PATH) if method.verb == "POST"]
    parsed, complaints = message.parse(body, method.request, "request")
    return complaints if parsed is None else limits.check(parsed, (), "request")
