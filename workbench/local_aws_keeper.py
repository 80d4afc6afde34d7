"""Runs the local AWS server in this process and ends it, its workers and its folder with its owner.

Started as a program by `workbench.local_aws`, never imported: `python local_aws_keeper.py FOLDER`.
Standard input is a pipe whose other end only the owner holds. However the owner ends, also by a
signal that no program can catch, the pipe closes, and everything in this process group is killed.
A parent-death signal would not do: it fires when the thread that started us ends, not the process.
"""

import os
import runpy
import shutil
import signal
import sys
import threading


def end_with_owner(folder: str) -> None:
    """Wait until the owner's end of the pipe closes, then leave nothing behind."""
    while os.read(0, 1024):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    """Serve until the owner is gone."""
    folder = sys.argv[1]
    threading.Thread(target=end_with_owner, args=(folder,), daemon=True).start()
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__")


if __name__ == "__main__":
    main()
