"""Calls to addresses that somebody else wrote down: who answers, how much of it, and for how long.

Who answers is looked at once the line is open, before a byte of ours is sent, so that a name that leads to this machine
or to a cloud's own services is refused at each call. Redirects are not followed, nothing of the environment's proxies
and passwords is used, and nothing is unpacked.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from app.domain import hosts

Seconds = tuple[float, float]  # to connect, and from then on for the whole answer


class PeerRefused(ValueError):
    """The host's name leads to a machine that nobody's service may be on."""


class AnswerTooLarge(requests.RequestException):
    """More came than the caller wants to hold."""


class Cut:
    """Shuts the lines of a call when its time is over. A time limit of a socket does not do that: it begins anew with
    each byte, and who sends one now and then, be it of a header, would hold the caller for hours."""

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._lines: list[socket.socket] = []
        self._timer = threading.Timer(max(seconds, 0.01), self._shut)
        self._timer.daemon = True

    def watch(self, line: socket.socket) -> None:
        """Shut this line, too. It is watched by a number of its own: the line's goes over to TLS when that begins."""
        self._lines.append(line.dup())
        if self.over:
            self._shut()

    def _shut(self) -> None:
        self.over = True
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Cut:
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()
        for line in self._lines:
            line.close()


class _Watched:
    """What a line does as soon as it is open."""

    host: str
    cut: Cut

    def _new_conn(self) -> socket.socket:
        line: socket.socket = super()._new_conn()  # type: ignore[misc]
        if not hosts.may_answer(str(line.getpeername()[0]), self.host):
            line.close()
            raise PeerRefused(self.host)
        self.cut.watch(line)
        return line


class _Line(_Watched, HTTPConnection):
    pass


class _SealedLine(_Watched, HTTPSConnection):
    pass


class _Lines(HTTPConnectionPool):
    ConnectionCls = _Line

    def __init__(self, *given: Any, cut: Cut, **named: Any) -> None:
        super().__init__(*given, **named)
        self.cut = cut

    def _new_conn(self) -> Any:
        line: Any = super()._new_conn()
        line.cut = self.cut
        return line


class _SealedLines(_Lines, HTTPSConnectionPool):
    ConnectionCls = _SealedLine  # type: ignore[assignment]


class _Adapter(HTTPAdapter):
    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        super().__init__()

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        """The pools of `requests`, with lines that look at who answers and are cut in time."""
        super().init_poolmanager(*given, **named)
        kinds: Any = {"http": _Lines, "https": _SealedLines}
        self.poolmanager.pool_classes_by_scheme = {
            scheme: functools.partial(kind, cut=self.cut) for scheme, kind in kinds.items()
        }


class Session(requests.Session):
    """One call whose every request, also one that a library makes, keeps the rules. `limit` in bytes of the answer."""

    def __init__(self, timeout: Seconds, limit: int) -> None:
        super().__init__()
        self.times, self.limit, self.cut = timeout, limit, Cut(sum(timeout))
        self.trust_env = False
        self.adapters.clear()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(self.cut))

    def send(self, request: requests.PreparedRequest, **named: Any) -> requests.Response:
        """The answer with its body, read and as it was sent. Raises PeerRefused, AnswerTooLarge and what `requests`
        raises, ReadTimeout among it."""
        request.headers["Accept-Encoding"] = "identity"
        named |= {"timeout": self.times, "allow_redirects": False, "stream": True, "proxies": {}}
        try:
            with self.cut:
                response = super().send(request, **named)
                with response:
                    response._content = self._read(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if self.cut.over or isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
                raise requests.ReadTimeout from error
            if isinstance(error, requests.RequestException):
                raise
            raise requests.ConnectionError from error
        if self.cut.over:  # what was cut off looks like an end where no length was named
            raise requests.ReadTimeout
        return response

    def _read(self, response: requests.Response) -> bytes:
        """Of what refuses anyway no more than fits: its status says enough."""
        body = b""
        while chunk := response.raw.read1(8192, decode_content=False):
            body += chunk
            if len(body) > self.limit:
                if response.status_code < 300:
                    raise AnswerTooLarge
                break
        return body[: self.limit]


def post(address: str, *, timeout: Seconds, limit: int, **asked: Any) -> requests.Response:
    """POST once, as `requests.post` does, by the rules of this file; raises as `Session.send` does."""
    with Session(timeout, limit) as session:
        return session.post(address, **asked)
