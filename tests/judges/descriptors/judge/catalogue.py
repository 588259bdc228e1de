"""The REST methods of all services, from the official SDK's descriptors."""

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FileDescriptor, MethodDescriptor

VERBS = ("get", "put", "post", "delete", "patch")
VARIABLE = re.compile(r"\{([^}=]+)(?:=[^}]*)?\}")


@dataclass(frozen=True)
class OperationTypes:
    """What the method's operation carries, by its option `yandex.cloud.api.operation`."""

    metadata: str
    response: str


@dataclass(frozen=True)
class Method:
    """A method under one of its HTTP bindings."""

    name: str
    """As `yandex.cloud.ydb.v1.DatabaseService.Get`."""
    verb: str
    template: str
    """As `/ydb/v1/databases/{database_id}`."""
    body: str
    """`*` when the fields that aren't in the path are in the body; else empty."""
    request: Descriptor
    reply: Descriptor
    operation: OperationTypes | None

    @property
    def path_fields(self) -> list[str]:
        """The request's fields that are in the path, by their names in the proto file."""
        return VARIABLE.findall(self.template)

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths of the template. An id holds neither slash nor colon."""
        literals = VARIABLE.split(self.template)[::2]
        return re.compile("[^/:]+".join(map(re.escape, literals)))


class Catalogue:
    """All methods, to be found by verb and path."""

    def __init__(self, methods: list[Method]) -> None:
        self.methods = methods
        # A literal is more than a variable: `versions:byTag` before `{id}`.
        ranked = sorted(methods, key=lambda method: len(method.path_fields))
        self._patterns = [(method.pattern, method) for method in ranked]

    def at(self, path: str) -> list[Method]:
        """The methods of a path, under any verb."""
        return [method for pattern, method in self._patterns if pattern.fullmatch(path)]


def load() -> Catalogue:
    """Reads the descriptors of all services that the SDK knows."""
    methods: list[Method] = []
    # All are read before the first is looked at: they name each other's types.
    for file in list(_files()):
        for service in file.services_by_name.values():
            for method in service.methods:
                methods.extend(_bindings(file, method))
    return Catalogue(methods)


def _files() -> Iterator[FileDescriptor]:
    import yandex.cloud as root

    folder = Path(next(iter(root.__path__)))
    for path in sorted(folder.rglob("*_pb2.py")):
        module = path.relative_to(folder.parent.parent).with_suffix("")
        yield importlib.import_module(".".join(module.parts)).DESCRIPTOR


def _bindings(file: FileDescriptor, method: MethodDescriptor) -> Iterator[Method]:
    options = method.GetOptions()
    if not options.HasExtension(annotations_pb2.http):
        return
    rule = options.Extensions[annotations_pb2.http]
    for binding in [rule, *rule.additional_bindings]:
        verb, template = _verb(binding)
        yield Method(
            name=method.full_name,
            verb=verb.upper(),
            template=template,
            body=binding.body,
            request=method.input_type,
            reply=method.output_type,
            operation=_operation_types(file, method),
        )


def _verb(rule: http_pb2.HttpRule) -> tuple[str, str]:
    verb = rule.WhichOneof("pattern")
    if verb not in VERBS:
        raise ValueError(f"an HTTP rule of an unknown kind: {rule}")
    return verb, getattr(rule, verb)


def _operation_types(file: FileDescriptor, method: MethodDescriptor) -> OperationTypes | None:
    from yandex.cloud.api import operation_pb2

    options = method.GetOptions()
    if not options.HasExtension(operation_pb2.operation):
        return None
    option = options.Extensions[operation_pb2.operation]
    return OperationTypes(
        metadata=_resolve(option.metadata, file.package),
        response=_resolve(option.response, file.package),
    )


def _resolve(name: str, package: str) -> str:
    """A type's full name, looked for as protoc does: from the inside out.

    `google.protobuf.Empty` stands where there is nothing to say.
    """
    if not name:
        return "google.protobuf.Empty"
    parts = package.split(".")
    scopes = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    for candidate in [*(f"{scope}.{name}" for scope in scopes), name]:
        try:
            descriptor_pool.Default().FindMessageTypeByName(candidate)
        except KeyError:
            continue
        return candidate
    raise LookupError(f"{package} names an operation's type that isn't there: {name}")
