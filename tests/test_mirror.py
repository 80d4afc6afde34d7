"""Every module has its test at the mirrored place; those that have none are listed, each with where it is tested."""

import ast
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

TESTED_ELSEWHERE: dict[str, str] = {
    # Two sides that make sense together only.
    "connectors/__init__.py": "tests/connectors/test_open_connector.py",
    "connectors/identity.py": "tests/connectors/test_open_connector.py",
    "connectors/lambda_logs/position.py": "tests/connectors/test_positions.py",
    "connectors/stream_position.py": "tests/connectors/test_positions.py",
    "connectors/kinesis/calls.py": "tests/connectors/kinesis/test_stream.py",
    "connectors/kinesis/cursor.py": "tests/connectors/kinesis/test_stream.py",
    "connectors/kinesis/shard.py": "tests/connectors/kinesis/test_stream.py",
    "connectors/access/allowlist.py": "tests/connectors/access/test_guard.py",
    "connectors/files/members.py": "tests/connectors/files/test_reading.py",
    "connectors/files/origin.py": "tests/connectors/files/test_reading.py",
    "workbench/findings/detector.py": "tests/workbench/findings/test_find.py",
    "workbench/findings/duplicates/chance.py": "tests/workbench/findings/duplicates/test_producer_resend.py",
    "workbench/findings/duplicates/harm.py": "tests/workbench/findings/duplicates/test_redelivery.py",
    "workbench/questions.py": "tests/workbench/findings/test_find.py",
    "workbench/findings/wording.py": "tests/workbench/findings/test_find.py",
    "workbench/measures/measure.py": "tests/workbench/measures/test_measures.py",
    "workbench/measures/measuring.py": "tests/workbench/measures/test_measures.py",
    "workbench/cli/measuring.py": "tests/workbench/measures/test_measures.py",
    "workbench/findings/finding.py": "tests/workbench/findings/test_find.py",
    "workbench/trace/commit.py": "tests/workbench/trace/test_catalog.py",
    "workbench/trace/functions/table.py": "tests/workbench/trace/test_reader.py",
    "workbench/trace/relations.py": "tests/workbench/trace/test_reader.py",
    "workbench/trace/high_water.py": "tests/faults/test_rot.py",
    "workbench/trace/limits.py": "tests/workbench/trace/test_capture.py",
    "workbench/trace/patience.py": "tests/workbench/trace/test_capture.py",
    "workbench/trace/partition_reader.py": "tests/workbench/trace/test_capture.py",
    "workbench/trace/seal.py": "tests/faults/test_rot.py",
    "workbench/trace/configuration.py": "tests/workbench/trace/test_capture.py",
    "workbench/trace/source_reader.py": "tests/workbench/trace/test_capture.py",
    "workbench/trace/workers.py": "tests/workbench/trace/test_capture.py",
    "workbench/trace/turns.py": "tests/workbench/trace/test_capture.py",
    "workbench/tune/simulate/environments.py": "tests/workbench/tune/simulate/test_queues.py",
    "workbench/tune/simulate/heaps.py": "tests/workbench/tune/simulate/test_queues.py",
    "workbench/tune/simulate/invoking.py": "tests/workbench/tune/simulate/test_queues.py",
    "workbench/tune/simulate/lanes.py": "tests/workbench/tune/simulate/test_streams.py",
    "workbench/tune/simulate/plain_servers.py": "tests/workbench/tune/simulate/test_queues.py",
    "workbench/tune/simulate/pollers.py": "tests/workbench/tune/simulate/test_queues.py",
    "workbench/tune/simulate/queue_rules.py": "tests/workbench/tune/simulate/test_queues.py",
    "workbench/tune/simulate/run.py": "tests/workbench/tune/simulate/test_queues.py",
    "workbench/tune/observed/configured.py": "tests/workbench/tune/observed/test_observe.py",
    "workbench/tune/search/blocks.py": "tests/workbench/tune/search/test_advice.py",
    "workbench/tune/search/evaluate.py": "tests/workbench/tune/search/test_advice.py",
    "workbench/tune/search/model.py": "tests/workbench/tune/search/test_advice.py",
    "workbench/tune/search/monthly.py": "tests/workbench/tune/search/test_advice.py",
    "workbench/tune/search/prepared.py": "tests/workbench/tune/search/test_counterfactual.py",
    "workbench/tune/search/ranking.py": "tests/workbench/tune/search/test_advice.py",
    "workbench/tune/search/sensitivity.py": "tests/workbench/tune/search/test_advice.py",
    "workbench/tune/resharding/captured.py": "tests/workbench/tune/resharding/test_advice.py",
    "workbench/tune/resharding/hash_keys.py": "tests/workbench/tune/resharding/test_layouts.py",
    "workbench/tune/resharding/key_load.py": "tests/workbench/tune/resharding/test_advice.py",
    "workbench/tune/resharding/lanes.py": "tests/workbench/tune/resharding/test_advice.py",
    "workbench/tune/resharding/limits.py": "tests/workbench/tune/resharding/test_advice.py",
    "workbench/tune/resharding/priced.py": "tests/workbench/tune/resharding/test_advice.py",
    "workbench/tune/resharding/readers.py": "tests/workbench/tune/resharding/test_advice.py",
    "workbench/tune/resharding/shard_plan.py": "tests/workbench/tune/resharding/test_advice.py",
    "workbench/tune/resharding/tally.py": "tests/workbench/tune/resharding/test_layouts.py",
    "workbench/tune/simulate/compiled.py": "tests/workbench/tune/simulate/test_chance.py",
    "workbench/tune/simulate/profiles.py": "tests/workbench/tune/simulate/test_settings.py",
    "workbench/tune/redelivery/evidence.py": "tests/workbench/tune/redelivery/test_advice.py",
    "workbench/tune/redelivery/prediction.py": "tests/workbench/tune/redelivery/test_advice.py",
    "workbench/tune/redelivery/rule.py": "tests/workbench/tune/redelivery/test_advice.py",
    # A replay shows itself at its ends: the events that go in, the verdicts that come out.
    "workbench/replay/__init__.py": "tests/workbench/replay/test_start.py",
    "workbench/cli/comparing.py": "tests/workbench/cli/test_replaying.py",
    "workbench/replay/books.py": "tests/workbench/replay/test_start.py",
    "workbench/replay/perturb/perturbed_invoker.py": "tests/workbench/replay/perturb/test_what_if.py",
    "workbench/replay/idempotency/trials.py": "tests/workbench/replay/idempotency/test_check.py",
    "workbench/redrive/handled.py": "tests/workbench/redrive/test_verdict.py",
    "workbench/redrive/sending_back.py": "tests/workbench/redrive/test_verdict.py",
    "workbench/replay/shrink/trials.py": "tests/workbench/replay/shrink/test_shrink.py",
    "workbench/replay/shrink/reproduction.py": "tests/workbench/replay/shrink/test_shrink.py",
    "workbench/replay/opening.py": "tests/workbench/replay/test_start.py",
    "workbench/replay/play.py": "tests/workbench/replay/test_start.py",
    "workbench/replay/run.py": "tests/workbench/replay/test_start.py",
    "workbench/replay/engine/invocation.py": "tests/workbench/replay/engine/test_queues.py",
    "workbench/replay/journal.py": "tests/workbench/replay/engine/test_queues.py",
    "workbench/replay/functions/environment.py": "tests/workbench/replay/invokers/test_runtime_invoker.py",
    "workbench/replay/functions/template_names.py": "tests/workbench/replay/functions/test_template_values.py",
    "workbench/replay/isolation/launcher.py": "tests/workbench/replay/isolation/test_process.py",
    "workbench/replay/isolation/probes.py": "tests/workbench/replay/isolation/test_sandbox.py",
    "workbench/replay/isolation/restrictions.py": "tests/workbench/replay/isolation/test_escapes.py",
    "workbench/replay/isolation/processes.py": "tests/workbench/replay/isolation/test_process.py",
    "workbench/replay/events/__init__.py": "tests/workbench/replay/events/test_events.py",
    "workbench/replay/events/dynamodb.py": "tests/workbench/replay/events/test_events.py",
    "workbench/replay/events/kinesis.py": "tests/workbench/replay/events/test_events.py",
    "workbench/replay/events/payload.py": "tests/workbench/replay/events/test_events.py",
    "workbench/replay/events/sqs.py": "tests/workbench/replay/events/test_events.py",
    "workbench/replay/effects/call.py": "tests/workbench/replay/effects/test_recorder.py",
    "workbench/replay/effects/encoding.py": "tests/workbench/replay/effects/test_recorder.py",
    "workbench/replay/effects/minimal.py": "tests/workbench/replay/effects/test_recorder.py",
    "workbench/replay/effects/models.py": "tests/workbench/replay/effects/test_decoding.py",
    "workbench/replay/effects/request.py": "tests/workbench/replay/effects/test_decoding.py",
    # Commands and pages: as a person meets them.
    "workbench/cli/explaining.py": "tests/workbench/cli/test_finding.py",
    "workbench/cli/options.py": "tests/workbench/cli/test_finding.py",
    "workbench/cli/importing.py": "tests/workbench/cli/test_capturing.py",
    "workbench/cli/preflight_tables.py": "tests/workbench/cli/test_account.py",
    "workbench/cli/interrupts.py": "tests/workbench/cli/test_capturing.py",
    "workbench/cli/terminal.py": "tests/workbench/cli/test_reading.py",
    "workbench/cli/notebooks.py": "tests/test_readme.py",
    "workbench/cli/tuning.py": "tests/test_readme.py",
    "workbench/cli/demonstrating.py": "tests/workbench/demo/test_demo.py",
    "workbench/demo/investigate.py": "tests/workbench/demo/test_demo.py",
    "workbench/demo/record.py": "tests/workbench/demo/test_demo.py",
    "workbench/demo/system.py": "tests/workbench/demo/test_demo.py",
    "workbench/local_aws_keeper.py": "tests/workbench/test_local_aws.py",
    "workbench/report/captured.py": "tests/workbench/test_report.py",
    "workbench/report/facts.py": "tests/workbench/test_report.py",
    "workbench/report/found.py": "tests/workbench/test_report.py",
    "workbench/report/pieces.py": "tests/workbench/test_report.py",
    "workbench/report/replayed.py": "tests/workbench/test_report.py",
    "workbench/report/sharded.py": "tests/workbench/test_report.py",
    "workbench/report/tuned.py": "tests/workbench/test_report.py",
    "workbench/report/whole_file.py": "tests/workbench/test_report.py",
    # Plantings are told in datasets, and examined there.
    "datasets/__main__.py": "tests/datasets/test_incidents.py",
    "datasets/shop.py": "tests/datasets/test_making.py",
    "datasets/plantings/consumers.py": "tests/datasets/test_making.py",
    "datasets/plantings/duplicates.py": "tests/datasets/test_making.py",
    "datasets/plantings/losses.py": "tests/datasets/test_making.py",
    "datasets/plantings/order.py": "tests/datasets/test_making.py",
}
"""Module to the test that runs it. The list only shrinks: a new module comes with its own test."""


def has_code(module: Path) -> bool:
    """Whether anything can run: words alone (data classes, errors, options, lists of names) need no test."""
    functions = [
        node
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    return any(not is_word(statement) for function in functions for statement in function.body)


def is_word(statement: ast.stmt) -> bool:
    """A docstring or `...`."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def mirrored(module: str) -> Path:
    """`tests/connectors/test_x.py` for `connectors/x.py`, also for the package `connectors/x/`."""
    path = Path(module)
    at = path.parent if path.stem == "__init__" else path.with_suffix("")
    return REPOSITORY / "tests" / at.parent / f"test_{at.name}.py"


MODULES = [
    str(path.relative_to(REPOSITORY))
    for package in ("connectors", "workbench", "datasets")
    for path in sorted((REPOSITORY / package).rglob("*.py"))
    if "handlers" not in path.parts and has_code(path)
]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_its_test(module: str) -> None:
    if module in TESTED_ELSEWHERE:
        assert not mirrored(module).exists(), "it has one now: take it off the list"
    else:
        assert mirrored(module).exists(), f"wanted {mirrored(module).relative_to(REPOSITORY)}"


@pytest.mark.parametrize("module", TESTED_ELSEWHERE)
def test_the_list_names_modules_and_tests_that_are_there(module: str) -> None:
    assert module in MODULES
    assert (REPOSITORY / TESTED_ELSEWHERE[module]).exists()
