"""Makes clients: guarded ones for capture, and an open one for a local AWS only.

This is the only module that imports boto3, and it does so when a client is asked for.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from connectors.access import wire
from connectors.access.failures import classify
from connectors.access.guard import Guard, guarded_services
from connectors.access.role import Role, credentials_in, role_with
from connectors.errors import ConnectorError, OperationRefusedError
from connectors.record import Mode

_LOCAL_REGION = "us-east-1"
_LOCAL_KEY = "local"


@dataclass(slots=True)
class _Credentials:
    """Credentials resolved once for all clients: a profile may ask a person for a code."""

    session: Any = None
    held: Any = None

    def resolve(self, access: "Access") -> None:
        """Begin an unguarded session, for nothing but credentials: taking a role is a call too."""
        import botocore.session

        if self.session is not None:
            return
        self.session = botocore.session.Session(profile=access.profile)
        if access.role is not None:
            local = is_loopback(access.endpoint_url)
            source = _LocalKeys() if local else self.session.get_credentials()
            place = {"region_name": access.region, "endpoint_url": access.endpoint_url}
            self.held = credentials_in(access.role, self.session, source, **place)

    def load_credentials(self) -> Any:
        """What botocore asks a credential provider for."""
        return self.session.get_credentials() if self.held is None else self.held


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Whose AWS is read, where, and how far capture may go.

    Example:
        >>> Access(endpoint_url="http://127.0.0.1:4566").client("sqs", Mode.OBSERVE)
        <botocore.client.SQS object at ...>
    """

    profile: str | None = None
    region: str | None = None
    """None: the profile's or the environment's."""
    endpoint_url: str | None = None
    """A local AWS; None: the real one."""
    modes: frozenset[Mode] = frozenset({Mode.OBSERVE, Mode.TAP})
    """What the user has agreed to; peek and drain must be named."""
    lease_tables: frozenset[str] = frozenset()
    """Lease tables of the Kinesis Client Library that the user has named; no other table is read."""
    role: Role | None = None
    """Taken for every call, and held to its policy by AWS itself; see `assuming`."""
    credentials: _Credentials = field(default_factory=_Credentials, repr=False, compare=False)

    def client(self, service: str, mode: Mode) -> Any:
        """A boto3 client that can do nothing but what this mode's rows of the allowlist say.

        Args:
            service: boto3's name of the service.
            mode: What the client is for.

        Raises:
            OperationRefusedError: The mode was not agreed to, or no row names the service.
            ConnectorError: No such profile, no Region.

        Example:
            >>> access.client("kinesis", Mode.OBSERVE).meta.service_model.service_name
            'kinesis'
        """
        if mode not in self.modes:
            raise OperationRefusedError(
                f"a {service} client for mode {mode} was wanted, but only "
                f"{', '.join(sorted(self.modes))} was agreed to; name the mode: --mode {mode}"
            )
        if service not in guarded_services():
            raise OperationRefusedError(f"{service}: capture asks nothing of this service")
        try:
            return self._make(service, mode)
        except ConnectorError:
            raise
        except Exception as error:
            raise classify(error, f"a client for {service}") from error

    def assuming(self, role_arn: str, policy: Mapping[str, Any]) -> "Access":
        """The same access in a role whose rights count only as far as the policy goes.

        Args:
            role_arn: The role; the access's own credentials must be allowed to take it.
            policy: As `policy` or `policy_of_all` gives it for exactly what will be read.

        Raises:
            ConnectorError: No ARN of a role; a policy longer than AWS takes.

        Example:
            >>> role = "arn:aws:iam::123456789012:role/ops"
            >>> Access().assuming(role, {"Version": "2012-10-17", "Statement": []}).role.arn
            'arn:aws:iam::123456789012:role/ops'

        Source: AssumeRole: "The resulting session's permissions are the intersection".
        """
        return replace(self, role=role_with(role_arn, policy), credentials=_Credentials())

    def _make(self, service: str, mode: Mode) -> Any:
        import boto3
        import botocore.session

        core = botocore.session.Session(profile=self.profile)
        Guard(service, mode, self.lease_tables).install(core)
        wire.install(core)
        local = is_loopback(self.endpoint_url)
        region = self.region or core.get_config_variable("region")
        region = _LOCAL_REGION if region is None and local else region
        # Real credentials never go to a local server.
        keys = _local_keys() if local and self.role is None else {}
        if not keys:
            self.credentials.resolve(replace(self, region=region))
            core.register_component("credential_provider", self.credentials)
        session = boto3.Session(botocore_session=core, region_name=region)
        return session.client(
            service, endpoint_url=self.endpoint_url, config=_config(self.endpoint_url), **keys
        )


def local_client(service: str, endpoint_url: str, *, region: str = _LOCAL_REGION) -> Any:
    """A boto3 client without a guard, for setting up a local AWS and nothing else.

    Args:
        service: boto3's name of the service.
        endpoint_url: The local AWS; its host must be a loopback address.
        region: Any; the local AWS keeps them apart.

    Raises:
        OperationRefusedError: The endpoint is not on this machine.

    Example:
        >>> local_client("sqs", "https://sqs.eu-west-1.amazonaws.com")
        Traceback (most recent call last):
        connectors.errors.OperationRefusedError: an unguarded client ...
    """
    if not is_loopback(endpoint_url):
        raise OperationRefusedError(
            f"an unguarded client was wanted for {endpoint_url}, which is not on this machine; "
            "use Access.client for a real AWS"
        )
    import boto3

    session = boto3.Session(region_name=region, **_local_keys())
    return session.client(service, endpoint_url=endpoint_url, config=_config(endpoint_url))


def is_loopback(endpoint_url: str | None) -> bool:
    """Whether an endpoint's host is this machine by name or address.

    Example:
        >>> is_loopback("http://127.0.0.1:4566"), is_loopback("http://127.0.0.1.evil.example")
        (True, False)
    """
    host = urlsplit(endpoint_url).hostname if endpoint_url else None
    if host is None or host == "localhost":
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _LocalKeys:
    """What takes a role at a local AWS, in botocore's words."""

    def get_frozen_credentials(self) -> Any:
        from botocore.credentials import ReadOnlyCredentials

        return ReadOnlyCredentials(_LOCAL_KEY, _LOCAL_KEY, None)


def _local_keys() -> dict[str, str]:
    return {"aws_access_key_id": _LOCAL_KEY, "aws_secret_access_key": _LOCAL_KEY}


def _config(endpoint_url: str | None) -> Any:
    from botocore.config import Config

    return Config(
        user_agent_extra=f"replay-workbench/{version('replay-workbench')}",  # seen in CloudTrail
        retries={"mode": "standard", "total_max_attempts": 3},
        connect_timeout=3,
        read_timeout=60,  # a long poll lasts 20
        tcp_keepalive=True,
        # A proxy named in the environment must not see what is meant for this machine.
        proxies={} if is_loopback(endpoint_url) else None,
    )
