"""Clients come with a guard, a name for CloudTrail, and never carry real keys to this machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.access.clients import Access, is_loopback
from connectors.errors import ConnectorError, OperationRefusedError
from connectors.record import Mode

LOCAL = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_a_mode_nobody_agreed_to_is_refused() -> None:
    with pytest.raises(OperationRefusedError, match="--mode drain"):
        Access(endpoint_url=LOCAL).client("sqs", Mode.DRAIN)


def test_a_service_without_a_row_is_refused() -> None:
    with pytest.raises(OperationRefusedError, match="s3"):
        Access(endpoint_url=LOCAL).client("s3", Mode.OBSERVE)


def test_a_client_says_who_it_is_and_gives_up_in_time() -> None:
    config = Access(endpoint_url=LOCAL).client("sqs", Mode.OBSERVE).meta.config
    assert config.user_agent_extra.startswith("replay-workbench/")
    assert (config.connect_timeout, config.read_timeout) == (3, 60)
    assert config.retries["total_max_attempts"] == 3


def test_real_keys_never_go_to_a_local_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client = Access(endpoint_url=LOCAL).client("sqs", Mode.OBSERVE)
    assert client._request_signer._credentials.access_key != "AKIAREAL"
    assert client.meta.region_name == "us-east-1"


def test_a_real_account_is_reached_with_the_keys_of_the_chain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client = Access(region="eu-west-1").client("sqs", Mode.OBSERVE)
    assert client._request_signer._credentials.access_key == "AKIAREAL"
    assert client.meta.region_name == "eu-west-1"


def test_a_role_is_taken_by_a_session_without_a_guard(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "[profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n"
        "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n"
    )
    access = Access(profile="role", region="eu-west-1")
    credentials = access.client("sqs", Mode.OBSERVE)._request_signer._credentials
    assert credentials.method == "assume-role"
    assert access.client("sns", Mode.TAP)._request_signer._credentials is credentials


def test_no_region_is_one_line_of_advice() -> None:
    with pytest.raises(ConnectorError, match=r"a client for sqs: .*--region"):
        Access().client("sqs", Mode.OBSERVE)


def test_no_such_profile_is_one_line_of_advice() -> None:
    with pytest.raises(ConnectorError, match="list-profiles"):
        Access(profile="nobody").client("sqs", Mode.OBSERVE)


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("http://127.0.0.1:4566", True),
        ("http://localhost:4566", True),
        ("http://[::1]:4566", True),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1", False),
        ("https://sqs.eu-west-1.amazonaws.com", False),
        (None, False),
        ("", False),
    ],
)
def test_only_a_loopback_host_is_this_machine(url: str | None, answer: bool) -> None:
    assert is_loopback(url) is answer


def test_importing_the_package_does_not_import_boto3() -> None:
    code = "import sys, connectors; sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
