"""A company with one ticket in each corner, every text of it marked, and a signed-in browser for everybody.

The tickets: `own` at the first site, `sibling` at the other site of the province, `other` at the site of another
province, `lost` in the headquarters' tray. Each carries a mark of its own in everything that a person or platform wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from pypdf import PdfReader
from sqlalchemy import select, update

from app import clock
from app.models import Outbox, Promise, Ticket
from app.models.ids import new_id
from app.services import intake, recounts, reminders, replies, scans, sessions, sweep
from app.services.intake import Arrival, ComplaintIn, OrderIn
from app.services.replies import PromiseIn, ResultIn
from app.services.scans import ScanIn
from app.services.sessions import Limits
from app.services.transaction import write
from tests import cast
from tests.cast import NOON, Cast, post
from tests.services.problem_steps import with_types

NOW = NOON + timedelta(hours=2)
TICKETS = {"own": "330106-01", "sibling": "330108-01", "other": "440305-01", "lost": ""}
CLERKS = {"own": "site", "sibling": "site-2", "other": "site-3"}
SEES = {
    "site": {"own"}, "site-manager": {"own"}, "site-2": {"sibling"}, "site-3": {"other"},
    "lcs": {"own", "sibling"}, "lcs-manager": {"own", "sibling"}, "lcs-2": {"other"},
    "ccs": set(TICKETS), "ccs-manager": set(TICKETS), "admin": set(),
}  # fmt: skip
EVERYBODY = tuple(SEES)
RAW_TOKEN = "0" * 40
WAYBILLS = {
    "own": "YT1111222233334",
    "sibling": "YT2222333344445",
    "other": "YT3333444455556",
    "lost": "YT4444555566667",
}
WRITTEN = ("content", "followup", "result", "note", "reject", "scan")  # shown on the ticket's page in full
MASKED = ("name", "phone", "address")  # shown in full after a logged reveal only


def mark(key: str, kind: str) -> str:
    """The mark of a ticket's text of that kind; no other text contains it."""
    if kind == "phone":
        return f"1391234{1000 + 7 * list(TICKETS).index(key)}"
    if kind == "waybill":
        return WAYBILLS[key]
    return {"order": f"ORDER-{key}-canary", "name": f"王{key}canary"}.get(kind, f"{kind}-{key}-canary")


def marks_of(key: str) -> list[str]:
    """Every mark of a ticket but its number."""
    kinds = (*WRITTEN, *MASKED, "waybill", "order", "refusal", "promise", "signed")
    tail = WAYBILLS[key]
    return [*(mark(key, kind) for kind in kinds), f"…{tail[-8:-4]} {tail[-4:]}"]


@dataclass
class Stage:
    """The company, its tickets by name, what hangs on them, and who looks at it."""

    app: Flask
    cast: Cast
    numbers: dict[str, str] = field(default_factory=dict)
    promises: dict[str, int] = field(default_factory=dict)
    callbacks: dict[str, int] = field(default_factory=dict)  # failed ones, which can be sent again
    sent: dict[str, int] = field(default_factory=dict)
    browsers: dict[str, FlaskClient] = field(default_factory=dict)

    @property
    def csrf(self) -> str:
        """The form token of every signed-in browser here."""
        return URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token").dumps(RAW_TOKEN)  # type: ignore[arg-type]

    @contextmanager
    def session(self) -> Iterator[Any]:
        """A database session that is gone before the next request."""
        from app.extensions import db

        with self.app.app_context():
            yield db.session()

    def hidden_from(self, who: str) -> list[str]:
        """Tickets outside the person's scope."""
        return [key for key in TICKETS if key not in SEES.get(who, set())]

    def browser(self, who: str) -> FlaskClient:
        """A new signed-in browser, without the cost of a password; anonymous for a name that is nobody's."""
        return self.holding(self.token(who) if who in SEES else "")

    def token(self, who: str) -> str:
        """A new session of that person."""
        with self.session():
            return sessions.create(
                user_id=self.cast[who].user_id or 0, epoch=0, data={"csrf_token": RAW_TOKEN}, now=NOW,
                limits=Limits(timedelta(minutes=30), timedelta(hours=12)),
            )  # fmt: skip

    def holding(self, token: str) -> FlaskClient:
        """A browser with that session, or with none."""
        client = self.app.test_client()
        if token:
            client.set_cookie("session", token)
        return client


def build(app: Flask) -> Stage:
    """The company, its marked tickets and a browser for everybody: played once in a process, then laid down again."""
    snapshots = app.extensions["test_snapshots"]
    play = partial(_play, app)
    with app.app_context():
        made, tokens = snapshots.begin("stage", play, often=1) if snapshots.clean else play()
    company = replace(made.cast, places=dict(made.cast.places), people=dict(made.cast.people))
    stage = Stage(app, company, *map(dict, (made.numbers, made.promises, made.callbacks, made.sent)))
    stage.browsers = {who: stage.holding(tokens.get(who, "")) for who in (*EVERYBODY, "anonymous")}
    return stage


def _play(app: Flask) -> tuple[Stage, dict[str, str]]:
    """Write the company and its marked tickets through the real services, and sign everybody in."""
    stage = Stage(app, with_types(cast.assemble()))
    for key in TICKETS:
        stage.numbers[key] = _issue(stage.cast, key)
    _remind()
    for key, clerk in CLERKS.items():
        _work(stage, key, clerk)
    with write() as session:
        recounts.recount(session, sites=True)
    return stage, {who: stage.token(who) for who in EVERYBODY}


def _issue(company: Cast, key: str) -> str:
    trace = ScanIn(WAYBILLS[key], "DELIVER", NOON, TICKETS[key], "courier", mark(key, "scan"))
    scans.store_scans(scans=[trace] if TICKETS[key] else [], now=NOON)
    arrival = Arrival(company.connection_id, intake.ISSUE, json.dumps({"order": key}).encode(), NOON)
    complaint = ComplaintIn(
        text=mark(key, "content"), category="FALSE_SIGN", waybill=WAYBILLS[key], name=mark(key, "name"),
        phone=mark(key, "phone"), address=f"杭州市文三路 9 号 {mark(key, 'address')}", site_code=TICKETS[key] or "999999-99",
    )  # fmt: skip
    return intake.issue(arrival=arrival, order=OrderIn(mark(key, "order"), f"T-{key}"), complaint=complaint)


def _remind() -> None:
    """The reminders of all sites lie in the SMS outbox."""
    from app.extensions import db

    at = NOON + timedelta(minutes=16)
    sweep.run(db.session(), at)
    reminders.bundle(db.session(), at)


def _work(stage: Stage, key: str, clerk: str) -> None:
    """Claim, follow up, note, answer with a promise; the platform refuses the answer; the customer rejects it."""
    from app.extensions import db

    actor, number, at = stage.cast[clerk], stage.numbers[key], NOON + timedelta(minutes=20)
    replies.claim(actor=actor, post=post(number), now=at)
    replies.follow_up(
        actor=actor, post=post(number), text=mark(key, "followup"), contact_outcome="no_answer",
        next_update_at=NOW + timedelta(hours=1), now=at,
    )  # fmt: skip
    replies.note(actor=actor, post=post(number), text=mark(key, "note"), now=at)
    promise = PromiseIn("call_back", NOW + timedelta(hours=5), mark(key, "promise"))
    answer = ResultIn(mark(key, "result"), "reached_accepts", signed_by=mark(key, "signed"), promises=[promise])
    replies.result(actor=actor, post=post(number), answer=answer, now=at)
    body = json.dumps({"reject": key}).encode()
    later = Arrival(stage.cast.connection_id, "WORK_ORDER_REJECT", body, at)
    intake.follow_up(arrival=later, order_code=mark(key, "order"), event_id="1", event_at=at, text=mark(key, "reject"))
    ticket_id = db.session.scalars(select(Ticket.id).where(Ticket.number == number)).one()
    stage.promises[key] = db.session.scalars(select(Promise.id).where(Promise.ticket_id == ticket_id)).one()
    stage.callbacks[key] = db.session.scalars(select(Outbox.id).where(Outbox.ticket_id == ticket_id)).one()
    with write() as session:
        failed = {"state": "failed", "error": f"E1: {mark(key, 'refusal')}", "next_try_at": None}
        session.execute(update(Outbox).where(Outbox.id == stage.callbacks[key]).values(**failed))
        row = session.get_one(Outbox, stage.callbacks[key])
        sent = Outbox(id=new_id(), kind="callback", key=f"sent-{key}", lane=row.lane, state="sent", created_at=at)
        sent.ticket_id, sent.province_id, sent.payload = row.ticket_id, row.province_id, dict(row.payload)
        session.add(sent)
        stage.sent[key] = sent.id


def leaks(stage: Stage, who: str, path: str, said: str) -> list[str]:
    """The marks of hidden tickets in an answer, without what stood in the address itself.

    An administrator watches what comes and what leaves the house: numbers, order codes and refusals, but no text and
    no person.
    """
    asked, found = unquote(path), ["demo-secret"] if "demo-secret" in said else []
    watched = who == "admin" and path.startswith(("/callbacks", "/sms-outbox", "/admin/messages"))
    for key in stage.hidden_from(who):
        marks = [m for m in (*marks_of(key), stage.numbers[key]) if m in said and m not in asked]
        allowed = {stage.numbers[key], mark(key, "order"), mark(key, "refusal")} if watched else set()
        found += [m for m in marks if m not in allowed]
    return found


def freeze(monkeypatch: Any) -> None:
    """All requests happen at NOW."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


def unprinted(html: str, _css: Any, target: Path) -> int:
    """In the place of the renderer, which costs half a second a page: the document itself, which says all that its
    print would say and more. `test_months` opens real ones."""
    target.write_text(html, encoding="utf-8")
    return 1


def words_of(answer: Any) -> str:
    """What an answer tells, files included."""
    if answer.data.startswith(b"%PDF"):
        return "\n".join(page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages)
    if answer.mimetype.endswith("spreadsheetml.sheet"):
        book = ZipFile(BytesIO(answer.data))
        return "\n".join(book.read(name).decode() for name in book.namelist())
    return str(answer.text)
