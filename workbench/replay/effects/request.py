"""An HTTP request as it arrived, and which AWS operation it is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, parse_qs, urlsplit

from botocore.model import OperationModel

from workbench.replay.effects.models import (
    ServiceName,
    service_model,
    service_names,
    services_called,
)

_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")
_RPC_PATH = re.compile(r"/service/[^/]+/operation/([^/]+)$")
_AWS_HOST = re.compile(
    r"(?:.+?\.)??(?P<prefix>[a-z0-9-]+)\.(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.)?amazonaws\.com(?:\.cn)?$"
)
_LABEL = re.compile(r"{([^}+]+)(\+?)}")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, its body whole and no longer in chunks."""

    method: str
    target: str
    """As on the request line: a path, or a whole URL where it was meant for a proxy."""
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes = b""

    @property
    def url(self) -> SplitResult:
        """The target in its parts."""
        return urlsplit(self.target if "://" in self.target else f"//-{self.target}")

    @property
    def host(self) -> str:
        """Without the port."""
        named = self.url.hostname if "://" in self.target else None
        return named or self.headers.get("host", "").rpartition("@")[2].split(":")[0]

    @property
    def query(self) -> dict[str, list[str]]:
        """The query string; a key without a value has an empty one."""
        return parse_qs(self.url.query, keep_blank_values=True)

    @property
    def form(self) -> dict[str, str]:
        """The fields of a query-protocol request, wherever they stand."""
        kind = self.headers.get("content-type", "")
        text = self.body.decode(errors="replace") if "form-urlencoded" in kind else self.url.query
        return {key: values[-1] for key, values in parse_qs(text, keep_blank_values=True).items()}


@dataclass(frozen=True, slots=True)
class Target:
    """The operation that a request asks for."""

    service: str
    """As botocore names it."""
    region: str | None
    operation: OperationModel
    protocol: str
    """As this request speaks it, which may be another than botocore would."""
    labels: Mapping[str, str]
    """What stands in the path, still percent-encoded."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a request is signed for."""

    service: str | None
    region: str | None


def scope_of(request: Request) -> Scope:
    """Service and region by the signature, else by the host; empty where neither is AWS's.

    Source: AWS Signature Version 4, "Credential scope".
    """
    header = request.headers.get("authorization", "")
    found = _CREDENTIAL.search(header)
    credential = found[1] if found else "".join(request.query.get("X-Amz-Credential", [])[:1])
    parts = credential.split("/")
    if len(parts) >= 5:
        return Scope(parts[-2], parts[-3])
    if len(parts) == 4:  # signed for all regions (SigV4A)
        return Scope(parts[-2], None)
    if header.startswith("AWS "):
        return Scope("s3", None)
    named = _AWS_HOST.match(request.host)
    return Scope(named["prefix"], named["region"]) if named else Scope(None, None)


def identified(request: Request) -> Target | None:
    """Which operation it is; None where botocore's models have none like it.

    Source: Smithy, "AWS protocols" (awsJson, awsQuery, ec2Query, restJson, restXml) and "Smithy RPC v2 CBOR".
    """
    scope = scope_of(request)
    candidates = services_called(scope.service) if scope.service else ()
    target = request.headers.get("x-amz-target")
    if target:
        return _by_target(target, candidates, scope)
    rpc = _RPC_PATH.search(request.url.path)
    if rpc and "rpc-v2-cbor" in request.headers.get("smithy-protocol", ""):
        return _named(rpc[1], candidates, scope, "smithy-rpc-v2-cbor")
    form = request.form
    if "Action" in form and "Version" in form:
        candidates = sorted(candidates, key=lambda each: each.api_version != form["Version"])
        return _named(form["Action"], candidates, scope, "query")
    return _by_path(request, candidates, scope)


def _by_target(target: str, candidates: Sequence[ServiceName], scope: Scope) -> Target | None:
    prefix, _, operation = target.rpartition(".")
    exact = [each for each in candidates or service_names() if each.target_prefix == prefix]
    return _named(operation, exact or candidates, scope, "json")


def _named(
    operation: str, candidates: Sequence[ServiceName], scope: Scope, protocol: str
) -> Target | None:
    for each in candidates:
        model = service_model(each.name)
        if operation in model.operation_names:
            spoken = "ec2" if protocol == "query" and model.protocol == "ec2" else protocol
            found = model.operation_model(operation)
            return Target(each.name, scope.region, found, spoken, {})
    return None


@dataclass(frozen=True, slots=True)
class _Route:
    operation: OperationModel
    path: re.Pattern[str]
    labels: tuple[str, ...]
    query: Mapping[str, str]
    """What the query string must say."""
    required: tuple[tuple[str, str], ...]
    """Location and name of what the query string and the headers must hold."""
    optional: frozenset[str]
    """What the query string may hold."""
    literal: int
    """Characters of the path that are no label."""

    def rank(self, request: Request, query: Mapping[str, Sequence[str]]) -> tuple[int, ...] | None:
        """How much of the request it explains; None where the request lacks something."""
        said = all(value in query.get(key, ()) for key, value in self.query.items())
        held = all(
            name in query if where == "querystring" else name.lower() in request.headers
            for where, name in self.required
        )
        known = len(self.optional.intersection(query))
        current = not self.operation.deprecated
        rank = len(self.query), self.literal, len(self.required), known, current
        return rank if said and held else None


@lru_cache(64)
def _routes(service: str) -> Mapping[str, Sequence[_Route]]:
    """The operations of a service by HTTP method."""
    found: dict[str, list[_Route]] = {}
    model = service_model(service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        found.setdefault(operation.http.get("method", "POST"), []).append(_route(operation))
    return found


def _route(operation: OperationModel) -> _Route:
    template, _, query = operation.http.get("requestUri", "/").partition("?")
    pieces = _LABEL.split(template)
    literals, names, greedy = pieces[::3], pieces[1::3], pieces[2::3]
    path = re.escape(literals[0])
    for literal, plus in zip(literals[1:], greedy, strict=True):
        path += ("(.+)" if plus else "([^/]+)") + re.escape(literal)
    return _Route(
        operation,
        re.compile(path.rstrip("/") + "/?"),
        tuple(names),
        {key: values[0] for key, values in parse_qs(query, keep_blank_values=True).items()},
        tuple(_required(operation)),
        frozenset(query_names(operation)),
        len("".join(literals)),
    )


def query_names(operation: OperationModel) -> Iterator[str]:
    """What the members of the input are called in the query string."""
    shape = operation.input_shape
    for name, member in shape.members.items() if shape else ():
        if member.serialization.get("location") == "querystring":
            yield member.serialization.get("name", name)


def _required(operation: OperationModel) -> Iterator[tuple[str, str]]:
    shape = operation.input_shape
    for name in shape.required_members if shape else ():
        serialization = shape.members[name].serialization
        location = serialization.get("location")
        if location in ("querystring", "header") and shape.members[name].type_name != "map":
            yield location, serialization.get("name", name)


def _by_path(request: Request, candidates: Sequence[ServiceName], scope: Scope) -> Target | None:
    query = request.query
    best: tuple[tuple[int, ...], Target] | None = None
    for each in candidates:
        model = service_model(each.name)
        if not model.protocol.startswith("rest"):
            continue
        path = _path(request, each.name)
        for route in _routes(each.name).get(request.method, ()):
            found = route.path.fullmatch(path)
            rank = route.rank(request, query) if found else None
            if found and rank is not None and (best is None or rank > best[0]):
                labels = dict(zip(route.labels, found.groups(), strict=True))
                target = Target(each.name, scope.region, route.operation, model.protocol, labels)
                best = rank, target
    return best[1] if best else None


def _path(request: Request, service: str) -> str:
    """The path; that of S3 with the bucket that may stand in the host instead."""
    path = request.url.path or "/"
    bucket, dot, rest = request.host.partition(".s3")
    return f"/{bucket}{path}" if service == "s3" and dot and rest[:1] in (".", "-") else path
