"""What a throttle let through and what it turned away."""

from tests.workbench.charts.frames import text_of
from tests.workbench.charts.tuned_frames import answers
from workbench.charts import description, throttled, to_svg


def bars(svg: str) -> int:
    return svg.count('aria-roledescription="bar"')


def test_a_bar_for_each_second_upwards_and_one_downwards_where_some_were_rejected() -> None:
    frame = answers()
    rejecting = int((frame["rejected"] > 0).sum())

    chart = throttled(frame)
    rows = [row for cells in chart.to_dict()["datasets"].values() for row in cells]

    assert bars(to_svg(chart)) == len(frame) + rejecting
    assert {row["answer"] for row in rows if row["signed"] < 0} == {"rejected"}
    assert {row["answer"] for row in rows if row["signed"] > 0} == {"accepted"}


def test_a_long_time_is_added_up_and_loses_no_request() -> None:
    frame = answers(50_000)
    rows = [row for cells in throttled(frame).to_dict()["datasets"].values() for row in cells]

    assert len(rows) <= 1_200
    assert "rejected, accepted per 1.39 min" in text_of(to_svg(throttled(frame)))
    assert sum(row["value"] for row in rows) == frame["accepted"].sum() + frame["rejected"].sum()
    assert description(throttled(frame)).startswith(
        f"{frame['accepted'].sum():,} requests accepted"
    )


def test_no_request_is_a_sentence() -> None:
    assert description(throttled(answers().clear())).startswith("No requests")
