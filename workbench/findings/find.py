"""`find`: every detector over a trace, and what could not be looked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from workbench.errors import UsageError
from workbench.findings import consumers, duplicates, losses, order
from workbench.findings.detector import Detector
from workbench.findings.finding import Finding, Findings
from workbench.findings.wording import times
from workbench.questions import Scope, asked_scope, checked_choices
from workbench.trace import Trace
from workbench.trace.derived import asked_for
from workbench.trace.sql import load_statement

DETECTORS: dict[str, Detector] = {
    detector.kind: detector
    for family in (duplicates, losses, order, consumers)
    for detector in family.DETECTORS
}


def find(
    trace: Trace,
    *,
    key: str | None = None,
    sequence: str | None = None,
    event_time: str | None = None,
    only: Sequence[str] = (),
    source: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
    thresholds: Mapping[str, Any] | None = None,
    on_kind: Callable[[str], None] = lambda kind: None,
) -> Findings:
    """What went wrong in the trace, each finding with the rows that prove it.

    Args:
        trace: the trace.
        key: JSONPath of the business key in the payload; None for the one remembered in the trace.
        sequence: JSONPath of the business sequence (a whole number per key); None for the remembered one.
        event_time: JSONPath of the instant at which the event happened; None for the remembered one.
        only: kinds to look for; empty for all.
        source: only this source: its ARN, or `sqs:NAME` as in a capture.
        since: only records whose `source_at` is at or after it.
        until: only records whose `source_at` is at or before it.
        limit: instances listed per finding; all are counted.
        thresholds: values instead of the defaults, by name; a name means the same in every kind that has it.
        on_kind: told each kind before it is looked for.

    Returns:
        Findings, one per kind and source, in the order of the kinds; empty when nothing was found. `remarks` says what
        was not looked for and why.

    Raises:
        UsageError: an unknown kind or threshold, a malformed JSONPath, or a source that is not in the trace.

    Example:
        >>> find(trace, key="$.order_id", sequence="$.version").to_frame()  # doctest: +SKIP
    """
    fields = {"key": key, "sequence": sequence, "event_time": event_time}
    scope = asked_scope(trace, source, since, until, fields)
    known = [threshold for detector in DETECTORS.values() for threshold in detector.thresholds]
    search = _Search(trace, scope, checked_choices(thresholds or {}, known), limit, on_kind)
    wanted = _wanted(only)
    able = [detector for detector in wanted if not _lacks(detector, scope)]
    remarks = [
        *_lacking(wanted, scope, asked=bool(only)),
        *(
            f"{each.kind} not looked for: {why}"
            for each in able
            if (why := each.unable(trace, scope))
        ),
        *(f"{each.kind}: {what}" for each in able if (what := each.left_out(trace, scope))),
        *_absent_fields(trace, scope, able),
    ]
    found = [finding for detector in able for finding in search.findings(detector)]
    return Findings(tuple(found), tuple(remarks))


class _Search:
    """One pass over the kinds: a kind that others yield to is looked for once, whoever asks first."""

    def __init__(
        self,
        trace: Trace,
        scope: Scope,
        chosen: Mapping[str, Any],
        limit: int,
        on_kind: Callable[[str], None],
    ) -> None:
        self._trace, self._scope, self._chosen = trace, scope, chosen
        self._limit, self._on_kind = limit, on_kind
        self._coverage = dict(
            trace.sql(load_statement(__package__, "source_coverage").text).iter_rows()
        )
        self._found: dict[str, list[Finding]] = {}

    def findings(self, detector: Detector) -> list[Finding]:
        if detector.kind not in self._found:
            told_better = dict(self._told_better(detector))
            self._on_kind(detector.kind)
            self._trace.keep(*asked_for(detector.statement.text))
            self._found[detector.kind] = (
                []
                if detector.unable(self._trace, self._scope)
                else detector.look(
                    self._trace, self._scope, self._chosen, self._limit, self._coverage, told_better
                )
            )
        return self._found[detector.kind]

    def _told_better(self, detector: Detector) -> Iterator[tuple[str, str]]:
        for kind in detector.yields_to:
            better = DETECTORS[kind]
            if not _lacks(better, self._scope) and self.findings(better):
                yield kind, better.asked(self._scope, self._chosen, dict(self._told_better(better)))


def _wanted(only: Sequence[str]) -> list[Detector]:
    unknown = [kind for kind in only if kind not in DETECTORS]
    if unknown:
        raise UsageError(
            f"wanted a finding kind, found {unknown[0]!r}; there are {', '.join(DETECTORS)}"
        )
    return [detector for kind, detector in DETECTORS.items() if not only or kind in only]


def _lacks(detector: Detector, scope: Scope) -> list[str]:
    return [name for name in detector.needs if getattr(scope, name) is None]


def _lacking(wanted: Iterable[Detector], scope: Scope, *, asked: bool) -> list[str]:
    """Remarks on kinds that cannot be told without a business field; an error when they were asked for by name."""
    unable = {
        detector.kind: [f"--{name.replace('_', '-')}" for name in _lacks(detector, scope)]
        for detector in wanted
        if _lacks(detector, scope)
    }
    if unable and asked:
        kind, lacks = next(iter(unable.items()))
        raise UsageError(
            f"{kind} needs {' and '.join(lacks)} (a JSONPath such as $.order.version):"
            " AWS's own sequence numbers are not dense and never show a gap"
        )
    return [f"{kind} not looked for: no {' and no '.join(lacks)}" for kind, lacks in unable.items()]


def _absent_fields(trace: Trace, scope: Scope, able: Iterable[Detector]) -> list[str]:
    """A JSONPath that no payload has is said, so that an empty answer is not taken for a clean one."""
    if not any(detector.needs for detector in able):
        return []
    statement = load_statement(__package__, "field_presence")
    asked = {name: scope.parameters()[name] for name in statement.parameters}
    counts = trace.sql(statement.text, **asked).row(0, named=True)
    payloads, unnumbered = counts.pop("payloads"), counts.pop("unnumbered")
    wanted = {"key": "the key", "sequence": "a whole number at", "event_time": "an instant at"}
    absent = [
        f"none of {times(payloads, 'JSON payload')} has {wanted[name]} {asked[name]}"
        for name, having in counts.items()
        if asked[name] is not None and having == 0
    ]
    if asked["sequence"] is not None and counts["sequence"] and unnumbered:
        told = f"{times(unnumbered, 'payload')} with {asked['key']} and no whole number at"
        absent.append(f"{told} {asked['sequence']}")
    return absent
