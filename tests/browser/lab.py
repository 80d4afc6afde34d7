"""JupyterLab as `workbench lab` starts it, in a folder of its own, and a notebook in it as a reader sees it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, Route

OUTPUT = ".jp-OutputArea-output"
READY = """() => {
  const shown = window.jupyterapp?.shell?.currentWidget, session = shown?.sessionContext;
  return !!session && session.isReady && session.session?.kernel?.connectionStatus === 'connected'
      && session.session.kernel.status === 'idle' && shown.content?.widgets?.length > 0 }"""
DONE = """() => {
  const shown = window.jupyterapp.shell.currentWidget;
  const cells = shown.content.widgets.filter(c => c.model.type === 'code' && c.model.sharedModel.getSource().trim());
  const error = cells.flatMap(c => c.model.outputs.toJSON()).find(o => o.output_type === 'error');
  if (error) return error.ename + ': ' + error.evalue;
  return cells.every(c => c.model.executionCount !== null && c.model.executionState === 'idle')
      && shown.sessionContext.session.kernel.status === 'idle' }"""
RUN_CELL = """(source) => {
  const shown = window.jupyterapp.shell.currentWidget;
  shown.content.activeCellIndex = shown.content.widgets.findIndex(c => c.model.sharedModel.getSource() === source);
  window.jupyterapp.commands.execute('notebook:run-cell') }"""


@dataclass(frozen=True, slots=True)
class Lab:
    """A running JupyterLab: where it answers, its token, and the folder it was started in."""

    url: str
    token: str
    folder: Path

    def address(self, notebook: str) -> str:
        return f"{self.url}doc/tree/{notebook}?reset&token={self.token}"


@dataclass(frozen=True, slots=True)
class Notebook:
    """An open notebook, and every request that would have left this machine."""

    page: Page
    offsite: list[str]
    complaints: list[str]

    def run_all(self) -> None:
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
        done = self.page.wait_for_function(DONE, timeout=60_000).json_value()
        assert done is True, done

    def run_cell(self, source: str) -> None:
        """Run the cell that consists of `source`."""
        self.page.evaluate(RUN_CELL, source)

    def theme(self, name: str) -> None:
        self.page.evaluate(
            "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )
        self.page.wait_for_function(
            "(name) => document.body.dataset.jpThemeName === name", arg=name, timeout=10_000
        )


@contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """`workbench lab --no-browser` in `folder`, until it answers; ended afterwards."""
    with (folder / "lab.log").open("wb") as log:
        command = [sys.executable, "-m", "workbench", "lab", "--no-browser"]
        environment = os.environ | _settings(folder)
        with subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log
        ) as process:
            try:
                yield _answering(process, folder)
            finally:
                process.terminate()
                process.wait(30)


@contextmanager
def open_notebook(chromium: Browser, lab: Lab, notebook: str) -> Iterator[Notebook]:
    """The notebook with its kernel, in a zone far from UTC; no request leaves this machine."""
    context = chromium.new_context(
        viewport={"width": 1_300, "height": 2_000}, timezone_id="America/New_York"
    )
    offsite: list[str] = []
    complaints: list[str] = []

    def stay(route: Route) -> None:
        if route.request.url.startswith((lab.url, "data:", "blob:")):
            route.continue_()
        else:
            offsite.append(route.request.url)
            route.abort()

    context.route("**/*", stay)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    try:
        page.goto(lab.address(notebook))
        page.wait_for_function(READY, timeout=60_000)
        yield Notebook(page, offsite, complaints)
    finally:
        context.close()


def _settings(folder: Path) -> dict[str, str]:
    """Folders of its own, so that neither a person's settings nor a running Lab have a part in it."""
    names = ("CONFIG", "DATA", "RUNTIME")
    folders = {f"JUPYTER_{name}_DIR": folder / name.lower() for name in names}
    folders |= {
        f"JUPYTERLAB_{name}_DIR": folder / name.lower() for name in ("SETTINGS", "WORKSPACES")
    }
    folders |= {"IPYTHONDIR": folder / "ipython"}
    config = {"ServerApp": {"allow_root": True}, "LabApp": {"expose_app_in_browser": True}}
    folders["JUPYTER_CONFIG_DIR"].mkdir()
    (folders["JUPYTER_CONFIG_DIR"] / "jupyter_server_config.json").write_text(json.dumps(config))
    return {name: str(path) for name, path in folders.items()}


def _answering(process: "subprocess.Popen[bytes]", folder: Path) -> Lab:
    """Once it answers; the file that it leaves for other programs tells where, and its token."""
    for _ in range(300):
        if process.poll() is not None:
            break
        for file in (folder / "runtime").glob("jpserver-*.json"):
            told = json.loads(file.read_text() or "{}")
            if told and _answers(f"{told['url']}api/status?token={told['token']}"):
                return Lab(told["url"], told["token"], folder)
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab does not answer: {(folder / 'lab.log').read_text()[-2_000:]}")


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False
