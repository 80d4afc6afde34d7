"""From a finding to the story of its key to other settings, in a real JupyterLab, by mouse and by keyboard."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from connectors.record import Span
from tests.browser.lab import OUTPUT, Lab, Notebook, open_notebook, running_lab
from tests.browser.test_notebook import ARTEFACTS, HOSTILE, contrast
from tests.workbench.findings.traces import at, message, put, trace_of
from workbench.lab import read_percent

SOURCE = """
# %%
import workbench as wb
trace = wb.open(wb.dataset("retry-storm"))
chosen = wb.crossfilter(trace)
# %%
wb.findings_panel(trace, wb.find(trace, only=["redelivery", "retry_storm"]))
# %%
wb.story_view(trace)
# %%
wb.tune_panel(trace)
# %%
wb.tune_panel(wb.open(wb.dataset("hot-customer")), "kinesis:clicks-1")
# %%
chosen.words()
"""
HOSTILE_SOURCE = """
# %%
import workbench as wb
trace = wb.open("hostile-key.trace")
# %%
wb.story_view(trace)
# %%
wb.tune_panel(trace)
"""
WORDS = "chosen.words()"
STORM_KEY = "17bccf0b-f766-45c5-b080-151f5508512a"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def notebook(chromium: Browser, lab: Lab) -> Iterator[Notebook]:
    file = lab.folder / "notebooks" / "investigating.ipynb"
    file.write_text(json.dumps(read_percent(SOURCE)), "utf-8")
    with open_notebook(chromium, lab, file.name) as opened:
        opened.run_all()
        yield opened


def view(notebook: Notebook, name: str, place: int = 0) -> Locator:
    shown = notebook.page.locator(f"{OUTPUT} .wb-{name}").nth(place)
    shown.scroll_into_view_if_needed()
    return shown


def rows(grid: Locator) -> Locator:
    return grid.locator("tbody tr")


def expect_selected(notebook: Notebook, words: str) -> None:
    notebook.run_cell(WORDS)
    expect(notebook.page.locator(f"{OUTPUT} pre", has_text=words).last).to_be_visible()


def test_a_click_on_a_finding_selects_its_witness_and_escape_gives_everything_back(
    notebook: Notebook,
) -> None:
    panel = view(notebook, "findings")
    expect(panel.get_by_role("button", name="Everything again")).to_be_hidden()

    rows(panel.get_by_role("grid")).filter(has_text="redelivery").first.click()
    expect(panel.get_by_role("button", name="Everything again")).to_be_visible()
    expect_selected(notebook, "redelivery in sqs:notifications-1")

    rows(panel.get_by_role("grid")).first.focus()
    notebook.page.keyboard.press("Escape")
    expect(panel.get_by_role("button", name="Everything again")).to_be_hidden()
    expect_selected(notebook, "everything")


def test_arrows_walk_over_findings_without_selecting_and_enter_selects(notebook: Notebook) -> None:
    panel = view(notebook, "findings")
    keys = notebook.page.keyboard
    found = rows(panel.get_by_role("grid").first)

    found.first.focus()
    keys.press("End")
    expect(found.last).to_have_attribute("aria-selected", "true")
    expect(panel.locator("section[aria-label=Witness]")).to_have_attribute("aria-busy", "false")
    expect(panel.get_by_role("button", name="Everything again")).to_be_hidden()

    keys.press("Enter")
    expect(panel.get_by_role("button", name="Everything again")).to_be_visible()
    expect(panel.get_by_role("region", name="Witness rows")).to_be_focused()
    keys.press("Escape")
    keys.press("Escape")
    expect(panel.get_by_role("button", name="Everything again")).to_be_hidden()


def test_what_sets_a_witness_apart_is_told_on_demand(notebook: Notebook) -> None:
    panel = view(notebook, "findings")
    rows(panel.get_by_role("grid").first).filter(has_text="redelivery").first.click()

    panel.get_by_role("button", name="What sets them apart?").click()
    expect(panel.get_by_role("table", name="Fields that differ")).to_contain_text("receive_count")
    panel.get_by_text("The same comparison in Python").click()
    expect(panel.get_by_text("wb.contrast(trace")).to_be_visible()
    panel.get_by_role("button", name="Everything again").click()


def test_a_key_that_is_typed_is_told_step_by_step(notebook: Notebook) -> None:
    story = view(notebook, "story")
    story.get_by_label("Key").fill(STORM_KEY)
    story.get_by_role("button", name="Show its story").click()

    grid = story.get_by_role("grid", name=f"Story of {STORM_KEY}")
    expect(rows(grid)).to_have_count(6)
    expect(
        rows(grid).nth(2).get_by_role("gridcell", name="waited 10.5 s invisible", exact=True)
    ).to_be_visible()
    expect(rows(grid).nth(1)).to_contain_text("timeout")
    assert grid.locator("svg rect.wb-failed").count() == 4
    assert grid.locator("svg rect.wb-success").count() == 1
    # 08:16:40 UTC is 04:16:40 in the browser's own zone.
    expect(grid.get_by_text("08:16:40.358")).to_be_visible()


def test_keys_of_what_is_selected_are_suggested(notebook: Notebook) -> None:
    story = view(notebook, "story")
    expect(story.locator("datalist option[value^='order-']").first).to_be_attached()


def test_a_step_is_chosen_by_click_and_by_enter_and_shows_what_it_carried(
    notebook: Notebook,
) -> None:
    story = view(notebook, "story")
    steps = rows(story.get_by_role("grid"))
    steps.nth(1).click()
    expect(steps.nth(1)).to_have_attribute("aria-selected", "true")
    expect(story.get_by_role("region", name="Payload")).to_contain_text("Records")
    expect_selected(notebook, f"step 2 of {STORM_KEY}")

    steps.nth(1).focus()
    notebook.page.keyboard.press("Home")
    expect(steps.first).to_be_focused()
    notebook.page.keyboard.press("Enter")
    expect(steps.first).to_have_attribute("aria-selected", "true")
    expect(story.get_by_role("region", name="Payload")).to_contain_text("order_id")
    notebook.page.keyboard.press("Escape")
    expect(steps.first).to_have_attribute("aria-selected", "false")
    expect_selected(notebook, "everything")


def test_a_key_that_nothing_speaks_of_is_said_to_be_so(notebook: Notebook) -> None:
    story = view(notebook, "story")
    story.get_by_label("Key").fill("no such key")
    notebook.page.keyboard.press("Enter")
    expect(story.get_by_role("alert")).to_contain_text("no such key")
    story.get_by_label("Key").fill(STORM_KEY)
    notebook.page.keyboard.press("Enter")
    expect(story.get_by_role("alert")).to_be_hidden()
    expect(rows(story.get_by_role("grid"))).to_have_count(6)


def figure(tune: Locator, measure: str) -> Locator:
    table = tune.get_by_role("table", name="Figures")
    return rows(table).filter(has_text=measure).locator("td").last


def test_a_slider_moves_the_figures_beside_the_misfit(notebook: Notebook) -> None:
    tune = view(notebook, "tune")
    expect(tune.get_by_text("Back-test passed: misfit")).to_be_visible()
    expect(figure(tune, "dead letters")).to_have_text("0 %")

    slider = tune.get_by_role("slider", name="maxReceiveCount, slider")
    slider.focus()
    notebook.page.keyboard.press("Home")
    expect(tune.get_by_role("spinbutton", name="maxReceiveCount")).to_have_value("1")
    expect(figure(tune, "dead letters")).not_to_have_text("0 %")
    expect(tune.get_by_label("AWS commands")).to_contain_text("maxReceiveCount")
    expect(tune.get_by_text("vary={'max_receive_count': (1,)}")).to_be_attached()


def test_a_field_takes_any_value_and_what_aws_refuses_is_said(notebook: Notebook) -> None:
    tune = view(notebook, "tune")
    field = tune.get_by_role("spinbutton", name="Visibility timeout")
    field.fill("10")
    field.press("Enter")
    expect(tune.get_by_role("alert")).to_contain_text("AWS would refuse this mapping")

    field.fill("180")
    field.press("Enter")
    expect(tune.get_by_role("alert")).to_be_hidden()
    expect(tune.get_by_label("AWS commands")).to_contain_text("VisibilityTimeout")

    tune.get_by_role("button", name="As captured").click()
    expect(field).to_have_value("40")
    expect(tune.get_by_label("AWS commands")).to_be_hidden()


def test_settings_the_model_knows_nothing_of_cannot_be_moved(notebook: Notebook) -> None:
    tune = view(notebook, "tune")
    expect(tune.get_by_role("slider", name="Batch size, slider")).to_be_disabled()
    expect(tune.locator(".wb-note").first).to_contain_text("other batch sizes are not predicted")


def test_pictures_are_in_tabs_that_the_keyboard_walks(notebook: Notebook) -> None:
    tune = view(notebook, "tune")
    drawn = tune.get_by_role("tabpanel").get_by_role("img")
    expect(drawn).to_be_visible(timeout=15_000)
    tune.get_by_role("tab", name="Age over time").focus()
    notebook.page.keyboard.press("ArrowRight")
    expect(tune.get_by_role("tab", name="Candidates")).to_have_attribute("aria-selected", "true")
    expect(tune.get_by_role("tabpanel")).to_contain_text("No candidates yet")


def test_a_search_finds_candidates_that_set_the_sliders(notebook: Notebook) -> None:
    tune = view(notebook, "tune")
    tune.get_by_role("button", name="Search").click()
    grid = tune.get_by_role("grid", name="Candidates")
    expect(grid).to_contain_text("captured", timeout=30_000)
    expect(tune.get_by_role("tabpanel").get_by_role("img")).to_be_visible(timeout=15_000)

    rows(grid).filter(has_text="concurrency 2").last.click()
    expect(tune.get_by_role("spinbutton", name="Maximum concurrency")).to_have_value("2")


def test_where_no_model_can_be_there_is_a_refusal_and_still_the_shards(notebook: Notebook) -> None:
    tune = view(notebook, "tune", 1)
    expect(tune.get_by_text("wanted the function of kinesis:clicks-1")).to_be_visible()
    expect(tune.get_by_role("table", name="Figures")).to_be_hidden()
    expect(tune.get_by_role("tabpanel").get_by_role("img")).to_be_visible(timeout=15_000)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_text_is_readable_in_either_theme(notebook: Notebook, theme: str) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    notebook.theme(theme)
    story, tune, panel = (view(notebook, name) for name in ("story", "tune", "findings"))
    rows(story.get_by_role("grid")).nth(2).click()
    expect(story.get_by_role("region", name="Payload")).to_be_visible()
    rows(panel.get_by_role("grid").first).filter(has_text="redelivery").first.click()
    panel.get_by_role("button", name="What sets them apart?").click()
    expect(panel.get_by_role("table", name="Fields that differ")).to_be_visible()
    tune.get_by_role("tab", name="Age over time").click()
    expect(tune.locator("[role=tabpanel][aria-busy=false] img")).to_be_visible(timeout=15_000)
    notebook.page.mouse.move(5, 5)
    shade = theme.split()[-1].lower()
    for name, place in (("story", 0), ("tune", 0), ("findings", 0), ("tune", 1)):
        shown = view(notebook, name, place)
        shown.screenshot(path=ARTEFACTS / f"investigating-{name}{place or ''}-{shade}.png")
    for shown, parts in (
        (story, ("td", "td.wb-detail", "h4", "dt", "th")),
        (tune, (".wb-verdict", ".wb-note", "td", "label")),
        (panel, ("[aria-label='Fields that differ'] td", ".wb-bar")),
    ):
        for part in parts:
            assert contrast(shown.locator(part).first) >= 4.5, part


def test_keys_and_payloads_that_are_pages_execute_nothing_and_gaps_are_hatched(
    chromium: Browser, lab: Lab
) -> None:
    queue = f"arn:aws:sqs:us-east-1:111111111111:{HOSTILE}"
    records = [
        message("m-1", {"order": HOSTILE}, seconds=0, queue=queue),
        *(put(number, HOSTILE[:-1], {"order": HOSTILE}, 20 * number) for number in range(1, 5)),
    ]
    hole = Span(at(30), at(70), HOSTILE)
    trace_of(lab.folder / "notebooks" / "hostile-key.trace", records, 25, [hole]).close()
    file = lab.folder / "notebooks" / "hostile-key.ipynb"
    file.write_text(json.dumps(read_percent(HOSTILE_SOURCE)), "utf-8")

    with open_notebook(chromium, lab, file.name) as opened:
        opened.run_all()
        story = view(opened, "story")
        story.get_by_label("Key").fill(HOSTILE[:-1])
        story.get_by_role("button", name="Show its story").click()
        steps = rows(story.get_by_role("grid"))
        expect(steps).to_have_count(4)
        assert steps.first.locator("svg rect[fill^=url]").count() > 0
        expect(steps.first.get_by_role("img", name="not captured from 10:00:25 to")).to_be_visible()
        steps.first.click()
        expect(story.get_by_role("region", name="Payload")).to_contain_text("onerror")
        expect(view(opened, "tune").locator(".wb-refused")).to_be_visible()
        view(opened, "story").screenshot(path=ARTEFACTS / "investigating-hatched.png")

        assert story.locator("img, script").count() == 0
        assert opened.page.evaluate("() => window.harmed") is None
        assert (opened.offsite, opened.complaints) == ([], [])


def test_nothing_leaves_the_machine_and_no_page_fails(notebook: Notebook) -> None:
    assert notebook.offsite == []
    assert notebook.complaints == []
