"""A peer's databases on the server of the bench: `…_<size>` is kept once it is whole, `…_<size>_run` is worked on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, make_url, text

from bench.places import FOLDER

FILES = Path(__file__).parent / "files"
# what customers say, in a language whose words every full text index knows: WORD stands in every eighth
SAID = (
    "Shown as signed for but no parcel arrived", "Left at the station without a call, wants it at the door",
    "The box is damaged and the glass in it broken", "Promised for today and nothing has moved since",
    "The courier is rude and does not pick up the phone", "Asked for three days and nobody answered",
    "One piece is missing, only half arrived", "Wants the freight back, ten yuan too much were taken",
)  # fmt: skip
WORD = "station"


@dataclass(frozen=True)
class PeerPlace:
    """Where one peer works with so many tickets. `admin` is the address of the server."""

    name: str
    size: int
    admin: str

    @property
    def home(self) -> Path:
        """What it has on disk, for all sizes."""
        return FOLDER / "peers" / self.name

    @property
    def kept(self) -> str:
        """The database that is copied."""
        return f"{self._stem}_{self.size}"

    @property
    def run(self) -> str:
        """The database that is worked on."""
        return f"{self.kept}_run"

    @property
    def _stem(self) -> str:
        return f"kuaifu_bench_peer_{self.name.replace('-', '_')}"

    def environment(self) -> dict[str, str]:
        """How its settings learn where the database is, in the words of PostgreSQL's own library."""
        url = make_url(self.admin)
        there = {
            "PGHOST": url.host or "127.0.0.1", "PGPORT": str(url.port or 5432), "PGUSER": url.username or "root",
            "PGPASSWORD": url.password or "", "PGDATABASE": self.run,
        }  # fmt: skip
        return {**there, "PEER_HOME": str(self.home)}

    def whole(self) -> bool:
        """Whether the tickets are there, made as they would be made now."""
        stamp = self._stamp()
        if not stamp.exists() or stamp.read_text() != self._made_of():
            return False
        with self._server() as server:
            named = text("SELECT 1 FROM pg_database WHERE datname = :name")
            return server.execute(named, {"name": self.kept}).scalar() is not None

    def begin(self) -> None:
        """An empty database to make them in."""
        self._stamp().unlink(missing_ok=True)
        with self._server() as server:
            for name in (self.kept, self.run):
                server.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
            server.execute(text(f"CREATE DATABASE \"{self.run}\" TEMPLATE template0 ENCODING 'UTF8'"))

    def finish(self) -> None:
        """Tidy what was made as a server that runs for long has it, and keep it."""
        with self.connected() as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
        with self._server() as server:
            server.execute(text(f'ALTER DATABASE "{self.run}" RENAME TO "{self.kept}"'))
        self._stamp().write_text(self._made_of())

    def copy(self) -> None:
        """What is kept, afresh, as the database to work on."""
        self.drop()
        with self._server() as server:
            server.execute(text(f'CREATE DATABASE "{self.run}" TEMPLATE "{self.kept}"'))

    def drop(self) -> None:
        """Remove the one that was worked on."""
        with self._server() as server:
            server.execute(text(f'DROP DATABASE IF EXISTS "{self.run}" WITH (FORCE)'))

    def connected(self) -> Connection:
        """A connection to the database that is worked on; each statement is its own transaction."""
        address = make_url(self.admin).set(database=self.run)
        return create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect()

    def fill(self, file: str) -> None:
        """Run a file of statements, in which :size is the number of tickets, and `said` a table of what they say."""
        given = (FILES / file).read_text(encoding="utf-8").replace(":size", str(self.size))
        with self.connected() as connection:
            connection.execute(text("CREATE TEMPORARY TABLE said (n int, line text)"))
            lines = [{"n": n, "line": line} for n, line in enumerate(SAID)]
            connection.execute(text("INSERT INTO said VALUES (:n, :line)"), lines)
            for statement in given.split(";\n"):
                if statement.strip():
                    connection.exec_driver_sql(statement.replace("%", "%%"))

    def asked(self, question: str, values: Mapping[str, Any] | None = None) -> Any:
        """One value."""
        with self.connected() as connection:
            return connection.execute(text(question), values or {}).scalar()

    def _stamp(self) -> Path:
        return self.home / f"{self.size}.whole"

    def _made_of(self) -> str:
        digest = hashlib.sha256(repr(SAID).encode())
        for file in sorted(FILES.glob(f"{self.name}*")):
            digest.update(file.name.encode() + file.read_bytes())
        return digest.hexdigest()

    def _server(self) -> Connection:
        return create_engine(self.admin, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect()
