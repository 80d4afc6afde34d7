"""The key: private, made once, never shown, never in the trace; and what it makes."""

import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import UsageError
from workbench.trace.redaction.keys import Key, default_key_file, load_key

KEY = Key(bytes(range(32)))


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "made" / "redaction.key"

    first, second = (load_key(file, tmp_path / "t.trace") for _ in range(2))

    assert first == second
    assert len(first.secret) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [each.name for each in file.parent.iterdir()] == ["redaction.key"]


def test_two_keys_are_never_the_same(tmp_path: Path) -> None:
    keys = {load_key(tmp_path / str(n), tmp_path / "t.trace").key_id for n in range(5)}

    assert len(keys) == 5


def test_a_key_is_not_shown() -> None:
    assert repr(KEY) == str(KEY) == "Key()"
    assert KEY.secret.hex() not in KEY.key_id


def test_a_key_inside_the_trace_is_refused_and_not_made(tmp_path: Path) -> None:
    trace = tmp_path / "t.trace"

    with pytest.raises(UsageError, match="outside the trace"):
        load_key(trace / "sub" / ".." / "k", trace)

    assert not trace.exists()


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "k"
    load_key(file, tmp_path / "t.trace")
    file.chmod(0o640)

    with pytest.raises(UsageError, match="chmod 600"):
        load_key(file, tmp_path / "t.trace")


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_file_that_is_no_key_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "k"
    file.write_bytes(content)
    file.chmod(0o600)

    with pytest.raises(UsageError, match="32 random bytes"):
        load_key(file, tmp_path / "t.trace")
    assert file.read_bytes() == content


def test_a_folder_in_the_key_s_place_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--redact-key"):
        load_key(tmp_path, tmp_path / "t.trace")


def test_a_person_s_key_is_in_the_configuration_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_key_file().parent.parent == tmp_path
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_key_file().is_relative_to(tmp_path / ".config")


@given(st.text(), st.text())
def test_equal_values_have_equal_tokens_and_others_have_others(one: str, other: str) -> None:
    assert (KEY.token("email", one) == KEY.token("email", other)) == (one == other)
    assert re.fullmatch(r"tok_email_[a-z2-7]{26}", KEY.token("email", one))


def test_kinds_and_keys_keep_equal_values_apart() -> None:
    tokens = {key.token(kind, "x") for kind in ("email", "pan") for key in (KEY, Key(bytes(32)))}

    assert len(tokens) == 4


@given(st.integers(min_value=0, max_value=10**19 - 1))
def test_a_number_becomes_a_number_of_as_many_digits(number: int) -> None:
    stands = KEY.number("pan", str(number))

    assert len(stands) == len(str(number))
    assert stands.startswith("9")
    assert stands.isdigit()


def test_half_a_surrogate_pair_has_a_token_too() -> None:
    assert KEY.token("value", "\ud800") != KEY.token("value", "\ud801")
