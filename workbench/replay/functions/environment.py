"""The environment variables of a handler: built from nothing, never the caller's with some taken away."""

from collections.abc import Mapping
from pathlib import Path

from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.settings import FunctionSettings

FAKE_ACCESS_KEY = "REPLAYREPLAYREPLAY"
SCRATCH = "/tmp"
_OURS = ("AWS_", "LAMBDA_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "LD_", "PYTHON")
"""Beginnings of names that a function's configuration cannot set here: they lead out, or Lambda sets them itself."""


def handler_environment(
    function: FunctionSettings,
    spec: HandlerSpec,
    region: str,
    dead_port: int,
    scratch: Path | str = SCRATCH,
    runtime_api_port: int | None = None,
) -> dict[str, str]:
    """What a handler finds in `os.environ`.

    Args:
        function: name, version, memory and the declared variables.
        spec: the handler.
        region: of the replayed source.
        dead_port: on loopback, where nothing or only our own server listens: what an AWS client is sent to.
        scratch: what it may write to.
        runtime_api_port: on loopback, where its runtime asks for events.

    Returns:
        The declared variables, Lambda's own, and settings that keep AWS SDKs away from every credential and server.

    Source: Lambda developer guide, "Defined runtime environment variables"; AWS SDKs reference, "Settings reference".
    """
    return {
        **_declared(function.environment),
        **_lambdas(function, spec),
        **_fenced(region, dead_port, scratch),
        **({"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime_api_port}"} if runtime_api_port else {}),
    }


def _declared(variables: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in variables.items()
        if not name.upper().startswith(_OURS) and "\0" not in name + value and "=" not in name
    }


def _lambdas(function: FunctionSettings, spec: HandlerSpec) -> dict[str, str]:
    execution_env = spec.interpreter.execution_env
    return ({"AWS_EXECUTION_ENV": execution_env} if execution_env else {}) | {
        "_HANDLER": spec.name,
        "_X_AMZN_TRACE_ID": "",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "replay",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": str(spec.folder),
    }


def _fenced(region: str, dead_port: int, scratch: Path | str) -> dict[str, str]:
    nowhere = f"http://127.0.0.1:{dead_port}"
    return {
        "AWS_ACCESS_KEY_ID": FAKE_ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": FAKE_ACCESS_KEY,
        "AWS_SESSION_TOKEN": FAKE_ACCESS_KEY,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": nowhere,
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
        "NO_PROXY": "127.0.0.1,localhost",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
    }
