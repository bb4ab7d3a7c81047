"""From the push to the picture in the thread: fetched from a listed host, refused from any other, never in the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select

from app import clock
from app.domain.stores import Address
from app.jobs import fetches, schedule
from app.models import Attachment
from app.services import attachments
from tests import cast
from tests.cast import NOON, Cast
from tests.pictures import opened, telltale
from tests.web.pushing import envelope, issue


class Pictures:
    """A platform's picture server; `status` and `body` are what it answers, `gate` holds its answers back."""

    def __init__(self) -> None:
        self.status, self.body, self.asked = 200, telltale(), 0
        self.gate = threading.Event()
        self.gate.set()
        them = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                them.asked += 1
                them.gate.wait(10)
                self.send_response(them.status)
                self.send_header("Content-Type", "image/jpeg")
                self.end_headers()
                self.wfile.write(them.body)

            def log_message(self, *_args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def pictures() -> Iterator[Pictures]:
    it = Pictures()
    yield it
    it.gate.set()
    it.server.shutdown()
    it.server.server_close()


@pytest.fixture
def company(app: Any, database: Any, pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company, which takes pictures from that server; the clock stands at NOON."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    config = app.extensions["kuaifu"]
    monkeypatch.setitem(app.extensions, "kuaifu", replace(config, attachment_hosts=frozenset({pictures.host})))
    return cast.begin()


def push(app: Any, *attachments: Any, code: str = "P1") -> None:
    answer = app.test_client().post("/platform/link/demo", data=envelope(issue(code, attachments=list(attachments))))
    assert answer.get_json()["success"], answer.text


def row(session: Any) -> Attachment:
    session.rollback()
    return session.scalars(select(Attachment)).one()


def test_a_pushed_picture_is_fetched_written_anew_and_shown(app, db_session, company: Cast, pictures: Pictures) -> None:
    push(app, {"url": f"http://{pictures.host}/1.jpg?sign=x", "name": "门口.png", "expire_time": "2026-11-18 12:10:00"})
    assert row(db_session).expires_at == NOON + cast.timedelta(minutes=10)
    assert fetches.fetch_due() == 1
    found = row(db_session)
    assert (found.state, found.file_name, found.media_type) == ("ready", "门口.jpg", "image/jpeg")
    kept = fetches.stores.attachments(app.extensions["kuaifu"].data_dir, Address()).get(found.store_name)
    assert b"canary" not in kept and opened(kept).size == (40, 30)
    assert attachments.load(db_session, company["site"], found.id).size == len(kept)
    assert fetches.fetch_due() == 0 and pictures.asked == 1


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://127.0.0.1:1/x.jpg", "host_not_allowed"),
        ("http://169.254.169.254/latest/meta-data", "host_not_allowed"),
        ("file:///etc/passwd", "bad_address"),
        ("javascript:alert(1)", "bad_address"),
    ],
)
def test_an_address_elsewhere_is_refused_for_good_without_a_request(
    app, db_session, company: Cast, pictures: Pictures, address: str, code: str
) -> None:
    push(app, address)
    fetches.fetch_due()
    found = row(db_session)
    assert (found.state, found.error, found.source_address, pictures.asked) == ("failed", code, "", 0)


@pytest.mark.parametrize(
    ("status", "body", "state", "code"),
    [
        (200, b"<html>no picture</html>", "failed", "not_a_picture"),
        (200, telltale()[:300], "failed", "not_a_picture"),
        (403, b"", "failed", "gone"),
        (302, b"", "failed", "redirect"),
        (500, b"", "pending", "busy"),
    ],
)
def test_each_bad_answer_ends_or_waits_as_it_should(
    app, db_session, company: Cast, pictures: Pictures, status: int, body: bytes, state: str, code: str
) -> None:
    pictures.status, pictures.body = status, body
    push(app, f"http://{pictures.host}/1.jpg")
    fetches.fetch_due()
    assert (row(db_session).state, row(db_session).error) == (state, code)


@pytest.mark.parametrize("odd", [5, None, {}, {"url": 7}, {"name": "x"}, [], "", {"url": " "}])
def test_an_odd_item_never_stops_a_push(app, db_session, company: Cast, odd: Any) -> None:
    push(app, odd)
    db_session.rollback()
    assert db_session.scalars(select(Attachment)).all() == []


def test_a_slow_host_does_not_hold_up_the_schedule(app, db_session, company: Cast, pictures: Pictures) -> None:
    pictures.gate.clear()
    push(app, f"http://{pictures.host}/1.jpg")
    begun = time.monotonic()
    assert fetches.begin() and not fetches.begin()
    assert time.monotonic() - begun < 1
    pictures.gate.set()
    until = time.monotonic() + 10
    while row(db_session).state == "pending" and time.monotonic() < until:
        time.sleep(0.05)
    assert row(db_session).state == "ready"
    assert not fetches.begin()


def test_the_schedule_fetches_and_sweeps() -> None:
    names = {job.name: job.run for job in schedule.schedule(2.0)}
    assert names["pictures"] is fetches.begin and names["unposted pictures"] is fetches.sweep_unposted


def test_a_full_disk_leaves_the_picture_to_the_next_try(
    app, db_session, company: Cast, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise fetches.StoreError("full")

    push(app, f"http://{pictures.host}/1.jpg")
    with monkeypatch.context() as patch:
        patch.setattr(fetches.store, "keep", full)
        fetches.fetch_due()
    assert (row(db_session).state, row(db_session).error) == ("pending", "full")
    monkeypatch.setattr(clock, "now", lambda: NOON + cast.timedelta(minutes=1))
    fetches.fetch_due()
    assert row(db_session).state == "ready"


def test_a_picture_that_raises_whatever_it_is_keeps_no_other_waiting(
    app, db_session, company: Cast, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(app, f"http://{pictures.host}/1.jpg", f"http://{pictures.host}/2.jpg")
    real, seen = fetches.prepare, []

    def odd(*given: Any) -> Any:
        seen.append(1)
        if len(seen) == 1:
            raise OverflowError("odd")
        return real(*given)

    monkeypatch.setattr(fetches, "prepare", odd)
    assert fetches.fetch_due() == 2
    db_session.rollback()
    assert sorted(db_session.scalars(select(Attachment.state))) == ["pending", "ready"]
