"""The report: one offline HTML page about a trace, to hand on to people who do not have the trace."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.findings import Findings
from workbench.markup import Markup, el
from workbench.report.captured import CAPTURED, captured
from workbench.report.facts import Facts, ask
from workbench.report.found import FOUND, found
from workbench.report.pieces import anchor
from workbench.report.replayed import REPLAYED, replayed
from workbench.report.sharded import SHARDED, sharded
from workbench.report.tuned import TUNED, tuned
from workbench.report.whole_file import write_whole
from workbench.trace import Trace
from workbench.views.advice import Advice

if TYPE_CHECKING:
    from workbench.tune import ShardPlan

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The page runs no script and fetches nothing, whatever a payload says."""

CONTENTS = (CAPTURED, FOUND, REPLAYED, SHARDED, TUNED)

__all__ = ["report"]


def report(
    trace: Trace,
    findings: Findings,
    output: Path | None = None,
    *,
    runs: Sequence[str] | None = None,
    shard_plans: "Sequence[ShardPlan]" = (),
    mapping_advice: Sequence[Advice] = (),
    visibility_advice: Sequence[Advice] = (),
) -> str | Path:
    """One HTML page: what was captured and what was not, what was found with its witnesses, replays, settings.

    The page holds parts of payloads, escaped and cut; a file is readable by its owner only.

    Args:
        trace: the trace.
        findings: what `find` returned on it.
        output: the file, written whole or not at all; None for the text.
        runs: ids of the replays to show; None for all of the trace.
        shard_plans: plans to show with their heat maps.
        mapping_advice: what `tune.mapping` returned, recommended or refused.
        visibility_advice: what `tune.visibility` returned.

    Returns:
        The file's path, or the page where no file was asked for. The same trace gives the same page.

    Raises:
        WorkbenchError: the file cannot be written.

    Example:
        >>> report(trace, find(trace), Path("report.html"))  # doctest: +SKIP
    """
    facts = ask(trace)
    page = _page(
        f"What happened: {trace.path.name}",
        _opening(facts, findings),
        captured(facts),
        found(trace, findings),
        replayed(trace, runs),
        sharded(shard_plans),
        tuned(mapping_advice, visibility_advice),
    )
    if output is None:
        return page
    write_whole(output, page)
    return output


def _page(title: str, *sections: Markup) -> str:
    style = Markup(files(__package__).joinpath("style.css").read_text("utf-8"))
    links = [
        el("li", el("a", title, href=f"#{anchor(title)}"))
        for title in CONTENTS
        if any(f'id="{anchor(title)}"' in section for section in sections)
    ]
    contents = el("nav", el("ul", *links), aria_label="Contents")
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=POLICY),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", title),
        el("style", style),
    )
    body = el("body", el("main", el("h1", title), contents, *sections))
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


def _opening(facts: Facts, findings: Findings) -> Markup:
    """The four numbers that say how much there is and how much of it is known."""
    info = facts.info
    holes = (facts.coverage["state"] == "hole").sum()
    numbers = {
        "deliveries": info["records"],
        "sources": len(info["sources"]),
        "findings": len(findings),
        "holes in coverage": holes,
    }
    tiles = (
        el("div", el("dt", name), el("dd", f"{number:,}"), class_="tile")
        for name, number in numbers.items()
    )
    return el("dl", *tiles, class_="tiles")
