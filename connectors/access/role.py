"""Takes a role for as long as a capture lasts, and has AWS itself hold it to a policy.

The role's rights count only as far as the policy goes: also an administrator's role can then do no
more than what the guard lets through, whatever runs with these credentials.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.errors import ConnectorError

LONGEST_POLICY = 2048
"""Characters of a session policy that AWS takes."""
_SESSION_NAME = "replay-workbench"  # seen in CloudTrail and in the caller's ARN


@dataclass(frozen=True, slots=True)
class Role:
    """A role, and the policy that bounds what is done in it."""

    arn: str
    session_policy: str
    """Compact JSON, as it is sent."""


def role_with(arn: str, policy: Mapping[str, Any]) -> Role:
    """The role held to a policy.

    Args:
        arn: Of the role.
        policy: An IAM policy document. Statement ids and denials are left out: a session has no
            right that its policy does not allow.

    Raises:
        ConnectorError: No ARN of a role; a policy longer than AWS takes.

    Example:
        >>> role_with("arn:aws:iam::123456789012:role/ops", {"Statement": []}).session_policy
        '{"Statement":[]}'

    Source: AssumeRole: Policy, PackedPolicySize.
    """
    if not arn.startswith("arn:") or ":iam::" not in arn or ":role/" not in arn:
        raise ConnectorError(
            f"the ARN of a role was wanted, found {arn!r}; it looks like "
            "arn:aws:iam::123456789012:role/NAME"
        )
    text = session_policy(policy)
    if len(text) > LONGEST_POLICY:
        raise ConnectorError(
            f"a session policy of at most {LONGEST_POLICY:,} characters was wanted, found "
            f"{len(text):,}; capture fewer sources at a time, or give the role itself what "
            "`workbench policy` prints and name a profile that takes it"
        )
    return Role(arn, text)


def session_policy(policy: Mapping[str, Any]) -> str:
    """A policy as it bounds a session: compact, without statement ids and denials.

    Example:
        >>> session_policy({"Statement": [{"Sid": "A", "Effect": "Deny"}]})
        '{"Statement":[]}'
    """
    statements = [
        {member: value for member, value in statement.items() if member != "Sid"}
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
    ]
    return json.dumps({**policy, "Statement": statements}, separators=(",", ":"))


def credentials_in(role: Role, session: Any, source: Any, **client: Any) -> Any:
    """Credentials of the role, taken when they are first needed and again before they run out.

    Args:
        role: The role.
        session: A botocore session without a guard: it makes the call to STS and nothing else.
        source: Whose credentials take the role.
        **client: Region and endpoint of STS.

    Raises:
        NoCredentialsError: botocore's, where there is nobody to take the role.

    Source: AssumeRole; botocore.credentials.
    """
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
    from botocore.exceptions import NoCredentialsError

    if source is None:
        raise NoCredentialsError

    def sts(service: str, **more: Any) -> Any:
        return session.create_client(service, **client, **more)

    fetcher = AssumeRoleCredentialFetcher(
        sts,
        source,
        role.arn,
        extra_args={"Policy": role.session_policy, "RoleSessionName": _SESSION_NAME},
    )
    return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
