"""Jobs in a real JupyterLab: replays begun, cancelled, compared; a capture begun and stopped; by mouse and by keys."""

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, expect

from connectors import local_client
from tests.browser.lab import OUTPUT, Lab, Notebook, open_notebook, running_lab
from tests.browser.test_notebook import ARTEFACTS, cells
from tests.connectors.local import unique
from tests.workbench.findings.traces import message, put, trace_of
from workbench.lab import read_percent
from workbench.local_aws import LocalAws

SOURCE = """
# %%
import workbench as wb
trace = wb.open("orders.trace")
panel = wb.replay_panel(trace, "handlers.py:slow")
panel
# %%
wb.capture_panel("{stream}.trace", "kinesis:{stream}", follow=True, region="{region}", endpoint_url="{endpoint}")
# %%
job = wb.Job(lambda report: report.stop.wait(), "<b>waiting</b> for nobody")
wb.job_panel(job)
"""
HANDLERS = """
import base64
import json
import time

def fine(event, context):
    return None

def bad(event, context):
    for each in event["Records"]:
        if json.loads(base64.b64decode(each["kinesis"]["data"]))["id"] == 1:
            raise ValueError("<b>no</b>")

def slow(event, context):
    time.sleep(0.5)
"""
WITHIN_MS = 60_000
RECORDS = 20


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def notebook(chromium: Browser, lab: Lab, local_aws: LocalAws) -> Iterator[Notebook]:
    """A trace without runs, and a stream that nobody has read."""
    folder, name = lab.folder / "notebooks" / unique("story"), unique("stream")
    folder.mkdir(parents=True)
    orders = [message(f"m-{n}", {"id": n}, n) for n in range(RECORDS)]
    puts = [put(n, f"key-{n % 3}", {"id": n}, n) for n in range(RECORDS)]
    trace_of(folder / "orders.trace", [*orders, *puts]).close()
    (folder / "handlers.py").write_text(HANDLERS, "utf-8")
    kinesis = local_client("kinesis", local_aws.endpoint_url)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    data = [{"PartitionKey": "k", "Data": json.dumps({"n": n}).encode()} for n in range(RECORDS)]
    kinesis.put_records(StreamName=name, Records=data)
    source = SOURCE.format(stream=name, region=local_aws.region, endpoint=local_aws.endpoint_url)
    (folder / "jobs.ipynb").write_text(json.dumps(read_percent(source)), "utf-8")
    with open_notebook(chromium, lab, f"{folder.name}/jobs.ipynb") as opened:
        opened.run_all()
        yield opened
        assert opened.offsite == []
        assert opened.complaints == []


def view(notebook: Notebook, name: str) -> Locator:
    return notebook.page.locator(f"{OUTPUT} .wb-{name}")


def runs(panel: Locator) -> Locator:
    return panel.get_by_role("grid", name="Runs").locator("tbody tr")


def test_a_replay_is_cancelled_run_again_and_compared_by_mouse(notebook: Notebook) -> None:
    panel = view(notebook, "replay")
    panel.get_by_label("Source").select_option("sqs:orders")
    expect(panel.get_by_label("Batch size")).to_have_attribute("placeholder", "10")
    expect(panel).not_to_contain_text("Bisect on error")
    panel.get_by_label("Source").select_option("kinesis:orders")
    expect(panel.get_by_label("Batch size")).to_have_attribute("placeholder", "100")
    expect(panel).to_contain_text("to be proved before the handler loads")
    for setting, value in (("Batch size", "1"), ("Retries", "1")):
        panel.get_by_label(setting).fill(value)
        panel.get_by_label(setting).press("Tab")
    panel.get_by_role("button", name="Replay", exact=True).click()
    expect(panel.get_by_role("status").first).to_have_text("running")
    panel.get_by_role("button", name="Cancel").click()
    expect(panel.get_by_role("status").first).to_have_text("cancelled", timeout=WITHIN_MS)
    expect(runs(panel)).to_have_count(1)
    expect(panel).to_contain_text("interrupted, its part is kept")

    for handler, count in (("fine", 2), ("bad", 3)):
        panel.get_by_role("textbox", name="Handler").fill(f"handlers.py:{handler}")
        panel.get_by_role("button", name="Replay", exact=True).click()
        expect(runs(panel)).to_have_count(count, timeout=WITHIN_MS)
    expect(panel).to_contain_text("20 records: 19 succeeded, 1 discarded")
    panel.get_by_role("button", name="Compare").click()
    expect(panel).to_contain_text("20 records: 19 ended alike, 1 otherwise")
    panel.get_by_role("button", name="Fewest that fail").click()
    expect(panel).to_contain_text("1 of 20", timeout=WITHIN_MS)
    expect(panel.locator("td b")).to_have_count(0)


def test_the_same_by_keys(notebook: Notebook) -> None:
    panel, keys, before = view(notebook, "replay"), notebook.page.keyboard, cells(notebook)
    panel.get_by_label("Source").focus()
    keys.type("sqs")
    expect(panel.get_by_label("Source")).to_have_value("sqs:orders")
    expect(panel).not_to_contain_text("Bisect on error")
    panel.get_by_label("Batch size").focus()
    keys.type("1")
    panel.get_by_role("textbox", name="Handler").focus()
    keys.press("Enter")
    cancel = panel.get_by_role("button", name="Cancel")
    expect(cancel).to_be_enabled()
    cancel.focus()
    keys.press("Enter")
    expect(panel.get_by_role("status").first).to_have_text("cancelled", timeout=WITHIN_MS)

    panel.get_by_role("textbox", name="Handler").focus()
    keys.press("ControlOrMeta+a")
    keys.type("handlers.py:fine")
    keys.press("Enter")
    expect(runs(panel)).to_have_count(2, timeout=WITHIN_MS)
    expect(runs(panel).first).to_have_attribute("aria-selected", "true")
    runs(panel).first.focus()
    keys.press("ArrowDown")
    expect(runs(panel).nth(1)).to_have_attribute("aria-selected", "true")
    expect(runs(panel).nth(1)).to_be_focused()
    panel.get_by_role("button", name="Compare").focus()
    keys.press("Space")
    expect(panel.get_by_role("region", name="Difference rows")).to_be_visible()
    assert cells(notebook)[1:] == before[1:]


def test_a_handler_that_does_not_load_is_one_line(notebook: Notebook) -> None:
    panel = view(notebook, "replay")
    panel.get_by_role("textbox", name="Handler").fill("handlers.py:nowhere")
    panel.get_by_role("button", name="Replay", exact=True).click()

    expect(panel.get_by_role("status").first).to_have_text("failed", timeout=WITHIN_MS)
    expect(panel.get_by_role("alert").filter(has_text="nowhere")).to_be_visible()
    expect(panel.get_by_role("button", name="Replay", exact=True)).to_be_enabled()


def test_a_capture_is_checked_begun_and_stopped(notebook: Notebook) -> None:
    panel, keys = view(notebook, "capture"), notebook.page.keyboard
    expect(panel.get_by_role("button", name="Start")).to_be_enabled()
    expect(panel.get_by_role("button", name="Stop")).to_be_hidden()

    panel.get_by_role("button", name="Check").click()
    expect(panel.get_by_role("table", name="Preflight")).to_contain_text(
        "observe", timeout=WITHIN_MS
    )
    panel.get_by_role("button", name="Start").click()
    progress = panel.get_by_role("table", name="Progress by source")
    expect(progress).to_contain_text(str(RECORDS), timeout=WITHIN_MS)
    expect(panel.get_by_role("button", name="Start")).to_be_disabled()
    panel.get_by_role("button", name="Stop").focus()
    keys.press("Enter")
    expect(panel.get_by_role("status").first).to_have_text("cancelled", timeout=WITHIN_MS)
    expect(panel.get_by_role("button", name="Start")).to_be_enabled()


def test_any_job_is_stopped_by_its_panel(notebook: Notebook) -> None:
    panel = notebook.page.locator(f"{OUTPUT} section[aria-label=Job]")
    expect(panel).to_contain_text("<b>waiting</b> for nobody")
    panel.get_by_role("button", name="Cancel").click()

    expect(panel.get_by_role("status")).to_have_text("cancelled")
    expect(panel.get_by_role("button", name="Cancel")).to_be_disabled()


def test_panels_at_work_keep_the_rules_of_accessibility_in_both_themes(notebook: Notebook) -> None:
    replay, capture = view(notebook, "replay"), view(notebook, "capture")
    replay.get_by_role("textbox", name="Handler").fill("handlers.py:fine")
    replay.get_by_role("button", name="Replay", exact=True).click()
    expect(runs(replay)).to_have_count(1, timeout=WITHIN_MS)
    capture.get_by_role("button", name="Check").click()
    expect(capture.get_by_role("table", name="Preflight")).to_be_visible(timeout=WITHIN_MS)
    replay.get_by_label("Batch size").fill("1")
    replay.get_by_role("textbox", name="Handler").fill("handlers.py:slow")
    replay.get_by_role("button", name="Replay", exact=True).click()
    expect(replay.get_by_role("status").first).to_have_text("running")
    capture.get_by_role("button", name="Start").click()
    expect(capture.get_by_role("table", name="Progress by source")).to_contain_text(
        str(RECORDS), timeout=WITHIN_MS
    )

    broken = []
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.theme(theme)
        ARTEFACTS.mkdir(exist_ok=True)
        for name, shown in (("replay", replay), ("capture", capture)):
            shown.screenshot(path=ARTEFACTS / f"job-{name}-{theme.split()[-1].lower()}.png")
        found = Axe().run(notebook.page, context=".jp-OutputArea-output .wb-view")
        broken += [
            f"{theme}: {each['id']} {each['nodes'][0]['html'][:160]}"
            for each in found.response["violations"]
        ]
    assert broken == []
    capture.get_by_role("button", name="Stop").click()
    expect(capture.get_by_role("status").first).to_have_text("cancelled", timeout=WITHIN_MS)
