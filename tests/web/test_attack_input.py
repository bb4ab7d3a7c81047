"""Fields that no form of the portal holds, and values that no browser sends: refused, and never an error of the inside."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from gunicorn.http.errors import InvalidChunkSize
from sqlalchemy import func, select

from app.models import Clock, Contact, Emergency, Event, Exemption, HandoverNote, Incident, Ticket
from app.services import contacts
from tests import cast
from tests.cast import NOON
from tests.cast import post as at
from tests.web.stage import NOW, Stage

# Numbers beyond any row and texts beyond any column: each engine has limits of its own.
pytestmark = pytest.mark.both_engines

HUGE = "9" * 30
NUMBERS = iter(range(1000))


@pytest.fixture
def number(stage: Stage) -> str:
    """A fresh ticket of the first site."""
    with stage.app.app_context():
        return cast.push(stage.cast, f"INP{next(NUMBERS)}", now=NOON)


def post(stage: Stage, who: str, path: str, **data: Any) -> Any:
    return stage.browsers[who].post(path, data={**data, "csrf_token": stage.csrf})


def one(stage: Stage, statement: Any) -> Any:
    with stage.session() as session:
        return session.scalars(statement).one()


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("page", ["/exemptions", "/incidents", "/sms-outbox", "/callbacks"])
def test_a_page_after_no_row_at_all_is_the_first_one(stage: Stage, page: str, sign: str) -> None:
    assert stage.browsers["ccs"].get(f"{page}?before={sign}{HUGE}").status_code == 200


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_call_or_colleague_beyond_any_number_is_none(stage: Stage, number: str, sign: str) -> None:
    own = f"/tickets/{number}"
    assert post(stage, "site", f"{own}/contact", contact=f"{sign}{HUGE}", outcome="busy").status_code == 409
    typed = {"colleague": f"{sign}{HUGE}", "text": "请接手"}
    assert post(stage, "site-manager", f"{own}/hand-over", **typed).status_code == 422


def test_a_call_is_ended_by_who_began_it_and_on_its_own_ticket(stage: Stage, number: str) -> None:
    with stage.app.app_context():
        other = cast.push(stage.cast, f"INP{next(NUMBERS)}", now=NOON)
        called = contacts.start(actor=stage.cast["site"], post=at(number), now=NOW - timedelta(minutes=1))
    typed = {"contact": str(called.contact_id), "outcome": "reached_accepts"}
    assert post(stage, "site", f"/tickets/{other}/contact", **typed).status_code == 409
    assert post(stage, "site-manager", f"/tickets/{number}/contact", **typed).status_code == 409
    assert one(stage, select(Contact.outcome).where(Contact.id == called.contact_id)) == ""
    assert post(stage, "site", f"/tickets/{number}/contact", **typed).status_code == 303


@pytest.mark.parametrize("header", ["HX-Current-URL", "Referer"])
def test_half_an_address_of_a_host_leads_to_the_sign_in(stage: Stage, header: str) -> None:
    visitor = stage.app.test_client()
    asked = visitor.post("/logout", headers={header: "http://[::1"})
    assert (asked.status_code, asked.location) == (303, "/login")


def test_an_administrator_who_presses_no_button_has_said_nothing(stage: Stage, number: str) -> None:
    mine = select(Clock.id).join(Ticket, Ticket.id == Clock.ticket_id).where(Clock.kind == "resolve")
    run = one(stage, mine.where(Ticket.number == number))
    asked = {"clock": str(run), "reason": "system_fault", "facts": "接口 13:00 至 14:00 中断"}
    assert post(stage, "lcs", "/exemptions/late", **asked).status_code == 303
    newest = select(Exemption).order_by(Exemption.id.desc()).limit(1)
    path = f"/exemptions/{one(stage, newest).id}/confirm"
    for typed in ({}, {"real": "maybe"}):
        assert post(stage, "admin", path, **typed).status_code == 422
    assert one(stage, newest).system_real is None
    assert post(stage, "admin", path, real="no").status_code == 303
    assert one(stage, newest).system_real is False


def test_a_complaint_by_hand_is_no_platforms_and_keeps_no_text_among_its_codes(stage: Stage) -> None:
    typed = {"text": "来电投诉", "channel": "platform", "category": "王小明 13812345678", "submission_key": "by-hand-2"}
    assert post(stage, "lcs", "/tickets/new", **typed).status_code == 422  # only an offered category is taken
    assert post(stage, "lcs", "/tickets/new", **{**typed, "category": "OTHER"}).status_code == 303
    made = one(stage, select(Ticket).order_by(Ticket.id.desc()).limit(1))
    assert (made.channel, made.category) == ("telephone", "OTHER")
    with stage.session() as session:
        told = str(list(session.scalars(select(Event.data).where(Event.ticket_id == made.id))))
    assert "13812345678" not in told and "王小明" not in told


@pytest.mark.parametrize(
    ("who", "page", "typed"),
    [
        ("lcs", "/incidents", {"title": "货车起火", "kind": "fire", "province": "33"}),
        ("ccs", "/exemptions/area", {"reason": "other", "facts": "停电", "area": "33", "from_at": "2026-11-18T10:00",
                                     "until_at": "2026-11-18T11:00"}),
        ("ccs-manager", "/emergencies/new", {"name": "暴雪", "area": "33", "confirmed": "1",
                                             "from_at": "2026-11-18T14:00", "until_at": "2026-11-19T14:00"}),
        ("site", "/handover", {"text": "两单待回"}),
    ],
)  # fmt: skip
def test_a_form_that_is_pressed_twice_does_its_work_once(
    stage: Stage, who: str, page: str, typed: dict[str, str]
) -> None:
    shown = stage.browsers[who].get(page).text
    key = re.search(r'name="submission_key" value="([^"]+)"', shown)
    assert key is not None
    table = {"/incidents": Incident, "/exemptions/area": Exemption, "/emergencies/new": Emergency}.get(
        page, HandoverNote
    )
    before = one(stage, select(func.count()).select_from(table))
    for _ in range(2):
        assert post(stage, who, page, submission_key=key[1], **typed).status_code == 303
    assert one(stage, select(func.count()).select_from(table)) == before + 1


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_room_for_pictures_is_no_room_for_words(stage: Stage, number: str, kind: str) -> None:
    typed = {"text": "x" * 3_000_000, "csrf_token": stage.csrf}
    answer = stage.browsers["site"].post(f"/tickets/{number}/note", data=typed, content_type=kind)
    assert answer.status_code == 413 and len(answer.data) < 20_000


@pytest.mark.parametrize("path", ["/login", "/language", "/waybills", "/tickets/{}/note"])
def test_a_million_fields_are_refused_before_they_are_taken_apart(stage: Stage, number: str, path: str) -> None:
    told = {"content_type": "application/x-www-form-urlencoded"}
    for body in (b"a&" * 900_000, b"&".join(b"%x=" % n for n in range(5_001))):
        answer = stage.browsers["site"].post(path.format(number), data=body, **told)
        assert answer.status_code == 400
    assert stage.browsers["site"].post(path.format(number), data=b"a=1&" * 4_000, **told).status_code != 400


class Torn(BytesIO):
    """A body in pieces, one of which has no size, as the server finds while it is read: once, then nothing is left."""

    torn = False

    def readinto(self, _room: Any) -> int:
        if not self.torn:
            self.torn = True
            raise InvalidChunkSize(b"zz")
        return 0

    def read(self, _size: int | None = -1) -> bytes:
        return b"" if not self.readinto(b"") else b"x"


@pytest.mark.parametrize("path", ["/login", "/language", "/r/abc", "/tickets/KF1/note", "/platform/link/demo"])
def test_a_body_in_pieces_that_do_not_fit_is_refused_and_told_under_its_own_id(
    stage: Stage, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = stage.app.test_client().post(
        path, content_type="application/x-www-form-urlencoded", input_stream=Torn(),
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )  # fmt: skip
    assert answer.status_code in (400, 404)
    assert len(answer.headers["X-Request-ID"]) == 16
    assert not [line for line in caplog.records if line.levelname == "ERROR"]
