"""Answers and errors in the protocol that the client speaks, so that any SDK reads them and raises what it would.

botocore writes requests only. Its serializers write any shape, though, so a body is written by them with the shape
of the output; what only answers have (wrappers, headers, errors) is written here.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from botocore.model import OperationModel, StructureShape
from botocore.serialize import SERIALIZERS

from workbench.replay.effects.call import Answer, Call, CallError, Reply

_KINDS = {
    "json": "application/x-amz-json-1.0",
    "rest-json": "application/json",
    "smithy-rpc-v2-cbor": "application/cbor",
}


def reply_to(call: Call, answer: Answer) -> Reply:
    """The answer on the wire, for an AWS call.

    Source: Smithy, "AWS protocols", sections "Response serialization" and "Operation error serialization".
    """
    if call.model is None:
        return _plain(answer)
    request_id = call.new_id("request")
    model = call.model
    if answer.error:
        reply = _error(call.protocol, model, answer.error, request_id)
    else:
        reply = _success(call.protocol, model, answer.members, request_id)
    ids = {"x-amzn-requestid": request_id, "x-amz-request-id": request_id}
    if call.protocol == "smithy-rpc-v2-cbor":
        ids["smithy-protocol"] = "rpc-v2-cbor"
    return Reply(status=reply.status, headers={**ids, **reply.headers}, body=reply.body)


def _plain(answer: Answer) -> Reply:
    """To what is not AWS: `status`, `headers` and `body` as the script says."""
    if answer.error:
        return Reply(status=answer.error.status, body=answer.error.message.encode())
    body = answer.members.get("body", b"")
    headers = dict(answer.members.get("headers", {}))
    return Reply(
        status=answer.members.get("status", 200),
        headers=headers,
        body=body if isinstance(body, bytes) else str(body).encode(),
    )


@cache
def _serializer(protocol: str) -> Any:
    return SERIALIZERS[protocol]()


def _success(
    protocol: str, model: OperationModel, members: Mapping[str, Any], request_id: str
) -> Reply:
    shape = model.output_shape
    if protocol in ("query", "ec2"):
        return Reply(headers=_kind("xml"), body=_wrapped(protocol, model, members, request_id))
    if shape is None:
        body = b"{}" if protocol in ("json", "rest-json") else b""
        return Reply(headers={"content-type": _KINDS.get(protocol, "text/xml")}, body=body)
    if protocol.startswith("rest"):
        return _rest(protocol, shape, members)
    return Reply(headers={"content-type": _KINDS[protocol]}, body=_body(protocol, shape, members))


def _body(
    protocol: str, shape: StructureShape, members: Mapping[str, Any], name: str = ""
) -> bytes:
    serializer = _serializer(protocol)
    if protocol == "rest-xml":
        return bytes(ET.tostring(_element(shape, members, name)))
    if protocol == "smithy-rpc-v2-cbor":
        return bytes(serializer._serialize_body_params(members, shape))
    holder: dict[str, Any] = {}
    serializer._serialize(holder, members, shape)
    return _json(holder)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _element(shape: StructureShape, members: Mapping[str, Any], name: str) -> ET.Element:
    root = ET.Element("root")
    _serializer("rest-xml")._serialize(shape, members, root, name)
    return root[0]


def _rest(protocol: str, shape: StructureShape, members: Mapping[str, Any]) -> Reply:
    serializer = _serializer(protocol)
    payload = shape.serialization.get("payload")
    headers: dict[str, str] = {"content-type": _KINDS.get(protocol, "application/xml")}
    inside: dict[str, Any] = {}
    status = 200
    for name, value in members.items():
        member = shape.members[name]
        wire = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "header":
                headers[wire] = serializer._convert_header_value(member, value)
            case "headers":
                headers |= {f"{wire}{key}": str(each) for key, each in value.items()}
            case "statusCode":
                status = int(value)
            case _:
                inside[name] = value
    if payload is None:
        name = shape.serialization.get("name", shape.name)
        bodyless = protocol == "rest-xml" and not inside
        body = b"" if bodyless and _no_body(shape) else _body(protocol, shape, inside, name)
    else:
        body = _payload(protocol, shape.members[payload], inside.get(payload), payload)
    return Reply(status=status, headers=headers, body=body)


def _no_body(shape: StructureShape) -> bool:
    return all("location" in each.serialization for each in shape.members.values())


def _payload(protocol: str, shape: Any, value: Any, name: str) -> bytes:
    if value is None or shape.serialization.get("eventstream"):
        return b""
    if shape.type_name in ("blob", "string"):
        return value if isinstance(value, bytes) else str(value).encode()
    return _body(protocol, shape, value, shape.serialization.get("name", name))


def _wrapped(
    protocol: str, model: OperationModel, members: Mapping[str, Any], request_id: str
) -> bytes:
    shape = model.output_shape
    root = ET.Element(f"{model.name}Response", {"xmlns": model.metadata.get("xmlNamespace", "")})
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{model.name}Result")
        result = _element(shape, members, wrapper)
        if protocol == "ec2":
            root.extend(list(result))
        else:
            root.append(result)
    if protocol == "ec2":
        ET.SubElement(root, "requestId").text = request_id
    else:
        metadata = ET.SubElement(root, "ResponseMetadata")
        ET.SubElement(metadata, "RequestId").text = request_id
    return bytes(ET.tostring(root))


def _error(protocol: str, model: OperationModel, error: CallError, request_id: str) -> Reply:
    shapes = {each.name: each for each in model.service_model.error_shapes}
    known = shapes.get(error.code)
    wire = (
        known.metadata.get("error", {}).get("code", error.code) if known is not None else error.code
    )
    if protocol in ("json", "rest-json", "smithy-rpc-v2-cbor"):
        headers = {"x-amzn-errortype": error.code, "content-type": _KINDS[protocol]}
        if "awsQueryCompatible" in model.metadata:
            sender = "Sender" if error.status < 500 else "Receiver"
            headers["x-amzn-query-error"] = f"{wire};{sender}"
        text = {"__type": error.code, "message": error.message}
        body = _json(text) if protocol != "smithy-rpc-v2-cbor" else _cbor_map(text)
        return Reply(status=error.status, headers=headers, body=body)
    inner = f"<Code>{escape(wire)}</Code><Message>{escape(error.message)}</Message>"
    if protocol == "ec2":
        text_xml = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    elif model.service_model.service_name == "s3":
        text_xml = f"<Error>{inner}<RequestId>{request_id}</RequestId></Error>"
    else:
        kind = "Sender" if error.status < 500 else "Receiver"
        text_xml = (
            f"<ErrorResponse><Error><Type>{kind}</Type>{inner}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return Reply(status=error.status, headers=_kind("xml"), body=text_xml.encode())


def _cbor_map(texts: Mapping[str, str]) -> bytes:
    """A map of texts as CBOR (RFC 8949), which an error without a shape needs."""
    serializer = _serializer("smithy-rpc-v2-cbor")
    body = bytearray([0xA0 | len(texts)])
    for each in (text for pair in texts.items() for text in pair):
        serializer._serialize_type_string(body, each, None, None)
    return bytes(body)


def _kind(subtype: str) -> dict[str, str]:
    return {"content-type": f"text/{subtype}"}
