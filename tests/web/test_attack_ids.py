"""Ids of foreign objects under an own ticket's address, and among own ones in a batch: refused whole, nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.models import (
    Attachment,
    Clock,
    Closure,
    Courier,
    DutyShift,
    Event,
    EvidenceOrder,
    Exemption,
    HandoverNote,
    Incident,
    Promise,
    Robot,
    Ticket,
    User,
)
from app.services.transaction import write
from tests import cast
from tests.pictures import photo
from tests.web.stage import NOON, Stage

HERE, SIBLING, AWAY, LATER = "330106-01", "330108-01", "440305-01", "2026-11-25T10:00"
NUMBERS = iter(range(1000))


@pytest.fixture
def pair(stage: Stage) -> tuple[str, str]:
    """A ticket of the first site and one of the other province's, both followed up."""
    with stage.app.app_context():
        made = [cast.push(stage.cast, f"IDS{next(NUMBERS)}", now=NOON, site=site) for site in (HERE, AWAY)]
    for who, number in zip(("site", "site-3"), made, strict=True):
        typed = {"text": "已联系", "contact_outcome": "reached_accepts", "next_update_at": LATER}
        assert post(stage, who, f"/tickets/{number}/follow-up", **typed).status_code == 303
    return made[0], made[1]


def post(stage: Stage, who: str, path: str, *files: bytes, **fields: Any) -> Any:
    data = {"csrf_token": stage.csrf, **fields, "file": [(BytesIO(raw), "a.jpg") for raw in files]}
    return stage.browsers[who].post(path, data=data, content_type="multipart/form-data")


def one(stage: Stage, statement: Any) -> Any:
    with stage.session() as session:
        return session.scalars(statement).first()


def events(stage: Stage, *numbers: str) -> int:
    mine = select(func.count()).select_from(Event).join(Ticket, Ticket.id == Event.ticket_id)
    return int(one(stage, mine.where(Ticket.number.in_(numbers))))


def run_of(stage: Stage, number: str) -> int:
    mine = select(Clock.id).join(Ticket, Ticket.id == Clock.ticket_id).where(Clock.kind == "resolve")
    return int(one(stage, mine.where(Ticket.number == number)))


@pytest.fixture
def foreign(stage: Stage, pair: tuple[str, str]) -> Iterator[dict[str, str]]:
    """What hangs on the foreign ticket and its site, by name; the ids as text."""
    path = f"/tickets/{pair[1]}"
    assert post(stage, "lcs-2", f"{path}/evidence", code=AWAY, text="底单", due_at=LATER).status_code == 303
    made = {"promise_what": "call_back", "promise_due_at": LATER}
    assert post(stage, "site-3", f"{path}/promises", **made).status_code == 303
    assert post(stage, "site-3", f"{path}/attachments", photo(), box="note").status_code == 200
    with stage.app.app_context(), write() as session:
        session.add(Courier(id=next(NUMBERS) + 1, organisation_id=stage.cast.places[AWAY], name="远", phone="13900000009",
                            kind="courier", active=True))  # fmt: skip
    newest = {"order": EvidenceOrder, "promise": Promise, "attachment": Attachment, "courier": Courier}
    found = {name: str(one(stage, select(table.id).order_by(table.id.desc()))) for name, table in newest.items()}
    courier = select(Courier.id).where(Courier.organisation_id == stage.cast.places[AWAY]).order_by(Courier.id.desc())
    yield {**found, "courier": str(one(stage, courier)), "clock": str(run_of(stage, pair[1]))}


def test_parts_of_a_foreign_ticket_are_none_of_an_own_one(
    stage: Stage, pair: tuple[str, str], foreign: dict[str, str]
) -> None:
    path, before = f"/tickets/{pair[0]}", events(stage, *pair)
    assert post(stage, "lcs", f"{path}/evidence", code=HERE, text="底单", due_at=LATER).status_code == 303
    tries: list[tuple[str, dict[str, str], tuple[int, ...]]] = [
        ("/evidence/deliver", {"order": foreign["order"], "text": "给"}, (422,)),
        (f"/promises/{foreign['promise']}/kept", {"proof": "call"}, (409,)),
        (f"/promises/{foreign['promise']}/anew", {"promise_due_at": LATER, "promise_text": "改"}, (409,)),
        ("/note", {"text": "见图", "attachment": foreign["attachment"]}, (422,)),
        ("/attachments/remove", {"attachment": foreign["attachment"], "box": "note"}, (404,)),
        ("/exemption", {"clocks": foreign["clock"], "reason": "system_fault", "facts": "断网"}, (422,)),
        ("/courier-sms", {"courier_id": foreign["courier"], "template": "courier_delivery", "request": "call",
                          "due_at": LATER}, (422,)),
        ("/parties/urge", {"party": AWAY}, (409, 422)),
        ("/parties/remove", {"party": AWAY, "text": "撤"}, (409, 422)),
        ("/hand-over", {"colleague": str(stage.cast["site-3"].user_id), "text": "请接"}, (422,)),
    ]  # fmt: skip
    for verb, typed, wanted in tries:
        assert post(stage, "site", path + verb, **typed).status_code in wanted, verb
    assert stage.browsers["site"].get(f"{path}/clocks/{foreign['clock']}").status_code == 404
    assert stage.browsers["site"].get(f"/attachments/{foreign['attachment']}").status_code == 404
    assert (
        foreign["promise"] not in stage.browsers["site"].get(f"{path}?sheet=promise&promise={foreign['promise']}").text
    )
    assert events(stage, *pair) == before + 2  # the order and its clock


def test_with_one_foreign_run_among_own_ones_none_is_asked_for(stage: Stage, pair: tuple[str, str]) -> None:
    own, other = (str(run_of(stage, number)) for number in pair)
    before, asked = one(stage, select(func.count()).select_from(Exemption)), {"reason": "other", "text": "停电"}
    for who, runs in (("lcs", [own, other]), ("lcs-2", [own, other]), ("lcs", [own, "1"])):
        assert post(stage, who, "/exemptions/late", clock=runs, **asked).status_code == 422
    assert one(stage, select(func.count()).select_from(Exemption)) == before
    assert post(stage, "lcs", "/exemptions/late", clock=[own, own], **asked).status_code == 303


def test_foreign_tickets_stay_out_of_an_incident_and_its_answer(stage: Stage, pair: tuple[str, str]) -> None:
    typed = {"title": "货车起火", "kind": "fire", "province": "33"}
    path = post(stage, "lcs", "/incidents", **typed).location
    assert post(stage, "lcs", f"{path}/add", words=" ".join(pair)).status_code == 422
    inside = select(Ticket.number).join(Incident, Incident.id == Ticket.incident_id)
    number = path.rsplit("/", 1)[1]
    assert one(stage, inside.where(Incident.number == number)) == pair[0]
    with stage.session() as session:
        assert len(session.scalars(inside.where(Incident.number == number)).all()) == 1
    before = events(stage, *pair)
    assert post(stage, "lcs", f"{path}/reply", ticket=list(pair), remove="1").status_code == 404
    assert events(stage, *pair) == before
    answer = post(stage, "lcs", f"{path}/reply", ticket=list(pair), text="好", seen="好", submission_key="mixed")
    assert answer.status_code == 200 and one(stage, select(Ticket.state).where(Ticket.number == pair[1])) != "replied"
    assert stage.browsers["lcs-2"].get(path).status_code == 404


def test_what_another_organisation_keeps_is_not_ended_tested_or_read(stage: Stage) -> None:
    shift = {"name": "李", "phone": "13900000001", "when": "daily", "from_time": "08:00", "until_time": "20:00"}
    token = "https://oapi.dingtalk.com/robot/send?access_token=" + "a" * 32
    for path, typed in (
        ("/duty/entries", shift),
        ("/duty/couriers", {"name": "赵", "phone": "13900000002", "kind": "courier"}),
        ("/duty/robots", {"name": "群", "address": token}),
        ("/closures", {"from_day": "2026-12-01", "until_day": "2026-12-02", "reason": "holiday"}),
        ("/handover", {"text": "两单待回"}),
    ):
        assert post(stage, "site-manager", path, **typed).status_code == 303, path
    with stage.app.app_context(), write() as session:
        session.execute(update(User).where(User.account.in_(("site-2", "site-3"))).values(role="site_manager"))
    try:
        for path, table in (
            ("/duty/entries/{}/end", DutyShift), ("/duty/couriers/{}/end", Courier), ("/duty/robots/{}/end", Robot),
            ("/duty/robots/{}/test", Robot), ("/closures/{}/end", Closure), ("/handover/notes/{}/read", HandoverNote),
        ):  # fmt: skip
            identity = one(stage, select(table.id).order_by(table.id.desc()))
            for who in ("site-2", "site-3", "lcs-2"):
                assert post(stage, who, path.format(identity)).status_code in (403, 404), (who, path)
        for who in ("site-2", "site-3"):
            user = stage.cast["site"].user_id
            assert post(stage, who, f"/team/{user}/skills", skills="LOST").status_code == 404
            assert post(stage, who, f"/team/{user}/duty", on="0").status_code == 404
            assert post(stage, who, "/duty/entries", site=HERE, **shift).status_code == 404
    finally:
        with stage.app.app_context(), write() as session:
            session.execute(update(User).where(User.account.in_(("site-2", "site-3"))).values(role="site_clerk"))
    away = {"from_day": "2026-12-05", "reason": "holiday", "deputy_code": AWAY}
    assert post(stage, "site-manager", "/closures", **away).status_code == 422


def test_an_account_that_is_closed_or_moved_between_page_and_post_does_nothing(
    stage: Stage, pair: tuple[str, str]
) -> None:
    own, before = f"/tickets/{pair[0]}", events(stage, *pair)
    for column, then, wanted in (
        ({"disabled_at": NOON}, {"disabled_at": None}, 303),
        ({"role": "admin"}, {"role": "site_clerk"}, 403),
        ({"organisation_id": stage.cast.places[AWAY]}, {"organisation_id": stage.cast.places[HERE]}, 404),
    ):
        assert stage.browsers["site"].get(own).status_code == 200
        change(stage, **column)
        try:
            answer = post(stage, "site", f"{own}/note", text="迟到的备注")
            assert answer.status_code == wanted, column
            assert wanted != 303 or answer.location.startswith("/login")
        finally:
            change(stage, **then)
    assert events(stage, *pair) == before


def change(stage: Stage, **columns: Any) -> None:
    with stage.app.app_context(), write() as session:
        session.execute(update(User).where(User.account == "site").values(**columns))
