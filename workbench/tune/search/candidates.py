"""The configurations that are tried: a grid within AWS's limits, with the captured one always in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from workbench.errors import UsageError
from workbench.mapping import EventSourceMapping, SourceKind
from workbench.tune.simulate.settings import Settings

Vary = Mapping[str, Sequence[int | None]]
ON_MAPPING = (
    "batch_size",
    "maximum_batching_window_in_seconds",
    "parallelization_factor",
    "maximum_concurrency",
)
AROUND: Mapping[str, tuple[int, int]] = {
    "reserved_concurrency": (0, 1_000_000),
    "memory_mb": (128, 10_240),
    "timeout_s": (1, 900),
    "visibility_timeout_s": (0, 43_200),
    "max_receive_count": (1, 1_000),
}
"""What is set on the function or the queue, and AWS's limits. Source: Lambda and SQS API references."""
VARIABLES = (*ON_MAPPING, *AROUND)
MOST_CANDIDATES = 10_000

_SQS: Vary = {
    "batch_size": (1, 5, 10, 50, 100, 500),
    "maximum_batching_window_in_seconds": (0, 1, 5),
    "maximum_concurrency": (2, 10, 50),
}
_FIFO: Vary = {"batch_size": (1, 2, 5, 10), "maximum_concurrency": (2, 5, 10, 50, 200)}
_STREAM: Vary = {
    "batch_size": (1, 10, 100, 500, 1_000),
    "maximum_batching_window_in_seconds": (0, 1, 5),
    "parallelization_factor": (1, 2, 5, 10),
}
GRIDS: Mapping[SourceKind, Vary] = {
    "sqs": _SQS,
    "sqs_fifo": _FIFO,
    "kinesis": _STREAM,
    "dynamodb": _STREAM,
    "event": {"reserved_concurrency": (1, 5, 10, 50, 100)},
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One configuration, and in what it differs from the one that was captured."""

    settings: Settings
    changes: Mapping[str, int | None]
    """Name to new value; empty: the captured one."""

    @property
    def is_current(self) -> bool:
        """Whether nothing is changed."""
        return not self.changes


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """The settings with some of `VARIABLES` set anew.

    Raises:
        UsageError: no such setting, or AWS would refuse it.

    Example:
        >>> from workbench.mapping import EventSourceMapping
        >>> before = Settings(kind="sqs", mapping=EventSourceMapping().completed("sqs"))
        >>> changed(before, {"batch_size": 5, "visibility_timeout_s": 180}).mapping.batch_size
        5
    """
    for name, value in changes.items():
        _check(name, value)
    on_mapping = {name: value for name, value in changes.items() if name in ON_MAPPING}
    mapping: EventSourceMapping = replace(settings.mapping, **on_mapping).completed(settings.kind)
    around = {name: value for name, value in changes.items() if name in AROUND}
    after = replace(settings, mapping=mapping, **around)
    touched = {"visibility_timeout_s", "timeout_s"} & set(changes)
    if (
        touched
        and settings.kind in ("sqs", "sqs_fifo")
        and after.visibility_timeout_s < after.timeout_s
    ):
        raise UsageError(
            f"AWS would refuse this mapping: the visibility timeout of {after.visibility_timeout_s:g} s "
            f"is less than the function timeout of {after.timeout_s:g} s"
        )
    return after


def value_of(settings: Settings, name: str) -> int | float | None:
    """What is set now under one of `VARIABLES`."""
    held: int | float | None = getattr(settings.mapping if name in ON_MAPPING else settings, name)
    return held


def candidates(
    current: Settings, vary: Vary | None = None, fixed: Sequence[str] = ()
) -> tuple[Candidate, ...]:
    """The configurations to try, the captured one first, each once, none that AWS would refuse.

    Args:
        current: what was captured.
        vary: values by name of `VARIABLES`; nothing else is varied. None: a grid for the kind of source.
        fixed: names that keep what is set.

    Raises:
        UsageError: a name or value that cannot be, or more than 10,000 combinations.

    Example:
        >>> from workbench.mapping import EventSourceMapping
        >>> before = Settings(kind="sqs", mapping=EventSourceMapping().completed("sqs"))
        >>> [dict(each.changes) for each in candidates(before, {"batch_size": (1, 10)})]
        [{}, {'batch_size': 1}]

    Source: Lambda CreateEventSourceMapping; SQS SetQueueAttributes; Lambda PutFunctionConcurrency.
    """
    for name in fixed:
        _known(name)
    chosen = _grid(current) if vary is None else vary
    asked = {name: _axis(current, name, values) for name, values in chosen.items()}
    axes = {name: values for name, values in asked.items() if name not in fixed}
    if left_out := {name: values for name, values in asked.items() if name in fixed}:
        list(_combined(current, left_out, is_asked=vary is not None))
    count = 1
    for values in axes.values():
        count *= len(values)
    if count > MOST_CANDIDATES:
        raise UsageError(
            f"wanted at most {MOST_CANDIDATES:,} candidates, found {count:,}; vary fewer values"
        )
    return (Candidate(current, {}), *_combined(current, axes, is_asked=vary is not None))


def parse_vary(chosen: Sequence[str]) -> Vary:
    """What `--vary batch_size=1,10,100` asks for; `none` is a setting that is taken away.

    Raises:
        UsageError: not of that form.

    Example:
        >>> parse_vary(["batch_size=1,10", "maximum_concurrency=none,5"])
        {'batch_size': (1, 10), 'maximum_concurrency': (None, 5)}
    """
    found: dict[str, tuple[int | None, ...]] = {}
    for each in chosen:
        name, equals, values = each.partition("=")
        name = setting_name(name)
        if not equals:
            raise UsageError(f"wanted NAME=VALUE,VALUE, found {each!r}")
        if name in found:
            raise UsageError(f"wanted {name} once, with all its values, found it again in {each!r}")
        found[name] = tuple(_number(each, value.strip()) for value in values.split(","))
    return found


def setting_name(name: str) -> str:
    """One of `VARIABLES`, from its own or AWS's name.

    Raises:
        UsageError: there is no such setting.

    Example:
        >>> setting_name("VisibilityTimeout"), setting_name("BatchSize")
        ('visibility_timeout_s', 'batch_size')
    """
    plain = name.strip().replace("_", "").lower()
    known = {each.replace("_", ""): each for each in VARIABLES}
    known |= {
        "visibilitytimeout": "visibility_timeout_s",
        "timeout": "timeout_s",
        "memorysize": "memory_mb",
        "reservedconcurrentexecutions": "reserved_concurrency",
    }
    if plain not in known:
        raise UsageError(f"wanted one of {', '.join(VARIABLES)}, found {name.strip()!r}")
    return known[plain]


def _grid(current: Settings) -> Vary:
    """The kind's grid; where pollers are provisioned, AWS takes no maximum concurrency beside them."""
    grid = dict(GRIDS[current.kind])
    if current.mapping.minimum_pollers or current.mapping.maximum_pollers:
        grid.pop("maximum_concurrency", None)
    return grid


def _axis(
    current: Settings, name: str, values: Sequence[int | None]
) -> tuple[int | float | None, ...]:
    _known(name)
    for value in values:
        _check(name, value)
    return tuple(dict.fromkeys((value_of(current, name), *values)))


def _combined(
    current: Settings, axes: Mapping[str, Sequence[Any]], is_asked: bool
) -> Iterator[Candidate]:
    refused: dict[tuple[str, Any], UsageError] = {}
    taken: set[tuple[str, Any]] = set()
    for values in product(*axes.values()):
        changes = {
            name: value
            for name, value in zip(axes, values, strict=True)
            if value != value_of(current, name)
        }
        if not changes:
            continue
        try:
            settings = changed(current, changes)
        except UsageError as error:
            refused |= dict.fromkeys(changes.items(), error)
            continue
        taken |= set(changes.items())
        yield Candidate(settings, changes)
    never = [error for each, error in refused.items() if each not in taken]
    if never and is_asked:
        raise never[0]


def _known(name: str) -> None:
    if name not in VARIABLES:
        raise UsageError(f"wanted one of {', '.join(VARIABLES)}, found {name!r}")


def _check(name: str, value: Any) -> None:
    _known(name)
    if name in AROUND and value is not None:
        least, most = AROUND[name]
        if not least <= value <= most:
            raise UsageError(f"wanted {name} between {least:,} and {most:,}, found {value!r}")
    if value is None and name not in (
        "maximum_concurrency",
        "reserved_concurrency",
        "max_receive_count",
    ):
        raise UsageError(f"wanted a number as {name}, found none: it cannot be taken away")


def _number(asked: str, value: str) -> int | None:
    if value.lower() == "none":
        return None
    if not value.isdecimal():
        raise UsageError(f"wanted whole numbers or none in {asked!r}, found {value!r}")
    return int(value)
