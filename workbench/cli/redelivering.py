"""tune visibility: duplicates and dead letters of a queue against its visibility timeout."""

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import AsJson, TracePath
from workbench.cli.terminal import print_json, print_table, say

if TYPE_CHECKING:
    from workbench.tune import VisibilityAdvice


def visibility(
    trace: TracePath,
    source: Annotated[
        str, typer.Option("--source", metavar="SOURCE", help="The queue: sqs:NAME or its ARN.")
    ],
    visibility_timeout: Annotated[
        list[float] | None,
        typer.Option(
            "--visibility-timeout", metavar="SECONDS", help="To look at; may be repeated."
        ),
    ] = None,
    max_receive_count: Annotated[
        list[int] | None,
        typer.Option("--max-receive-count", metavar="COUNT", help="To look at; may be repeated."),
    ] = None,
    waive_rule: Annotated[
        bool,
        typer.Option(
            "--waive-rule", help="Let the recommendation be below 6 x function timeout + window."
        ),
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="SECONDS", help="Function timeout; else the captured."),
    ] = None,
    duplicate_cost: Annotated[
        float,
        typer.Option(
            "--duplicate-cost",
            metavar="SECONDS",
            help="One duplicate is as bad as so many seconds of waiting.",
        ),
    ] = 3_600.0,
    price: Annotated[
        float | None,
        typer.Option("--price", metavar="USD", help="Of a million requests; else the list price."),
    ] = None,
    pollers: Annotated[int, typer.Option("--pollers", help="For the price of polling.")] = 5,
    json: AsJson = False,
) -> int:
    """Predict duplicates and dead letters against visibility timeout and maxReceiveCount, beside those observed."""
    from workbench.trace import open_trace
    from workbench.tune import visibility as advise

    with open_trace(trace) as opened:
        advice = advise(
            opened,
            source=source,
            visibility_timeout_s=visibility_timeout,
            max_receive_count=max_receive_count,
            waive_rule=waive_rule,
            timeout_s=timeout,
            duplicate_cost_s=duplicate_cost,
            usd_per_million_requests=price,
            pollers=pollers,
        )
    if json:
        print_json(advice.document())
        for note in () if advice.is_complete else advice.notes:
            say(note)
    else:
        _show(advice)
    return 0 if advice.is_complete else 3


def _show(advice: "VisibilityAdvice") -> None:
    observed, recommended = advice.observed, advice.recommended
    letters = (observed["dead_letter_share"] or {}).get("share")
    rows = [
        [
            f"{each.visibility_timeout_s:g}",
            each.max_receive_count or "none",
            _number(each.extra_deliveries_per_message),
            _number(each.overlapping_per_message),
            _number(each.deliveries_per_message),
            _number(each.dead_letter_share),
            f"{each.seconds_to_retry_after_crash:g}",
        ]
        for each in advice.candidates
    ]
    rows.append(
        [
            "observed",
            "",
            _number(observed["extra_deliveries_per_message"]),
            _number(observed["overlapping_per_message"]),
            _number(observed["deliveries_per_message"]),
            _number(letters),
            "",
        ]
    )
    columns = ["visibility, s", "receives", "extra", "overlapping", "deliveries"]
    print_table([*columns, "dead letters", "retry after, s"], rows)
    for note in advice.notes:
        say(note)
    if recommended:
        say(recommended["change"])


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.4g}"
