"""Where the programs of a run stand: all of them on this machine, told apart by their ports, with one Redis."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chaos.keeper import Start
from launcher import redis
from launcher.processes import fresh_log
from launcher.settings import HOST, StartError, require_free

LISTENING = ("web-1", "web-2", "platform", "gateway")  # one port after the other
FIRST_PORT, LAST_PORT = 8400, 8496

Keep = Callable[[str, Start], None]  # name and start of a program that should always run


class Place(Protocol):
    """What a stage has to know of where its programs stand."""

    @property
    def redis_url(self) -> str:
        """The address of Redis as the portal wants it."""

    def address(self, name: str) -> str:
        """host:port at which a program listens."""

    def near(self, name: str) -> str:
        """host:port at which the portal itself finds it."""

    def command(self, name: str, words: list[str]) -> list[str]:
        """The command line of a program there."""

    def env(self, name: str, env: dict[str, str]) -> dict[str, str]:
        """What it finds in its environment there."""

    def open(self, keep: Keep) -> None:
        """Make everything that has to be there before the portal. Raises StartError."""

    def close(self) -> None:
        """Take it away again, when nothing runs there any more."""


@dataclass
class Machine:
    """This machine."""

    folder: Path
    port: int

    @property
    def redis_url(self) -> str:
        """A socket in the folder."""
        return redis.address(redis.socket_path(self.folder))

    def address(self, name: str) -> str:
        """Loopback, and a port of its own."""
        return f"{HOST}:{self.port + LISTENING.index(name)}"

    def near(self, name: str) -> str:
        """The same."""
        return self.address(name)

    def command(self, _name: str, words: list[str]) -> list[str]:
        """As it is."""
        return words

    def env(self, _name: str, env: dict[str, str]) -> dict[str, str]:
        """As it is."""
        return env

    def open(self, keep: Keep) -> None:
        """Redis."""
        keep("redis", self._redis)

    def close(self) -> None:
        """Nothing is left."""

    def _redis(self) -> subprocess.Popen[bytes]:
        server = redis.start(self.folder, fresh_log(self.folder / "log" / "redis.log"))
        if server.process is None:
            raise StartError("another Redis serves this folder")
        return server.process


def free_port() -> int:
    """The first of four free ports in a row, looked for from another place by each process, so that two runs that begin
    at the same moment do not meet. Raises StartError."""
    places = list(range(FIRST_PORT, LAST_PORT, 4))
    own = os.getpid() % len(places)
    for port in (*places[own:], *places[:own]):
        try:
            for n in range(4):
                require_free(port + n, "chaos")
        except StartError:
            continue
        return port
    raise StartError(f"No four free ports in a row between {FIRST_PORT} and {LAST_PORT}.")
