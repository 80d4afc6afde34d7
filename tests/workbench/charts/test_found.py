"""Findings show how many there are."""

from tests.workbench.charts.frames import findings, text_of
from workbench.charts import findings_chart, to_svg


def test_findings_show_their_count() -> None:
    svg = to_svg(findings_chart(findings(12_345, "arn:aws:sqs:us-east-1:1:orders")))

    assert "redelivery in sqs:orders" in text_of(svg)
    assert "12,345" in text_of(svg)
