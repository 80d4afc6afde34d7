"""Two hundred payloads that would like to run: in all that we write for a browser, and in two writers that let them.

The live views have stories of their own; here it is what needs no kernel: tables of objects, pictures, the report,
exports, a saved notebook as a page.
"""

import html
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Page, Route

import workbench as wb
from tests.browser.hostile import PAYLOADS, POKE, hostile_trace
from tests.workbench.public_objects import html_of, poisoned, public_objects
from workbench import charts
from workbench.findings import Findings
from workbench.jobs import JobProgress
from workbench.report import report
from workbench.trace import Trace
from workbench.views import activity

HANDLER = """
import json

def handle(event, context):
    raise RuntimeError(json.loads(event["Records"][0]["body"]).get("text", "?"))
"""
IN_FRAMES = """(pages) => Promise.all(pages.map(page => new Promise(done => {
  const frame = document.createElement('iframe');
  frame.onload = done; frame.srcdoc = page; document.body.append(frame);
  setTimeout(done, 3000) })))"""
INNER_HTML = """(payloads) => payloads.forEach(payload => {
  const node = document.createElement('div');
  document.body.append(node); node.innerHTML = payload })"""
POKED_FRAMES = f"""() => [...document.querySelectorAll('iframe')].forEach(frame => {{
  try {{ frame.contentWindow.eval('(' + {POKE!r} + ')()') }} catch {{}} }})"""
INVENTORY = """() => { const nodes = [...document.querySelectorAll('*')];
  return [[...new Set(nodes.map(node => node.tagName))],
          [...new Set(nodes.flatMap(node => node.getAttributeNames()))]] }"""
"""The kinds of elements and attributes that a page consists of."""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page from which no request gets out; what asks for one fails, as a broken image does."""
    context = chromium.new_context()

    def stay(route: Route) -> None:
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            route.abort()

    context.route("**/*", stay)
    opened = context.new_page()
    opened.on("dialog", lambda dialog: dialog.dismiss())
    yield opened
    context.close()


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    """A trace full of payloads, with a replay that fails with them."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "fails.py").write_text(HANDLER)
    with hostile_trace(folder / "t.trace") as opened:
        wb.replay(
            opened,
            f"{folder}/fails.py:handle",
            source="sqs:orders",
            mapping={"BatchSize": 1},
            queue_attributes={"RedrivePolicy": {"maxReceiveCount": 1}},
        )
        yield opened.refresh()


@pytest.fixture(scope="module")
def findings(trace: Trace) -> Findings:
    return wb.find(trace, key="$.id", sequence="$.v", limit=1_000)


def harmed(page: Page) -> set[int]:
    """Numbers of the payloads that ran, also once everything has been pointed at and clicked."""
    page.evaluate(POKE)
    page.wait_for_timeout(300)
    return set(page.evaluate("() => window.harmed || []"))


def shown(page: Page, folder: Path, content: str) -> set[int]:
    file = folder / "page.html"
    file.write_text(content, "utf-8", "surrogatepass")
    page.goto(file.as_uri(), wait_until="load")
    return harmed(page)


def test_the_payloads_are_many_and_each_knows_its_number() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 200
    assert all(f"push({number})" in each for number, each in enumerate(PAYLOADS))


def test_they_do_run_where_somebody_sets_inner_html(page: Page, tmp_path: Path) -> None:
    (tmp_path / "empty.html").write_text("<!doctype html><body>")
    page.goto((tmp_path / "empty.html").as_uri())
    page.evaluate(INNER_HTML, list(PAYLOADS))

    assert len(harmed(page)) >= 80


def test_they_do_run_where_somebody_formats_a_page(page: Page, tmp_path: Path) -> None:
    (tmp_path / "empty.html").write_text("<!doctype html><body>")
    page.goto((tmp_path / "empty.html").as_uri())
    pages = [f"<!doctype html><table><tr><td>{each}</td></tr></table>" for each in PAYLOADS]
    page.evaluate(IN_FRAMES, pages)
    page.evaluate(POKED_FRAMES)

    assert len(harmed(page)) >= 120


def test_no_table_of_an_object_runs_any(page: Page, tmp_path: Path) -> None:
    objects = [each for each in public_objects(tmp_path) if is_dataclass(each)]
    tables = [html_of(poisoned(each, payload)) for payload in PAYLOADS for each in objects]

    (tmp_path / "page.html").write_text("<!doctype html>" + "".join(tables), "utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    elements, attributes = page.evaluate(INVENTORY)

    assert page.evaluate("() => window.harmed") is None
    assert not {"SCRIPT", "IFRAME", "STYLE", "OBJECT", "IMAGE", "INPUT", "A"} & set(elements)
    assert not [name for name in attributes if name.startswith("on") or name == "href"]
    assert page.evaluate("() => document.body.textContent.includes('top.harmed')")


def test_no_object_that_was_made_of_a_hostile_trace_runs_any(
    page: Page, tmp_path: Path, trace: Trace, findings: Findings
) -> None:
    objects: list[Any] = [trace, findings, *findings, wb.crossfilter(trace)]
    objects += [wb.timeline(trace), wb.coverage_bar(trace), wb.findings_panel(trace, findings)]
    objects += [wb.story(trace, payload, key="$.id") for payload in PAYLOADS[::10]]
    for payload in PAYLOADS:
        job = wb.Job(_raising(payload), payload)
        with pytest.raises(RuntimeError):
            job.wait()
        objects += [job, wb.Clause("true", payload)]
        objects += [JobProgress("failed", 1, 2, payload, 1.0, None, None, payload)]
    tables = "".join(html_of(each) for each in objects)

    assert shown(page, tmp_path, f"<!doctype html>{tables}") == set()


def test_the_report_runs_none_with_every_payload_in_it(
    page: Page,
    tmp_path: Path,
    trace: Trace,
    findings: Findings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module, most in (("found", "MOST_WITNESSES"), ("replayed", "MOST_FAILURES")):
        monkeypatch.setattr(sys.modules[f"workbench.report.{module}"], most, 5_000)
    text = str(report(trace, findings))

    assert all(f"push({number})" in text for number in range(len(PAYLOADS)))
    assert shown(page, tmp_path, text) == set()
    assert page.locator("script, img, iframe, object, embed, form, base").count() == 0
    without_policy = text.replace("Content-Security-Policy", "x")
    assert shown(page, tmp_path, without_policy) == set()


def test_a_picture_opened_by_itself_runs_none(page: Page, tmp_path: Path, trace: Trace) -> None:
    drawn = {
        "timeline": charts.timeline(activity(trace)),
        "found": charts.coverage_bar(trace.coverage()),
    }
    for name, chart in drawn.items():
        file = tmp_path / f"{name}.svg"
        file.write_text(charts.to_svg(chart), "utf-8")
        page.goto(file.as_uri())
        assert page.evaluate("() => window.harmed") is None
        assert page.locator("script, foreignObject, image").count() == 0


def test_a_saved_notebook_as_a_page_runs_none(
    page: Page, tmp_path: Path, trace: Trace, findings: Findings
) -> None:
    shows = [
        trace,
        findings,
        *findings.findings[:3],
        wb.findings_panel(trace, findings),
        wb.timeline(trace),
    ]
    cells = [
        nbformat.v4.new_code_cell(
            outputs=[nbformat.v4.new_output("execute_result", _bundle(each), execution_count=1)]
        )
        for each in shows
    ]
    told = nbformat.v4.new_output("stream", name="stdout", text="\n".join(PAYLOADS))
    notebook = nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_code_cell(outputs=[told])])
    exported, _ = HTMLExporter().from_notebook_node(notebook)

    assert shown(page, tmp_path, exported) == set()
    assert html.escape(PAYLOADS[0], quote=False) in exported


def _bundle(shows: Any) -> dict[str, Any]:
    bundle = {"text/html": html_of(shows), "text/plain": repr(shows)}
    if isinstance(shows, wb.FindingsPanel):
        return bundle
    told = getattr(shows, "_repr_mimebundle_", dict)()
    return bundle | (told if isinstance(told, dict) else told[0])


def _raising(text: str) -> Any:
    def work(_report: Any) -> None:
        raise RuntimeError(text)

    return work
