"""What runs a handler is found without running any of its packages, and shows no more of the machine than it needs."""

import shutil
import sys
import venv
from pathlib import Path

import pytest

from workbench.errors import HandlerError
from workbench.replay.functions.interpreter import node, program, python_at, this_python


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(folder, symlinks=True)
    return folder


def executable(path, text="#!/bin/sh\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_python_that_runs_this_is_named_as_lambda_names_its_runtimes():
    version = ".".join(map(str, sys.version_info[:2]))
    assert this_python().execution_env == f"AWS_Lambda_python{version}"
    assert this_python().command[0] == sys.executable
    assert Path(this_python().command[-1]).is_file()


@pytest.mark.parametrize("place", ["", "bin/python"])
def test_another_environment_is_named_by_its_folder_or_its_python(environment, place):
    found = python_at(str(environment / place))
    assert found.command[0] == str(environment / "bin/python")
    assert environment.resolve() in found.shown


def test_finding_a_python_runs_nothing_of_its_packages(environment, tmp_path):
    packages = next(environment.glob("lib/python*/site-packages"))
    marker = tmp_path / "ran"
    hook = packages / "hook.pth"
    hook.write_text(f"import pathlib; pathlib.Path({str(marker)!r}).touch()\n")
    python_at(str(environment))
    hook.unlink()
    assert not marker.exists()


@pytest.mark.parametrize("place", ["/nowhere/python", "/bin/true", "/bin/false"])
def test_what_is_no_python_is_told_in_one_line(place):
    with pytest.raises(HandlerError, match="wanted a Python at") as refused:
        python_at(place)
    assert "\n" not in str(refused.value)


def test_a_program_is_found_from_the_folder_or_on_the_path(tmp_path):
    own = executable(tmp_path / "bootstrap")
    assert program("./bootstrap", tmp_path).command == (str(own),)
    assert program("./bootstrap", tmp_path).shown == (own,)
    assert program("env 'two words'", tmp_path).command == (shutil.which("env"), "two words")
    assert program("env", tmp_path).shown == ()


def test_of_a_program_with_libraries_beside_it_these_are_shown_and_no_more(tmp_path):
    own = executable(tmp_path / "tool" / "bin" / "run")
    (tmp_path / "tool" / "lib").mkdir()
    (tmp_path / "tool" / "secrets").mkdir()
    assert program(str(own), tmp_path).shown == (own, tmp_path / "tool" / "lib")


def test_a_python_of_an_environment_stays_one(environment, tmp_path):
    found = program(f"{environment}/bin/python main.py", tmp_path)
    assert found.command == (f"{environment}/bin/python", "main.py")
    assert environment.resolve() in found.shown


@pytest.mark.parametrize("text", ["./missing", "no-such-program-here", "'unbalanced", ""])
def test_what_is_no_program_is_told_in_one_line(tmp_path, text):
    with pytest.raises(HandlerError, match="wanted") as refused:
        program(text, tmp_path)
    assert "\n" not in str(refused.value)


def test_node_is_named_as_lambda_names_its_runtimes(tmp_path, monkeypatch):
    executable(tmp_path / "node", "#!/bin/sh\necho v20.20.2\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert node().execution_env == "AWS_Lambda_nodejs20.x"
    assert node().command[0] == str(tmp_path / "node")
    assert Path(node().command[1]) in node().shown


def test_without_node_there_is_advice(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HandlerError, match="install node"):
        node()
