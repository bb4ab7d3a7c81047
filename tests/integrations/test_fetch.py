"""Fetching from an address that somebody else wrote: only where allowed, only what is asked for, and never for long."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.integrations.fetch import FetchError, fetch

Answer = Callable[[BaseHTTPRequestHandler], None]


class Host:
    """A server on loopback; `asked` holds what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.answer: Answer = send(200, b"picture")
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.asked.append((self.path, self.headers["Host"]))
                host.answer(self)

            def log_message(self, *_args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.listed = {f"127.0.0.1:{self.port}"}
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str = "/a.jpg?x=1&sign=%2B") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


def send(status: int, body: bytes, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.fixture
def host() -> Iterator[Host]:
    it = Host()
    yield it
    it.server.shutdown()
    it.server.server_close()


def refused(address: str, allowed: set[str], limit: int = 1000, seconds: float = 5) -> tuple[str, bool]:
    with pytest.raises(FetchError) as error:
        fetch(address, allowed, limit=limit, seconds=seconds)
    return error.value.code, error.value.permanent


def named(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Every name is these addresses; the list fills with what was looked up."""
    looked: list[str] = []

    def lookup(name: str, port: int, *_: object, **__: object) -> list[tuple]:
        looked.append(name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return looked


def test_a_file_of_a_listed_host_comes_with_its_declared_type(host: Host) -> None:
    host.answer = send(200, b"picture", Content_Type="image/png")
    got = fetch(host.url(), host.listed, limit=7)
    assert (got.data, got.media_type) == (b"picture", "image/png")
    assert host.asked == [("/a.jpg?x=1&sign=%2B", f"127.0.0.1:{host.port}")]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/a", "http://127.0.0.1/a", "http://localhost:{port}/a", "http://127.1:{port}/a",
        "http://0x7f000001:{port}/a", "http://2130706433:{port}/a", "https://127.0.0.1:1{port}/a",
        "http://[::1]:{port}/a", "http://127.0.0.1.evil.example:{port}/a",
    ],
)  # fmt: skip
def test_a_host_that_is_not_on_the_list_is_not_even_looked_up(
    host: Host, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    looked = named(monkeypatch, "93.184.216.34")
    code, permanent = refused(address.format(port=host.port), host.listed)
    assert code in ("host_not_allowed", "bad_address") and permanent
    assert (looked, host.asked) == ([], [])


@pytest.mark.parametrize(
    "address",
    [
        "ftp://127.0.0.1/a", "file:///etc/passwd", "http://user:pw@127.0.0.1:{port}/a", "//127.0.0.1/a", "x", "",
        "http://127.0.0.1:{port}/a b", "http://127.0.0.1:{port}/a\r\nX: y", "http://127.0.0.1:{port}\\@evil/a",
        "http://127.0.0.1:99999/a", "http:///a", "http://evil@127.0.0.1:{port}/",
    ],
)  # fmt: skip
def test_an_odd_address_is_refused(host: Host, address: str) -> None:
    assert refused(address.format(port=host.port), host.listed) == ("bad_address", True)
    assert host.asked == []


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1",
        "fe80::1", "fd00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "224.0.0.1",
    ],
)  # fmt: skip
def test_a_listed_name_that_leads_into_a_private_network_is_refused(
    host: Host, monkeypatch: pytest.MonkeyPatch, ip: str
) -> None:
    named(monkeypatch, "93.184.216.34", ip)
    assert refused(f"http://img.example:{host.port}/a", {f"img.example:{host.port}"}) == ("private_address", True)
    assert host.asked == []


def test_the_connection_goes_to_the_address_that_was_checked_and_the_name_is_looked_up_once(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when asked first and loopback when asked again: the second answer is never used."""
    looked = named(monkeypatch, "93.184.216.34")
    tried: list[tuple] = []

    def connect(address: tuple, *_: object) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    assert refused(f"http://img.example:{host.port}/a", {f"img.example:{host.port}"}) == ("connection", False)
    assert (looked, tried) == (["img.example"], [("93.184.216.34", host.port)])


def test_a_redirect_is_not_followed(host: Host) -> None:
    host.answer = send(302, b"", Location=host.url("/secret"))
    assert refused(host.url(), host.listed) == ("redirect", True)
    assert len(host.asked) == 1


@pytest.mark.parametrize(
    ("status", "code", "permanent"),
    [(403, "gone", True), (404, "gone", True), (410, "gone", True), (400, "refused", True), (206, "refused", True),
     (429, "busy", False), (500, "busy", False), (503, "busy", False)],
)  # fmt: skip
def test_each_refusal_is_told_apart(host: Host, status: int, code: str, permanent: bool) -> None:
    host.answer = send(status, b"")
    assert refused(host.url(), host.listed) == (code, permanent)


@pytest.mark.parametrize("headers", [{}, {"Content_Length": "5000000"}])
def test_a_body_over_the_limit_is_not_taken_in(host: Host, headers: dict[str, str]) -> None:
    host.answer = send(200, b"x" * 1001, **headers)
    assert refused(host.url(), host.listed, limit=1000) == ("too_large", True)


def test_a_body_that_breaks_off_is_no_file(host: Host) -> None:
    host.answer = send(200, b"half", Content_Length="8")
    assert refused(host.url(), host.listed) == ("connection", False)


@pytest.mark.parametrize("where", ["head", "body"])
def test_a_server_that_drips_is_cut_off_in_time(host: Host, where: str) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n" + (b"\r\n" if where == "body" else b""))
        for _ in range(80):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)

    host.answer = drip
    begun = time.monotonic()
    assert refused(host.url(), host.listed, seconds=0.6) == ("timeout", False)
    assert time.monotonic() - begun < 2


def test_a_proxy_of_the_environment_is_not_used(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert fetch(host.url(), host.listed, limit=100).data == b"picture"


def test_a_name_that_cannot_be_resolved_is_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert refused("https://img.example/a", {"img.example"}) == ("dns", False)
