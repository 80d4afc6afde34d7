"""What comes with the workbench: datasets and notebooks, found in a source checkout and in an installed wheel alike."""

import atexit
import shutil
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

from workbench.errors import UsageError

Kind = Literal["datasets", "notebooks"]


def shipped(kind: Kind) -> Path:
    """The folder of what is shipped: beside the package in a checkout, `workbench/_shipped` in a wheel.

    Example:
        >>> shipped("notebooks").name
        'notebooks'
    """
    package = Path(str(files("workbench")))
    installed = package / "_shipped" / kind
    return installed if installed.is_dir() else package.parent / kind


def dataset(name: str) -> Path:
    """A trace that comes with the workbench, to try things on.

    Args:
        name: `orders`, or one of the incidents that README in `datasets` lists.

    Returns:
        A copy of its own that is removed when the process ends: what a replay writes into it stays out of what was
        shipped.

    Raises:
        UsageError: no dataset of that name.

    Example:
        >>> dataset("orders").name
        'orders.trace'
    """
    there = sorted(path.stem for path in shipped("datasets").glob("*.trace"))
    if name not in there:
        raise UsageError(
            f"wanted a dataset, found {name!r}; there are {', '.join(there) or 'none'}"
        )
    folder = Path(mkdtemp(prefix="workbench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(shutil.copytree(shipped("datasets") / f"{name}.trace", folder / f"{name}.trace"))
