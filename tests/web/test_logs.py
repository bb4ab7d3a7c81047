"""Logs: a line is one JSON object with its request, and no name, number, address or word of a person is in it."""

from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest
from gunicorn.http.errors import InvalidHeader, InvalidHTTPVersion, InvalidRequestLine, LimitRequestLine

from app import logs
from app.services import handover
from tests.cast import PEOPLE
from tests.web.stage import Stage

NAME, PHONE, WORDS = "欧阳测漏", "13987654321", "邻居的狗叫旺财"


@pytest.fixture
def written():
    """Everything that is logged, as production writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter("json"))
    root, level = logging.getLogger(), logging.getLogger().level
    names = ("", "request", "app", "rq.worker")
    before = {name: logging.getLogger(name).level for name in names}
    root.addHandler(handler)
    for name in names:
        logging.getLogger(name).setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)
    for name, one in before.items():
        logging.getLogger(name).setLevel(one)


def test_a_line_has_time_level_words_and_its_request(written, client, database) -> None:
    answer = client.get("/login", headers={"X-Request-ID": "proxy-0123456789"})
    assert answer.headers["X-Request-ID"] == "proxy-0123456789"
    line = next(one for one in written() if one["logger"] == "request")
    assert line["request"] == "proxy-0123456789" and line["level"] == "info" and line["timestamp"].endswith("Z")
    assert line["event"].startswith("answered GET auth.login 200 in ") and line["event"].endswith("for nobody")


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space", 'quo"te12345', "new\tline-123"])
def test_an_id_from_outside_is_taken_only_where_it_is_one(client, database, given) -> None:
    answer = client.get("/login", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] != given and len(answer.headers["X-Request-ID"]) == 16


def test_each_request_has_its_own_id(client, database) -> None:
    assert client.get("/login").headers["X-Request-ID"] != client.get("/login").headers["X-Request-ID"]


def test_nothing_personal_is_logged_on_any_way_through_the_portal(stage: Stage, written) -> None:
    """Search, form, upload name, address, header and sign-in carry marked data; no line carries them on."""
    number = stage.numbers["own"]
    for who in ("site", "lcs", "ccs", "anonymous"):
        browser = stage.browsers[who]
        browser.get(f"/tickets?q={PHONE}", headers={"User-Agent": NAME, "Referer": f"http://x/{PHONE}"})
        browser.get(f"/tickets/{number}/{NAME}")
        browser.get(f"/r/{PHONE}{'x' * 30}")
        browser.post(f"/tickets/{number}/note", data={"csrf_token": stage.csrf, "text": f"{WORDS} {PHONE}"})
        browser.post("/tickets/new", data={"csrf_token": stage.csrf, "name": NAME, "phone": PHONE, "text": WORDS})
        browser.post("/login", data={"account": NAME, "password": PHONE})
    stage.browsers["anonymous"].post("/platform/link/demo", data=json.dumps({"phone": PHONE, "name": NAME}))
    lines = written()
    assert len(lines) > 20
    told = json.dumps(lines, ensure_ascii=False)
    for mark in (NAME, PHONE, WORDS, "旺财", number):
        assert mark not in told, mark
    assert not [name for name in PEOPLE if f"for {name}" in told]


def test_an_error_is_told_by_its_kind_and_place_and_never_in_its_own_words(stage: Stage, written, monkeypatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        try:
            raise KeyError(f"{NAME} {PHONE}")
        except KeyError as error:
            raise ValueError(f"Key (phone)=({PHONE}) of {NAME} exists") from error

    monkeypatch.setattr(handover, "listing", broken)
    monkeypatch.setitem(stage.app.config, "PROPAGATE_EXCEPTIONS", False)
    assert stage.browsers["site"].get("/handover?all=1").status_code == 500
    line = next(one for one in written() if one["event"].startswith("failed"))
    assert line["error"] == "ValueError from KeyError" and any("app/web/" in frame for frame in line["at"])
    told = json.dumps(written(), ensure_ascii=False)
    assert NAME not in told and PHONE not in told and "Key (phone)" not in told


def test_what_a_library_or_a_careless_line_says_is_masked_and_stays_one_line(written) -> None:
    logging.getLogger("anything").warning("called %s\nFAKE line", PHONE)
    logging.getLogger("rq.worker").error("job failed\nTraceback: %s %s", NAME, PHONE)
    lines = written()
    assert len(lines) == 2 and "139******21" in lines[0]["event"]
    assert lines[1]["event"] == "job failed" and "error" not in lines[1]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"{InvalidRequestLine(f'GET /tickets?q={NAME} HTTP/1.1')}", "Invalid HTTP request line:"),
        (f"{InvalidRequestLine(f'GET /r/o{chr(39)}{NAME} HTTP/1.1')}", "Invalid HTTP request line:"),
        (f"{InvalidHTTPVersion(f'{NAME} HTTP/1.1')}", "Invalid HTTP Version:"),
        (f"{InvalidHeader(f'Cookie session={NAME}')}", "Invalid HTTP Header:"),
        (f"{LimitRequestLine(5000, 4094)}", "Request Line is too large (5000 > 4094)"),
    ],
)
def test_of_a_request_that_cannot_be_read_nothing_that_stood_in_it_is_logged(written, said: str, kept: str) -> None:
    logging.getLogger("gunicorn.error").warning("Invalid request from ip=::1: %s", said)
    logging.getLogger("gunicorn.error").warning("Error handling request /r/%s", NAME)
    first, second = (line["event"] for line in written())
    assert (first, second) == (f"Invalid request from ip=::1: {kept}", "Error handling request")


def test_of_a_job_that_failed_in_the_queue_the_kind_of_its_error_is_told_and_none_of_its_words(written) -> None:
    report = f'Traceback (most recent call last):\n  File "x.py", line 3\nsqlalchemy.exc.OperationalError: {NAME}\nDETAIL: {PHONE}'
    logging.getLogger("rq.worker").error("job %s: exception raised\n%s", "7", report)
    (line,) = written()
    assert (line["event"], line["error"]) == ("job 7: exception raised", "OperationalError")
    assert NAME not in str(line) and PHONE not in str(line)


def test_the_plain_form_says_the_same_with_the_places_below() -> None:
    form = logs.formatter("text")
    try:
        raise ValueError(PHONE)
    except ValueError as error:
        info = (ValueError, error, error.__traceback__)
        record = logging.LogRecord("app", logging.ERROR, "x", 1, "broken %s", (PHONE,), info)
    told = form.format(record)
    assert " ERROR app: broken 139******21" in told and PHONE not in told and "\n  tests/web/test_logs.py" in told
