"""Refuses, inside boto3 and before anything is sent, every operation that is not on the allowlist.

Four independent stages of botocore see each call. The first two know the operation and its
parameters (the first fires for presigned URLs too), the last two know its name only and stand
behind whoever bypasses the client's methods.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from connectors.access.allowlist import ALLOW, Resource, Rule, is_tap_queue, rules_for
from connectors.errors import OperationRefusedError
from connectors.record import Mode

_OWN_QUEUES = "a tap touches only the queues it made for itself"
_LIMITS: Mapping[Resource, str] = MappingProxyType(
    {
        Resource.TAP_QUEUE: _OWN_QUEUES,
        Resource.TOPIC: _OWN_QUEUES,
        Resource.LEASE_TABLE: "only a lease table that was named is read, and its items alone",
    }
)
"""Why a row of the list does not let a call through."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What one client may do, in one mode.

    Example:
        >>> Guard("sqs", Mode.OBSERVE).check("DeleteMessage", {})
        Traceback (most recent call last):
        connectors.errors.OperationRefusedError: sqs:DeleteMessage was refused ...
    """

    service: str
    """boto3's name of the client."""
    mode: Mode
    lease_tables: frozenset[str] = frozenset()
    """Tables of the Kinesis Client Library that may be read; no other may."""

    def install(self, core: Any) -> None:
        """Register all four stages on a botocore session; every client made from it has them."""
        emitter = core.get_component("event_emitter")
        emitter.register_first("provide-client-params", self._on_parameters, "guard-1")
        emitter.register_first("before-call", self._on_call, "guard-2")
        emitter.register_first("before-sign", self._on_name, "guard-3")
        emitter.register_first("before-send", self._on_name, "guard-4")

    def check(self, operation: str, parameters: Mapping[str, Any]) -> None:
        """Pass, or raise OperationRefusedError, and say why."""
        rules = self._rules(operation)
        if parameters.get("unmask"):
            raise self._refused(operation, "it would show data that a policy masks")
        if not any(self._covers(rule, parameters) for rule in rules):
            raise self._refused(operation, _LIMITS[rules[0].resource])

    def _covers(self, rule: Rule, parameters: Mapping[str, Any]) -> bool:
        if rule.resource == Resource.TAP_QUEUE:
            return is_tap_queue(parameters.get("QueueUrl") or parameters.get("QueueName"))
        if rule.resource == Resource.LEASE_TABLE:
            return parameters.get("TableName") in self.lease_tables
        if rule.operation == "Subscribe":
            return parameters.get("Protocol") == "sqs" and is_tap_queue(parameters.get("Endpoint"))
        return True

    def _rules(self, operation: str) -> tuple[Rule, ...]:
        rules = rules_for(self.service, operation, self.mode)
        if not rules:
            raise self._refused(operation, f"it is not on the allowlist of mode {self.mode}")
        return rules

    def _refused(self, operation: str, reason: str) -> OperationRefusedError:
        return OperationRefusedError(
            f"{self.service}:{operation} was refused before anything was sent: {reason}; "
            "capture calls only what `workbench policy` prints"
        )

    def _on_parameters(
        self, params: Any = None, model: Any = None, **_: Any
    ) -> None:  # botocore emits by these names
        self._same_service(model.service_model.service_name, model.name)
        self.check(model.name, params if isinstance(params, Mapping) else {})

    def _on_call(self, params: Any = None, model: Any = None, **_: Any) -> None:
        self._same_service(model.service_model.service_name, model.name)
        self.check(model.name, _sent_parameters(params))

    def _on_name(self, event_name: str = "", **_: Any) -> None:
        self._rules(event_name.rsplit(".", 1)[-1])

    def _same_service(self, service: str, operation: str) -> None:
        if service != self.service:
            raise self._refused(operation, f"this client is for {self.service}, not {service}")


def guarded_services() -> frozenset[str]:
    """The services that capture may ask at all, by boto3's name."""
    return frozenset(rule.service for rule in ALLOW)


def _sent_parameters(request: Any) -> Mapping[str, Any]:
    """The parameters out of a serialised request: a form (query protocol) or a JSON document."""
    body = request.get("body") if isinstance(request, Mapping) else None
    if isinstance(body, Mapping):
        return body
    try:
        document = json.loads(body) if body else {}
    except ValueError:
        return {}
    return document if isinstance(document, Mapping) else {}
