"""A decoded AWS call, its answer, and how both are written down."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from botocore.model import OperationModel, Shape

SECRET_KEEPERS = frozenset({"kms", "secretsmanager", "ssm", "sts", "cognito-idp", "iam"})
"""Services whose trade is secrets: what their models call sensitive is kept as its hash alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a handler, before its answer."""

    service: str
    """As botocore names it; `http` where it is not AWS's."""
    operation: str
    parameters: Mapping[str, Any]
    """By AWS's member names; bytes and instants as Python has them."""
    region: str | None = None
    model: OperationModel | None = None
    """None where it is not AWS's."""
    protocol: str = "http"
    request_id: str = ""
    """Of the invocation; ids in answers come from it, so that a repeated replay meets the same."""
    ordinal: int = 1
    """Among the calls of the invocation, from 1."""

    def new_id(self, part: object = "") -> str:
        """An id that the same call of the same invocation always gets."""
        return str(uuid5(NAMESPACE_OID, f"{self.request_id}/{self.ordinal}/{part}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CallError:
    """What AWS says no with."""

    code: str
    message: str = ""
    status: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as it goes over the wire."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call is answered with."""

    means: str
    """`minimal`, `scripted`, `recorded`, `stateful` or `refused`."""
    members: Mapping[str, Any] = field(default_factory=dict)
    error: CallError | None = None
    note: str | None = None
    """What a reader should know about it."""

    def document(self, call: Call) -> dict[str, Any]:
        """As `answered_with` keeps it."""
        found: dict[str, Any] = {"means": self.means}
        if self.error:
            error = self.error
            found["error"] = {"code": error.code, "message": error.message, "status": error.status}
        else:
            shape = call.model.output_shape if call.model else None
            found["answer"] = written(self.members, shape, redact=call.service in SECRET_KEEPERS)
        return found | ({"note": self.note} if self.note else {})


Answering = Callable[[Call], Answer | None]
"""Answers a call, or leaves it to the next."""


def written(value: Any, shape: Shape | None, *, redact: bool) -> Any:
    """A value as JSON can hold it: bytes as `{"base64": …}`, instants as ISO 8601, secrets as `{"sha256": …}`."""
    if redact and shape is not None and shape.metadata.get("sensitive"):
        plain = value if isinstance(value, bytes) else str(value).encode()
        return {"sha256": hashlib.sha256(plain).hexdigest()}
    if isinstance(value, Mapping):
        return {
            str(key): written(each, _inner(shape, key), redact=redact)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        inner = getattr(shape, "member", None)
        return [written(each, inner, redact=redact) for each in value]
    if isinstance(value, bytes | bytearray):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def unwritten(value: Any) -> Any:
    """Bytes back from `{"base64": …}`; instants stay text, which botocore reads as well."""
    if isinstance(value, Mapping):
        if value.keys() == {"base64"} and isinstance(value["base64"], str):
            return base64.b64decode(value["base64"])
        return {key: unwritten(each) for key, each in value.items()}
    return [unwritten(each) for each in value] if isinstance(value, list) else value


def _inner(shape: Shape | None, key: Any) -> Shape | None:
    if shape is None:
        return None
    if shape.type_name == "structure":
        found: Shape | None = shape.members.get(key)
        return found
    return getattr(shape, "value", None)


def without_secrets(url: str) -> str:
    """A URL without its user and password, and without the values of its query string that look secret."""
    bare = re.sub(r"//[^/@?]*@", "//", url, count=1)
    secret = r"([?&][^=&]*(?:token|secret|signature|password|credential|key|auth)[^=&]*=)[^&]*"
    return re.sub(secret, r"\1…", bare, flags=re.IGNORECASE)
