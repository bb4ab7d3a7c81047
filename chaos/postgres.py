"""A PostgreSQL server of the run's own, so that it may be restarted and killed: the machine's programs, a folder and a
port of its own, and never as root, which the server refuses. On a host of its own it may have a replica."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from chaos import leftovers
from launcher.settings import StartError, require_free

HOST, USER, NAME = "127.0.0.1", "kuaifu", "postgres"  # the database that a new cluster has
PLACES = ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt")
SERVANTS = ("postgres", "nobody")  # whom root lets run it
SETTINGS = {
    "listen_addresses": HOST, "unix_socket_directories": "", "max_connections": "100", "shared_buffers": "64MB",
}  # fmt: skip
STOPS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}  # orderly with connections cut; as if it had crashed
SECONDS = 60.0
PORT = 5432  # on a host of its own
# Below those that the system hands to outgoing connections: while the server is down, one of the many that look for it
# there would get its port and keep it.
FIRST_PORT, LAST_PORT = 8500, 8596
SLOT = "replica"  # keeps what a replica that is away has still to get


class NoServer(Exception):
    """No server can be brought; the message says why, in one line."""


def programs() -> Path:
    """The folder with initdb and pg_ctl. Raises NoServer."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve()] if on_path else []
    for place in PLACES:
        found += sorted(Path(place).glob("*/bin/initdb"), reverse=True) if Path(place).is_dir() else []
    for initdb in found:
        if (initdb.parent / "pg_ctl").exists():
            return initdb.parent
    raise NoServer("no initdb on this machine (neither on the PATH nor in /usr/lib/postgresql)")


def servant() -> tuple[list[str], int]:
    """What is put before a command so that it does not run as root, and whose its files are. Raises NoServer."""
    if os.getuid() != 0:
        return [], os.getuid()
    for name in SERVANTS:
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            if not shutil.which("setpriv"):
                break
            groups = ["--clear-groups", "--pdeathsig", "QUIT"]
            return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", *groups], user.pw_uid
    raise NoServer("PostgreSQL refuses root, and there is no setpriv or no other user to run it")


class Server:
    """One server; its folder goes with it. `within` is put before its commands and leads to the host with that
    address."""

    own = True

    def __init__(self, host: str = HOST, within: Sequence[str] = ()) -> None:
        self.bin = programs()
        before, owner = servant()
        self.before, self.host = [*within, *before], host
        self.folder = Path(tempfile.mkdtemp(prefix=leftovers.named("pg-")))
        os.chown(self.folder, owner, -1)
        self.data = self.folder / "data"
        self.process: subprocess.Popen[bytes] | None = None
        self.port = _free_port() if host == HOST else PORT

    @property
    def url(self) -> str:
        """Its address as the portal wants it."""
        return f"postgresql+psycopg://{USER}@{self.host}:{self.port}/{NAME}"

    def make(self, guests: str = "") -> None:
        """A new cluster, running, for `guests` (a network) too, replicas among them. Raises NoServer."""
        self._call("initdb", "-D", str(self.data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        self._set({**SETTINGS, "listen_addresses": self.host, "port": str(self.port)})
        if guests:
            with (self.data / "pg_hba.conf").open("a") as rights:
                rights.writelines(f"host {what} all {guests} trust\n" for what in ("all", "replication"))
        self.start()

    def follow(self, first: Server) -> None:
        """A copy of the first one that goes on after it, running. Raises NoServer."""
        source = f"host={first.host} port={first.port} user={USER}"
        self._call("pg_basebackup", "-D", str(self.data), "-d", source, "-R", "-X", "stream", "-C", "-S", SLOT,
                   "--checkpoint=fast", "--no-sync")  # fmt: skip
        self._set({"listen_addresses": self.host, "port": str(self.port)})
        self.start()

    def _call(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [*self.before, str(self.bin / program), *words], cwd="/", capture_output=True, text=True, check=False
        )
        if done.returncode:
            self.remove()
            raise NoServer(f"{program} does not work here: {done.stderr.strip()[-300:]}")

    def _set(self, values: dict[str, str]) -> None:
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.writelines(f"{name} = '{value}'\n" for name, value in values.items())

    def start(self) -> None:
        """Start it and wait until it answers; one that runs goes on. Raises NoServer."""
        if self.process is not None and self.process.poll() is None:
            return  # of two faults the second has started it
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.before, str(self.bin / "postgres"), "-D", str(self.data)], cwd="/", stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=2).close()
                return
            time.sleep(0.1)
        raise NoServer(f"the server did not start: {self._last_words()}")

    def _last_words(self) -> str:
        """Of its log, which goes with it."""
        said = (self.folder / "server.log").read_text(errors="replace").splitlines()
        return " | ".join(said[-4:])[-500:]

    def stop(self, how: str = "fast") -> None:
        """End it in one of the ways of STOPS."""
        if self.process is None:
            return
        self.process.send_signal(STOPS[how])
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def remove(self) -> None:
        """End it for good, with its data."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


def _free_port() -> int:
    """Looked for from another place by each process, as the portal's are. Raises NoServer."""
    places = list(range(FIRST_PORT, LAST_PORT))
    own = os.getpid() % len(places)
    for port in (*places[own:], *places[:own]):
        try:
            require_free(port, "chaos")
        except StartError:
            continue
        return port
    raise NoServer(f"no free port between {FIRST_PORT} and {LAST_PORT}")


def clear_stale() -> None:
    """Remove the folders of servers whose run was killed; the kernel has ended them with it."""
    place = Path(tempfile.gettempdir())
    for name in leftovers.stale(entry.name for entry in place.iterdir()):
        shutil.rmtree(place / name, ignore_errors=True)


class Guest:
    """A new database on somebody else's server, which is never restarted; it is dropped afterwards."""

    own = False

    def __init__(self, address: str) -> None:
        self.admin = address.replace("+psycopg", "")
        self.name = f"kuaifu_chaos_{os.getpid()}"

    @property
    def url(self) -> str:
        """Its address as the portal wants it."""
        parts = urlsplit(self.admin)._replace(scheme="postgresql+psycopg", path=f"/{self.name}")
        return parts.geturl()

    def make(self) -> None:
        """Make it. Raises NoServer."""
        try:
            self._say(f"CREATE DATABASE {self.name}")
        except psycopg.Error as error:
            raise NoServer(f"no database can be made there: {str(error).strip()}") from error

    def remove(self) -> None:
        """Drop it."""
        with suppress(psycopg.Error):
            self._say(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def _say(self, statement: str) -> None:
        with psycopg.connect(self.admin, autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement.encode())


def bring(elsewhere: str) -> tuple[Server | Guest, str]:
    """A server of the run's own, else a database on the one at that address; and what has to be said about it.

    Raises NoServer where there is neither.
    """
    clear_stale()
    try:
        own = Server()
        own.make()
        return own, ""
    except NoServer as reason:
        if not elsewhere:
            raise NoServer(f"{reason}; CHAOS_DATABASE_URL may name a server elsewhere") from reason
        guest = Guest(elsewhere)
        guest.make()
        return guest, f"{reason}: the database is a new one on another server, which is not restarted"
