"""The room's public functions: called as `workbench.tune.quotas()`, also where a module has the function's name."""

import importlib

import pytest

import workbench as wb


@pytest.mark.parametrize("name", ["prices", "quotas"])
def test_a_function_stays_a_function_after_its_module_was_imported(name: str) -> None:
    module = importlib.import_module(f"workbench.tune.{name}")

    assert getattr(wb.tune, name) is getattr(module, name)


def test_a_function_stays_one_where_a_package_of_its_name_was_imported() -> None:
    from workbench.tune.cost.captured import cost

    assert wb.tune.cost is cost
