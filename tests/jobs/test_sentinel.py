"""A Redis behind Sentinels: the master is found by its name, and after a failover the bell rings at the new one."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

import worker
from app.extensions import connect_redis, queue, redis_client
from launcher.processes import die_with_parent
from launcher.redis import find_server

# A queue that moves to another Redis: no database is asked.
pytestmark = pytest.mark.engine_free
NAME, PASSWORD = "kuaifu", "a pass:word"
MOST = 30.0  # seconds until a failover is over, on a busy machine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class House:
    """A master, a replica and one Sentinel whose word is enough."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.running = folder, {}
        self.ports = {name: free_port() for name in ("first", "second", "sentinel")}
        secret = f'requirepass "{PASSWORD}"\nmasterauth "{PASSWORD}"\nsave ""\n'
        master = f"127.0.0.1 {self.ports['first']}"
        self.start("first", secret)
        self.start("second", f"{secret}replicaof {master}\n")
        self.start("sentinel", (
            f'sentinel monitor {NAME} {master} 1\nsentinel auth-pass {NAME} "{PASSWORD}"\n'
            f"sentinel down-after-milliseconds {NAME} 500\nsentinel failover-timeout {NAME} 3000\n"
        ), "--sentinel")  # fmt: skip

    def start(self, name: str, lines: str, *words: str) -> None:
        config = self.folder / f"{name}.conf"
        config.write_text(f'port {self.ports[name]}\nbind 127.0.0.1\ndir "{self.folder}"\n{lines}')
        self.running[name] = subprocess.Popen(
            [str(find_server()), str(config), *words], stdout=subprocess.DEVNULL, preexec_fn=die_with_parent
        )

    @property
    def url(self) -> str:
        return f"sentinel://:a%20pass%3Aword@127.0.0.1:{free_port()},127.0.0.1:{self.ports['sentinel']}/{NAME}/2"

    def wait(self, name: str, what) -> None:
        """Until the server behind `name` says so."""
        password = None if name == "sentinel" else PASSWORD
        end = time.monotonic() + MOST
        while time.monotonic() < end:
            try:
                with Redis(port=self.ports[name], password=password) as client:
                    if what(client):
                        return
            except RedisError:
                pass
            time.sleep(0.05)
        pytest.fail(f"{name} did not come so far")

    def close(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    made.wait("second", lambda client: client.info("replication")["master_link_status"] == "up")
    made.wait("sentinel", lambda client: client.sentinel_master(NAME)["num-slaves"] == 1)
    yield made
    made.close()


def test_the_queue_goes_on_at_the_new_master_when_the_old_one_was_killed(house):
    client = connect_redis(house.url, socket_timeout=1)
    client.set("told", "before")
    queue(house.url).enqueue("app.jobs.sends.drain")
    assert client.connection_pool.connection_kwargs["db"] == 2
    house.wait("second", lambda second: second.info("replication")["slave_repl_offset"]
               == second.info("replication")["master_repl_offset"] and second.info("keyspace"))  # fmt: skip
    house.running["first"].kill()
    house.wait("second", lambda second: second.role()[0] == b"master")
    end = time.monotonic() + MOST
    while time.monotonic() < end:
        try:
            client.set("told", "after")
            break
        except RedisError:
            time.sleep(0.1)
    with Redis(port=house.ports["second"], password=PASSWORD, db=2) as second:
        assert second.get("told") == b"after"
    assert queue(house.url).count == 1


def test_sentinels_that_hang_hold_a_request_for_a_few_tries_and_not_for_a_minute():
    with ExitStack() as silent:
        doors = [silent.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        hosts = ",".join(f"127.0.0.1:{door.getsockname()[1]}" for door in doors)
        with pytest.raises(RedisError):
            redis_client(f"sentinel://{hosts}/{NAME}").ping()
        assert 3 <= sum(came(door) for door in doors) <= 12


def came(door: socket.socket) -> int:
    """How many have called there."""
    door.settimeout(0.05)
    for n in range(1000):
        try:
            door.accept()[0].close()
        except TimeoutError:
            return n
    return 1000


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="no Linux")
def test_a_worker_that_waits_misses_a_master_that_went_away_without_a_word_within_ten_seconds(house):
    line = connect_redis(house.url).connection_pool.get_connection()._sock
    told = [line.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")]  # fmt: skip
    assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert told[0] + told[1] * told[2] <= 10 and 0 < told[3] <= 10_000


def test_a_worker_whose_master_fell_silent_asks_the_sentinels_anew_and_not_the_same_server_again(house):
    client = worker.line(house.url)
    client.connection_pool.connection_kwargs["socket_timeout"] = 1
    assert client.get_retry().get_retries() == 0 and client.ping()
    house.running["first"].send_signal(signal.SIGSTOP)
    with pytest.raises(RedisError):
        client.ping()
    house.wait("sentinel", lambda client: client.sentinel_master(NAME)["port"] == house.ports["second"])
    house.running["first"].send_signal(signal.SIGCONT)
    assert client.role()[0] == b"master" and client.connection_pool.get_connection().port == house.ports["second"]


def test_an_address_without_sentinels_is_opened_as_before():
    assert connect_redis("redis://127.0.0.1:7000/3").connection_pool.connection_kwargs["port"] == 7000
