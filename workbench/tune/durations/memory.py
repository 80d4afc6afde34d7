"""What another memory size makes of a duration: a band, because one size does not tell how much of it is computing.

Between "it all waits" (no size changes it) and "it all computes" (its speed is its share of a processor). A handler on
one thread gains nothing above 1,769 MB, where it has a whole processor.

Source: Lambda developer guide, "Configure Lambda function memory": at 1,769 MB, the equivalent of one vCPU.
"""

from workbench.tune.durations.model import DurationModel

WHOLE_PROCESSOR_MB = 1_769


def memory_band(
    model: DurationModel, from_mb: int, to_mb: int
) -> tuple[DurationModel, DurationModel]:
    """The quickest and the slowest that the handler may be with another memory size.

    Args:
        model: of the handler as it was measured.
        from_mb: the memory that it had.
        to_mb: the memory that it would have.

    Example:
        >>> quick, slow = memory_band(DurationModel(base_ms=100), 1_024, 512)
        >>> quick.base_ms, slow.base_ms
        (100.0, 200.0)
    """
    computing = min(from_mb, WHOLE_PROCESSOR_MB) / min(to_mb, WHOLE_PROCESSOR_MB)
    return model.slower(min(computing, 1.0)), model.slower(max(computing, 1.0))
