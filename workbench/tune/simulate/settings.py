"""Everything that is set around a source and its function, as one configuration that can be simulated."""

from dataclasses import dataclass, field

from workbench.mapping import EventSourceMapping, SourceKind
from workbench.tune.simulate.profiles import PROFILES, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One configuration: mapping, queue, function, and how the service is taken to behave."""

    kind: SourceKind
    mapping: EventSourceMapping
    """Completed: `EventSourceMapping.completed(kind)`."""
    timeout_s: float = 30.0
    """Function timeout."""
    memory_mb: int = 512
    reserved_concurrency: int | None = None
    account_concurrency: int = 1_000
    visibility_timeout_s: float = 30.0
    """Of the queue, as set; see `effective_visibility_s`."""
    max_receive_count: int | None = None
    """None: no redrive policy."""
    retention_s: float = 345_600.0
    """Of queue or stream."""
    enhanced_fan_out: bool = False
    event_retries: int = 2
    """MaximumRetryAttempts of an asynchronous invocation."""
    event_age_s: float = 21_600.0
    """MaximumEventAgeInSeconds of one."""
    profile: Profile = field(default_factory=lambda: PROFILES["documented"])

    @property
    def window_s(self) -> float:
        """MaximumBatchingWindowInSeconds."""
        return float(self.mapping.maximum_batching_window_in_seconds or 0)

    @property
    def effective_visibility_s(self) -> float:
        """How long a received message stays hidden.

        Source: Lambda developer guide, "Using Lambda with Amazon SQS": with a batching window, where window and
        function timeout together are more than the visibility timeout, it becomes their sum and 30 seconds.
        """
        together = self.window_s + self.timeout_s
        if self.window_s > 0 and together > self.visibility_timeout_s:
            return together + 30.0
        return self.visibility_timeout_s

    @property
    def concurrency_max(self) -> int:
        """Most environments of the function at once."""
        reserved = self.reserved_concurrency
        return self.account_concurrency if reserved is None else reserved
