"""The report as its reader opens it: from a file, with no network, with payloads that would like to be pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from connectors.record import Span
from tests.conftest import REPOSITORY
from tests.workbench.findings.traces import at, message, put, trace_of
from workbench.findings import Findings, find
from workbench.report import report

ARTEFACTS = REPOSITORY / "artefacts"
HOSTILE = (
    '</code></style><script>window.harmed=1</script><img src="http://x.test/" onerror="window.harmed=1">'
    '<svg onload="window.harmed=1"></svg><a href="javascript:window.harmed=1">\u202e'
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A page, and everything it asked for or complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def opened(
    chromium: Browser, file: Path, scheme: str = "light", width: int = 1_200
) -> Iterator[Opened]:
    """The file from disk; every other request is refused and noted."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    try:
        shown = Opened(context.new_page())

        def refuse(route: Route) -> None:
            if route.request.url == file.as_uri():
                route.continue_()
            else:
                shown.requests.append(route.request.url)
                route.abort()

        context.route("**/*", refuse)
        shown.page.on("console", lambda message: shown.complaints.append(message.text))
        shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
        shown.page.goto(file.as_uri())
        yield shown
    finally:
        context.close()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Findings]:
    """A report on a trace in which whatever a stranger can choose is hostile."""
    folder = tmp_path_factory.mktemp("report")
    queue = f"arn:aws:sqs:us-east-1:111111111111:{HOSTILE}"
    records = [
        message(f"m{n % 3}{HOSTILE}", {"text": HOSTILE}, n, count=n, queue=queue)
        for n in range(1, 9)
    ]
    records += [
        put(n, HOSTILE, {"id": HOSTILE, "v": v}, n, HOSTILE) for n, v in enumerate([1, 2, 4, 3, 9])
    ]
    with trace_of(folder / "t.trace", records, holes=[Span(at(2), at(4), HOSTILE)]) as trace:
        findings = find(trace, key="$.id", sequence="$.v")
        report(trace, findings, folder / "report.html")
    return folder / "report.html", findings


def test_the_page_asks_for_nothing_and_complains_of_nothing(
    chromium: Browser, found: tuple[Path, Findings]
) -> None:
    with opened(chromium, found[0]) as shown:
        expect(shown.page.get_by_role("heading", name="What was found")).to_be_visible()

    assert shown.requests == []
    assert shown.complaints == []


def test_a_hostile_trace_executes_nothing_and_adds_no_element(
    chromium: Browser, found: tuple[Path, Findings]
) -> None:
    with opened(chromium, found[0]) as shown:
        expect(shown.page.get_by_text("window.harmed=1").first).to_be_visible()

        assert shown.page.evaluate("window.harmed") is None
        assert (
            shown.page.locator(
                "script, img, a:not([href^='#']), iframe, [onload], [onerror]"
            ).count()
            == 0
        )


def test_every_finding_is_read_with_its_payloads_and_its_sql(
    chromium: Browser, found: tuple[Path, Findings]
) -> None:
    file, findings = found
    assert {"redelivery", "inversion"} <= {finding.kind for finding in findings}

    with opened(chromium, file) as shown:
        for place, finding in enumerate(findings):
            article = shown.page.locator("article").nth(place)
            expect(article.get_by_role("heading")).to_contain_text(finding.kind)
            expect(article.get_by_text(finding.summary[:60])).to_be_visible()
            expect(article.locator("tr.payload").first).to_be_visible()
            expect(article.locator("pre")).to_be_hidden()
            article.locator("summary", has_text="SQL that returns").focus()
            shown.page.keyboard.press("Enter")
            expect(article.locator("pre")).to_contain_text("select")


def test_charts_have_marks_and_a_name(chromium: Browser, found: tuple[Path, Findings]) -> None:
    with opened(chromium, found[0]) as shown:
        for sentence in ("Coverage of", "Deliveries over time", "Instances: "):
            chart = shown.page.locator(f"figure[role=img][aria-label^='{sentence}']")
            expect(chart).to_be_visible()
            assert chart.locator("svg [aria-roledescription=bar]").count() > 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1_200, 400])
def test_the_page_fits_its_window_in_either_scheme(
    chromium: Browser, found: tuple[Path, Findings], scheme: str, width: int
) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    with opened(chromium, found[0], scheme, width) as shown:
        shown.page.screenshot(path=ARTEFACTS / f"report-{scheme}-{width}.png", full_page=True)

        assert shown.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        background = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (background == "rgb(255, 255, 255)") == (scheme == "light")


def test_the_page_prints_dark_on_white_without_what_only_a_screen_can_do(
    chromium: Browser, found: tuple[Path, Findings]
) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    with opened(chromium, found[0], "dark", 720) as shown:
        shown.page.emulate_media(media="print")
        shown.page.screenshot(path=ARTEFACTS / "report-print.png", full_page=True)

        assert shown.page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert shown.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        expect(shown.page.locator("nav")).to_be_hidden()
        expect(shown.page.locator("details").first).to_be_hidden()
        expect(shown.page.locator("tr.payload").first).to_be_visible()
        breaks = shown.page.locator("section + section").evaluate_all(
            "nodes => nodes.map(node => getComputedStyle(node).breakBefore)"
        )
        assert set(breaks) == {"page"}


def test_a_link_leads_to_its_section(chromium: Browser, found: tuple[Path, Findings]) -> None:
    with opened(chromium, found[0]) as shown:
        shown.page.get_by_role("navigation").get_by_text("What was found").click()

        expect(shown.page.get_by_role("heading", name="What was found")).to_be_in_viewport()
    assert shown.requests == []
