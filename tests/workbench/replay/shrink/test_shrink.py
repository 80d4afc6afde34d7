"""Shrinking a run: the records that it takes, the verdict, and a test that fails until the handler is mended."""

import subprocess
import sys

import pytest

from tests.factories import clock, sqs_message, write_trace
from tests.workbench.replay.invokers.processes import needs_namespaces
from workbench.errors import UsageError
from workbench.replay import replay
from workbench.replay.shrink import shrink

HANDLER = """
import json

seen = set()

def orders(event):
    return [json.loads(record["body"])["order"] for record in event["Records"]]

def one(event, context):
    if 17 in orders(event):
        raise ValueError("cannot charge order 17")

def pair(event, context):
    seen.update(orders(event))
    if {5, 23} <= seen:
        raise KeyError("both")

def reported(event, context):
    return {"batchItemFailures": [
        {"itemIdentifier": record["messageId"]}
        for record in event["Records"] if json.loads(record["body"])["order"] == 9
    ]}

def fine(event, context):
    pass
"""
NO_RETRY = {"RedrivePolicy": {"maxReceiveCount": 1}}


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    needs_namespaces()
    folder = tmp_path_factory.mktemp("shrink")
    (folder / "charge.py").write_text(HANDLER)
    messages = [sqs_message(n, seconds=n // 4) for n in range(1, 33)]
    with write_trace(folder / "incident.trace", messages) as trace:
        yield trace


def shrunk(trace, handler, **more):
    settings = {"folder": trace.path.parent, "queue_attributes": NO_RETRY}
    mapping = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
    run = replay(trace, handler, source="sqs:orders", now=clock, mapping=mapping, **settings)
    return shrink(run, **settings, **more)


def orders(found):
    return [int(item.body.split(b":")[1].strip(b" }")) for item in found.items]


def test_one_record_that_always_fails_is_found_alone(trace):
    found = shrunk(trace, "charge.py:one")

    assert orders(found) == [17]
    assert (found.verdict, found.share) == ("always", 1)
    assert found.signature == "ValueError: cannot charge order #"
    assert found.document()["records_before"] == 32


def test_records_that_fail_only_together_are_found_in_their_order(trace):
    found = shrunk(trace, "charge.py:pair")

    assert orders(found) == [5, 23]
    assert found.verdict == "only together"


def test_a_failure_that_a_partial_answer_names_is_shrunk_too(trace):
    found = shrunk(trace, "charge.py:reported")

    assert orders(found) == [9]
    assert found.signature == "in batchItemFailures"


def test_a_run_without_the_failure_that_is_asked_for_says_what_there_is(trace):
    with pytest.raises(UsageError, match="found no failure at all"):
        shrunk(trace, "charge.py:fine")
    with pytest.raises(UsageError, match="found ValueError: cannot charge order #"):
        shrunk(trace, "charge.py:one", error="KeyError")


@pytest.mark.parametrize("handler", ["one", "pair", "reported"])
def test_the_kept_test_fails_until_the_handler_is_mended(trace, tmp_path, handler):
    written = shrunk(trace, f"charge.py:{handler}").save(tmp_path / "kept")
    test = next(path for path in written if path.suffix == ".py")

    def passes():
        made = subprocess.run(
            [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode in (0, 1), made.stdout
        return made.returncode == 0

    code = trace.path.parent / "charge.py"
    assert not passes()
    try:
        code.write_text(f"def {handler}(event, context):\n    return None\n")
        assert passes()
    finally:
        code.write_text(HANDLER)


def test_nothing_that_is_there_is_written_over(trace, tmp_path):
    found = shrunk(trace, "charge.py:one")
    first, second = found.save(tmp_path), found.save(tmp_path)
    assert not set(first) & set(second)
    assert (tmp_path / "charge_one.sh").read_text().count("aws sqs send-message") == 1
