"""workbench permissions."""

import json
from pathlib import Path

import pytest

from tests.workbench.cli.running import run
from tests.workbench.permissions.runs import replayed
from tests.workbench.permissions.test_handler_access import CALLS, ROLE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    replayed(tmp_path / "t.trace", CALLS).close()
    return tmp_path / "t.trace"


def test_without_a_policy_the_least_one_is_the_document(
    capfd: pytest.CaptureFixture[str], path: Path
) -> None:
    ran = run(capfd, "permissions", path)

    assert ran.code == 0
    assert "dynamodb:PutItem" in ran.out
    assert '"Version": "2012-10-17"' in ran.out
    assert "GET (1): no AWS service" in ran.err


def test_calls_that_would_be_refused_exit_with_three(
    capfd: pytest.CaptureFixture[str], path: Path
) -> None:
    policy = path.parent / "role.json"
    policy.write_text(json.dumps(ROLE))

    ran = run(capfd, "permissions", path, "--policy", policy)
    document = run(capfd, "permissions", path, "--policy", policy, "--json").document

    assert ran.code == 3
    assert "not allowed" in ran.out
    assert "2 of" in ran.err
    assert document["refused"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--run", "nope"), "there are run-0"),
        (("--policy", "nowhere.json"), "wanted a policy in nowhere.json"),
    ],
)
def test_wrong_use_is_one_line(
    capfd: pytest.CaptureFixture[str], path: Path, arguments: tuple[str, str], said: str
) -> None:
    ran = run(capfd, "permissions", path, *arguments)

    assert ran.code == 2
    assert said in ran.complaint
