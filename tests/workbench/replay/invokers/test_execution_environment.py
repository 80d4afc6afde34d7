"""An execution environment: any program that speaks the Runtime API, from its start to its end."""

import json
import shutil

import pytest

from tests.workbench.replay.invokers.batches import REQUEST, whole
from tests.workbench.replay.invokers.processes import answer, do, invoker_of
from workbench.errors import HandlerError
from workbench.replay.engine.invocation import Effect

EFFECT = Effect("sqs", "SendMessage", {}, {"means": "minimal"})
BOOTSTRAP = """#!/usr/bin/env python3
import json, os, sys, urllib.request
root = "http://%s/2018-06-01/runtime/" % os.environ["AWS_LAMBDA_RUNTIME_API"]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
def post(path, body): opener.open(urllib.request.Request(root + path, body, method="POST")).read()
while True:
    with opener.open(root + "invocation/next") as event:
        request_id, body = event.headers["Lambda-Runtime-Aws-Request-Id"], event.read()
    told = {"handler": os.environ["_HANDLER"], "argv": sys.argv[1:], "env": "AWS_EXECUTION_ENV" in os.environ,
            "event": json.loads(body)}
    post("invocation/%s/response" % request_id, json.dumps(told).encode())
    if b"leave" in body: sys.exit(7)
"""
NODE = """
export const waits = async (event) => ({ got: event });
export const returns = (event) => event.length;
export const calls = (event, context, callback) => { setTimeout(() => callback(null, context.functionName), 1); };
export const throws = async () => { throw new TypeError("no"); };
export const rejects = (event, context, callback) => callback("text");
export const escapes = () => new Promise(() => setTimeout(() => { throw new RangeError("late"); }, 1));
export const exits = () => process.exit(3);
export const nothing = async () => {};
export const prints = async () => { console.log("one"); console.error("two"); };
"""


@pytest.fixture
def code(tmp_path):
    folder = tmp_path / "code"
    folder.mkdir()
    return folder


def test_a_bootstrap_of_any_language_is_run_and_told_its_handler(tmp_path, code):
    (code / "bootstrap").write_text(BOOTSTRAP)
    (code / "bootstrap").chmod(0o755)
    with invoker_of(tmp_path, spec="shop.Orders::handle", runtime="./bootstrap --fast") as invoker:
        found = answer(invoker.invoke(whole("[1]"), REQUEST))
        assert found == {
            "handler": "shop.Orders::handle",
            "argv": ["--fast"],
            "env": False,
            "event": [1],
        }
        left = invoker.invoke(whole('"leave"'), REQUEST)
        assert answer(left)["event"] == "leave", "it has answered before it went"
        assert invoker.invoke(whole("[2]"), REQUEST).cold


def test_a_program_that_never_asks_for_an_event_is_told(tmp_path):
    refused = pytest.raises(HandlerError, match="exited without providing a reason")
    with refused, invoker_of(tmp_path, spec="x", runtime="true", tier="C"):
        pass


def test_what_a_program_printed_before_it_ended_says_why_it_does_not_begin(tmp_path):
    refused = pytest.raises(HandlerError, match=r"exit status 3 \(it printed: no such table\)")
    with (
        refused,
        invoker_of(tmp_path, spec="x", runtime="sh -c 'echo no such table; exit 3'", tier="C"),
    ):
        pass


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
class TestNode:
    @pytest.fixture
    def invoke(self, tmp_path, code):
        (code / "index.mjs").write_text(NODE)

        def once(name, event="[1,2]"):
            with invoker_of(tmp_path, spec=f"index.mjs:{name}", memory_size_mb=1024) as invoker:
                return invoker.invoke(whole(event), REQUEST)

        return once

    @pytest.mark.parametrize(
        ("name", "expected"),
        [("waits", {"got": [1, 2]}), ("returns", 2), ("calls", "faults"), ("nothing", None)],
    )
    def test_a_handler_of_any_form_answers(self, invoke, name, expected):
        assert answer(invoke(name)) == expected

    @pytest.mark.parametrize(
        ("name", "error_type", "message"),
        [
            ("throws", "TypeError", "no"),
            ("rejects", "string", "text"),
            ("escapes", "Runtime.UncaughtException", "late"),
            ("exits", "Runtime.ExitError", "exit status 3"),
        ],
    )
    def test_a_handler_that_fails_is_an_answer(self, invoke, name, error_type, message):
        found = invoke(name)
        assert found.error_type == error_type
        assert message in found.error_message

    def test_what_it_prints_is_kept(self, invoke):
        assert invoke("prints").log == "one\ntwo\n"

    @pytest.mark.parametrize(
        ("source", "found"),
        [
            ("export const x = 1;", "Runtime.HandlerNotFound: index.handler is undefined"),
            ("export const handler = (", "Runtime.UserCodeSyntaxError"),
            ("import 'no-such-package'; export const handler = 1;", "Runtime.ImportModuleError"),
            ("throw new Error('two\\nlines');", "Error: two lines"),
        ],
    )
    def test_one_that_does_not_load_is_told_in_one_line(self, tmp_path, code, source, found):
        (code / "index.mjs").write_text(source)
        with (
            pytest.raises(HandlerError) as refused,
            invoker_of(tmp_path, spec="index.mjs:handler", tier="C"),
        ):
            pass
        assert found in str(refused.value)
        assert "\n" not in str(refused.value)

    def test_the_older_kind_of_module_works_too(self, tmp_path, code):
        (code / "old.cjs").write_text("exports.handler = async () => require('path').sep;")
        with invoker_of(tmp_path, spec="old.cjs:handler", tier="C") as invoker:
            assert answer(invoker.invoke(whole("{}"), REQUEST)) == "/"


class Listening:
    """A recorder that has heard of one call more each time."""

    def __init__(self, listener):
        self.port = listener.getsockname()[1]
        self.taken = 0
        self.closed = False

    def begin(self, request_id):
        pass

    def take(self):
        self.taken += 1
        return (EFFECT,) * self.taken

    def close(self):
        self.closed = True


def test_the_calls_of_an_invocation_are_its_own_and_the_recorder_ends_with_the_environment(
    tmp_path,
):
    made = []

    def record(listener):
        made.append(Listening(listener))
        return made[0]

    with invoker_of(tmp_path, tier="C", record=record) as invoker:
        assert do(invoker, "count").effects == (EFFECT,)
        assert do(invoker, "count").effects == (EFFECT, EFFECT)
        endpoint = answer(do(invoker, "environment"))["AWS_ENDPOINT_URL"]
        assert endpoint == f"http://127.0.0.1:{made[0].port}"
    assert made[0].closed


def test_without_a_recorder_aws_refuses_the_connection_at_once(tmp_path):
    with invoker_of(tmp_path) as invoker:
        port = int(answer(do(invoker, "environment"))["AWS_ENDPOINT_URL"].rpartition(":")[2])
        found = do(invoker, "connects", host="127.0.0.1", port=port)
    assert (found.error_type, found.effects) == ("ConnectionRefusedError", None)


def test_every_sample_event_comes_back_unchanged(tmp_path, shared_events):
    files = sorted(shared_events.glob("*/*.json"))
    events = [json.loads(file.read_bytes()) for file in files]
    with invoker_of(tmp_path, "def handle(event, context): return event") as invoker:
        for event in events:
            found = answer(invoker.invoke(whole(json.dumps(event)), REQUEST))
            assert json.dumps(found) == json.dumps(event)
    assert len(events) > 60
