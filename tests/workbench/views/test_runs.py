"""What replays did, for people."""

from pathlib import Path

import pytest

from tests.workbench.findings.traces import message, put, trace_of
from workbench.errors import HandlerError, UsageError
from workbench.views.runs import isolation_ahead, isolation_words, settings_of, summary_words


@pytest.mark.parametrize(
    ("isolation", "words"),
    [
        ('{"tier": "A", "means": "bubblewrap", "canary": {}}', "isolation A: bubblewrap"),
        ('{"tier": "C"}', "isolation C"),
        ("{}", "isolation not told"),
        ("", "isolation not told"),
    ],
)
def test_what_kept_a_handler_away_is_said(isolation: str, words: str) -> None:
    assert isolation_words(isolation) == words


def test_what_will_keep_a_handler_away_is_known_before(tmp_path: Path) -> None:
    (tmp_path / "handlers.py").write_text("def handle(event, context): ...", "utf-8")
    words = isolation_ahead("handlers.py:handle", tmp_path, tmp_path / "x.trace")
    assert words.endswith("to be proved before the handler loads")

    with pytest.raises(HandlerError):
        isolation_ahead("handlers.py", tmp_path, tmp_path / "x.trace")


def test_a_source_has_the_settings_of_its_kind_with_the_defaults_of_lambda(tmp_path: Path) -> None:
    with trace_of(tmp_path / "x.trace", [message("m-1", {}), put(1, "key", {}, 1)]) as trace:
        queue, stream = settings_of(trace, "sqs:orders"), settings_of(trace, "kinesis:orders")
        with pytest.raises(UsageError):
            settings_of(trace, "sqs:nowhere")

    assert [each.as_is for each in queue] == ["10", "0", "off"]
    assert [each.as_is for each in stream] == ["100", "0", "until they expire", "off", "off"]


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        (
            '{"records": {"total": 4, "succeeded": 3, "dead_lettered": 1}, "invocations": 6, "effects": 2}',
            "4 records: 3 succeeded, 1 dead lettered; 6 invocations; 2 AWS calls",
        ),
        (
            '{"records": {"total": 1, "not_reached": 1}, "interrupted": true}',
            "1 records: 1 not reached; 0 invocations; interrupted, its part is kept",
        ),
        ("", "0 records; 0 invocations"),
    ],
)
def test_what_became_of_a_run_is_a_sentence(summary: str, words: str) -> None:
    assert summary_words(summary) == words
