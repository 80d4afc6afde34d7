"""How AWS's pollers and environments behave where settings do not say: named, dated, each with its source."""

from dataclasses import dataclass

from workbench.errors import UsageError
from workbench.mapping import WindowStart


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A behaviour of the service; each number is documented or says that it is assumed."""

    name: str
    source: str
    sqs_concurrency_start: int = 5
    """Invocations at once when messages begin to come. Source: "Scaling for SQS event source mappings"."""
    sqs_concurrency_added_per_minute: float = 300.0
    sqs_concurrency_max: int = 1_250
    sqs_poller_concurrency: int = 10
    """Invocations at once of one provisioned poller."""
    sqs_poller_concurrency_added_per_minute: float = 1_000.0
    sqs_receive_s: float = 0.0
    """From a message's arrival to its receipt by a waiting poller. Assumed."""
    sqs_error_decrease: float = 1.0
    """What the concurrency is multiplied with when an invocation fails; 1 for no back-pressure."""
    sqs_error_increase_per_minute: float = 300.0
    """What is added to a decreased concurrency while nothing fails."""
    window_start: WindowStart = "previous_completion"
    stream_poll_s: float = 1.0
    """Between two reads of an idle shard. Source: "Process Amazon Kinesis Data Streams records": once a second."""
    dynamodb_poll_s: float = 0.25
    """The same for a table's stream. Source: "Process DynamoDB records with Lambda": four times a second."""
    stream_push_s: float = 0.07
    """Enhanced fan-out: from a record's arrival to us. Source: Kinesis developer guide, about 70 ms on average."""
    environment_idle_s: float = 600.0
    """How long an idle environment is kept. Assumed; not documented."""
    environments_added_per_10_s: float = 1_000.0
    """Per function, refilled all the time, never saved up. Source: "Lambda scaling behavior"."""


PROFILES: dict[str, Profile] = {
    each.name: each
    for each in (
        Profile(
            name="documented",
            source="Lambda developer guide: Scaling for SQS event source mappings; Lambda scaling behavior",
        ),
        Profile(
            name="measured",
            source="Rehan van der Merwe, 7 SQS Lambda ESM scaling behaviours, 2026-03: one author, one account",
            # Reported: 60 fall to 25, 16, 13 at 1, 5, 10 % of errors; this law gives 34, 13, 9.
            sqs_error_decrease=0.986,
        ),
        Profile(
            name="before_2023_11",
            source="Lambda developer guide before November 2023: 60 more a minute, up to 1,000",
            sqs_concurrency_added_per_minute=60.0,
            sqs_error_increase_per_minute=60.0,
            sqs_concurrency_max=1_000,
            environments_added_per_10_s=500.0 / 6,
        ),
    )
}
"""By name. Nobody outside AWS knows more of the poller: a back-test decides which fits a capture best."""


def profile(name: str) -> Profile:
    """The profile of this name.

    Raises:
        UsageError: there is none.

    Example:
        >>> profile("documented").sqs_concurrency_max
        1250
    """
    if name not in PROFILES:
        raise UsageError(f"wanted a profile, found {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]
