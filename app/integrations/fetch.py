"""Fetches one file from an address that somebody else wrote: only listed hosts, checked at the very connection.

The host's name is resolved once and the socket is opened to that address, so that a name cannot point elsewhere a
moment later. Private and loopback addresses are refused unless the address itself stands on the list. Redirects are
not followed, proxies of the environment are not used, bytes and time are limited.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from app.integrations.peers import Cut

PORTS = {"http": 80, "https": 443}
CONNECT_SECONDS, TOTAL_SECONDS = 5.0, 20.0
CHUNK = 64 * 1024  # bytes


class FetchError(Exception):
    """The file was not fetched. Permanent: bad_address, host_not_allowed, private_address, redirect, gone, refused,
    too_large. Worth another try: dns, connection, tls, timeout, busy."""

    def __init__(self, code: str, *, permanent: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent


@dataclass(frozen=True)
class Fetched:
    """The body and the media type that the server declared."""

    data: bytes
    media_type: str


def fetch(address: str, allowed: Collection[str], *, limit: int, seconds: float = TOTAL_SECONDS) -> Fetched:
    """GET `address` when its host is in `allowed` ("host" for the scheme's own port, or "host:port").

    `limit` in bytes; `seconds` for everything from the look-up to the last byte. Raises FetchError.
    """
    parts, port = _split(address)
    host = (parts.hostname or "").lower()
    if not _listed(host, port, parts.scheme, allowed):
        raise FetchError("host_not_allowed", permanent=True)
    until = time.monotonic() + seconds
    ip = _resolve(host, port)
    cut = Cut(until - time.monotonic())
    connection = _connection(parts.scheme, host, port, ip, cut)
    with contextlib.closing(connection), cut, _as_fetch_errors(cut):
        fetched = _get(connection, parts, limit)
        if cut.over:  # what was cut off looks like an end to a server that named no length
            raise FetchError("timeout")
        return fetched


def _split(address: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(address)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise FetchError("bad_address", permanent=True) from None
    odd = any(ord(ch) <= 32 or ord(ch) >= 127 for ch in address)
    if odd or not parts.hostname or "@" in parts.netloc or "\\" in address:
        raise FetchError("bad_address", permanent=True)
    return parts, port


def _listed(host: str, port: int, scheme: str, allowed: Collection[str]) -> bool:
    shown = f"[{host}]" if ":" in host else host
    if f"{shown}:{port}" in allowed:
        return True
    return port == PORTS[scheme] and shown in allowed


def _resolve(host: str, port: int) -> str:
    """One address of the host. A host that is itself an address was listed as such, and stands for itself."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchError("dns") from None
    addresses = [str(entry[4][0]).split("%")[0] for entry in found]
    if not addresses or not all(_public(address) for address in addresses):
        raise FetchError("private_address", permanent=True)
    return addresses[0]


def _public(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    teredo = getattr(ip, "teredo", None)
    hidden = [inner] if inner else list(teredo or ())
    return all(part.is_global and not part.is_multicast for part in (ip, *hidden))


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever the host's name says by now."""

    def __init__(self, host: str, port: int, ip: str, context: ssl.SSLContext | None, cut: Cut) -> None:
        super().__init__(host, port, timeout=CONNECT_SECONDS)
        self.ip, self.context, self.cut = ip, context, cut

    def connect(self) -> None:
        """Open the socket to the address; TLS still asks for the host's own certificate."""
        self.sock = socket.create_connection((self.ip, self.port), CONNECT_SECONDS)
        self.cut.watch(self.sock)
        if self.context is not None:
            self.sock = self.context.wrap_socket(self.sock, server_hostname=self.host)


def _connection(scheme: str, host: str, port: int, ip: str, cut: Cut) -> _Pinned:
    return _Pinned(host, port, ip, ssl.create_default_context() if scheme == "https" else None, cut)


@contextmanager
def _as_fetch_errors(cut: Cut) -> Iterator[None]:
    try:
        yield
    except FetchError as error:
        if cut.over and not error.permanent:  # the rest never came because we hung up
            raise FetchError("timeout") from None
        raise
    except TimeoutError:
        raise FetchError("timeout") from None
    except ssl.SSLError:
        raise FetchError("tls") from None
    except (OSError, http.client.HTTPException):
        raise FetchError("timeout" if cut.over else "connection") from None


def _get(connection: _Pinned, parts: SplitResult, limit: int) -> Fetched:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Accept": "image/*", "Accept-Encoding": "identity", "Connection": "close", "User-Agent": "kuaifu"}
    connection.request("GET", target, headers=headers)
    with connection.getresponse() as response:
        _check_status(response.status)
        if (response.length or 0) > limit:
            raise FetchError("too_large", permanent=True)
        return Fetched(_read(response, limit), response.headers.get("Content-Type", ""))


def _check_status(status: int) -> None:
    if status == 200:
        return
    if 300 <= status < 400:
        raise FetchError("redirect", permanent=True)
    if status in (401, 403, 404, 410):  # what a signed address answers once it has expired
        raise FetchError("gone", permanent=True)
    if status in (408, 425, 429) or status >= 500:
        raise FetchError("busy")
    raise FetchError("refused", permanent=True)


def _read(response: http.client.HTTPResponse, limit: int) -> bytes:
    data = bytearray()
    while chunk := response.read(min(CHUNK, limit + 1 - len(data))):
        data += chunk
        if len(data) > limit:
            raise FetchError("too_large", permanent=True)
    if response.length:  # the rest never came
        raise FetchError("connection")
    return bytes(data)
