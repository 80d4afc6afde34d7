"""What replays did, for people."""

import pytest

from workbench.views.runs import isolation_words


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
