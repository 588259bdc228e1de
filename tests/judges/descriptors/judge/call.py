"""The verdict on one recorded call."""

from dataclasses import dataclass, field

from . import failure, limits, mask, message, operation, outside, query
from .catalogue import Catalogue, Method, OperationTypes
from .record import Record


@dataclass
class Judge:
    """Judges the calls of one emulator in their order.

    It remembers which method began which operation, since `/operations/{id}`
    answers for all of them.
    """

    catalogue: Catalogue
    trusts_refusals: bool = False
    """Whether requests that were refused go unjudged: tests send such on purpose."""
    answered: set[str] = field(default_factory=set)
    """Names of methods that were called and answered well."""
    _operations: dict[str, OperationTypes] = field(default_factory=dict)

    def complaints(self, record: Record) -> list[str]:
        """What is wrong with a call; calls that can't be judged have nothing."""
        if record.grpc or outside.reason(record.path) is not None:
            return []
        methods = self.catalogue.at(record.path)
        refused = record.status is not None and not record.is_good
        trusted = self.trusts_refusals and refused
        if trusted and record.verb not in {method.verb for method in methods}:
            return failure.check(record.reply, record.status)
        if not methods:
            return ["the cloud has no method under this path"]
        of_verb = [method for method in methods if method.verb == record.verb]
        if not of_verb:
            verbs = ", ".join(sorted({method.verb for method in methods}))
            return [f"{record.verb} where the cloud has {verbs}"]
        method = of_verb[0]
        of_request = [] if trusted else self._request(record, method)
        return of_request + self._reply(record, method)

    def _request(self, record: Record, method: Method) -> list[str]:
        parameters, complaints = query.as_json(record.query, method)
        if not method.body:
            body, where = parameters, "query"
            if record.request is not None:
                complaints.append(f"request: a body, which {method.name} doesn't take")
        elif method.body == "*":
            body, where = {} if record.request is None else record.request, "request"
        else:
            return [f"request: {method.name} has a kind of body that isn't judged here"]
        parsed, wrong = message.parse(body, method.request, where)
        complaints += wrong
        if parsed is not None and record.is_good:
            complaints += limits.check(parsed, method.path_fields, where)
        for name in method.path_fields:
            json_name = method.request.fields_by_name[name].json_name
            if isinstance(body, dict) and json_name in body:
                complaints.append(f"{where}.{json_name}: the field is in the path already")
        return complaints + mask.check(body, method.request, method.path_fields, where)

    def _reply(self, record: Record, method: Method) -> list[str]:
        if record.status is None:
            return []
        if not record.is_good:
            return failure.check(record.reply, record.status)
        complaints = message.check(record.reply, method.reply, "reply")
        if complaints:
            return complaints
        self.answered.add(method.name)
        if method.reply.full_name == operation.NAME:
            return self._operation(record, method)
        return []

    def _operation(self, record: Record, method: Method) -> list[str]:
        identity = record.reply.get("id", "")
        if method.operation is not None:
            self._operations[identity] = method.operation
        types = self._operations.get(identity)
        if types is None:
            return ["reply: an operation that none of the recorded calls began"]
        return operation.check(record.reply, types, "reply")
