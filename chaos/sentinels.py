"""Two Redis servers, the second a replica of the first, and three Sentinels that say which of them is the master."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from chaos.machine import Keep
from chaos.network import Network
from launcher.processes import fresh_log, spawn
from launcher.redis import find_server
from launcher.settings import ROOT, StartError

NAME, PORT, WATCH_PORT = "kuaifu", 6379, 26379
SERVERS = ("redis-1", "redis-2")  # the first begins as the master
SENTINELS = {"sentinel-1": "redis-1", "sentinel-2": "redis-2", "sentinel-3": "db-2"}  # and the host of each
QUORUM = 2
GONE, AGAIN = 2500, 6000  # milliseconds until a master counts as gone, and until a failover that failed is tried again
SECONDS = 30.0


class Pair:
    """The servers and who watches them, in folders below `folder`."""

    def __init__(self, folder: Path, network: Network) -> None:
        self.folder, self.network = folder, network

    @property
    def url(self) -> str:
        """The address as the portal wants it."""
        hosts = ",".join(f"{self.network.ip(host)}:{WATCH_PORT}" for host in SENTINELS.values())
        return f"sentinel://{hosts}/{NAME}"

    def open(self, keep: Keep) -> None:
        """Start all five; returns when each Sentinel knows the replica and the two others. Raises StartError."""
        master = f"{self.network.ip(SERVERS[0])} {PORT}"
        for name in SERVERS:
            follows = "" if name == SERVERS[0] else f"replicaof {master}\n"
            keep(name, self._starter(name, name, f'port {PORT}\nsave ""\nappendonly yes\n{follows}'))
        for name, host in SENTINELS.items():
            keep(name, self._starter(name, host, (
                f"port {WATCH_PORT}\nsentinel monitor {NAME} {master} {QUORUM}\n"
                f"sentinel down-after-milliseconds {NAME} {GONE}\nsentinel failover-timeout {NAME} {AGAIN}\n"
            ), "--sentinel"))  # fmt: skip
        self.wait(self._known, "the Sentinels do not find each other")

    def master(self) -> str:
        """The server that the first Sentinel that answers calls the master. Raises StartError."""
        for host in SENTINELS.values():
            try:
                with self._client(host, WATCH_PORT) as one:
                    address = one.sentinel_master(NAME)["ip"]
            except RedisError:
                continue
            return next(name for name in SERVERS if self.network.ip(name) == address)
        raise StartError("no Sentinel answers")

    def wait(self, what: Callable[[], bool], otherwise: str) -> None:
        """Until it is so. Raises StartError."""
        end = time.monotonic() + SECONDS
        while not what():
            if time.monotonic() >= end:
                raise StartError(f"{otherwise}; see {self.folder}")
            time.sleep(0.1)

    def _known(self) -> bool:
        try:
            for host in SENTINELS.values():
                with self._client(host, WATCH_PORT) as one:
                    told = one.sentinel_master(NAME)
                if told["num-slaves"] < 1 or told["num-other-sentinels"] < len(SENTINELS) - 1:
                    return False
        except RedisError:
            return False
        return True

    def _client(self, host: str, port: int) -> Redis:
        return Redis(
            host=self.network.ip(host),
            port=port,
            socket_timeout=1,
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), 0),
        )

    def _starter(self, name: str, host: str, lines: str, *words: str) -> Callable[[], subprocess.Popen[bytes]]:
        """What a server is told is written once: it writes down there itself what it becomes."""
        own = self.folder / name
        own.mkdir(parents=True)
        config = own / "server.conf"
        config.write_text(f'bind {self.network.ip(host)} 127.0.0.1\nprotected-mode no\ndir "{own}"\n{lines}')
        command = [*self.network.within(host), str(find_server()), str(config), *words]
        return lambda: spawn(command, {}, fresh_log(self.folder / f"{name}.log"), ROOT)
