"""A session for addresses that an administrator typed in: who answers is looked at once the line is open, before a byte
of ours is sent, so that a name that leads to this machine or to a cloud's own services is refused at each call."""

from __future__ import annotations

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from app.domain import hosts


class PeerRefused(ValueError):
    """The host's name leads to a machine that nobody's service may be on."""


def _checked(sock: socket.socket, host: str) -> socket.socket:
    if not hosts.may_answer(str(sock.getpeername()[0]), host):
        sock.close()
        raise PeerRefused(host)
    return sock


class _Line(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), self.host)


class _SealedLine(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), self.host)


class _Lines(HTTPConnectionPool):
    ConnectionCls = _Line


class _SealedLines(HTTPSConnectionPool):
    ConnectionCls = _SealedLine


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        """The pools of `requests`, with lines that look at who answers."""
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Lines, "https": _SealedLines}


def session() -> requests.Session:
    """A session without the environment's proxies and passwords, http and https alone. Calls may raise PeerRefused."""
    made = requests.Session()
    made.trust_env = False
    made.adapters.clear()
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Adapter())
    return made
