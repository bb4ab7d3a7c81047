"""`make run`: prepares the database and keeps web, worker, scheduler, Redis and the platform simulator running."""

from __future__ import annotations

import argparse
import fcntl
import http.client
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import IO

from launcher import banner, family, prepare, redis
from launcher.processes import Child, Running, fresh_log, spawn, stop, stop_processes
from launcher.settings import CONNECTION, HOST, ROOT, SECRET, Settings, StartError, make_folders, require_free

READY_SECONDS = 60.0
# gunicorn would take address and scheme from what a client on loopback (a proxy's too) says in headers.
OWN_ADDRESS = "--forwarded-allow-ips= --forwarder-headers="
APART = ("simulator",)  # a stranger, which never reads the portal's code
NAMES = ("web", "worker", "exports", "scheduler", "simulator")


class Stopped(Exception):
    """Somebody asked us to end."""


class Signals:
    """Ctrl-C, kill and a closed terminal only raise a flag, so that no half-started process is forgotten."""

    def __init__(self) -> None:
        self.stop = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._raise_flag)

    def _raise_flag(self, _number: int, _frame: FrameType | None) -> None:
        self.stop = True

    def pause(self, seconds: float) -> None:
        """Sleep, but not longer than it takes to notice a signal. Raises Stopped."""
        end = time.monotonic() + seconds
        while not self.stop and time.monotonic() < end:
            time.sleep(min(0.05, seconds))
        if self.stop:
            raise Stopped


def programs(settings: Settings) -> dict[str, list[str]]:
    """Name and command line of everything that runs beside Redis."""
    python = [sys.executable]
    serving = "-k app.web_process.WebProcess --preload -w 2 --threads 4 --keep-alive 75 --graceful-timeout 3"
    web = f"{serving} --no-control-socket {OWN_ADDRESS} wsgi:app"
    return {
        "web": [*python, "-m", "gunicorn", "-b", f"{HOST}:{settings.port}", *web.split()],
        "worker": [*python, "worker.py"],
        "exports": [*python, "worker.py", "--exports"],
        "scheduler": [*python, "worker.py", "--scheduler"],
        "simulator": [
            *[*python, "-m", "simulator", "--portal", settings.address, "--listen", settings.simulator],
            *["--connection", CONNECTION, "--secret", SECRET, "--rate", "1", "--pdd", "0.5"],
            *["--log", str(settings.data_dir / "simulator.jsonl")],
        ],
    }


class Portal:
    """Everything that belongs to one start: what it keeps running, and how it ends."""

    def __init__(self, settings: Settings, names: tuple[str, ...], signals: Signals) -> None:
        self.settings = settings
        self.names = names
        self.signals = signals
        self.extra_env: dict[str, str] = {}  # what a replay adds
        self.commands: list[str] | None = None  # `flask` commands instead of those of an ordinary start
        self.children: list[Child] = []
        self.redis: Child | None = None
        self.preparing: subprocess.Popen[bytes] | None = None
        self.lock: IO[str] | None = None
        self.env: dict[str, str] = {}

    def open(self) -> None:
        """Folders, Redis, database, programs; returns when the portal answers and the rest is begun.

        Raises StartError, RedisError.
        """
        make_folders(self.settings)
        self._take_lock()
        require_free(self.settings.port, "portal")
        if "simulator" in self.names:
            require_free(self.settings.port + 1, "platform simulator")
        self.env = {**self.settings.child_env(os.environ, self._start_redis()), **self.extra_env}
        lines, first = (self.commands, True) if self.commands else prepare.commands(self.settings)
        if first:
            self._prepare(lines)
        family.load(self.env)
        wanted = {name: command for name, command in programs(self.settings).items() if name in self.names}
        self._keep("web", wanted.pop("web"))  # alone at first: the others, loading, would hold up the first page
        self._wait_until_ready()
        for name, command in wanted.items():
            self._keep(name, command)
        if not first:
            self.preparing = self._spawn("prepare", [sys.executable, "-m", "launcher.prepare", *lines])

    def check(self) -> list[str]:
        """Start again what has ended. Gives lines to print."""
        now = time.monotonic()
        everything = [*([self.redis] if self.redis else []), *self.children]
        lines = [line for line in (child.check(now) for child in everything) if line]
        if self.preparing is not None and self.preparing.poll() not in (None, 0):
            lines.append(f"the demo data could not be refreshed; see {self.settings.log('prepare')}")
            self.preparing = None
        return [f"{line} (log: {self.settings.data_dir / 'log'})" for line in lines]

    def close(self) -> None:
        """End everything: the programs together, Redis after them."""
        if self.preparing is not None:
            stop_processes([self.preparing])
        stop(self.children)
        if self.redis is not None:
            stop([self.redis])
        if self.lock is not None:
            self.lock.close()

    def _take_lock(self) -> None:
        self.lock = (self.settings.data_dir / "run.lock").open("a")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StartError(
                f"A portal already runs on {self.settings.data_dir}: stop it, or choose others: "
                "PORT=8010 DATA_DIR=var/second make run"
            ) from error

    def _start_redis(self) -> str:
        if self.settings.redis_url:
            return self.settings.redis_url
        redis.retire(self.settings.data_dir)
        log = fresh_log(self.settings.log("redis"))

        def start() -> subprocess.Popen[bytes]:
            server = redis.start(self.settings.data_dir, log)
            if server.process is None:
                raise redis.RedisError("Another program started a Redis in this data folder.")
            return server.process

        self.redis = Child("redis", start)
        self.redis.launch()
        return redis.address(redis.socket_path(self.settings.data_dir))

    def _prepare(self, lines: list[str]) -> None:
        print("正在准备数据库 · Preparing the database", flush=True)
        self.preparing = self._spawn("prepare", [sys.executable, "-m", "launcher.prepare", *lines])
        while (code := self.preparing.poll()) is None:
            self.signals.pause(0.05)
        self.preparing = None
        if code:
            raise StartError(f"The database could not be prepared:\n{_tail(self.settings.log('prepare'))}")
        if self.commands is None:
            prepare.mark(self.settings)

    def _spawn(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        return spawn(command, self.env, fresh_log(self.settings.log(name)), ROOT)

    def _keep(self, name: str, command: list[str]) -> None:
        child = Child(name, lambda: self._started(name, command))
        child.launch()
        self.children.append(child)

    def _started(self, name: str, command: list[str]) -> Running:
        if name in APART:
            return self._spawn(name, command)
        return family.fork(command, self.env, fresh_log(self.settings.log(name)))

    def _wait_until_ready(self) -> None:
        """Until /healthz answers 200. A web process that ends before is a start that failed."""
        web = self.children[0]
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            status = healthy(self.settings.port)
            if status == 200:
                return
            if web.process is None or web.process.poll() is not None:
                raise StartError(f"The web process ended:\n{_tail(self.settings.log('web'))}")
            self.signals.pause(0.05)
        raise StartError(f"The portal does not answer on {self.settings.address}:\n{_tail(self.settings.log('web'))}")


def healthy(port: int) -> int:
    """The HTTP status of /healthz; 0 when nobody answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def main() -> int:
    """Run until told to stop. 0 after a clean end, 1 when the start failed."""
    parser = argparse.ArgumentParser(prog="python -m launcher.run", description=__doc__)
    parser.add_argument("--without", action="append", default=[], choices=NAMES[1:], help="leave a program out")
    left_out = parser.parse_args().without
    signals = Signals()
    portal: Portal | None = None
    try:
        settings = Settings.from_env(os.environ)
        if settings.environment == "production":
            left_out.append("simulator")
        portal = Portal(settings, tuple(name for name in NAMES if name not in left_out), signals)
        portal.open()
        print(banner.ready(settings.address, str(settings.data_dir / "log"), demo=settings.environment == "demo"))
        while True:
            sys.stdout.flush()
            signals.pause(0.5)
            for line in portal.check():
                print(line)
    except Stopped:
        print("\n正在停止 · Stopping", flush=True)
        return 0
    except (StartError, redis.RedisError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if portal is not None:
            portal.close()


def _tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, and where the rest is."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join([*text.splitlines()[-lines:], f"(the whole log: {log})"])


if __name__ == "__main__":
    sys.exit(main())
