"""All views together in a real JupyterLab: a story by mouse, one by keyboard; accessibility; looks."""

import json
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.hostile import hostile_trace
from tests.browser.lab import OUTPUT, Lab, Notebook, open_notebook, running_lab
from tests.browser.test_notebook import ARTEFACTS
from tests.workbench.findings.traces import message, put, trace_of
from workbench.lab import read_percent
from workbench.widgets.tabs import VIEWS

POKED = """() => {
  for (const node of document.querySelectorAll('.jp-OutputArea-output .wb-view *')) {
    if (node.closest('button, input, select, textarea, summary')) continue;
    for (const kind of ['mouseover', 'pointerover', 'focus', 'toggle', 'load', 'error'])
      node.dispatchEvent(new Event(kind, {bubbles: kind !== 'load' && kind !== 'error'}));
    if (node.tagName === 'A') node.click();
  }
  return top.harmed ?? [] }"""
"""What a pointer could set off inside our views; what was set off."""
HOSTILE_SOURCE = """
# %%
import workbench as wb
trace = wb.open("hostile.trace")
bench = wb.workbench(trace)
bench.view("Replay").handler = "hostile_handlers.py:handle"
bench.view("Replay").settings = {"batch_size": "1"}
bench.view("Timeline").shows_latency = True
bench.view("Timeline").by_partition = True
bench.view("Story").key = trace.sql("select max(ordering_key) from records where service = 'aws:kinesis'").item()
# %%
bench
"""
HOSTILE_HANDLERS = """
def handle(event, context):
    raise RuntimeError(str(event))
"""
SOURCE = """
# %%
import workbench as wb
trace = wb.open("orders.trace")
bench = wb.workbench(trace)
bench.view("Replay").handler = "handlers.py:fine"
# %%
bench
"""
HANDLERS = """
def fine(event, context):
    return None

def bad(event, context):
    raise ValueError("no")
"""
FOUND_WITHIN_MS = 30_000


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        records = [message(f"m-{n}", {"order": {"id": n}}, n, count=1 + n % 2) for n in range(40)]
        puts = [put(n, f"key-{n % 5}", {"order": {"id": n}}, n) for n in range(40)]
        trace_of(running.folder / "notebooks" / "orders.trace", [*records, *puts]).close()
        (running.folder / "notebooks" / "handlers.py").write_text(HANDLERS, "utf-8")
        hostile_trace(running.folder / "notebooks" / "hostile.trace").close()
        (running.folder / "notebooks" / "hostile_handlers.py").write_text(HOSTILE_HANDLERS, "utf-8")
        yield running


@pytest.fixture
def notebook(chromium: Browser, lab: Lab) -> Iterator[Notebook]:
    file = lab.folder / "notebooks" / "bench.ipynb"
    file.write_text(json.dumps(read_percent(SOURCE)), "utf-8")
    with open_notebook(chromium, lab, file.name) as opened:
        opened.run_all()
        yield opened


def tab(page: Page, name: str) -> Locator:
    return page.locator(f"{OUTPUT} [role=tab]").filter(has_text=name).first


def view(page: Page, name: str) -> Locator:
    return page.locator(f"{OUTPUT} .wb-{name}")


def turn(page: Page, name: str) -> None:
    tab(page, name).click()


def test_from_a_brush_to_a_replay_and_its_difference_by_mouse(notebook: Notebook) -> None:
    page = notebook.page
    turn(page, "Timeline")
    plot = view(page, "timeline").locator(".wb-plot")
    expect(view(page, "timeline")).to_contain_text("deliveries is drawn")
    box = plot.bounding_box()
    assert box is not None
    middle, top = box["x"] + 190 + (box["width"] - 200) / 2, box["y"] + 20
    page.mouse.move(middle, top)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, top, steps=6)
    page.mouse.up()
    expect(view(page, "selection")).to_contain_text("from 2026-")
    selected = view(page, "selection").inner_text()
    assert " of 80 deliveries" in selected
    # The browser is in New York; the deliveries came from 10:00:00 to 10:00:39 UTC, and their later half was brushed.
    begin = float(
        re.findall(r"from 2026-11-20T10:00:(\d+\.\d+)Z to 2026-11-20T10:00:", selected)[0]
    )
    assert 18 < begin < 21

    turn(page, "Events")
    grid = view(page, "events")
    expect(grid.get_by_role("grid", name="Events")).to_be_visible()
    row = grid.locator("[role=row][aria-rowindex='2']")
    row.click()
    row.dblclick()
    grid.get_by_role("button", name="Replay this record").click()

    panel = view(page, "replay")
    expect(panel).to_contain_text("only delivery")
    panel.get_by_role("button", name="Replay", exact=True).click()
    expect(panel).to_contain_text("done:", timeout=FOUND_WITHIN_MS)
    handler = panel.get_by_role("textbox", name="Handler")
    handler.fill("handlers.py:bad")
    handler.press("Tab")
    panel.get_by_role("button", name="Replay", exact=True).click()
    expect(panel.get_by_role("grid", name="Runs").locator("tbody tr")).to_have_count(
        2, timeout=FOUND_WITHIN_MS
    )
    panel.get_by_role("button", name="Compare").click()
    expect(panel).to_contain_text("1 records: 0 ended alike, 1 otherwise")
    assert notebook.offsite == []
    assert notebook.complaints == []


def test_the_same_by_keyboard(notebook: Notebook) -> None:
    page, keys = notebook.page, notebook.page.keyboard
    turn(page, "Timeline")
    plot = view(page, "timeline").locator(".wb-plot")
    expect(view(page, "timeline")).to_contain_text("deliveries is drawn")
    plot.focus()
    keys.press("Home")
    keys.press("Shift+PageDown")
    keys.press("Shift+PageDown")
    keys.press("Enter")
    expect(view(page, "selection")).to_contain_text("from 2026-")

    turn(page, "Events")
    grid = view(page, "events").get_by_role("grid", name="Events")
    expect(grid.locator("[role=row][aria-rowindex='2']")).to_contain_text("orders")
    grid.focus()
    keys.press("Home")
    expect(grid.locator("[aria-selected=true]")).to_be_visible()
    keys.press("Enter")
    replay = view(page, "events").get_by_role("button", name="Replay this record")
    replay.focus()
    keys.press("Enter")
    panel = view(page, "replay")
    expect(panel.get_by_role("textbox", name="Handler")).to_be_visible()
    panel.get_by_role("textbox", name="Handler").focus()
    keys.press("Enter")
    expect(panel).to_contain_text("done:", timeout=FOUND_WITHIN_MS)

    view(page, "selection").get_by_role("button", name="Everything").focus()
    keys.press("Enter")
    expect(view(page, "selection")).to_contain_text("everything")
    assert notebook.page.locator(".jp-Cell").count() == 2


def test_every_view_keeps_the_rules_of_accessibility_and_looks_well(notebook: Notebook) -> None:
    page = notebook.page
    broken = []
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.theme(theme)
        for name in VIEWS:
            turn(page, name)
            page.wait_for_timeout(1_500)
            where = page.locator(f"{OUTPUT} .wb-view:visible").last
            expect(where).to_be_visible()
            page.locator(f"{OUTPUT}").last.screenshot(
                path=ARTEFACTS / f"workbench-{name.lower()}-{theme.split()[-1].lower()}.png"
            )
            found = Axe().run(page, context=".jp-OutputArea-output .wb-view")
            broken += [
                f"{theme} {name}: {each['id']} {each['nodes'][0]['html'][:160]}"
                for each in found.response["violations"]
            ]
    assert broken == []


def test_two_hundred_payloads_run_in_no_view(chromium: Browser, lab: Lab) -> None:
    file = lab.folder / "notebooks" / "hostile.ipynb"
    file.write_text(json.dumps(read_percent(HOSTILE_SOURCE)), "utf-8")
    with open_notebook(chromium, lab, file.name) as notebook:
        notebook.run_all()
        page = notebook.page
        for name in VIEWS:
            turn(page, name)
            shown = page.locator(f"{OUTPUT} .wb-view:visible").last
            expect(shown).to_be_visible()
            page.wait_for_timeout(1_000)
            if name == "Events":
                look_at_events(page)
            if name == "Findings":
                for row in shown.get_by_role("grid").locator("tbody tr").all()[:12]:
                    row.click()
                    page.wait_for_timeout(150)
            if name == "Replay":
                shown.get_by_role("button", name="Replay", exact=True).click()
                page.wait_for_timeout(1_500)
                shown.get_by_role("button", name="Cancel").click()
                expect(shown).to_contain_text("RuntimeError", timeout=FOUND_WITHIN_MS)
            assert page.evaluate(POKED) == [], name
        assert notebook.offsite == []


def look_at_events(page: Page) -> None:
    """Every page of the grid, and some records by every face of the inspector."""
    grid = view(page, "events").get_by_role("grid", name="Events")
    expect(grid.locator("[role=row][aria-rowindex='2']")).to_be_visible()
    grid.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    tabs = view(page, "events").get_by_role("tab")
    expect(tabs.first).to_be_visible()
    for _ in range(40):
        grid.focus()
        page.keyboard.press("PageDown")
        page.wait_for_timeout(50)
        assert page.evaluate("() => top.harmed ?? []") == []
    for face in tabs.all():
        face.click()
        page.wait_for_timeout(200)


def test_the_overview_selects_a_source_and_a_finding_by_keyboard_and_by_mouse(
    notebook: Notebook,
) -> None:
    page, shown = notebook.page, view(notebook.page, "overview")
    sources = shown.get_by_role("grid", name="Sources").locator("tbody tr")
    expect(sources).to_have_count(2)
    sources.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(view(page, "selection")).to_contain_text("sqs:orders 40")
    page.keyboard.press("Escape")
    expect(view(page, "selection")).to_contain_text("everything")

    findings = shown.get_by_role("grid", name="Findings").locator("tbody tr")
    expect(findings.first).to_be_visible(timeout=FOUND_WITHIN_MS)
    findings.filter(has_text="redelivery").click()
    expect(view(page, "selection")).to_contain_text("redelivery in sqs:orders")
    shown.get_by_role("button", name="Everything again").click()
    expect(view(page, "selection")).to_contain_text("everything")
