"""What is not drawn is said."""

from workbench.charts import description
from workbench.charts.dressing import more, nothing, times


def test_what_is_not_drawn_is_counted() -> None:
    assert more(1_200, 3, "holes") == "and 1,200 more, 3 of them with holes"
    assert more(0, 0, "holes") == ""


def test_a_chart_without_rows_says_so_in_a_sentence() -> None:
    assert description(nothing("Nothing found.")) == "Nothing found."


def test_one_is_not_many() -> None:
    assert [times(count, "hole") for count in (0, 1, 2)] == ["0 holes", "1 hole", "2 holes"]
