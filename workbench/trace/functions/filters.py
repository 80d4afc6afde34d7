"""Filters of AWS as functions of SQL: what a statement calls, so that it proves alone what passed and what did not.

`sns_admits(policy, scope, attributes, body)` and `mapping_admits(criteria, service, body, envelope)` are true, false,
or null where nothing can be told.
"""

import pyarrow as pa

from workbench.patterns.event_pattern import mapping_admits
from workbench.patterns.filter_policy import sns_admits


def sns_admits_each(
    policies: pa.ChunkedArray,
    scopes: pa.ChunkedArray,
    attributes: pa.ChunkedArray,
    bodies: pa.ChunkedArray,
) -> pa.Array:
    """`sns_admits` over columns; without a policy everything passes."""
    rows = zip(*(each.to_pylist() for each in (policies, scopes, attributes, bodies)), strict=True)
    return pa.array(
        [
            sns_admits(policy, scope or "", attribute or "{}", body or b"")
            for policy, scope, attribute, body in rows
        ],
        pa.bool_(),
    )


def mapping_admits_each(
    criteria: pa.ChunkedArray,
    services: pa.ChunkedArray,
    bodies: pa.ChunkedArray,
    envelopes: pa.ChunkedArray,
) -> pa.Array:
    """`mapping_admits` over columns; without criteria everything passes."""
    rows = zip(*(each.to_pylist() for each in (criteria, services, bodies, envelopes)), strict=True)
    return pa.array(
        [
            True
            if criterion is None
            else None
            if service is None
            else mapping_admits(criterion, service, body or b"", envelope or "{}")
            for criterion, service, body, envelope in rows
        ],
        pa.bool_(),
    )
