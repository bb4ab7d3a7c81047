"""Where the programs of a run stand, when each stands on a host of its own: 2 web, 2 worker with a scheduler each, two
databases, the second a replica, two Redis servers with Sentinels, and the world around."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from chaos import network, postgres, sentinels
from chaos.keeper import Start
from chaos.machine import Keep
from chaos.network import NET, Network, NoNetwork
from chaos.postgres import NoServer, Server
from launcher.processes import fresh_log, spawn
from launcher.settings import HOST, ROOT

OUTSIDE = "outside"  # platform, gateway, agents, and whoever judges
HOSTS = {
    OUTSIDE: 1, "web-1": 11, "web-2": 12, "worker-1": 21, "worker-2": 22, "db-1": 31, "db-2": 32, "redis-1": 41,
    "redis-2": 42,
}  # fmt: skip
PORTS = {"web-1": 8000, "web-2": 8000, "platform": 8001, "gateway": 8002}
BEHIND = ("worker", "scheduler", "exports", "relay")  # programs of a worker's host
EXPORTS, RELAYS = ("exports-1", "exports-2"), ("relay-1", "relay-2")


class Hosts:
    """The hosts of one run. Raises NoServer where no PostgreSQL can be brought."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.network = folder, Network(HOSTS)
        self.redis = sentinels.Pair(folder / "redis", self.network)
        self.first, self.second = (
            Server(self.network.ip(host), self.network.within(host)) for host in ("db-1", "db-2")
        )
        self.secret = secrets.token_hex(32)

    @property
    def redis_url(self) -> str:
        """Whoever is the master."""
        return self.redis.url

    def address(self, name: str) -> str:
        """The program's host, and a port that it has to itself there."""
        return f"{self.network.ip(host_of(name))}:{PORTS[name]}"

    def near(self, name: str) -> str:
        """The gateway behind a relay of each host that sends."""
        return f"{HOST}:{PORTS[name]}" if name == "gateway" else self.address(name)

    def command(self, name: str, words: list[str]) -> list[str]:
        """On its host."""
        return [*self.network.within(host_of(name)), *words]

    def env(self, name: str, env: dict[str, str]) -> dict[str, str]:
        """Each host has a disk of its own; key and store are in common, and so is the replica."""
        own = self.folder / "disks" / host_of(name)
        own.mkdir(parents=True, exist_ok=True)
        return {
            **env, "DATA_DIR": str(own), "SECRET_KEY": self.secret, "STORE": f"file://{self.folder / 'store'}",
            "READ_DATABASE_URL": self.second.url, "NO_PROXY": "*", "no_proxy": "*",
        }  # fmt: skip

    def open(self, keep: Keep) -> None:
        """Network, databases, Redis; from then on this process stands outside."""
        postgres.clear_stale()
        self.network.open()
        self.network.enter(OUTSIDE)
        self.first.make(f"{NET}.0/24")
        self.second.follow(self.first)
        self.redis.open(keep)
        for name in RELAYS:
            words = [sys.executable, "-m", "chaos.relay", self.near("gateway"), self.address("gateway")]
            keep(name, self._starter(name, words))

    def close(self) -> None:
        """Nothing of it stays."""
        self.second.remove()
        self.first.remove()
        self.network.close()

    def _starter(self, name: str, words: list[str]) -> Start:
        command, log = self.command(name, words), self.folder / "log" / f"{name}.log"
        return lambda: spawn(command, os.environ, fresh_log(log), ROOT)


def possible() -> bool:
    """Whether hosts can be made here, and databases on them."""
    try:
        network.require()
        postgres.programs()
        postgres.servant()
    except (NoNetwork, NoServer):
        return False
    return True


def host_of(name: str) -> str:
    """The host of a program; what belongs to nobody is outside."""
    kind, _, number = name.partition("-")
    if kind in BEHIND:
        return f"worker-{number}"
    return sentinels.SENTINELS.get(name) or (name if name in HOSTS else OUTSIDE)
