"""Cold starts by version and minute, beside what only looks like them."""

from pathlib import Path

from tests.factories import LOG_GROUP, instant, write_trace
from tests.workbench.logged import invocation
from workbench.measures import measure


def test_each_version_and_minute_has_its_share(tmp_path: Path) -> None:
    records = [
        *invocation(1, 10, 100, init_ms=400, instance="a", version="7"),
        *invocation(2, 20, 100, instance="a", version="7"),
        *invocation(3, 70, 50, init_ms=200, idle_ms=40_000, instance="b", version="8"),
    ]

    figures = measure(write_trace(tmp_path / "t", records), "cold_starts")

    wanted = figures.select(
        "source_arn",
        "version",
        "bucket_at",
        "invocations",
        "cold",
        "ahead",
        "cold_share",
        "init_max_ms",
    )
    assert wanted.rows() == [
        (LOG_GROUP, "7", instant(0), 2, 1, 0, 0.5, 400.0),
        (LOG_GROUP, "8", instant(60), 1, 0, 1, 0.0, None),
    ]
    assert figures["p99_without_init_ms"].to_list() == [100.0, 50.0]
