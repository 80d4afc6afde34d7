"""Who is asking: the account and partition behind the credentials, for names that lack them."""

from collections.abc import Mapping

from connectors.access.clients import Access
from connectors.access.failures import call
from connectors.answers import required
from connectors.record import Mode


def caller_identity(access: Access) -> dict[str, str]:
    """The caller's `Account` and `Arn`; AWS asks for no right to tell.

    Raises:
        AccessDeniedError: No credentials, or expired ones.
        ConnectorError: And its other classes.

    Example:
        >>> sorted(caller_identity(access))
        ['Account', 'Arn']

    Source: GetCallerIdentity.
    """
    wanted = "the caller's identity"
    answer = call(wanted, access.client("sts", Mode.OBSERVE).get_caller_identity)
    return {name: required(answer, name, str, wanted) for name in ("Account", "Arn")}


def arn_of(identity: Mapping[str, str], region: str, service: str, resource: str) -> str:
    """The ARN of a resource in the caller's own account.

    Example:
        >>> arn_of({"Account": "1", "Arn": "arn:aws-cn:iam::1:root"}, "cn-north-1", "sns", "t")
        'arn:aws-cn:sns:cn-north-1:1:t'
    """
    partition = identity["Arn"].split(":")[1]
    return f"arn:{partition}:{service}:{region}:{identity['Account']}:{resource}"
