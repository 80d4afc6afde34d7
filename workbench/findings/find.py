"""`find`: every detector over a trace, and what could not be looked for."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from workbench.errors import UsageError
from workbench.findings import consumers, duplicates, losses, order
from workbench.findings.detector import Detector, Scope, times
from workbench.findings.finding import Finding, Findings
from workbench.trace import Trace
from workbench.trace.fields import parse_path
from workbench.trace.sources import source_in_trace
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
    only: Sequence[str] = (),
    source: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
) -> Findings:
    """What went wrong in the trace, each finding with the rows that prove it.

    Args:
        trace: the trace.
        key: JSONPath of the business key in the payload; None for the one remembered in the trace.
        sequence: JSONPath of the business sequence (a whole number per key); None for the remembered one.
        only: kinds to look for; empty for all.
        source: only this source: its ARN, or `sqs:NAME` as in a capture.
        since: only records whose `source_at` is at or after it.
        until: only records whose `source_at` is at or before it.
        limit: instances listed per finding; all are counted.

    Returns:
        Findings, one per kind and source, in the order of the kinds; empty when nothing was found. `remarks` says what
        was not looked for and why.

    Raises:
        UsageError: an unknown kind, a malformed JSONPath, or a source that is not in the trace.

    Example:
        >>> find(trace, key="$.order_id", sequence="$.version").to_frame()  # doctest: +SKIP
    """
    remembered = trace.settings()
    scope = Scope(
        source_in_trace(trace, source) if source else None,
        since,
        until,
        _path(key or remembered.get("key")),
        _path(sequence or remembered.get("sequence")),
        limit,
    )
    wanted = _wanted(only)
    coverage = dict(trace.sql(load_statement(__package__, "source_coverage").text).iter_rows())
    able = [detector for detector in wanted if not _lacks(detector, scope)]
    found = [finding for detector in able for finding in detector.look(trace, scope, coverage)]
    remarks = [*_unable(wanted, scope, asked=bool(only)), *_absent_fields(trace, scope, able)]
    return Findings(tuple(_with_notes(trace, scope, found)), tuple(remarks))


def _path(path: str | None) -> str | None:
    if path is not None:
        parse_path(path)
    return path


def _wanted(only: Sequence[str]) -> list[Detector]:
    unknown = [kind for kind in only if kind not in DETECTORS]
    if unknown:
        raise UsageError(
            f"wanted a finding kind, found {unknown[0]!r}; there are {', '.join(DETECTORS)}"
        )
    return [detector for kind, detector in DETECTORS.items() if not only or kind in only]


def _lacks(detector: Detector, scope: Scope) -> list[str]:
    return [name for name in detector.needs if getattr(scope, name) is None]


def _unable(wanted: Iterable[Detector], scope: Scope, *, asked: bool) -> list[str]:
    """Remarks on kinds that cannot be told without a business field; an error when they were asked for by name."""
    unable = {
        detector.kind: _lacks(detector, scope) for detector in wanted if _lacks(detector, scope)
    }
    if unable and asked:
        kind, lacks = next(iter(unable.items()))
        raise UsageError(
            f"{kind} needs {' and '.join('--' + name for name in lacks)} (a JSONPath such as $.order.version):"
            " AWS's own sequence numbers are not dense and never show a gap"
        )
    return [
        f"{kind} not looked for: no {' and no '.join('--' + name for name in lacks)}"
        for kind, lacks in unable.items()
    ]


def _absent_fields(trace: Trace, scope: Scope, able: Iterable[Detector]) -> list[str]:
    """A JSONPath that no payload has is said, so that an empty answer is not taken for a clean one."""
    if scope.sequence is None or not any(detector.needs for detector in able):
        return []
    counts = trace.sql(
        load_statement(__package__, "field_presence").text, key=scope.key, sequence=scope.sequence
    )
    payloads, with_key, with_sequence = counts.row(0)
    remarks = []
    if scope.key is not None and with_key == 0:
        remarks.append(f"none of {times(payloads, 'JSON payload')} has the key {scope.key}")
    if with_sequence == 0:
        remarks.append(
            f"none of {times(payloads, 'JSON payload')} has a whole number at {scope.sequence}"
        )
    return remarks


def _with_notes(trace: Trace, scope: Scope, found: list[Finding]) -> list[Finding]:
    """Sequence gaps with what repeats and goes back in the same source."""
    if not any(finding.kind == "sequence_gap" for finding in found):
        return found
    counts = trace.sql(
        load_statement(__package__, "sequence_notes").text, key=scope.key, sequence=scope.sequence
    )
    notes = {
        source: (f"{times(repeats, 'repeated number')}, {times(regressions, 'step')} back",)
        for source, repeats, regressions in counts.iter_rows()
    }
    return [
        replace(finding, notes=notes.get(finding.source_arn, ()))
        if finding.kind == "sequence_gap"
        else finding
        for finding in found
    ]
