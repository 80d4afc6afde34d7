"""Names that load their room when they are first asked for."""

import subprocess
import sys

import pytest

from workbench.lazy import lazy_names


def test_a_name_comes_from_its_home() -> None:
    assert lazy_names("here", {"dumps": "json"})("dumps")([1]) == "[1]"


def test_a_name_may_be_called_otherwise_at_home() -> None:
    assert lazy_names("here", {"open": "json:dumps"})("open")({}) == "{}"


def test_a_name_without_a_home_is_an_attribute_error_that_names_the_package() -> None:
    with pytest.raises(AttributeError, match="module 'here' has no attribute 'gone'"):
        lazy_names("here", {"dumps": "json"})("gone")


def test_a_home_is_loaded_when_its_name_is_asked_for_and_not_before() -> None:
    code = """
import sys
from workbench.lazy import lazy_names
find = lazy_names("here", {"Fraction": "fractions"})
assert "fractions" not in sys.modules
find("Fraction")
assert "fractions" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
