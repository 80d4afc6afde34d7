"""`tune.throttle` of frames, access logs and arrivals."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from connectors.record import Record
from tests.workbench.findings.traces import T0, at, message, trace_of
from workbench.errors import UsageError
from workbench.tune import Limit, throttle
from workbench.tune.token_buckets.advice import read_requests
from workbench.tune.token_buckets.buckets import admitted

GROUP = "arn:aws:logs:us-east-1:111111111111:log-group:api-access"


def frame_of(rate: float, burst: float, count: int = 4_000) -> pl.DataFrame:
    random = np.random.default_rng(1)
    busy = np.where(np.arange(count) // 400 % 2 == 0, 3 * rate, 0.3 * rate)
    at_s = np.round(np.cumsum(random.exponential(1 / busy)), 6)
    refused = admitted(at_s, [Limit("account", rate, burst)], [np.zeros(count, dtype=np.int64)])
    return pl.DataFrame(
        {
            "requested_at": [T0 + timedelta(seconds=float(each)) for each in at_s],
            "status": np.where(refused >= 0, 429, 200),
        }
    )


def entry(number: int, seconds: float, body: str) -> Record:
    return Record(
        service="aws:logs",
        source_arn=GROUP,
        partition_id="stream",
        record_id=f"e-{number}",
        source_at=at(seconds),
        received_at=at(seconds),
        body=body.encode(),
    )


def test_the_captured_throttle_is_found_and_refuses_what_it_refused():
    made = frame_of(50, 25)
    fit = throttle(made).fit
    assert fit is not None
    assert fit.rate_per_second == pytest.approx(50, rel=0.05)
    document = throttle(made, rate_per_second=50, burst=25).document()

    assert document["refused"] == document["captured"]["refused"] > 0
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["requests"] == document["accepted"] + document["refused"] == 4_000
    assert document["refused_by"] == {"account": document["refused"]}


def test_the_frame_counts_requests_by_second():
    found = throttle(frame_of(50, 25), rate_per_second=50, burst=25).to_frame()

    assert found.columns == ["at", "requests", "accepted", "rejected", "captured_rejected"]
    assert found["requests"].sum() == 4_000
    assert (found["accepted"] + found["rejected"]).to_list() == found["requests"].to_list()
    assert found["captured_rejected"].to_list() == found["rejected"].to_list()


def test_the_burst_that_is_needed_refuses_none():
    made = frame_of(50, 25)
    needed = throttle(made, rate_per_second=50, burst=25).burst_needed
    assert needed is not None
    assert throttle(made, rate_per_second=50, burst=needed).document()["refused"] == 0
    assert throttle(made, rate_per_second=50, burst=needed - 1).document()["refused"] > 0


def test_limits_of_clients_and_methods_hold_each_of_them():
    made = pl.DataFrame(
        {
            "requested_at": [T0] * 6,
            "client": list("aabbbb"),
            "method": ["GET /"] * 4 + ["PUT /"] * 2,
        }
    )
    by_client = throttle(made, limits=[Limit("client_method", 1, 1)])
    by_method = throttle(made, rate_per_second=1, burst=2, limits=[Limit("method", 1, 1)])

    assert by_client.document()["refused"] == 3
    assert by_method.document()["refused_by"] == {"method": 4, "account": 0}
    assert [limit.scope for limit in by_method.limits] == ["method", "account"]


def test_access_logs_of_both_kinds_are_read(tmp_path):
    told = {
        "requestTimeEpoch": int(at(2.5).timestamp() * 1_000),
        "status": "429",
        "ip": "192.0.2.1",
        "httpMethod": "GET",
        "resourcePath": "/orders",
    }
    plain = '192.0.2.2 - - [20/Nov/2026:10:00:01 +0000] "POST /orders HTTP/1.1" 200 12 r-2'
    entries = [entry(1, 9, json.dumps(told)), entry(2, 1.25, plain), entry(3, 4, "starting up")]
    with trace_of(tmp_path / "t", [*entries, entries[0]]) as trace:
        made = throttle(trace, "logs:api-access").requests

    assert made["requested_at"].to_list() == [at(1.25), at(2.5)]
    assert made["status"].to_list() == [200, 429]
    assert made["client"].to_list() == ["192.0.2.2", "192.0.2.1"]
    assert made["method"].to_list() == ["POST /orders", "GET /orders"]


def test_arrivals_of_a_queue_are_held_against_a_limit(tmp_path):
    sent = [message(f"m-{place}", {}, 0.01 * place) for place in range(50)]
    again = replace(sent[0], received_at=at(60), receive_count=2)
    with trace_of(tmp_path / "t", [*sent, again]) as trace:
        found = throttle(trace, "sqs:orders", rate_per_second=10, burst=5)

    assert found.requests.height == 50
    assert found.document()["refused"] > 30
    assert found.document()["captured"] is None
    assert found.fit is None
    assert any("no answers captured" in note for note in found.notes)


def test_a_csv_has_instants_or_seconds():
    texts = read_requests(
        "requested_at,status\n2026-11-20T10:00:00Z,200\n2026-11-20T10:00:01+00:00,429\n"
    )
    seconds = read_requests("requested_at\n1795168800.5\n")

    assert throttle(texts).document()["captured"]["refused"] == 1
    assert seconds["requested_at"].to_list() == [
        datetime(2026, 11, 20, 10, 0, 0, 500_000, tzinfo=UTC)
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "CSV"),
        ("when\n1\n", "column `requested_at`"),
        ("requested_at\nsoon\n", "instants"),
        ("requested_at,status\n1,fine\n", "status"),
    ],
)
def test_a_csv_that_is_none_is_refused(text, said):
    with pytest.raises(UsageError, match=said):
        read_requests(text)


def test_nothing_to_hold_against_a_limit_is_half_an_answer():
    found = throttle(frame_of(50, 25).clear(), rate_per_second=1)

    assert found.is_complete is False
    assert found.document()["refused_share"] is None
    assert "no requests" in found.notes[0]


def test_what_cannot_be_is_refused_in_a_sentence(tmp_path):
    made = frame_of(50, 25)
    with pytest.raises(UsageError, match="rate above 0"):
        throttle(made, rate_per_second=0)
    with pytest.raises(UsageError, match="rate with the burst"):
        throttle(made, burst=5)
    with pytest.raises(UsageError, match="several of account"):
        throttle(made, rate_per_second=1, limits=[Limit("account", 1, 1)])
    with pytest.raises(UsageError, match="column `requested_at`"):
        throttle(pl.DataFrame({"when": [1]}))
    with (
        trace_of(tmp_path / "t", [message("m-1", {})]) as trace,
        pytest.raises(UsageError, match="pass source"),
    ):
        throttle(trace)
