"""A real browser: Debian's chromium, driven by playwright; nothing is downloaded for it."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import missing

NO_SANDBOX = ("--no-sandbox", "--disable-dev-shm-usage")
"""Containers run tests as root and with a small /dev/shm; chromium refuses the one and fails on the other."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        missing("no chromium on the PATH; `apt-get install chromium fonts-dejavu-core`")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=list(NO_SANDBOX))
        yield browser
        browser.close()
