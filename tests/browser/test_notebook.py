"""The notebook in a real JupyterLab: it runs, its panel answers mouse and keyboard, nothing leaves the machine."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.lab import OUTPUT, Lab, Notebook, open_notebook, running_lab
from tests.conftest import REPOSITORY
from tests.workbench.findings.traces import message, trace_of
from workbench.lab import read_percent
from workbench.shipped import shipped

NOTEBOOKS = sorted(path.stem for path in shipped("notebooks").glob("*.py"))
ARTEFACTS = REPOSITORY / "artefacts"
HOSTILE = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>\u202e'
HOSTILE_NOTEBOOK = """
# %%
import workbench as wb
trace = wb.open("hostile.trace")
# %%
wb.findings_panel(trace)
# %%
wb.timeline(trace)
# %%
wb.coverage_bar(trace)
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def story(chromium: Browser, lab: Lab) -> Iterator[Notebook]:
    """The incident notebook, run to its end."""
    with open_notebook(chromium, lab, "01_incident.ipynb") as notebook:
        notebook.run_all()
        yield notebook


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_runs_to_its_end_in_the_browser(
    chromium: Browser, lab: Lab, name: str
) -> None:
    with open_notebook(chromium, lab, f"{name}.ipynb") as notebook:
        notebook.run_all()
        expect(notebook.page.locator(f"{OUTPUT} .wb-error:visible")).to_have_count(0)
        assert notebook.offsite == []
        assert notebook.complaints == []


@pytest.fixture
def panel(story: Notebook) -> Locator:
    shown = story.page.locator(f"{OUTPUT} .wb-findings")
    shown.scroll_into_view_if_needed()
    return shown


def row(panel: Locator, kind: str) -> Locator:
    return panel.get_by_role("grid").locator("tbody tr").filter(has_text=kind).first


def chosen(panel: Locator) -> Locator:
    return panel.locator("tr[aria-selected=true]")


def test_the_notebook_runs_to_its_end_and_asks_nothing_of_the_network(story: Notebook) -> None:
    expect(
        story.page.locator(OUTPUT).get_by_text("each with the rows that prove it")
    ).to_be_visible()
    assert story.offsite == []
    assert story.complaints == []


def test_charts_are_drawn_and_say_what_they_show(story: Notebook) -> None:
    chart = story.page.locator(f"{OUTPUT} [role=img][aria-label^='Coverage of']")

    assert chart.locator("svg path, svg rect").count() > 5


def test_a_click_on_a_finding_shows_the_rows_that_prove_it_page_by_page(panel: Locator) -> None:
    row(panel, "hot_key").click()
    expect(chosen(panel)).to_contain_text("hot_key")
    expect(panel.get_by_text("rows 1 to 50 of ")).to_be_visible()

    panel.get_by_role("button", name="Next").click()
    expect(panel.get_by_text("rows 51 to 100 of ")).to_be_visible()

    panel.get_by_text("The same rows in Python").click()
    expect(panel.get_by_text("trace.sql(")).to_be_visible()


def test_what_is_selected_in_the_page_is_selected_in_python(
    story: Notebook, panel: Locator
) -> None:
    row(panel, "sequence_gap").click()
    expect(panel.get_by_text("sequence_gap in kinesis:order-events")).to_be_visible()

    story.run_cell("panel.witness()")

    frames = story.page.locator(f"{OUTPUT} table.dataframe")
    expect(frames.locator("th", has_text="missing_from")).to_be_visible()


def test_the_panel_is_walked_with_the_keyboard_while_the_notebook_stays_as_it_is(
    story: Notebook, panel: Locator
) -> None:
    keys = story.page.keyboard
    rows = panel.get_by_role("grid").locator("tbody tr")
    row(panel, "hot_key").click()
    before = cells(story)

    keys.press("Home")
    expect(rows.first).to_have_attribute("aria-selected", "true")
    keys.press("ArrowDown")
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    expect(rows.nth(1)).to_be_focused()
    keys.press("End")
    expect(rows.last).to_have_attribute("aria-selected", "true")
    keys.press("ArrowDown")
    expect(rows.last).to_have_attribute("aria-selected", "true")
    keys.press("Enter")
    expect(panel.get_by_role("region", name="Witness rows")).to_be_focused()
    keys.press("Escape")
    expect(rows.last).to_be_focused()
    for shortcut in ("a", "x", "m"):
        keys.press(shortcut)

    assert cells(story) == before


def cells(story: Notebook) -> list[str]:
    """What the notebook consists of and which cell is active: what Lab's one-letter shortcuts change."""
    return list(
        story.page.evaluate(
            """() => { const shown = window.jupyterapp.shell.currentWidget.content;
               return [String(shown.activeCellIndex), ...shown.widgets.map(c => c.model.type + c.model.id)] }"""
        )
    )


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_text_is_readable_in_either_theme(story: Notebook, panel: Locator, theme: str) -> None:
    story.theme(theme)
    row(panel, "hot_key").click()
    expect(panel.locator("section[aria-busy=false]")).to_be_visible()

    story.page.mouse.move(5, 5)
    panel.screenshot(path=_artefact(f"panel {theme}"))
    for part in ("tr[aria-selected=true] td", "td.wb-what", ".wb-chip", "th", "h4", "pre"):
        assert contrast(panel.locator(part).first) >= 4.5, part
    story.page.locator("[role=img]").first.scroll_into_view_if_needed()
    story.page.screenshot(path=_artefact(f"notebook {theme}"))


def test_payloads_that_are_pages_execute_nothing(chromium: Browser, lab: Lab) -> None:
    _hostile_trace(lab.folder / "notebooks" / "hostile.trace")
    file = lab.folder / "notebooks" / "hostile.ipynb"
    file.write_text(json.dumps(read_percent(HOSTILE_NOTEBOOK)), "utf-8")

    with open_notebook(chromium, lab, file.name) as notebook:
        notebook.run_all()
        panel = notebook.page.locator(f"{OUTPUT} .wb-findings")
        panel.get_by_role("grid").locator("tbody tr").first.click()
        expect(panel.get_by_role("region").get_by_text("onerror").first).to_be_visible()

        assert panel.locator("img, script").count() == 0
        assert notebook.page.evaluate("() => window.harmed") is None
        assert notebook.offsite == []


def _hostile_trace(folder: Path) -> None:
    queue = f"arn:aws:sqs:us-east-1:111111111111:{HOSTILE}"
    records = [
        message(
            HOSTILE + str(number % 2), {"order": HOSTILE}, seconds=number, count=number, queue=queue
        )
        for number in range(1, 5)
    ]
    trace_of(folder, records).close()


def _artefact(name: str) -> Path:
    ARTEFACTS.mkdir(exist_ok=True)
    return ARTEFACTS / f"{name.replace(' ', '-').lower()}.png"


def contrast(text: Locator) -> float:
    """WCAG's ratio of the text's colour to the first opaque colour behind it."""
    return float(
        text.evaluate(
            """(node) => {
              const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
              const light = (colour) => parts(colour).slice(0, 3).map(v => v / 255)
                .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
              let behind = node;
              while (behind && (parts(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0)
                behind = behind.parentElement;
              const both = [getComputedStyle(node).color, getComputedStyle(behind ?? document.body).backgroundColor];
              const [low, high] = both.map(light).sort((a, b) => a - b);
              return (high + 0.05) / (low + 0.05) }"""
        )
    )
