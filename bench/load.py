"""Clients that ask as fast as they are answered, over connections that stay open."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from launcher.settings import HOST

CLIENTS = 8
LASTS = 25  # requests of a connection: which of the two processes takes one is chance, and would last for a whole run


class Refused(Exception):
    """An answer that is not the expected one."""


@dataclass
class Answered:
    """What came back: how many answers in how many seconds, and how long each took."""

    n: int = 0
    took: float = 0.0
    each: list[float] = field(default_factory=list)
    bytes: int = 0

    def add(self, more: Answered) -> None:
        """Count another part of the same."""
        self.n, self.took, self.bytes = self.n + more.n, self.took + more.took, more.bytes
        self.each += more.each

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.n / self.took if self.took else 0.0

    def slow(self, share: float = 0.95) -> float:
        """Milliseconds within which that share was answered."""
        return 1000 * sorted(self.each)[min(len(self.each) - 1, int(share * len(self.each)))]


def request(method: str, path: str, *, cookie: str = "", body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(body)}"]
    if cookie:
        lines.append(f"Cookie: session={cookie}")
    if body:
        lines.append("Content-Type: application/x-www-form-urlencoded")
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(port: int, requests: Iterable[bytes], *, clients: int = CLIENTS, expect: tuple[int, ...] = (200,)) -> Answered:
    """Send them all, each client the next one. Raises Refused for an answer with another status."""
    found, lock, queue = Answered(), threading.Lock(), iter(requests)
    wrong: list[str] = []

    def client() -> None:
        mine = _shared(queue, lock)
        while sent := next(mine, None):
            if not connected(itertools.chain([sent], itertools.islice(mine, LASTS - 1))):
                return

    def connected(some: Iterable[bytes]) -> bool:
        with socket.create_connection((HOST, port)) as wire:
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for sent in some:
                begun = time.perf_counter()
                wire.sendall(sent)
                status, length, head = _answer(wire)
                took = time.perf_counter() - begun
                if status not in expect:
                    wrong.append(f"{sent[:80]!r} was answered {head[:200]!r}")
                    return False
                with lock:
                    found.n, found.bytes = found.n + 1, length
                    found.each.append(took)
        return True

    threads = [threading.Thread(target=client) for _ in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.took = time.perf_counter() - begun
    if wrong:
        raise Refused(wrong[0])
    return found


def in_turns(
    port: int, parts: Iterable[tuple[Iterable[bytes], Iterable[bytes]]], expect: tuple[int, int] = (200, 200)
) -> tuple[Answered, Answered]:
    """Two things beside each other, a part of the one and a part of the other: the machine's moods then change both."""
    ours, limit = Answered(), Answered()
    for one, other in parts:
        ours.add(run(port, one, expect=expect[:1]))
        limit.add(run(port, other, expect=expect[1:]))
    return ours, limit


def during(seconds: float, sent: bytes) -> Iterator[bytes]:
    """The same request until the time is up."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        yield sent


def _shared(queue: Iterator[bytes], lock: threading.Lock) -> Iterator[bytes]:
    while True:
        with lock:
            sent = next(queue, None)
        if sent is None:
            return
        yield sent


def _answer(wire: socket.socket) -> tuple[int, int, bytes]:
    """Status, bytes of the body, and the head."""
    got = wire.recv(65536)
    while b"\r\n\r\n" not in got:
        more = wire.recv(65536)
        if not more:
            raise Refused("the server hung up")
        got += more
    head, _, rest = got.partition(b"\r\n\r\n")
    length, at = 0, head.lower().find(b"content-length:")
    if at >= 0:
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
    missing = length - len(rest)
    while missing > 0:
        missing -= len(wire.recv(min(missing, 1 << 20)) or _hung_up())
    return int(head[9:12]), length, head


def _hung_up() -> bytes:
    raise Refused("the server hung up")
