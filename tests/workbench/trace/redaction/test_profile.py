"""Profiles: three ways to name one, and one line for each way to get one wrong."""

import json
from pathlib import Path

import pytest

from workbench.errors import UsageError
from workbench.trace.redaction.actions import Action
from workbench.trace.redaction.detectors import BY_KIND
from workbench.trace.redaction.profile import Profile, load_profile

WRITTEN = """
only = ["$.order.id"]
[paths]
"$.customer.email" = "token"
[names]
nickname = "mask"
[detectors]
ip = "keep"
email = "drop"
"""


def test_detect_asks_every_detector() -> None:
    assert load_profile("detect").kinds == dict.fromkeys(BY_KIND, Action.TOKEN)


def test_an_allowlist_is_written_out() -> None:
    assert load_profile("allowlist:$.order.id, $.order.version").only == (
        "$.order.id",
        "$.order.version",
    )


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "orders.toml").write_text(WRITTEN)
    document = {
        "only": ["$.order.id"],
        "paths": {"$.customer.email": "token"},
        "names": {"nickname": "mask"},
        "detectors": {"ip": "keep", "email": "drop"},
    }
    (tmp_path / "orders.json").write_text(json.dumps(document))

    toml, written_in_json = (
        load_profile(str(tmp_path / f"orders.{end}")) for end in ("toml", "json")
    )

    assert toml == written_in_json
    assert "ip" not in toml.kinds
    assert toml.kinds["email"] is Action.DROP
    assert toml.name == "orders"


def test_without_detect_only_what_is_named_is_asked() -> None:
    profile = Profile("own", detect=False, detectors={"pan": Action.LAST4})

    assert profile.kinds == {"pan": Action.LAST4}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path = 1", "found 'path'"),
        ('detect = "yes"', "detect = true or false"),
        ('only = "$.a"', "a list of JSONPaths"),
        ('only = ["a"]', "a JSONPath such as"),
        ('[paths]\n"$.a" = "hide"', "'hide' is not a valid Action"),
        ('[paths]\n"a" = "drop"', "a JSONPath such as"),
        ("paths = 1", r"a table \[paths\]"),
        ('[detectors]\nmail = "drop"', "found 'mail'"),
        ("[names", "redaction profile in"),
    ],
)
def test_a_wrong_profile_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "p.toml"
    file.write_text(text)

    with pytest.raises(UsageError, match=said) as refused:
        load_profile(str(file))

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("named", ["", "Detect", "nothing.toml", "allowlist"])
def test_a_profile_that_is_not_there_is_refused(named: str) -> None:
    with pytest.raises(UsageError, match="wanted detect, allowlist"):
        load_profile(named)


def test_a_list_is_no_profile(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text("[]")

    with pytest.raises(UsageError, match="wanted an object"):
        load_profile(str(tmp_path / "p.json"))


def test_profiles_that_redact_alike_have_one_fingerprint() -> None:
    names: dict[str, Action] = {"a": Action.DROP, "b": Action.MASK}

    assert (
        Profile("x", names=names).fingerprint
        == Profile("y", names=dict(reversed(names.items()))).fingerprint
    )
    assert Profile("x", names=names).fingerprint != Profile("x").fingerprint
