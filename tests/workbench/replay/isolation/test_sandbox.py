"""Isolation: what a handler must not reach it does not reach, and without proof nothing runs."""

import json
import socket
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from tests.workbench.replay.invokers.processes import answer, do, invoker_of, needs_namespaces
from tests.workbench.replay.isolation.sandboxed import TIERS, ended, inside, sandbox_of
from workbench.errors import ReplayRefusedError
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.isolation import sandbox as isolation
from workbench.replay.isolation.process import SandboxedProcess
from workbench.replay.isolation.sandbox import Canary, planted_canary


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


def test_a_listener_outside_is_reached_without_a_sandbox_and_not_from_inside_one(
    tmp_path, listener
):
    host, port = listener
    with invoker_of(tmp_path, tier="C") as free:
        assert answer(do(free, "connects", host=host, port=port)) == "connected"
    with invoker_of(tmp_path) as shut_in:
        assert do(shut_in, "connects", host=host, port=port).error_type == "ConnectionRefusedError"
        for outside in ("192.0.2.1", "169.254.169.254"):
            assert do(shut_in, "connects", host=outside, port=80).error_type == "OSError"


def test_a_unix_socket_outside_is_not_reached(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        with invoker_of(tmp_path) as invoker:
            found = do(invoker, "connects_locally", path=str(tmp_path / "s"))
    assert found.error_type == "FileNotFoundError"


def test_home_is_not_readable(tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    secret = home / ".aws" / "credentials"
    secret.write_text("secret")
    monkeypatch.setenv("HOME", str(home))
    with invoker_of(tmp_path, tier="C") as free:
        assert answer(do(free, "reads", path=str(secret))) == "secret"
    with invoker_of(tmp_path) as invoker:
        assert do(invoker, "reads", path=str(secret)).error_type == "FileNotFoundError"
        assert str(home) not in answer(do(invoker, "environment")).values()


def test_of_a_handler_in_the_home_folder_itself_only_python_is_seen(tmp_path, monkeypatch):
    code = tmp_path / "code"
    (code / ".aws").mkdir(parents=True)
    (code / ".aws" / "credentials").write_text("secret")
    (code / "shop").mkdir()
    (code / "shop" / "__init__.py").touch()
    monkeypatch.setenv("HOME", str(code))
    with invoker_of(tmp_path) as invoker:
        assert sorted(answer(do(invoker, "lists", path=str(code)))) == ["faults.py", "shop"]


@pytest.mark.parametrize("tier", ["A", "B"])
def test_a_program_reads_its_folder_but_for_the_trace_and_writes_to_scratch_alone(tmp_path, tier):
    source = """
        import json, os, pathlib, tempfile
        here = pathlib.Path(__file__).parent
        def met(do):
            try: return do()
            except OSError as error: return "barred"
        print(json.dumps({
            "beside": met((here / "shop" / "prices.txt").read_text),
            "trace": met((here / "incident.trace" / "catalog.sqlite").read_text),
            "scratch": met(lambda: pathlib.Path(tempfile.mkdtemp(), "x").write_text("xx")),
            "home": met(lambda: pathlib.Path.home().joinpath("y").write_text("yy")),
            "own folder": met(lambda: (here / "z").write_text("zz")),
            "usr": met(lambda: pathlib.Path("/usr/z").write_text("zz")),
            "home of the caller": met(pathlib.Path(os.environ["CALLERS_HOME"]).joinpath(".secret").read_text),
        }))
    """
    shop = tmp_path / "code" / "shop"
    shop.mkdir(parents=True)
    (shop / "prices.txt").write_text("1 EUR")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".secret").write_text("secret")
    trace = tmp_path / "code" / "incident.trace"
    more = {"CALLERS_HOME": str(home)}
    with inside(tmp_path, tier, textwrap.dedent(source), trace=trace, **more) as process:
        assert ended(process) == 0
        told = json.loads(process.output.take()[0])
        scratch = process.scratch
    assert told == {
        "beside": "1 EUR",
        "trace": "barred",
        "scratch": 2,
        "home": 2,
        "own folder": "barred",
        "usr": "barred",
        "home of the caller": "barred",
    }
    assert scratch == "/tmp" or not Path(scratch).exists()


def test_the_trace_is_hidden_even_in_the_handlers_own_folder(tmp_path):
    with invoker_of(tmp_path) as invoker:
        path = str(tmp_path / "code" / "incident.trace")
        assert answer(do(invoker, "lists", path=path)) == []


def test_a_handler_writes_to_scratch_and_nowhere_else(tmp_path):
    with invoker_of(tmp_path) as invoker:
        assert answer(do(invoker, "writes", path="/tmp/x")) == "written"
        for path in (tmp_path / "code" / "x", Path("/x"), Path("/usr/x")):
            assert do(invoker, "writes", path=str(path)).error_type == "OSError"
    assert not Path("/tmp/x").exists()


def test_other_processes_are_not_seen(tmp_path):
    with invoker_of(tmp_path) as invoker:
        processes = [n for n in answer(do(invoker, "lists", path="/proc")) if n.isdigit()]
    assert len(processes) <= 3


@pytest.mark.parametrize("tier", TIERS)
def test_the_environment_is_built_from_nothing(tmp_path, monkeypatch, tier):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("MY_PASSWORD", "real")
    declared = {"TABLE": "orders", "AWS_ENDPOINT_URL_SQS": "http://sqs", "AWS_PROFILE": "prod"}
    with invoker_of(tmp_path, tier=tier, environment=declared) as invoker:
        seen = answer(do(invoker, "environment"))
    assert "real" not in seen.values()
    assert seen["TABLE"] == "orders"
    assert not {"AWS_ENDPOINT_URL_SQS", "AWS_PROFILE", "MY_PASSWORD"} & seen.keys()
    assert seen["AWS_ACCESS_KEY_ID"] == "REPLAYREPLAYREPLAY"
    assert seen["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert (seen["TZ"], seen["_HANDLER"]) == (":UTC", "faults.handle")
    assert seen["AWS_REGION"] == "eu-west-1"


def test_a_canary_that_reaches_something_stops_the_run_before_any_handler_code(tmp_path):
    marker = tmp_path / "ran"
    source = f"open({str(marker)!r}, 'w')\ndef handle(event, context): pass"

    def leaky(tier, spec, trace):
        return replace(isolation.cooperative(), tier="A", means="leaky")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tests.workbench.replay.invokers.processes.sandbox_of", leaky)
        with pytest.raises(ReplayRefusedError, match="loopback"), invoker_of(tmp_path, source):
            pass
    assert not marker.exists()


def test_a_sandbox_that_does_not_start_is_a_refusal_with_its_reason(tmp_path, monkeypatch):
    def broken(tier, spec, trace):
        command = ("/bin/sh", "-c", "echo bwrap: No permissions to create a namespace >&2; exit 1")
        return replace(isolation.cooperative(), tier="A", means="broken", launch=command)

    monkeypatch.setattr("tests.workbench.replay.invokers.processes.sandbox_of", broken)
    with (
        pytest.raises(ReplayRefusedError, match="No permissions to create a namespace"),
        invoker_of(tmp_path),
    ):
        pass


def test_without_namespaces_landlock_is_taken_and_without_both_the_refusal_names_the_flag(
    tmp_path, monkeypatch
):
    needs_namespaces()
    monkeypatch.setattr(isolation, "find_bwrap", lambda: None)
    spec = HandlerSpec.parse("module:handle", tmp_path)
    (found,) = isolation.sandboxes(spec, tmp_path / "t", allow_cooperative=False)
    assert (found.tier, found.means[:8]) == ("B", "Landlock")
    monkeypatch.setattr(isolation.restrictions, "landlock_abi", lambda: 3)
    refused = pytest.raises(ReplayRefusedError, match=r"isolation.*bubblewrap.*--allow-cooperative")
    with refused:
        isolation.sandboxes(spec, tmp_path / "t", allow_cooperative=False)
    (found,) = isolation.sandboxes(spec, tmp_path / "t", allow_cooperative=True)
    assert found.tier == "C"


def test_a_canary_is_silent_only_where_every_probe_failed():
    canary = Canary((("loopback", "tcp", ["127.0.0.1", 1]), ("a file", "file", "/x")))
    canary.check({"loopback": "ECONNREFUSED", "a file": "ENOENT"})
    with pytest.raises(ReplayRefusedError, match="a file"):
        canary.check({"loopback": "ECONNREFUSED", "a file": "reached"})
    with pytest.raises(ReplayRefusedError, match="loopback"):
        canary.check({})


def test_a_canary_wants_our_own_servers_reached():
    canary = Canary(())
    canary.check({}, {"aws": "reached"})
    with pytest.raises(ReplayRefusedError, match="cannot reach aws on its own loopback"):
        canary.check({}, {"aws": "EACCES", "runtime_api": "reached"})


@pytest.mark.parametrize("tier", ["A", "B"])
def test_a_run_without_proof_is_refused_and_leaves_nothing(tmp_path, tier):
    before = len(list(Path("/proc/self/fd").iterdir()))
    trace, leak = tmp_path / "t", tmp_path / "code" / "leak"
    leak.parent.mkdir()
    leak.touch()
    sandbox = sandbox_of(tier, HandlerSpec.parse("m:handle", leak.parent), trace)
    canary = Canary((("the leak", "file", str(leak)),))
    with pytest.raises(ReplayRefusedError, match=r"the leak.*--allow-cooperative"):
        SandboxedProcess(sandbox, canary)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_canary_is_gone_afterwards(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    trace = tmp_path / "t.duckdb"
    trace.touch()
    with planted_canary(trace):
        assert list(tmp_path.glob(".replay-canary-*"))
    assert not list(tmp_path.glob(".replay-canary-*"))
