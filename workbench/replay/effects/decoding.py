"""The parameters of a request, as the handler gave them to its AWS client.

botocore reads answers only. Its parsers read any shape, though, so a body is read by them with the shape of the
input; what only requests have (labels, query strings, flattened forms) is read here.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.model import Shape, StructureShape
from botocore.parsers import PROTOCOL_PARSERS, ResponseParserError
from botocore.utils import is_json_value_header, parse_timestamp

from workbench.replay.effects.request import Request, Target, query_names

_INTEGERS = ("integer", "long", "short", "byte")
_FLOATS = ("float", "double", "bigdecimal")
_OF_THE_TRANSPORT = ("Content-Length",)
"""Set by every client on its own, so that it says nothing of what the handler asked for."""
_HEADER_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)')


class UndecodableError(ValueError):
    """A body that is not what its model says."""


def parameters_of(request: Request, target: Target) -> dict[str, Any]:
    """What the client was called with, by AWS's member names; bytes and instants as Python has them.

    Raises:
        UndecodableError: the body is not of the operation's shape.

    Source: the service's botocore model.
    """
    shape = target.operation.input_shape
    if shape is None:
        return {}
    try:
        if target.protocol in ("query", "ec2"):
            return _Form(request.form, ec2=target.protocol == "ec2").structure(shape, "")
        if not target.protocol.startswith("rest"):
            return _body(target.protocol, shape, request.body)
        return _rest(request, target, shape)
    except (
        ResponseParserError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as wrong:
        raise UndecodableError(f"{type(wrong).__name__}: {wrong}") from None


@cache
def _parser(protocol: str) -> Any:
    return PROTOCOL_PARSERS[protocol]()


def _body(protocol: str, shape: Shape, body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    parser = _parser(protocol)
    if protocol in ("json", "rest-json"):
        parsed = json.loads(body)
    elif protocol == "rest-xml":
        parsed = parser._parse_xml_string_to_dom(body)
    else:
        parsed = parser._initial_body_parse(body)
    found: dict[str, Any] = parser._parse_shape(shape, parsed)
    return found


def _rest(request: Request, target: Target, shape: StructureShape) -> dict[str, Any]:
    payload = shape.serialization.get("payload")
    found: dict[str, Any]
    if payload is None:
        found = _body(target.protocol, shape, request.body) if _has_body(shape) else {}
    else:
        found = _payload(target.protocol, payload, shape.members[payload], request)
    query = request.query
    literal = parse_qs(
        target.operation.http["requestUri"].partition("?")[2], keep_blank_values=True
    )
    bound = {*query_names(target.operation), *literal}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                found[name] = _scalar(member, unquote(target.labels[wire]), "iso8601")
            case "querystring":
                found |= _from_query(name, wire, member, query, bound)
            case "header" if wire.lower() in request.headers and wire not in _OF_THE_TRANSPORT:
                found[name] = _from_header(member, request.headers[wire.lower()])
            case "headers":
                found |= _from_headers(name, wire.lower(), request.headers)
            case _:
                pass
    return found


def _has_body(shape: StructureShape) -> bool:
    return any("location" not in each.serialization for each in shape.members.values())


def _payload(protocol: str, name: str, shape: Shape, request: Request) -> dict[str, Any]:
    body = request.body
    if shape.type_name == "blob":
        return {name: body} if body else {}
    if shape.type_name == "string":
        return {name: body.decode()} if body else {}
    parsed = _body(protocol, shape, body)
    return {name: parsed} if parsed else {}  # a client sends `{}` where it was given nothing


def _from_query(
    name: str, wire: str, shape: Shape, query: Mapping[str, Sequence[str]], bound: set[str]
) -> dict[str, Any]:
    if shape.type_name == "map":
        free = {key: values for key, values in query.items() if key not in bound}
        many = shape.value.type_name == "list"
        items = {key: list(values) if many else values[-1] for key, values in free.items()}
        return {name: items} if items else {}
    values = query.get(wire)
    if values is None:
        return {}
    if shape.type_name == "list":
        return {name: [_scalar(shape.member, each, "iso8601") for each in values]}
    return {name: _scalar(shape, values[-1], "iso8601")}


def _from_header(shape: Shape, text: str) -> Any:
    if shape.type_name != "list":
        return _scalar(shape, text, "rfc822")
    if shape.member.type_name == "timestamp":  # its comma is within
        return [parse_timestamp(each) for each in re.findall(r"[^,]+,[^,]+", text)]
    found = [
        quoted.replace('\\"', '"') if quoted else bare.strip()
        for quoted, bare in _HEADER_ITEM.findall(text)
    ]
    items = found[:-1] if len(found) > 1 and not found[-1] else found
    return [_scalar(shape.member, each, "rfc822") for each in items]


def _from_headers(name: str, prefix: str, headers: Mapping[str, str]) -> dict[str, Any]:
    items = {key[len(prefix) :]: value for key, value in headers.items() if key.startswith(prefix)}
    return {name: items} if items else {}


def _scalar(shape: Shape, text: str, instants: str) -> Any:
    kind = shape.type_name
    if is_json_value_header(shape):
        return json.loads(base64.b64decode(text))
    if kind in _INTEGERS:
        return int(text)
    if kind in _FLOATS:
        return float(text)
    if kind == "boolean":
        return text.lower() == "true"
    if kind == "timestamp":
        numeric = shape.serialization.get("timestampFormat", instants) == "unixTimestamp"
        return parse_timestamp(float(text) if numeric else text)
    return base64.b64decode(text) if kind == "blob" else text


class _Form:
    """The fields `A.member.1.B=…` of a query-protocol request, put together again by the shapes."""

    def __init__(self, fields: Mapping[str, str], *, ec2: bool) -> None:
        self._fields = fields
        self._ec2 = ec2
        self._prefixes = {key[:end] for key in fields for end in (*_dots(key), len(key))}

    def structure(self, shape: StructureShape, prefix: str) -> dict[str, Any]:
        found = {}
        for name, member in shape.members.items():
            key = f"{prefix}.{self._name(member, name)}" if prefix else self._name(member, name)
            value = self._value(member, key)
            if value is not None:
                found[name] = value
        return found

    def _value(self, shape: Shape, key: str) -> Any:
        if shape.type_name == "list":
            return self._list(shape, key)
        if key not in self._prefixes:
            return None
        if shape.type_name == "structure":
            return self.structure(shape, key)
        if shape.type_name == "map":
            return self._map(shape, key)
        return _scalar(shape, self._fields[key], "iso8601")

    def _list(self, shape: Shape, key: str) -> list[Any] | None:
        member = shape.member.serialization.get("name")
        if self._ec2:
            start = key
        elif shape.serialization.get("flattened"):
            start = ".".join([*key.split(".")[:-1], member]) if member else key
        else:
            start = f"{key}.{member or 'member'}"
        found: list[Any] = []
        while f"{start}.{len(found) + 1}" in self._prefixes:
            found.append(self._value(shape.member, f"{start}.{len(found) + 1}"))
        return found or ([] if key in self._fields else None)

    def _map(self, shape: Shape, key: str) -> dict[str, Any]:
        start = key if shape.serialization.get("flattened") else f"{key}.entry"
        names = self._name(shape.key, "key"), self._name(shape.value, "value")
        found: dict[str, Any] = {}
        while f"{start}.{len(found) + 1}" in self._prefixes:
            at = f"{start}.{len(found) + 1}"
            found[self._fields[f"{at}.{names[0]}"]] = self._value(shape.value, f"{at}.{names[1]}")
        return found

    def _name(self, shape: Shape, default: str) -> str:
        serialization = shape.serialization
        if not self._ec2:
            return str(serialization.get("name", default))
        named = str(serialization.get("name", default))
        return str(
            serialization.get(
                "queryName", named[:1].upper() + named[1:] if "name" in serialization else named
            )
        )


def _dots(key: str) -> list[int]:
    return [at for at, letter in enumerate(key) if letter == "."]
