"""A handler as it is named: what it is, what starts it, and what is refused."""

import shutil

import pytest

from workbench.errors import HandlerError
from workbench.replay.functions.handler import HandlerSpec


def spec(folder, text, **more):
    return HandlerSpec.parse(text, folder, **more)


def test_a_file_is_named_from_the_folder_and_brings_its_own(tmp_path):
    (tmp_path / "orders").mkdir()
    file = tmp_path / "orders" / "charge.py"
    file.touch()
    found = spec(tmp_path, "orders/charge.py:handle")
    assert (found.folder, found.file, found.name) == (file.parent, file, "charge.handle")
    assert found.arguments[-1] == "charge.handle"


def test_a_module_is_found_from_the_folder(tmp_path):
    found = spec(tmp_path, "shop.orders:handle")
    assert (found.folder, found.file, found.name) == (tmp_path, None, "shop.orders.handle")


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
@pytest.mark.parametrize("name", ["index.mjs", "index.js", "index.cjs"])
def test_a_script_is_run_by_node(tmp_path, name):
    (tmp_path / name).touch()
    found = spec(tmp_path, f"{name}:handler")
    assert found.arguments[-2:] == (str(tmp_path / name), "handler")
    assert found.name == "index.handler"


def test_a_runtime_is_started_as_it_is_and_told_its_handler(tmp_path):
    found = spec(tmp_path, "com.shop.Orders::handle", runtime="env -i")
    assert found.arguments[1:] == ("-i",)
    assert found.name == "com.shop.Orders::handle"
    assert spec(tmp_path, "", runtime="env -i").name == "env"


def test_all_that_must_be_readable_is_said(tmp_path):
    found = spec(tmp_path, "m:f")
    assert set(found.interpreter.shown) <= set(found.readable)


@pytest.mark.parametrize("text", ["nonsense", "m:", ":f", "m:1f", "m:a-b"])
def test_what_names_no_function_is_refused(tmp_path, text):
    with pytest.raises(HandlerError, match=r"file\.py:function"):
        spec(tmp_path, text)


def test_a_file_that_is_not_there_or_hides_one_of_pythons_is_refused(tmp_path):
    with pytest.raises(HandlerError, match="no file"):
        spec(tmp_path, "missing.py:handle")
    (tmp_path / "json.py").touch()
    with pytest.raises(HandlerError, match="rename"):
        spec(tmp_path, "json.py:handle")


def test_a_runtime_and_a_python_are_one_too_many(tmp_path):
    with pytest.raises(HandlerError, match="name one"):
        spec(tmp_path, "x", runtime="env", python="/usr/bin/python3")
