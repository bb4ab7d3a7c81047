"""Calls to addresses of administrators: a name that leads to this machine is refused before a byte is sent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from app.integrations.platform import http
from app.integrations.platform.errors import PlatformError
from app.integrations.sms import SmsError
from app.integrations.sms.aliyun import AliyunSms


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A service of this machine that writes down whatever it hears."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    line, _who = server.accept()
                except OSError:
                    return
                with line:
                    line.settimeout(5)
                    heard.append(line.recv(4096))
                    line.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"success":true}')

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], heard


@pytest.fixture
def rebound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that says of every name: that is you."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _host, port, *more, **named: real("127.0.0.1", port, *more, **named)
    )


@pytest.mark.parametrize("host", ["platform.example.com", "2130706433", "0x7f000001", "127.1"])
def test_an_answer_to_a_name_that_leads_here_is_not_sent(rebound: None, listener: Any, host: str) -> None:
    port, heard = listener
    with pytest.raises(PlatformError) as refused:
        http.post_form(f"http://{host}:{port}/callback", b"secret=1")
    assert refused.value.code == "bad_endpoint" and refused.value.permanent
    assert b"secret" not in b"".join(heard)


def test_what_names_this_machine_itself_is_reached(listener: Any) -> None:
    port, heard = listener
    assert http.post_form(f"http://127.0.0.1:{port}/callback", b"a=1") == b'{"success":true}'
    assert heard[0].startswith(b"POST /callback")


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "gopher://127.0.0.1:70/x", "ftp://127.0.0.1/x", "//127.0.0.1/"]
)
def test_no_other_scheme_is_spoken(address: str) -> None:
    with pytest.raises(PlatformError) as refused:
        http.post_form(address, b"a=1")
    assert refused.value.code == "bad_endpoint"


def test_no_sms_goes_to_a_gateway_whose_name_leads_here(rebound: None, listener: Any) -> None:
    port, heard = listener
    gateway = AliyunSms("id", "secret", "快复", endpoint=f"https://sms.example.com:{port}")
    with pytest.raises(SmsError) as refused:
        gateway.send("13800000000", "T-1", {}, "1")
    assert refused.value.code == "endpoint" and b"".join(heard) == b""


@pytest.mark.parametrize("endpoint", ["169.254.169.254", "2130706433", "0x7f.1", "http://0.0.0.0:80"])
def test_no_gateway_lives_at_an_odd_or_link_local_number(endpoint: str) -> None:
    with pytest.raises(SmsError) as refused:
        AliyunSms("id", "secret", "快复", endpoint=endpoint).send("13800000000", "T-1", {}, "1")
    assert refused.value.code == "endpoint"
