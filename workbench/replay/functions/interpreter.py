"""What runs a handler's code: a Python, a Node, or a program that speaks the Runtime API itself."""

import json
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import HandlerError

_CLIENTS = Path(__file__).parent.parent / "invokers"
_ASK_PYTHON = (
    "import sys, json; print(json.dumps([sys.executable, sys.base_prefix, sys.version_info[:2]]))"
)
_ASKED_S = 20


@dataclass(frozen=True, slots=True)
class Interpreter:
    """How a handler is started, and what of the machine's files that needs."""

    command: tuple[str, ...]
    """The words before the handler's own."""
    execution_env: str | None
    """AWS_EXECUTION_ENV; None where Lambda sets none, as for a program that brings its own runtime."""
    shown: tuple[Path, ...]
    """Files and folders that must be readable inside."""


def this_python() -> Interpreter:
    """The Python that runs the workbench, with its packages."""
    return _python(Path(sys.executable), Path(sys.base_prefix), sys.version_info[:2])


def python_at(place: str) -> Interpreter:
    """Another Python, with the packages of its own environment.

    Args:
        place: an executable, or the folder of a virtual environment.

    Raises:
        HandlerError: it is no Python.

    Example:
        >>> python_at(".venv-lambda").execution_env                     # doctest: +SKIP
        'AWS_Lambda_python3.12'
    """
    path = Path(place).expanduser().absolute()
    path = path / "bin" / "python" if path.is_dir() else path
    try:
        # Isolated and without site: nothing of that environment runs outside of the sandbox.
        executable, prefix, version = json.loads(_told([str(path), "-I", "-S", "-c", _ASK_PYTHON]))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise HandlerError(
            f"wanted a Python at {place}, found {_line(error)}; name its executable or its environment's folder"
        ) from error
    own = path if (path.parent.parent / "pyvenv.cfg").is_file() else Path(executable)
    return _python(own, Path(prefix), tuple(version))


def node() -> Interpreter:
    """The Node of this machine.

    Raises:
        HandlerError: there is none.
    """
    found = shutil.which("node")
    if found is None:
        raise HandlerError("wanted Node for a JavaScript handler, found none; install node")
    executable, client = Path(found).resolve(), _CLIENTS / "node_client.mjs"
    try:
        major = _told([str(executable), "--version"]).strip().lstrip("v").partition(".")[0]
    except (OSError, subprocess.SubprocessError) as error:
        raise HandlerError(f"wanted a Node that runs, found {_line(error)}; mend it") from error
    command = (str(executable), str(client))
    return Interpreter(command, f"AWS_Lambda_nodejs{major}.x", (*_installed(executable), client))


def program(text: str, folder: Path) -> Interpreter:
    """Any program that speaks the Runtime API: `./bootstrap`, `node index.mjs`, `java -cp app.jar …`.

    Args:
        text: its command line, quoted as in a shell.
        folder: where a relative path begins.

    Raises:
        HandlerError: there is no such program.

    Example:
        >>> program("true --fast", Path("/")).command[1:]
        ('--fast',)
    """
    try:
        first, *rest = shlex.split(text)
    except ValueError as error:
        raise HandlerError(
            f"wanted a command line as --runtime, found {text!r}; check its quotes"
        ) from error
    place = str(folder / first) if "/" in first else first
    found = shutil.which(place)
    if found is None:
        raise HandlerError(
            f"wanted the runtime {first}, found no program of that name; name one that can be executed"
        )
    # As it was named: a Python finds the packages of its environment by that.
    executable = Path(found).absolute()
    shown = (*_environment(executable), *_installed(executable), *_installed(executable.resolve()))
    return Interpreter((str(executable), *rest), None, tuple(dict.fromkeys(shown)))


def _python(executable: Path, base: Path, version: tuple[int, ...]) -> Interpreter:
    client = _CLIENTS / "python_client.py"
    prefixes = {*_environment(executable), base.resolve()}
    shown = tuple(sorted(each for each in prefixes if not _of_system(each)))
    command = (str(executable), "-I", "-B", "-X", "utf8", str(client))
    return Interpreter(
        command, f"AWS_Lambda_python{version[0]}.{version[1]}", (*shown, client.resolve())
    )


def _environment(executable: Path) -> tuple[Path, ...]:
    """The folder of the virtual environment that an executable is of."""
    folder = executable.parent.parent
    return (folder.resolve(),) if (folder / "pyvenv.cfg").is_file() else ()


def _installed(executable: Path) -> tuple[Path, ...]:
    """A program, and the libraries beside it, where it is not the system's."""
    if _of_system(executable):
        return ()
    beside = executable.parent.parent / "lib"
    is_bin = executable.parent.name == "bin" and beside.is_dir()
    return (executable, beside) if is_bin else (executable,)


def _of_system(path: Path) -> bool:
    return path.is_relative_to("/usr")


def _told(command: list[str]) -> str:
    asked = subprocess.run(command, capture_output=True, check=True, timeout=_ASKED_S, text=True)
    return asked.stdout


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
