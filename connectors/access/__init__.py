"""The only way to an AWS client: what may be asked, by whom, and what went wrong.

Nothing here imports boto3 before a client is asked for, so `import connectors` stays cheap.
"""

from connectors.access.allowlist import ALLOW, TAP_PREFIX, Rule, is_tap_queue, rules_for
from connectors.access.clients import Access, is_loopback, local_client
from connectors.access.failures import aws_code, call, classify, raise_or_note
from connectors.access.policy import policy, policy_of_all, sweeping_policy

__all__ = [
    "ALLOW",
    "TAP_PREFIX",
    "Access",
    "Rule",
    "aws_code",
    "call",
    "classify",
    "is_loopback",
    "is_tap_queue",
    "local_client",
    "policy",
    "policy_of_all",
    "raise_or_note",
    "rules_for",
    "sweeping_policy",
]
