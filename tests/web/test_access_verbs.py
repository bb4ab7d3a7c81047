"""Posts: no verb, sub-object or extra parameter reaches over the edge of the scope, and the same posts work inside it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.models import (
    Clock,
    Event,
    FreeText,
    Outbox,
    Party,
    Promise,
    Reveal,
    Submission,
    Ticket,
    User,
    WorkItem,
)
from app.services import scans
from app.services.scans import ScanIn
from app.services.transaction import write
from tests import cast
from tests.web.stage import EVERYBODY, MASKED, NOW, WAYBILLS, Stage, leaks, mark, marks_of

pytestmark = pytest.mark.thorough

TYPED = {  # valid for every verb at once
    "text": "typed", "contact_outcome": "reached_accepts", "next_update_at": "2026-11-25T10:00", "confirmed": "1",
    "root_cause": "courier", "verified": "1", "ruling": "upheld_return", "site_code": "330106-01", "proof": "scan",
    "template": "courier_delivery", "request": "call", "due_at": "2026-11-25T10:00", "name": "courier",
    "phone": "13900000000", "outcome": "reached_accepts", "category": "LOST", "agreed": "yes",
    "promise_due_at": "2026-11-25T10:00",
}  # fmt: skip
COUNTED = (Event, FreeText, Reveal, Submission, Outbox, Promise, Clock, WorkItem)


def post(stage: Stage, who: str, path: str, **more: str) -> Any:
    return stage.browsers[who].post(path, data={**TYPED, "csrf_token": stage.csrf, **more})


def verbs(app: Flask) -> list[str]:
    """The addresses of all posts to a ticket, from the portal itself: a new verb is tested from its first day."""
    rules = [rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or set())]
    return [rule.replace("<number>", "{number}") for rule in rules if "<number>" in rule]


def state(stage: Stage) -> list[Any]:
    """How many rows there are of everything that a verb could add, and each ticket's version, state and chain."""
    with stage.session() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in COUNTED]
        columns = (Ticket.number, Ticket.version, Ticket.state, Ticket.last_hash, Ticket.repeat_count)
        return [*counts, *session.execute(select(*columns).order_by(Ticket.number)).all()]


def value(stage: Stage, statement: Any) -> Any:
    with stage.session() as session:
        return session.scalars(statement).one()


@pytest.mark.parametrize("who", [*EVERYBODY, "anonymous"])
def test_no_verb_reaches_a_ticket_outside_the_scope(stage: Stage, who: str) -> None:
    before = state(stage)
    for rule in verbs(stage.app):
        for key in stage.hidden_from(who):
            path = rule.replace("<int:promise_id>", str(stage.promises.get(key, 1))).format(number=stage.numbers[key])
            answer = post(stage, who, path, submission_key=f"{who}-{key}-{rule}"[:64], promise_what="redelivery")
            wanted = {"anonymous": (303,), "admin": (403,)}.get(who, (403, 404))
            assert answer.status_code in wanted, (who, path)
            assert not leaks(stage, who, path, answer.text), (who, path)
    assert state(stage) == before


def test_the_same_posts_work_inside_the_scope(stage: Stage) -> None:
    with stage.app.app_context():
        fresh = cast.push(stage.cast, "FRESH")
        number = cast.push(stage.cast, "APPEALED")
    own = f"/tickets/{number}"
    steps = [
        ("site", f"/tickets/{fresh}/claim"), ("site-manager", f"/tickets/{fresh}/note"), ("site", f"{own}/follow-up"),
        ("site", f"/tickets/{fresh}/courier-sms"),
        ("site", f"{own}/result"), ("lcs", f"{own}/note"), ("ccs", f"/tickets/{stage.numbers['lost']}/assign"),
    ]  # fmt: skip
    for who, path in steps:
        before = state(stage)
        assert (post(stage, who, path).status_code, state(stage) != before) == (303, True), path
    with stage.app.app_context():
        cast.tell(stage.cast, "REJECT", "APPEALED")
    assert post(stage, "ccs-manager", f"{own}/ruling").status_code == 303
    assert post(stage, "site", f"{own}/result").status_code == 303
    with stage.app.app_context():
        cast.tell(stage.cast, "SATISFIED", "APPEALED", at=cast.NOON + cast.timedelta(hours=1))
    assert post(stage, "site", f"{own}/close").status_code == 303
    assert value(stage, select(Ticket.state).where(Ticket.number == number)) == "closed"


def test_a_promise_is_settled_through_its_own_ticket_only(stage: Stage) -> None:
    of_own, of_other = stage.promises["own"], stage.promises["other"]
    for who, promise in (("site", of_other), ("site", 1), ("site-3", of_own)):
        key = "own" if who == "site" else "other"
        assert post(stage, who, f"/tickets/{stage.numbers[key]}/promises/{promise}/kept").status_code == 409
    assert [value(stage, select(Promise.state).where(Promise.id == i)) for i in (of_own, of_other)] == ["open", "open"]
    own = f"/tickets/{stage.numbers['own']}/promises/{of_own}/kept"
    assert post(stage, "site", own).status_code == 422  # nothing proves it yet
    with stage.app.app_context():
        scan = ScanIn(WAYBILLS["own"], "SIGN", NOW, "330106-01")
        scans.store_scans(scans=[scan], now=NOW)
    assert post(stage, "site", own).status_code == 303
    assert value(stage, select(Promise.state).where(Promise.id == of_own)) == "kept"


def test_a_failed_answer_is_sent_again_by_its_own_province_or_headquarters_only(stage: Stage) -> None:
    row = stage.callbacks["other"]
    failed = select(Outbox.state).where(Outbox.id == row)
    for who, status in (("lcs", 404), ("lcs-manager", 404), ("site-3", 403), ("site", 403), ("anonymous", 303)):
        assert post(stage, who, f"/callbacks/{row}/resend").status_code == status, who
        assert value(stage, failed) == "failed"
    with stage.session() as session:
        sms = session.scalars(select(Outbox.id).where(Outbox.kind == "sms").limit(1)).one()
    assert post(stage, "ccs", f"/callbacks/{sms}/resend").status_code == 404
    assert post(stage, "lcs-2", f"/callbacks/{row}/resend").status_code == 303
    assert value(stage, failed) == "pending"


def test_a_contact_is_shown_in_full_on_record_and_in_scope_only(stage: Stage) -> None:
    path = f"/tickets/{stage.numbers['sibling']}/reveal"
    looks = select(func.count()).select_from(Reveal)
    before = value(stage, looks)
    for who in ("site", "site-manager", "site-3", "lcs-2", "admin", "anonymous"):
        assert mark("sibling", "phone") not in post(stage, who, path).text
    assert value(stage, looks) == before
    shown = post(stage, "lcs", path).text
    assert all(mark("sibling", kind) in shown for kind in MASKED)
    assert value(stage, looks) == before + 1


def test_a_province_gives_work_to_its_own_sites_only(stage: Stage) -> None:
    with stage.app.app_context():
        number = cast.push(stage.cast, "TRAY", site="999999-99")
    path, site = f"/tickets/{number}/assign", select(Ticket.handling_site_id).where(Ticket.number == number)
    assert post(stage, "lcs", path).status_code == 404
    with stage.app.app_context(), write() as session:
        ticket, province = session.scalars(select(Ticket).where(Ticket.number == number)).one(), stage.cast.places["33"]
        ticket.province_id = province
        party = Party(ticket_id=ticket.id, organisation_id=province, province_id=province, role="tray")
        party.added_at = cast.NOON
        session.add(party)
    for code in ("440305-01", "33", "HQ", "nowhere"):
        assert post(stage, "lcs", path, site_code=code).status_code == 422, code
    assert post(stage, "lcs-2", path, site_code="440305-01").status_code == 404
    assert value(stage, site) is None
    assert post(stage, "lcs", path, site_code="330108-01").status_code == 303
    assert value(stage, site) == stage.cast.places["330108-01"]


def test_a_complaint_by_hand_takes_the_fields_of_its_form_only(stage: Stage) -> None:
    extra = {
        "number": "KF1",
        "state": "closed",
        "handling_site_id": str(stage.cast.places["330106-01"]),
        "priority": "low",
    }
    answer = post(stage, "site", "/tickets/new", submission_key="by-hand", category="LOST", **extra)
    assert (answer.status_code, answer.location.split("?")[0]) == (303, "/tickets")
    made = value(stage, select(Ticket).order_by(Ticket.id.desc()).limit(1))
    assert (made.state, made.handling_site_id, made.priority, made.queue) == ("open", None, "urgent", "tray")


def test_a_complaint_by_hand_on_a_hidden_parcel_counts_there_and_tells_its_number_alone(stage: Stage) -> None:
    repeats = select(Ticket.repeat_count).where(Ticket.number == stage.numbers["other"])
    before = value(stage, repeats)
    answer = post(stage, "site", "/tickets/new", submission_key="hidden", category="LOST", waybill=WAYBILLS["other"])
    assert (answer.status_code, answer.location.split("?")[0]) == (303, "/tickets")
    after = stage.browsers["site"].get(answer.location)
    assert not [m for m in marks_of("other") if m in f"{answer.headers}{answer.text}{after.text}"]
    again = post(stage, "lcs", "/tickets/new", submission_key="hidden", category="LOST")  # somebody else's key
    assert again.status_code == 409 and not [m for m in marks_of("other") if m in f"{again.headers}{again.text}"]
    same = post(stage, "site", "/tickets/new", submission_key="hidden", category="LOST", waybill=WAYBILLS["other"])
    assert (same.status_code, same.location) == (303, answer.location)
    assert value(stage, repeats) == before + 1


def test_the_other_tickets_on_a_parcel_are_shown_inside_the_scope_only(stage: Stage) -> None:
    with stage.app.app_context():
        first = cast.push(stage.cast, "FIRST", waybill="YT7777777777777")
        cast.tell(stage.cast, "CANCEL", "FIRST")
        second = cast.push(stage.cast, "SECOND", waybill="YT7777777777777", site="440305-01")
    for who, number, another in (("site", first, second), ("lcs", first, second), ("site-3", second, first)):
        assert another not in stage.browsers[who].get(f"/tickets/{number}").text, who
    assert second in stage.browsers["ccs"].get(f"/tickets/{first}").text


def test_who_changes_the_site_sees_the_new_scope_at_the_next_request(stage: Stage) -> None:
    clerk, pages = stage.browsers["site-2"], [f"/tickets/{stage.numbers[key]}" for key in ("sibling", "other")]
    moved = {"330108-01": [200, 404], "440305-01": [404, 200]}
    for place in ("440305-01", "330108-01"):
        with stage.app.app_context(), write() as session:
            session.execute(
                update(User).where(User.account == "site-2").values(organisation_id=stage.cast.places[place])
            )
        assert [clerk.get(page).status_code for page in pages] == moved[place]
