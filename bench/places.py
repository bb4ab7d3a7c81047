"""Where the data sets lie: made once for a size, engine and schema, and a copy of it for each run to work on.

SQLite: files in `var/bench`. PostgreSQL: databases of their own beside the one that the address names.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url, text

from launcher.prepare import fingerprint
from launcher.settings import ROOT

FOLDER = ROOT / "var" / "bench"
PREFIX = "kuaifu_bench_"
FILLED_BY = ("company", "data", "multiply", "tickets")
COPIES = ("run", "own")
COPIED = 1_000_000  # tickets up to which a data set is copied for a run: ten million are 50 GB


@dataclass(frozen=True)
class Place:
    """One data set. `admin` is the address of a PostgreSQL server, empty for SQLite."""

    engine: str
    size: int
    admin: str = ""

    @property
    def kept(self) -> str:
        """The address of the data set as it was made."""
        return self._address(f"{self.size}_{_digest()}")

    @property
    def copied(self) -> bool:
        """Whether a run has copies to work on; a larger data set is worked on itself, and what a run adds stays."""
        return self.size <= COPIED

    def copy(self, name: str) -> str:
        """A fresh copy under that name; its address. One that is there already is replaced."""
        if not self.copied:
            return self.kept
        source, target = self._name(f"{self.size}_{_digest()}"), self._name(name)
        if self.engine == "sqlite":
            _remove_files(target)
            shutil.copyfile(FOLDER / f"{source}.sqlite3", FOLDER / f"{target}.sqlite3")
        else:
            with self._server() as server:
                server.execute(text(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)'))
                server.execute(text(f'CREATE DATABASE "{target}" TEMPLATE "{source}"'))
        return self._address(name)

    def drop(self, name: str) -> None:
        """Remove a copy."""
        if not self.copied and name.startswith(COPIES):
            return
        if self.engine == "sqlite":
            _remove_files(self._name(name))
            return
        with self._server() as server:
            server.execute(text(f'DROP DATABASE IF EXISTS "{self._name(name)}" WITH (FORCE)'))

    def make(self) -> str:
        """An empty database for the data set; its address."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.discard()
        if self.engine != "sqlite":
            with self._server() as server:
                server.execute(text(f'CREATE DATABASE "{self._name(f"{self.size}_{_digest()}")}"'))
        return self.kept

    def discard(self) -> None:
        """Remove a data set that is not whole."""
        self.drop(f"{self.size}_{_digest()}")
        self._done().unlink(missing_ok=True)

    def finished(self) -> bool:
        """Whether the data set is there and whole."""
        if not self._done().exists():
            return False
        if self.engine == "sqlite":
            return (FOLDER / f"{self._name(f'{self.size}_{_digest()}')}.sqlite3").exists()
        with self._server() as server:
            named = text("SELECT 1 FROM pg_database WHERE datname = :name")
            return server.execute(named, {"name": self._name(f"{self.size}_{_digest()}")}).scalar() is not None

    def finish(self) -> None:
        """Remember that it is whole."""
        self._done().touch()

    def _done(self) -> Path:
        return FOLDER / f"{self.engine}-{self.size}-{_digest()}.whole"

    def _name(self, name: str) -> str:
        return f"{PREFIX}{name}"

    def _address(self, name: str) -> str:
        if self.engine == "sqlite":
            return f"sqlite:///{FOLDER / self._name(name)}.sqlite3"
        return make_url(self.admin).set(database=self._name(name)).render_as_string(hide_password=False)

    def _server(self) -> Connection:
        return create_engine(self.admin, isolation_level="AUTOCOMMIT").connect()


@cache
def _digest() -> str:
    """Another schema, other seeds or another way of filling is another data set; for a whole run it is the same."""
    digest = hashlib.sha256(fingerprint().encode())
    for name in FILLED_BY:
        digest.update((ROOT / "bench" / f"{name}.py").read_bytes())
    return digest.hexdigest()[:10]


def _remove_files(name: str) -> None:
    for end in ("", "-wal", "-shm"):
        (FOLDER / f"{name}.sqlite3{end}").unlink(missing_ok=True)
