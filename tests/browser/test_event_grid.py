"""The events in a real JupyterLab: found, walked, followed and copied by keyboard and by mouse, of any number."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.benchmarks import traffic
from tests.browser.lab import OUTPUT, Lab, Notebook, open_notebook, running_lab
from tests.browser.test_notebook import ARTEFACTS, HOSTILE, cells, contrast
from tests.factories import kinesis_record, sqs_message, write_trace
from workbench.lab import read_percent

MANY = 400_000
"""More rows than a scroll bar has pixels for."""
KEYS = 50
ORDERS = 600
LONG = 300_000
"""Characters of the last one's payload."""
NOTEBOOK = """
# %%
import workbench as wb
trace = wb.open("{trace}")
grid = wb.events(trace)
grid
# %%
print("selected", grid.selected)
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


def notebook_of(lab: Lab, name: str) -> str:
    file = lab.folder / "notebooks" / f"{name}.ipynb"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(read_percent(NOTEBOOK.format(trace=f"{name}.trace"))), "utf-8")
    return file.name


def trace_folder(lab: Lab, name: str) -> Path:
    (lab.folder / "notebooks").mkdir(exist_ok=True)
    return lab.folder / "notebooks" / f"{name}.trace"


@pytest.fixture(scope="module")
def story(chromium: Browser, lab: Lab) -> Iterator[Notebook]:
    """Orders of fifty customers, twelve each, in the order of time."""
    records = [
        kinesis_record(
            number,
            {"order": {"id": number, "total": 12.50, "items": [{"sku": "a"}, {"sku": "b"}]}}
            | ({"note": "n" * LONG} if number == ORDERS - 1 else {}),
            key=f"customer-{number % KEYS}",
            seconds=number / 10,
        )
        for number in range(ORDERS)
    ]
    write_trace(trace_folder(lab, "orders"), records).close()
    with open_notebook(chromium, lab, notebook_of(lab, "orders")) as notebook:
        notebook.run_all()
        yield notebook


@pytest.fixture
def view(story: Notebook) -> Locator:
    shown = story.page.locator(f"{OUTPUT} .wb-events")
    shown.scroll_into_view_if_needed()
    shown.get_by_role("button", name="Reset").click()
    expect(shown).to_contain_text("600 of 600 deliveries")
    return shown


def grid_of(view: Locator) -> Locator:
    return view.get_by_role("grid", name="Events")


def chosen(view: Locator) -> Locator:
    return view.locator("[role=row][aria-selected=true]")


def test_the_grid_is_walked_by_keyboard_from_filter_to_copy(story: Notebook, view: Locator) -> None:
    keys, grid = story.page.keyboard, grid_of(view)
    before = cells(story)
    grid.focus()

    keys.press("/")
    expect(view.get_by_role("textbox", name="Filter")).to_be_focused()
    keys.type("$.order.id >= 100 and receive_count is null")
    keys.press("Enter")
    expect(view).to_contain_text("500 of 600 deliveries")
    keys.press("Escape")
    expect(grid).to_be_focused()

    keys.press("Home")
    expect(chosen(view)).to_contain_text('"id":100,')
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    expect(chosen(view)).to_contain_text('"id":102,')
    expect(chosen(view)).to_have_attribute("aria-rowindex", "4")
    active = chosen(view).get_attribute("id")
    expect(grid).to_have_attribute("aria-activedescendant", active or "")
    keys.press("End")
    expect(chosen(view)).to_contain_text('"id":599,')
    keys.press("PageUp")
    keys.press("Home")
    expect(chosen(view)).to_contain_text('"id":100,')

    keys.press("Enter")
    expect(view.get_by_role("tab", name="JSON")).to_be_focused()
    expect(view.get_by_role("tabpanel")).to_contain_text("total: 12.5")
    keys.press("ArrowRight")
    expect(view.get_by_role("tabpanel", name="Raw")).to_contain_text('{"order":{"id":100,')
    keys.press("ArrowLeft")
    keys.press("Escape")
    expect(grid).to_be_focused()
    keys.press("ArrowDown")
    expect(view.get_by_role("tabpanel")).to_contain_text("id: 101")

    view.get_by_role("button", name="Follow key").focus()
    keys.press("Enter")
    expect(view).to_contain_text("12 of 600 deliveries")
    expect(view.get_by_role("textbox", name="Filter")).to_have_value("ordering_key = 'customer-1'")
    expect(chosen(view)).to_contain_text('"id":101,')
    view.get_by_role("button", name="SQL").focus()
    keys.press("Enter")
    expect(view.get_by_label("Copied")).to_have_text("from records where delivery_id = 102")

    grid.focus()
    for shortcut in ("a", "x", "m", "Escape"):
        keys.press(shortcut)
    expect(view.get_by_role("region", name="Inspector")).to_be_hidden()
    assert cells(story) == before


def test_the_same_goes_by_mouse(story: Notebook, view: Locator) -> None:
    view.get_by_role("textbox", name="Filter").fill("ordering_key = 'customer-7'")
    view.get_by_role("button", name="Apply").click()
    expect(view).to_contain_text("12 of 600 deliveries")

    grid_of(view).get_by_role("row").nth(3).click()
    expect(chosen(view)).to_contain_text('"id":107,')
    expect(view.get_by_role("tabpanel")).to_contain_text("id: 107")
    for tab, said in (("Hex", "00000000  7b 22"), ("Decoded", ""), ("Record", "customer-7")):
        view.get_by_role("tab", name=tab).click()
        expect(view.get_by_role("tabpanel", name=tab)).to_contain_text(said)
    expect(view.get_by_role("tab", name="Record")).to_have_attribute("aria-selected", "true")

    view.get_by_role("button", name="Reset").click()
    expect(view).to_contain_text("600 of 600 deliveries")
    expect(chosen(view)).to_contain_text('"id":107,')
    view.get_by_role("button", name="Follow key").click()
    expect(view).to_contain_text("12 of 600 deliveries")
    for form, said in (("pytest", "def test_delivery_108"), ("aws command", "aws lambda invoke")):
        view.get_by_role("button", name=form).click()
        expect(view.get_by_label("Copied")).to_contain_text(said)
        expect(view.get_by_role("status")).to_contain_text("cop")

    story.run_cell('print("selected", grid.selected)')
    expect(story.page.locator(OUTPUT).get_by_text("selected 108")).to_be_visible()
    view.get_by_role("button", name="Close").click()
    expect(view.get_by_role("region", name="Inspector")).to_be_hidden()
    expect(grid_of(view)).to_be_focused()


def test_a_wrong_filter_is_said_beside_it_and_changes_nothing(view: Locator) -> None:
    box = view.get_by_role("textbox", name="Filter")
    box.fill("no_such_column = 1")
    box.press("Enter")

    expect(view.get_by_role("alert").filter(has_text="no_such_column")).to_be_visible()
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(view).to_contain_text("600 of 600 deliveries")


def test_a_long_payload_is_cut_until_all_of_it_is_asked_for(view: Locator) -> None:
    grid_of(view).focus()
    view.page.keyboard.press("End")
    view.page.keyboard.press("Enter")
    view.get_by_role("tab", name="Raw").click()
    shown = view.get_by_role("tabpanel", name="Raw")
    expect(view.get_by_text("This is the beginning.")).to_be_visible()
    assert len(shown.inner_text()) < LONG

    view.get_by_role("button", name="Show all").click()
    expect(view.get_by_text("This is the beginning.")).to_be_hidden()
    assert len(shown.inner_text()) > LONG


def test_only_rows_in_sight_are_in_the_page(view: Locator) -> None:
    assert grid_of(view).get_by_role("row").count() < 40
    expect(grid_of(view)).to_have_attribute("aria-rowcount", "601")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_text_is_readable_in_either_theme(story: Notebook, view: Locator, theme: str) -> None:
    story.theme(theme)
    grid_of(view).get_by_role("row").nth(5).click()
    view.get_by_role("tab", name="JSON").click()
    expect(view.get_by_role("tabpanel")).to_contain_text("total: 12.5")
    view.get_by_role("button", name="aws command").click()
    expect(view.get_by_label("Copied")).to_contain_text("aws lambda invoke")

    story.page.mouse.move(5, 5)
    ARTEFACTS.mkdir(exist_ok=True)
    name = theme.replace(" ", "-").lower()
    view.screenshot(path=ARTEFACTS / f"events-{name}.png")
    parts = ("[role=gridcell]", "[role=columnheader]", "[aria-selected=true] [role=gridcell]")
    for part in (*parts, ".wb-leaf", ".wb-size", "pre", ".wb-push", "summary"):
        assert contrast(view.locator(part).first) >= 4.5, part
    view.get_by_role("tab", name="Record").click()
    expect(view.get_by_role("tabpanel")).to_contain_text("order_scope")
    view.screenshot(path=ARTEFACTS / f"events-record-{name}.png")


def test_more_rows_than_pixels_are_reached_by_keys_wheel_and_scroll_bar(
    chromium: Browser, lab: Lab
) -> None:
    traffic.write(trace_folder(lab, "many"), MANY)
    with open_notebook(chromium, lab, notebook_of(lab, "many")) as notebook:
        notebook.run_all()
        view = notebook.page.locator(f"{OUTPUT} .wb-events")
        grid, keys = grid_of(view), notebook.page.keyboard
        expect(view).to_contain_text("400,000 of 400,000 deliveries")

        grid.focus()
        keys.press("End")
        expect(chosen(view)).to_have_attribute("aria-rowindex", str(MANY + 1))
        expect(chosen(view)).to_contain_text("kinesis:orders")
        expect(chosen(view)).to_be_in_viewport()
        keys.press("ArrowUp")
        expect(chosen(view)).to_have_attribute("aria-rowindex", str(MANY))

        grid.evaluate("(box) => { box.scrollTop = box.scrollHeight / 2 }")
        middle = grid.locator(f"[aria-rowindex^='{str(MANY // 2)[:2]}'], [aria-rowindex^='199']")
        expect(middle.first).to_contain_text(":orders")
        first = sight(grid)
        grid.hover()
        notebook.page.mouse.wheel(0, 240)
        expect(grid.locator(f"[aria-rowindex='{first + 30}']")).to_contain_text(":orders")
        assert first + 5 <= sight(grid) <= first + 15, "ten rows on"

        keys.press("Home")
        expect(chosen(view)).to_have_attribute("aria-rowindex", "2")
        expect(chosen(view)).to_be_in_viewport()
        assert notebook.complaints == []


def sight(grid: Locator) -> int:
    """The first row drawn."""
    return int(grid.locator(".wb-rows [role=row]").first.get_attribute("aria-rowindex") or 0)


def test_payloads_that_are_pages_execute_nothing(chromium: Browser, lab: Lab) -> None:
    queue = f"arn:aws:sqs:us-east-1:111111111111:{HOSTILE}"
    inner = json.dumps({HOSTILE: HOSTILE, "Type": "Notification", "Message": HOSTILE})
    records = [
        sqs_message(number, body, seconds=number, group=HOSTILE, queue=queue)
        for number, body in enumerate([HOSTILE.encode(), inner.encode()])
    ]
    write_trace(trace_folder(lab, "hostile"), records).close()
    with open_notebook(chromium, lab, notebook_of(lab, "hostile")) as notebook:
        notebook.run_all()
        view = notebook.page.locator(f"{OUTPUT} .wb-events")
        expect(view).to_contain_text("2 of 2 deliveries")

        grid_of(view).get_by_role("row").nth(2).click()
        for tab in ("JSON", "Raw", "Decoded", "Record"):
            view.get_by_role("tab", name=tab).click()
            expect(view.get_by_role("tabpanel", name=tab)).to_contain_text("onerror")
        view.get_by_role("button", name="Follow key").click()
        expect(view.get_by_text("Selected: ordering_key = ")).to_be_visible()
        for form in ("SQL", "pytest", "aws command"):
            view.get_by_role("button", name=form).click()
            expect(view.get_by_label("Copied")).not_to_be_empty()

        assert view.locator("img, script").count() == 0
        assert notebook.page.evaluate("() => window.harmed") is None
        assert notebook.offsite == []
        assert notebook.complaints == []
