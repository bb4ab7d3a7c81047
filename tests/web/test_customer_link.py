"""The complainant's page: no account, no cookie, nothing from a look, one answer from a press; and how the clerk gets it."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import create_app
from app.extensions import limiter
from app.models import CustomerLink, Event, Outbox, Ticket
from app.services import intake
from app.services.intake import ComplaintIn
from tests import cast
from tests.web.stage import NOW, Stage

COUNTED = (Event, CustomerLink, Outbox)
RESULT = {"text": "已向您致歉，如有疑问致电 13912340000", "contact_outcome": "reached_accepts", "confirmed": "1"}
NUMBERS = iter(range(1000))


@pytest.fixture
def number(stage: Stage) -> str:
    """A telephone complaint at the first site."""
    with stage.app.app_context():
        complaint = ComplaintIn(
            text="放驿站没通知，我的电话 13812345678，" + "很不满意。" * 60, category="LOCKER", channel="telephone",
            waybill=f"YT77{next(NUMBERS):09d}", name="王小明", phone="13812345678", address="杭州市文三路 9 号",
            site_code="330106-01",
        )  # fmt: skip
        return intake.manual(actor=stage.cast["site"], complaint=complaint, key="", now=NOW)


def send_result(stage: Stage, number: str, **headers: str) -> Any:
    form = {**RESULT, "csrf_token": stage.csrf, "submission_key": f"key-{number}"}
    return stage.browsers["site"].post(f"/tickets/{number}/result", data=form, headers=headers)


def link(stage: Stage, number: str) -> str:
    """The path of the link as the clerk sees it."""
    found = re.search(r'value="http://localhost(/r/[A-Za-z0-9_-]{43})"', send_result(stage, number).text)
    assert found is not None
    return found[1]


def visitor(stage: Stage) -> FlaskClient:
    return stage.app.test_client()


def value(stage: Stage, statement: Any) -> Any:
    with stage.session() as session:
        return session.scalars(statement).one()


def counts(stage: Stage) -> list[int]:
    return [value(stage, select(func.count()).select_from(table)) for table in COUNTED]


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_the_clerk_is_shown_the_link_once(stage: Stage, number: str, headers: dict[str, str]) -> None:
    first = send_result(stage, number, **headers)
    assert first.status_code == 200 and 'id="customerlink"' in first.text and "data-copy" in first.text
    assert "/r/" not in send_result(stage, number, **headers).text
    assert "/r/" not in stage.browsers["site"].get(f"/tickets/{number}").text


def test_a_ticket_of_a_platform_gets_no_link(stage: Stage) -> None:
    with stage.app.app_context():
        number = cast.push(stage.cast, "PLATFORM")
    assert send_result(stage, number).status_code == 303
    assert "/r/" not in send_result(stage, number, **{"HX-Request": "true"}).text


def test_a_look_records_nothing_and_leaves_no_cookie(stage: Stage, number: str) -> None:
    path = link(stage, number)
    before = counts(stage), value(stage, select(Ticket.version).where(Ticket.number == number))
    client = visitor(stage)
    for method in ("GET", "HEAD", "GET"):
        for asked in (path, f"{path}?lang=en", f"{path}?verdict=solved"):
            answer = client.open(asked, method=method)
            assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
    assert (counts(stage), value(stage, select(Ticket.version).where(Ticket.number == number))) == before


def test_the_page_is_kept_out_of_caches_search_engines_and_referrers(stage: Stage, number: str) -> None:
    for path in (link(stage, number), "/r/" + "A" * 43):
        answer = visitor(stage).get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"] and "<script" not in answer.text
        assert 'name="csrf_token"' not in answer.text


def test_the_page_shows_the_complaint_cut_short_and_no_telephone_number(stage: Stage, number: str) -> None:
    page = visitor(stage).get(link(stage, number)).text
    assert number in page and "已向您致歉" in page and page.count("很不满意") < 30
    for secret in ("13812345678", "13912340000", "王小明", "文三路"):
        assert secret not in page


@pytest.mark.parametrize(("verdict", "state"), [("solved", "replied"), ("not_solved", "appealed")])
def test_a_press_is_recorded_once_without_a_token_of_a_form(
    stage: Stage, number: str, verdict: str, state: str
) -> None:
    path, client = link(stage, number), visitor(stage)
    answer = client.post(f"{path}?lang=en", data={"verdict": verdict, "comment": "说明\0"})
    assert (answer.status_code, answer.location) == (303, f"{path}?lang=en")
    assert "Set-Cookie" not in answer.headers
    said = client.get(answer.location).text
    assert 'role="status"' in said and "<form" not in said
    assert value(stage, select(Ticket.state).where(Ticket.number == number)) == state
    before = counts(stage)
    assert client.post(path, data={"verdict": "solved"}).status_code == 303
    assert counts(stage) == before
    shown = stage.browsers["site"].get(f"/tickets/{number}").text
    assert "说明" in shown and "\0" not in shown
    assert "经办人见过的链接" in shown or "whoever answered has seen" in shown


def test_an_unknown_an_expired_and_a_made_up_link_are_the_same_plain_page(stage: Stage, number: str) -> None:
    path, client = link(stage, number), visitor(stage)
    with stage.app.app_context():
        from app.services.transaction import write

        with write() as session:
            session.query(CustomerLink).update({"expires_at": NOW})
    asked = [path, "/r/" + "A" * 43, "/r/x", "/r/%00", "/r/" + "é" * 43]
    for method in ("get", "post"):
        pages = [getattr(client, method)(p, data={"verdict": "solved"} if method == "post" else None) for p in asked]
        assert {page.status_code for page in pages} == {404}
        assert len({page.text for page in pages}) == 1


@pytest.mark.parametrize("form", [{}, {"verdict": "perhaps"}, {"verdict": "solved", "comment": "x" * 501}])
def test_a_press_that_says_nothing_is_asked_again_and_keeps_the_words(
    stage: Stage, number: str, form: dict[str, str]
) -> None:
    path = link(stage, number)
    answer = visitor(stage).post(path, data={"comment": "我的话", **form})
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert form.get("comment", "我的话") in answer.text
    assert value(stage, select(func.count()).where(CustomerLink.answered_at.is_not(None))) >= 0
    assert "<form" in visitor(stage).get(path).text


def test_a_comment_is_text(stage: Stage, number: str) -> None:
    path = link(stage, number)
    visitor(stage).post(path, data={"verdict": "not_solved", "comment": "<script>alert(1)</script>"})
    assert "<script>alert" not in stage.browsers["ccs"].get(f"/tickets/{number}").text


def test_a_body_that_is_no_comment_is_too_large(stage: Stage, number: str) -> None:
    answer = visitor(stage).post(link(stage, number), data={"verdict": "solved", "comment": "x" * 30_000})
    assert answer.status_code == 413


def test_guessing_is_slowed_down(stage: Stage) -> None:
    """On a portal as it runs outside of tests: there limits are on."""
    client = create_app(replace(stage.app.extensions["kuaifu"], environment="demo")).test_client()
    try:
        codes = [client.get(f"/r/{n:043d}").status_code for n in range(70)]
        last = client.get("/r/" + "9" * 43)
    finally:
        limiter.reset()
        limiter.enabled = False
    assert codes[:60] == [404] * 60 and codes[-1] == last.status_code == 429
    assert int(last.headers["Retry-After"]) > 0


@pytest.mark.parametrize(("lang", "word"), [("en", "Is your complaint solved?"), ("zh", "")])
def test_the_page_speaks_the_language_of_its_address(stage: Stage, number: str, lang: str, word: str) -> None:
    page = visitor(stage).get(f"{link(stage, number)}?lang={lang}").text
    assert f'lang="{"en" if lang == "en" else "zh-CN"}"' in page and word in page


@pytest.mark.both_engines  # presses at once meet in the engine's own locks
def test_many_presses_at_one_moment_are_one_answer(stage: Stage, number: str) -> None:
    path = link(stage, number)
    gate = threading.Barrier(8)

    def press(n: int) -> int:
        gate.wait(timeout=30)
        form = {"verdict": "not_solved" if n % 2 else "solved"}
        return int(visitor(stage).post(path, data=form).status_code)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(press, range(8))) == {303}
    own = select(func.count()).where(Event.ticket_id == Ticket.id, Ticket.number == number)
    assert value(stage, own.where(Event.type.in_(("satisfied", "reject")))) == 1


def test_a_question_is_nowhere_called_a_complaint(stage: Stage) -> None:
    with stage.app.app_context():
        question = ComplaintIn(
            kind="inquiry", text="几点能取件", category="CONSULT", channel="telephone", waybill=f"YT77{next(NUMBERS):09d}",
            name="王小明", phone="13812345678", site_code="330106-01",
        )  # fmt: skip
        asked = intake.manual(actor=stage.cast["site"], complaint=question, key="", now=NOW)
    path = link(stage, asked)
    pages = [visitor(stage).get(path).text, visitor(stage).get(f"{path}?lang=en").text]
    assert "您的咨询得到解答了吗" in pages[0] and "Is your question answered?" in pages[1]
    pages.append(visitor(stage).post(path, data={"verdict": "not_solved"}, follow_redirects=True).text)
    assert [page for page in pages if "投诉" in page or "omplain" in page or "总部" in page] == []
