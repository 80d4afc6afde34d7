"""Answers of a local AWS: what a handler writes it can read again."""

import ipaddress
import os
import threading
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from workbench.errors import UsageError
from workbench.replay.effects.call import Answer, Answering, Call, CallError

_FAKE = "REPLAYREPLAYREPLAY"
_REGION = "us-east-1"


def stateful(endpoint_url: str) -> Answering:
    """Pass every AWS call on to a local AWS, such as ministack or moto, and answer what that answers.

    Queues, tables and buckets that the handler expects are made there beforehand. The credentials are made up, and
    what goes there is not the handler's request but the call that was decoded from it.

    Args:
        endpoint_url: of this machine: nothing else is ever called.

    Returns:
        Answers with `means` `stateful`; what is not AWS's is left to the next.

    Raises:
        UsageError: an endpoint that is not on loopback.

    Example:
        >>> stateful("http://127.0.0.1:4566") is not None
        True
    """
    if not _is_loopback(endpoint_url):
        raise UsageError(
            f"wanted a local AWS on this machine, such as http://127.0.0.1:4566, found {endpoint_url!r}; "
            "a replay calls nothing else"
        )
    clients = _Clients(endpoint_url)

    def answer(call: Call) -> Answer | None:
        if call.model is None:
            return None
        client = clients.of(call)
        try:
            found = getattr(client, xform_name(call.operation))(**call.parameters)
            members = _members(found)
        except ClientError as error:
            return Answer(means="stateful", error=_told(error))
        except BotoCoreError as error:
            # Its text may name the endpoint, never a secret.
            told = CallError(code="ServiceUnavailable", message=str(error), status=503)
            return Answer(means="stateful", error=told, note="the local AWS did not answer")
        finally:
            client.close()  # the connection; it opens another one when it is called again
        return Answer(means="stateful", members=members)

    return answer


class _Clients:
    """One client a service and region, which knows nothing of the user's configuration."""

    def __init__(self, endpoint_url: str) -> None:
        nothing = (None, None, os.devnull, None)
        self._session = botocore.session.Session(
            session_vars={
                "profile": (None, None, None, None),
                "config_file": nothing,
                "credentials_file": nothing,
            }
        )
        self._session.set_credentials(_FAKE, _FAKE)
        self._endpoint_url = endpoint_url
        self._made: dict[tuple[str, str], Any] = {}
        self._making = threading.Lock()

    def of(self, call: Call) -> Any:
        """The client that makes such a call."""
        key = call.service, call.region or _REGION
        with self._making:
            if key not in self._made:
                self._made[key] = self._session.create_client(
                    key[0],
                    region_name=key[1],
                    endpoint_url=self._endpoint_url,
                    config=Config(
                        retries={"total_max_attempts": 1},
                        connect_timeout=2,
                        read_timeout=30,
                        proxies={},
                        s3={"addressing_style": "path"},
                    ),
                )
            return self._made[key]


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _told(error: ClientError) -> CallError:
    said = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return CallError(
        code=said.get("Code", "Unknown"), message=said.get("Message", ""), status=status
    )


def _members(found: dict[str, Any]) -> dict[str, Any]:
    """The answer without what belongs to its transport; a stream is read."""
    return {
        name: value.read() if hasattr(value, "read") else value
        for name, value in found.items()
        if name != "ResponseMetadata"
    }
