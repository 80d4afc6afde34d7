"""An incident's capture says what is still there, saves all that can be, and leaves out what cannot, one by one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import connectors
from connectors import Access, AccessDeniedError, Available, ConnectorError
from connectors.source import SourceName
from tests.workbench.trace.scripted import T0, ScriptedConnector
from workbench.cli.incidents import (
    Offer,
    manifest,
    offers_of,
    open_offers,
    say_offers,
    window_of,
)
from workbench.cli.opening import Asked
from workbench.errors import UsageError, WorkbenchError
from workbench.trace.incident import window_around

NOW = T0 + timedelta(minutes=10)
WINDOW = window_around(T0, timedelta(minutes=30))
PAST = window_around(T0 - timedelta(hours=2), timedelta(minutes=30))
DAY = timedelta(hours=24)
KEPT = {
    "aws:kinesis": (T0 - DAY, DAY),
    "aws:logs": (T0 - timedelta(days=90), None),
    "aws:sqs": (T0 - 4 * DAY, 4 * DAY),
    "aws:sns": (None, timedelta(0)),
}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> dict[str, ScriptedConnector]:
    """An account in which everything is there but `nope`, and `secret` may not be asked about."""
    opened: dict[str, ScriptedConnector] = {}

    def still_available(name: SourceName, access: Access, now: datetime, *, mode: Any) -> Available:
        if name.name == "nope":
            raise ConnectorError("no stream nope")
        kept_from_at, lost_after = KEPT[name.service]
        arn = f"arn:aws:{name.service[4:]}:us-east-1:1:{name.name}"
        return Available(arn, name.service, kept_from_at, lost_after, "")

    def open_connector(source: str, access: Access, **said: Any) -> ScriptedConnector:
        if source.endswith(":secret"):
            raise AccessDeniedError("not the right to read secret")
        opened[source] = ScriptedConnector(source, {"": 1})
        return opened[source]

    monkeypatch.setattr(connectors, "still_available", still_available)
    monkeypatch.setattr(connectors, "open_connector", open_connector)
    return opened


def offered(*sources: str, mode: str | None = None, window: Any = WINDOW) -> Any:
    asked = Asked(sources, mode)
    return asked, offers_of(asked, Access(), window, NOW)


@pytest.mark.parametrize(
    "beside", [{"--since": "2h"}, {"--until": "1h"}, {"--for": "10m"}, {"--follow": True}]
)
def test_a_window_says_both_ends_so_nothing_else_may(beside: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"found {next(iter(beside))} beside it"):
        window_of("2026-11-20T10:00Z", "30m", NOW, {"--since": None, "--follow": False} | beside)


def test_a_window_without_its_instant_is_refused() -> None:
    with pytest.raises(UsageError, match="--around"):
        window_of(None, "30m", NOW, {})


@pytest.mark.parametrize(
    ("around", "half", "from_at"),
    [
        ("2026-11-20T10:00Z", None, T0 - timedelta(minutes=30)),
        ("2026-11-20T10:00Z", "2h", T0 - timedelta(hours=2)),
        ("10m", "1m", T0 - timedelta(minutes=1)),
    ],
)
def test_a_window_reaches_thirty_minutes_each_way_unless_it_is_told(
    around: str, half: str | None, from_at: datetime
) -> None:
    window = window_of(around, half, NOW, {})

    assert window is not None
    assert window.from_at == from_at


def test_without_an_incident_there_is_no_window() -> None:
    assert window_of(None, None, NOW, {"--since": "2h"}) is None


def test_a_name_that_is_none_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(ConnectorError, match="did you mean kinesis:orders"):
        offered("kinesis:nope", "kinseis:orders")


def test_what_is_still_there_is_said_before_anything_is_read(
    capfd: pytest.CaptureFixture[str],
) -> None:
    _, offers = offered("kinesis:orders", "lambda:charge", "sns:orders", "sqs:dlq", "kinesis:nope")

    say_offers(offers, WINDOW, NOW)

    shown = capfd.readouterr()
    assert shown.out == ""
    lines = {line.split()[0]: line for line in shown.err.splitlines() if line.split()}
    assert (
        "2026-11-21T09:30Z" in lines["kinesis:orders"]
    )  # the beginning of the window is lost first
    assert "2026-11-21T10:30Z" in lines["kinesis:orders"]
    assert lines["lambda:charge"].count("no limit") == 2
    assert "too late" in lines["sns:orders"]
    assert "workbench: sns:orders has nothing left before 2026-11-20T10:10:00Z" in shown.err
    assert "workbench: sqs:dlq is left out, the others go on: a mode was wanted" in shown.err
    assert "workbench: kinesis:nope is left out, the others go on: no stream nope" in shown.err


def test_a_source_that_cannot_be_read_keeps_nobody_from_saving_the_others(
    account: dict[str, ScriptedConnector], capfd: pytest.CaptureFixture[str]
) -> None:
    asked, offers = offered("sqs:dlq", "kinesis:orders", "kinesis:nope", "lambda:secret")

    opened, found = open_offers(offers, asked, Access(), WINDOW, NOW)

    assert [connector.source_arn for connector in opened] == ["kinesis:orders"]
    assert [offer.error is None for offer in found] == [False, True, False, False]
    assert capfd.readouterr().err == (
        "workbench: lambda:secret is left out, the others go on: not the right to read secret\n"
    )


def test_when_none_can_be_read_that_is_a_failure_with_every_reason() -> None:
    asked, offers = offered("sqs:dlq", "kinesis:nope")

    with pytest.raises(
        WorkbenchError, match=r"sqs:dlq: a mode was wanted.*kinesis:nope: no stream"
    ):
        open_offers(offers, asked, Access(), WINDOW, NOW)


def test_two_names_of_one_source_are_refused_and_nothing_stays_open() -> None:
    asked, offers = offered("kinesis:orders", "kinesis:again")
    one = ScriptedConnector("arn", {"": 1})

    class Both(Asked):
        def open_one(self, source: str, access: Access) -> Any:
            return one

    with pytest.raises(UsageError, match="under two names"):
        open_offers(offers, Both(asked.sources, None), Access(), WINDOW, NOW)

    assert one.closed == 2


def test_a_queue_with_a_mode_is_read(account: dict[str, ScriptedConnector]) -> None:
    asked, offers = offered("sqs:dlq", mode="peek")

    open_offers(offers, asked, Access(), WINDOW, NOW)

    assert set(account) == {"sqs:dlq"}


def test_a_topic_is_tapped_for_what_is_to_come_and_never_for_a_window_that_is_over(
    account: dict[str, ScriptedConnector],
) -> None:
    asked, offers = offered("sns:orders", window=PAST)
    [stand_in], _ = open_offers(offers, asked, Access(), PAST, NOW)

    assert account == {}
    assert stand_in.source_arn == "arn:aws:sns:us-east-1:1:orders"

    asked, offers = offered("sns:orders")
    open_offers(offers, asked, Access(), WINDOW, NOW)
    assert set(account) == {"sns:orders"}


def test_the_manifest_counts_what_was_left_out_and_what_is_missing() -> None:
    [kinesis, queue] = offered("kinesis:orders", "sqs:dlq")[1]
    arn = "arn:aws:kinesis:us-east-1:1:orders"
    document = {
        "complete": True,
        "records": 5,
        "sources": [{"source_arn": arn, "records": 5, "holes": 0, "error": None}],
    }
    coverage = {arn: {"holes_by_cause": {}, "sealed_until_at": None}}

    whole = manifest(document, coverage, [kinesis], WINDOW)
    partly = manifest(document, coverage, [kinesis, queue], WINDOW)
    holed = manifest(document, {arn: {"holes_by_cause": {"trimmed": 2}}}, [kinesis], WINDOW)

    assert whole["complete"] is True
    assert whole["window"] == {"from_at": WINDOW.from_at, "to_at": WINDOW.to_at}
    assert whole["available"][0]["complete_until_at"] == T0 + DAY - timedelta(minutes=30)
    assert (partly["complete"], holed["complete"]) == (False, False)
    assert partly["sources"][1]["source_arn"] == "arn:aws:sqs:us-east-1:1:dlq"
    assert "mode" in partly["sources"][1]["error"]
    assert holed["sources"][0]["holes_by_cause"] == {"trimmed": 2}


def test_what_is_not_known_of_a_source_is_null_in_its_offer() -> None:
    document = Offer("kinesis:nope", error="no stream").document(WINDOW)

    assert document == {
        "source": "kinesis:nope",
        "source_arn": None,
        "kept_from_at": None,
        "gone_until_at": None,
        "complete_until_at": None,
        "anything_until_at": None,
        "kept_for_ever": None,
        "note": "",
        "error": "no stream",
    }
    assert NOW.tzinfo == UTC
