"""A browser as far as it matters: connections that stay open, cookies, and answers that are looked at."""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from launcher.settings import HOST

PATIENCE = 240.0  # seconds for one answer
FORM = "application/x-www-form-urlencoded"


class Refused(Exception):
    """An answer that is not the expected one."""


@dataclass(frozen=True)
class Sent:
    """A request, and what its answer must be: one of these statuses, with these bytes in it."""

    path: str
    body: bytes | None = None
    kind: str = FORM
    expect: tuple[int, ...] = (200,)
    holds: bytes = b""
    cookie: str = ""  # instead of the browser's, where it is somebody else

    @property
    def method(self) -> str:
        """What it is sent with."""
        return "GET" if self.body is None else "POST"


Work = tuple[Sent, ...]  # what belongs to one page or deed, in its order


def form(path: str, fields: dict[str, str] | list[tuple[str, str]], holds: bytes = b"") -> Sent:
    """A form that is sent and answered with the way to the next page."""
    return Sent(path, urlencode(fields).encode(), expect=(200, 302, 303) if holds else (302, 303), holds=holds)


@dataclass
class Browser:
    """One client. `cookies` and `headers` go with each request."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    _wire: http.client.HTTPConnection | None = None

    def another(self) -> Browser:
        """The same person in another window."""
        return Browser(self.port, dict(self.cookies), dict(self.headers))

    def close(self) -> None:
        """Hang up."""
        if self._wire:
            self._wire.close()
        self._wire = None

    def work(self, work: Iterable[Sent]) -> None:
        """One page or deed, to its end."""
        for sent in work:
            self.ask(sent)

    def ask(self, sent: Sent) -> str:
        """Send it; the body. Raises Refused."""
        kept = self._wire is not None
        try:
            try:
                status, body = self._asked(sent)
            except (http.client.RemoteDisconnected, ConnectionError):
                self.close()
                if not kept:
                    raise
                status, body = self._asked(sent)  # it hung up between two requests, as some do after a second
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Refused(f"{sent.method} {sent.path[:120]}: {error!r}") from error
        if status not in sent.expect or sent.holds not in body:
            raise Refused(f"{sent.method} {sent.path[:120]} was answered {status}: {body[:300]!r}")
        return body.decode("utf-8", "replace")

    def _asked(self, sent: Sent) -> tuple[int, bytes]:
        if self._wire is None:
            self._wire = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        self._wire.request(sent.method, sent.path, sent.body, self._headers(sent))
        answer = self._wire.getresponse()
        body = answer.read()
        for line in answer.headers.get_all("Set-Cookie") or ():
            self.cookies |= {name: one.value for name, one in SimpleCookie(line).items()}
        if answer.will_close:
            self.close()
        return answer.status, body

    def _headers(self, sent: Sent) -> dict[str, str]:
        site = f"http://{HOST}:{self.port}"
        found = {"Referer": f"{site}/", "Origin": site, **self.headers}
        if sent.cookie:
            found["Cookie"] = sent.cookie
        elif self.cookies:
            found["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if sent.body is not None:
            found["Content-Type"] = sent.kind
        return found
