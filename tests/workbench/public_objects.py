"""One of every object that the public functions return; and the same with hostile text wherever there is text."""

import dataclasses
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

import workbench as wb
from workbench.magics import Answer

HANDLER = """
import json
import boto3

def handle(event, context):
    for record in event["Records"]:
        float(json.loads(record["body"])["total"])
        boto3.client("sqs").send_message(QueueUrl="https://sqs/1/q", MessageBody=record["body"])
"""
TEMPLATE = """
Resources:
  Charge:
    Type: AWS::Serverless::Function
    Properties:
      Handler: charge.handle
      Runtime: python3.12
      CodeUri: .
"""
CHOICES = {"curve", "kind", "svg"}
"""Fields that hold a few words of ours, or a drawing that charts have made."""
STARTED = "arn:aws:sqs:us-east-1:111122223333:notifications-1"


def public_objects(folder: Path) -> Iterator[Any]:
    """What the public functions return for the shipped datasets, one of each class."""
    orders = wb.open(wb.dataset("orders"))
    storm = wb.open(wb.dataset("retry-storm"))
    yield orders
    yield from _found(orders)
    yield from _replayed(orders, folder)
    yield from _tuned(orders, storm)
    yield from _watched(orders)
    yield wb.Selection(where="true", limit=3)
    yield wb.Environments(parallel=2)
    yield wb.EventSourceMapping(batch_size=3, filters=('{"a": [1]}',))
    yield wb.Clause.typed("receive_count > 1")


def _found(trace: Any) -> Iterator[Any]:
    findings = wb.find(trace, only=["redelivery", "sequence_gap"])
    yield findings
    yield findings.findings[0]
    yield wb.story(trace, "order-0074")
    yield wb.verify(trace.path)


def _replayed(trace: Any, folder: Path) -> Iterator[Any]:
    (folder / "charge.py").write_text(HANDLER)
    (folder / "template.yaml").write_text(TEMPLATE)
    handler = f"{folder}/charge.py:handle"
    queue, three = "sqs:orders-dlq", {"RedrivePolicy": {"maxReceiveCount": 3}}
    run = wb.replay(trace, handler, source=queue, queue_attributes=three)
    yield run
    yield wb.compare(run, wb.replay(trace, handler, source=queue, queue_attributes=three))
    yield wb.shrink(run, queue_attributes=three)
    yield wb.idempotency(trace, handler, source=queue, queue_attributes=three, seeds=1)
    yield wb.redrive(trace, source=queue, new=handler, check_idempotency=False)
    yield wb.handler_access(trace, run.run_id)
    yield wb.read_policy(
        {"Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}
    )
    yield wb.template_function(folder / "template.yaml", STARTED)


def _tuned(orders: Any, storm: Any) -> Iterator[Any]:
    yield wb.tune.cost(orders)
    yield wb.tune.shards(orders, "kinesis:order-events")
    yield wb.tune.quotas()
    prepared = wb.tune.prepare(storm, STARTED)
    yield prepared
    yield prepared.found.tested
    yield prepared.run(max_receive_count=3)
    yield wb.tune.counterfactual(storm, STARTED, {"max_receive_count": 3})
    yield wb.tune.mapping(storm, STARTED)
    yield wb.tune.visibility(storm, STARTED)
    yield wb.tune.delivery_policy("sqs", outage_s=60, rate_per_second=1)
    throttle = wb.tune.throttle(storm, STARTED, rate_per_second=5, burst=2)
    yield throttle
    yield throttle.limits[0]


def _watched(trace: Any) -> Iterator[Any]:
    job = wb.Job(lambda report: report.count(3, 4), "counting")
    job.wait()
    yield job
    yield job.progress()
    yield wb.crossfilter(trace)
    yield wb.timeline(trace)
    yield wb.coverage_bar(trace)
    yield wb.findings_panel(trace, wb.find(trace, only=["redelivery"]))
    yield Answer(trace.sql("from coverage limit 1"), "from coverage limit 1", 0.1)
    process = subprocess.Popen([sys.executable, "-c", ""], text=True)
    process.wait()
    yield wb.CaptureProcess(trace.path, process)


def poisoned(value: Any, payload: str) -> Any:
    """The same with the payload in place of every text in it, and as a name in every mapping."""
    match value:
        case str():
            return payload
        case Path():
            return Path(payload.replace("\0", ""))
        case Mapping():
            told = {name: poisoned(each, payload) for name, each in value.items()}
            return told | {payload: next(iter(told.values()), payload)}
        case tuple() | list():
            return type(value)(poisoned(each, payload) for each in value)
        case pl.DataFrame():
            texts = pl.selectors.string()
            return value.with_columns(texts.map_batches(lambda held: _all(held, payload)))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        twin = object.__new__(type(value))
        for each in dataclasses.fields(value):
            held = getattr(value, each.name)
            is_ours = each.name in CHOICES
            object.__setattr__(twin, each.name, held if is_ours else poisoned(held, payload))
        return twin
    return value


def _all(held: pl.Series, payload: str) -> pl.Series:
    return pl.Series(held.name, [payload] * len(held), pl.String)


def html_of(shown: Any) -> str:
    """What a notebook shows of it without a widget."""
    if hasattr(shown, "_repr_html_"):
        return str(shown._repr_html_())
    bundle = shown._repr_mimebundle_()
    told = bundle[0] if isinstance(bundle, tuple) else bundle
    return str(told["text/html"])
