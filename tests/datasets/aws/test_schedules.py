"""A rule's run is seen as the event that its function prints, with the instant at which it was due."""

from pathlib import Path

from datasets.aws.functions import Function
from datasets.aws.schedules import Rule
from datasets.story import Story, at
from workbench.trace import open_trace


def test_a_run_names_its_rule_and_when_it_was_due(tmp_path: Path) -> None:
    story = Story(1, 900)
    rule = Rule(story, "often", "rate(5 minutes)", Function(story, "f"))
    rule.run(300, 12.5)

    with open_trace(story.told().write(tmp_path / "t.trace")) as trace:
        [row] = trace.sql("from records where service = 'aws:events'").to_dicts()
        [told] = trace.sql("from resources where kind = 'describe-rule'").to_dicts()
    assert (row["source_arn"], row["source_at"]) == (rule.bus, at(300))
    assert rule.arn in row["attributes"]
    assert told["source_arn"] == rule.arn
