"""Methods that the operator uses and that no recorded call showed.

Which ones it uses is read from its sources: every use of the client is of the
form `client.<service>().<method>(`. A use of another form, one that `METHODS`
doesn't know, and a row of `METHODS` that nothing uses are complaints too, so
that the list can't fall behind the code.
"""

import re
from pathlib import Path

from .catalogue import Catalogue

IAM = "yandex.cloud.iam.v1."
YDB = "yandex.cloud.ydb.v1."
FOLDERS = "yandex.cloud.resourcemanager.v1.FolderService."
FUNCTIONS = "yandex.cloud.serverless.functions.v1.FunctionService."
GATEWAYS = "yandex.cloud.serverless.apigateway.v1.ApiGatewayService."
TRIGGERS = "yandex.cloud.serverless.triggers.v1.TriggerService."

OUTSIDE = "outside of the API"

METHODS = {
    "operations.get": "yandex.cloud.operation.OperationService.Get",
    "service_accounts.get": IAM + "ServiceAccountService.Get",
    "service_accounts.list": IAM + "ServiceAccountService.List",
    "service_accounts.create": IAM + "ServiceAccountService.Create",
    "service_accounts.update": IAM + "ServiceAccountService.Update",
    "service_accounts.delete": IAM + "ServiceAccountService.Delete",
    "folders.get": FOLDERS + "Get",
    "folders.access_bindings": FOLDERS + "ListAccessBindings",
    "folders.update_access_bindings": FOLDERS + "UpdateAccessBindings",
    "quota_limits.get": "yandex.cloud.quotamanager.v1.QuotaLimitService.Get",
    "databases.get": YDB + "DatabaseService.Get",
    "databases.list": YDB + "DatabaseService.List",
    "databases.create": YDB + "DatabaseService.Create",
    "databases.update": YDB + "DatabaseService.Update",
    "databases.delete": YDB + "DatabaseService.Delete",
    "functions.get": FUNCTIONS + "Get",
    "functions.list": FUNCTIONS + "List",
    "functions.create": FUNCTIONS + "Create",
    "functions.update": FUNCTIONS + "Update",
    "functions.delete": FUNCTIONS + "Delete",
    "functions.access_bindings": FUNCTIONS + "ListAccessBindings",
    "functions.update_access_bindings": FUNCTIONS + "UpdateAccessBindings",
    "functions.scaling_policies": FUNCTIONS + "ListScalingPolicies",
    "functions.set_scaling_policy": FUNCTIONS + "SetScalingPolicy",
    "functions.invoke": OUTSIDE,
    "versions.list": FUNCTIONS + "ListVersions",
    "versions.by_tag": FUNCTIONS + "GetVersionByTag",
    "versions.create": FUNCTIONS + "CreateVersion",
    "versions.delete": FUNCTIONS + "DeleteVersion",
    "versions.set_tag": FUNCTIONS + "SetTag",
    "api_gateways.spec": GATEWAYS + "GetOpenapiSpec",
    "api_gateways.get": GATEWAYS + "Get",
    "api_gateways.list": GATEWAYS + "List",
    "api_gateways.create": GATEWAYS + "Create",
    "api_gateways.update": GATEWAYS + "Update",
    "api_gateways.delete": GATEWAYS + "Delete",
    "triggers.get": TRIGGERS + "Get",
    "triggers.list": TRIGGERS + "List",
    "triggers.create": TRIGGERS + "Create",
    "triggers.update": TRIGGERS + "Update",
    "triggers.resume": TRIGGERS + "Resume",
    "triggers.delete": TRIGGERS + "Delete",
}
"""The API's method by the Rust client's, for those that the operator calls."""

ALWAYS = (
    "yandex.cloud.endpoint.ApiEndpointService.List",
    IAM + "IamTokenService.Create",
)
"""What the client calls by itself: where the services are, and a token."""

CONNECTIONS = "yandex.cloud.serverless.apigateway.websocket.v1.ConnectionService."
HANDLER = (CONNECTIONS + "Send", CONNECTIONS + "Disconnect")
"""What the handler calls when a user's second socket replaces the first."""

ACCESSOR = re.compile(r"pub fn (\w+)\(&self\) -> \w+<'_>")
"""A method of the Rust client that leads to a service."""


def complaints(root: Path, answered: set[str], catalogue: Catalogue) -> list[str]:
    """What the operator calls and nobody saw, and where its list is wrong.

    `root` is the workspace, with `operator/` and the client, `yandex/`.
    """
    used, complaints = uses(_text(root / "operator/src"), _text(root / "yandex/src/service"))
    for name in sorted(used - METHODS.keys()):
        complaints.append(f"the operator calls {name}, which judge/coverage.py doesn't know")
    for name in sorted(METHODS.keys() - used):
        complaints.append(f"judge/coverage.py has {name}, which the operator doesn't call")
    known = {method.name for method in catalogue.methods} | {OUTSIDE}
    wanted = {METHODS[name]: name for name in used & METHODS.keys()}
    wanted |= {name: "every call" for name in ALWAYS}
    wanted |= {name: "the handler" for name in HANDLER}
    for method, name in wanted.items():
        if method not in known:
            complaints.append(f"judge/coverage.py: the API has no method {method}")
        elif method != OUTSIDE and method not in answered:
            complaints.append(f"{method} was never answered well, and {name} uses it")
    return complaints


def uses(operator: str, services: str) -> tuple[set[str], list[str]]:
    """What the operator's source calls, as `databases.get`, and what in it can't
    be read as such."""
    accessors = ACCESSOR.findall(services)
    if not accessors:
        return set(), ["no service of the client was found in its sources"]
    name = f"({'|'.join(accessors)})"
    use = re.compile(rf"\.\s*{name}\s*\(\s*\)(?:\s*\.\s*(\w+)\s*\()?|\bClient\s*::\s*{name}\b")
    used = set()
    complaints = []
    for match in use.finditer(operator):
        service, method, as_path = match.groups()
        if service and method:
            used.add(f"{service}.{method}")
        else:
            service = service or as_path
            complaints.append(
                f"the operator uses {service} otherwise than as client.{service}().method(…), "
                "so that judge/coverage.py can't tell what it calls"
            )
    return used, complaints


def _text(folder: Path) -> str:
    """All Rust sources below a folder."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.rs")))
