"""Whoever answers a call of ours may be slow, huge, packed or lead elsewhere: every one who calls keeps the rules."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from app.integrations.fetch import FetchError, fetch
from app.integrations.platform import http
from app.integrations.platform.errors import PlatformError
from app.integrations.robots import RobotClient, RobotError
from app.integrations.sms import Pending, SmsError
from app.integrations.sms.aliyun import AliyunSms
from app.integrations.sms.tencent import TencentSms

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
TIMES = (0.3, 0.5)
FAILURES = (PlatformError, SmsError, RobotError, FetchError)
PHONE = "13800000000"

Answer = Callable[[socket.socket], None]


@contextmanager
def answering(answer: Answer) -> Iterator[tuple[int, list[bytes]]]:
    """A service of this machine that answers each line with `answer`; its port, and what it heard."""
    heard: list[bytes] = []

    def talk(line: socket.socket) -> None:
        with line, suppress(OSError):
            line.settimeout(5)
            heard.append(line.recv(65_536))
            answer(line)

    def listen(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=talk, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=listen, args=(server,), daemon=True).start()
        yield server.getsockname()[1], heard


def _tencent(port: int) -> TencentSms:
    return TencentSms("id", "secret", "1400", "快复", endpoint=f"http://127.0.0.1:{port}", timeout=TIMES)


def _aliyun(port: int) -> AliyunSms:
    return AliyunSms("id", "secret", "快复", endpoint=f"http://127.0.0.1:{port}", timeout=TIMES)


def _robot(port: int) -> None:
    RobotClient(f"http://127.0.0.1:{port}", timeout=TIMES).send("dingtalk", "a" * 64, "急", now=NOW)


CALLERS: dict[str, Callable[[int], Any]] = {
    "platform": lambda port: http.post_form(f"http://127.0.0.1:{port}/", b"a=1", timeout=TIMES),
    "aliyun": lambda port: _aliyun(port).send(PHONE, "T", {}, "1"),
    "tencent": lambda port: _tencent(port).send(PHONE, "T", {}, "1"),
    "robot": _robot,
    "picture": lambda port: fetch(f"http://127.0.0.1:{port}/a", {f"127.0.0.1:{port}"}, limit=1000, seconds=0.8),
}
callers = pytest.mark.parametrize("caller", CALLERS)


def _dripping(beginning: bytes, piece: bytes) -> Answer:
    def answer(line: socket.socket) -> None:
        line.sendall(beginning)
        for _ in range(60):
            line.sendall(piece)
            time.sleep(0.1)

    return answer


@callers
@pytest.mark.parametrize(
    "answer",
    [
        _dripping(b"HTTP/1.1 200 O", b"K"),
        _dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: 1\r\n"),
        _dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a"),
        _dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"a"),
    ],
    ids=["status", "headers", "chunk", "body"],
)
def test_who_sends_a_byte_now_and_then_holds_nobody(caller: str, answer: Answer) -> None:
    with answering(answer) as (port, _heard):
        begun = time.monotonic()
        with pytest.raises(FAILURES) as failed:
            CALLERS[caller](port)
        assert time.monotonic() - begun < 3
        assert failed.value.code == "timeout"


@callers
def test_a_redirect_is_not_followed(caller: str) -> None:
    with answering(lambda line: line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")) as (other, stolen):
        answer = f"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:{other}/\r\nContent-Length: 0\r\n\r\n".encode()
        with answering(lambda line: line.sendall(answer)) as (port, heard), pytest.raises(FAILURES):
            CALLERS[caller](port)
        assert len(heard) == 1 and not stolen


@callers
def test_a_proxy_of_the_environment_hears_nothing(caller: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with answering(lambda line: line.sendall(answer)) as (port, heard):
        with answering(lambda line: line.sendall(answer)) as (proxy, overheard):
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
            with suppress(*FAILURES):
                CALLERS[caller](port)
        assert len(heard) == 1 and not overheard


@callers
def test_no_more_is_read_than_has_room(caller: str) -> None:
    def without_end(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(2000):
            line.sendall(b"a" * 100_000)

    with answering(without_end) as (port, _heard), pytest.raises(FAILURES) as failed:
        CALLERS[caller](port)
    assert failed.value.code in ("answer_too_large", "too_large", "bad_answer")  # and not only when time was up


@callers
def test_nothing_is_unpacked(caller: str) -> None:
    body = gzip.compress(b" " * 50_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with answering(lambda line: line.sendall(head + body)) as (port, _heard):
        read = b""
        with suppress(*FAILURES):
            read = CALLERS[caller](port)
        assert len(read) < 65_536


def test_a_sealed_line_is_cut_while_it_is_being_sealed() -> None:
    """The line's number goes over to TLS before the first byte of it: whoever kept the old one cuts nothing."""
    with answering(_dripping(b"\x16\x03\x03\x40\x00", b"\x00")) as (port, _heard):
        begun = time.monotonic()
        with pytest.raises(PlatformError):
            http.post_form(f"https://127.0.0.1:{port}/", b"a=1", timeout=TIMES)
        with pytest.raises(FetchError):
            fetch(f"https://127.0.0.1:{port}/a", {f"127.0.0.1:{port}"}, limit=1000, seconds=0.8)
        assert time.monotonic() - begun < 4


def _saying(value: Any) -> Answer:
    body = json.dumps(value).encode()
    return lambda line: line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


ODD: list[Any] = [None, [], "x", 5, True, {}, [1], [None], [[]], 10**400, 1e308, -1, "\ud800", "\0", "9" * 5000, "٣"]
TENCENT: list[Callable[[Any], Any]] = [
    lambda odd: odd, lambda odd: {"Response": odd},
    *(lambda odd, key=key: {"Response": {"RequestId": "r", key: odd}}
      for key in ("SendStatusSet", "PullSmsSendStatusSet", "Error")),
    *(lambda odd, key=key: {"Response": {"RequestId": "r", "SendStatusSet": [{"Code": "Ok", "SerialNo": "1"} | {key: odd}]}}
      for key in ("Code", "SerialNo")),
    *(lambda odd, key=key: {"Response": {"RequestId": "r", "PullSmsSendStatusSet": [{"SerialNo": "1"} | {key: odd}]}}
      for key in ("SerialNo", "SubscriberNumber", "Description", "UserReceiveTime", "SessionContext")),
]  # fmt: skip
ALIYUN: list[Callable[[Any], Any]] = [
    lambda odd: odd, lambda odd: {"Code": odd}, lambda odd: {"Code": "X", "Message": odd, "RequestId": odd},
    lambda odd: {"Code": "OK", "BizId": odd, "SmsSendDetailDTOs": odd, "TotalCount": 1},
    *(lambda odd, key=key: {"Code": "OK", "TotalCount": odd if key == "TotalCount" else 1, "SmsSendDetailDTOs": {
        "SmsSendDetailDTO": odd if key == "list" else [{"OutId": "1", "SendStatus": 3} | {key: odd}]}}
      for key in ("list", "TotalCount", "OutId", "SendStatus", "ErrCode", "ReceiveDate")),
]  # fmt: skip


@pytest.mark.parametrize("vendor", ["tencent", "aliyun"])
@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_an_answer_of_odd_types_is_an_error_of_the_gateway_and_never_ours(vendor: str, odd: Any) -> None:
    for shape in TENCENT if vendor == "tencent" else ALIYUN:
        with answering(_saying(shape(odd))) as (port, _heard):
            gateway: Any = (_tencent if vendor == "tencent" else _aliyun)(port)
            for call in (
                lambda gateway=gateway: gateway.send(PHONE, "T", {}, "1").external_id,
                lambda gateway=gateway: gateway.query("1", PHONE, NOW).external_id,
                lambda gateway=gateway: [one.serial + one.code for one in gateway.receipts([Pending("1", "", PHONE, NOW)])],
            ):  # fmt: skip
                try:
                    said = "".join(call())
                except SmsError as error:
                    said = error.code
                assert said.isprintable() and len(said) <= 200
