"""The portal's own programs as forks of this process, which has read their code once: they share its memory.

Four programs that each read the libraries for themselves hold them four times. A fork shares every page that neither
side writes to, and starts at once. Each gets a session, a log, an environment and a name of its own, so that it is
seen, stopped and started again like any other program.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import runpy
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from setproctitle import getproctitle, setproctitle

from launcher.processes import die_with_parent
from launcher.settings import ROOT

SERVER = ("gunicorn.app.wsgiapp", "gunicorn.workers.gthread")
TICK = 0.02  # seconds between two looks at a child that is waited for


class Fork:
    """A forked program, asked and waited for as `subprocess.Popen` is."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The same when it has ended. Raises subprocess.TimeoutExpired after `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if end is not None and time.monotonic() >= end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(TICK)
        return code


def load(env: Mapping[str, str]) -> None:
    """Read what all programs have in common, for the settings in `env`; what stands then is never looked through for
    rubbish again, which would write to it. Raises SystemExit after one plain line where a setting is wrong."""
    getproctitle()  # finds where the name of this process stands, which nobody can once the environment has moved
    os.environ.update(env)
    importlib.import_module("worker").ready()
    for name in SERVER:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def fork(command: list[str], env: Mapping[str, str], log: Path) -> Fork:
    """Start `python worker.py …` or `python -m gunicorn …` as a fork of this process, with both outputs in `log`."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return Fork(pid)
    _become(command, env, log)


def _become(command: list[str], env: Mapping[str, str], log: Path) -> NoReturn:
    code = 1
    try:
        _leave_home(command, env, log)
        _run(command[1:])
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        _end(code)


def _leave_home(command: list[str], env: Mapping[str, str], log: Path) -> None:
    """Nothing of the parent's stays: signals, files, session, environment, name."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    die_with_parent()
    with log.open("ab") as out, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.closerange(3, 256)
    os.chdir(ROOT)
    meters = {name: os.environ[name] for name in ("PROMETHEUS_MULTIPROC_DIR",) if name in os.environ}
    os.environ.clear()
    os.environ.update({**env, **meters})
    setproctitle(" ".join(command))


def _run(words: list[str]) -> None:
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(str(ROOT / words[0]), run_name="__main__")


def _end(code: int) -> NoReturn:
    """The parent's frames stand below this one: they must not go on here, and what they opened is not ours to end."""
    try:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)
