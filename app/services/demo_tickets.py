"""Plays the demo's stories through the real services, in the order of time, so that nothing in it is painted on.

Answers of these stories are booked as taken by the platform and SMS as sent, without a request: they lie in the past.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.calendars import ONE_DAY, SHANGHAI, at_local, local_date
from app.extensions import db
from app.models import Clock, Outbox, PlatformOrder, Promise, Ticket
from app.services import (
    appeals,
    callbacks,
    contacts,
    demo_other_work,
    demo_stories,
    demo_verbs,
    intake,
    promises,
    recounts,
    reminders,
    replies,
    scans,
    sweep,
)
from app.services.appeals import RulingIn
from app.services.demo_stage import Play, stand
from app.services.demo_stories import Story, words
from app.services.desk import Post
from app.services.intake import Arrival, ComplaintIn, OrderIn
from app.services.promises import PromiseIn
from app.services.replies import ResultIn
from app.services.transaction import write

PLATFORM_TIME = timedelta(hours=48)
MORNING = time(8, 1)  # what the night held back goes out


def play(*, now: datetime) -> int:
    """Make the demo tickets as if they had happened until `now`; how many. Nothing where any ticket exists already.

    Needs the demo's organisations, accounts and connection.
    """
    session = db.session()
    if session.scalar(select(Ticket.id).limit(1)) is not None:
        return 0
    stage = stand(session)
    all_stories = demo_stories.stories(now)
    roads = [scan for story in all_stories for scan in demo_stories.scans_of(story)]
    scans.store_scans(scans=[*roads, *demo_other_work.scans(now)], now=now)
    every = [*_moments(all_stories, now), *_mornings(all_stories, now), *demo_other_work.moments(now)]
    moments = sorted(every, key=lambda moment: moment[0])
    for at, act in moments:
        _let_time_pass(stage, at)
        act(stage, at)
    _let_time_pass(stage, now)
    with write() as inner:
        recounts.recount(inner)
    return len(stage.numbers)


def push(stage: Play, story: Story, at: datetime) -> str:
    """Push the story's complaint as the platform would; the ticket's number."""
    complaint = ComplaintIn(
        text=story.text, category=story.category, waybill=story.waybill, channel=story.channel, name=story.name,
        phone=story.phone, address=story.address, site_code=story.site, platform_priority=story.priority,
    )  # fmt: skip
    if story.channel == "platform":
        answers = demo_stories.offered(story.category)
        order = OrderIn(story.order_code, f"T{story.order_code}", answers=answers, expires_at=at + PLATFORM_TIME)
        body = _issue_body(story, answers, at)
        number = intake.issue(arrival=_arrival(stage, intake.ISSUE, body, at), order=order, complaint=complaint)
    else:
        number = intake.manual(actor=stage.clerk(story), complaint=complaint, key=story.order_code, now=at)
    stage.numbers[story.order_code] = number
    return number


def tell(stage: Play, order_code: str, kind: str, text: str, at: datetime) -> None:
    """Send one of the platform's later messages of an order: URGE, REPEAT, REJECT, SATISFIED, CANCEL."""
    event_id = f"{order_code}-{kind}-{int(at.timestamp())}"
    body = {"work_order_code": order_code, "event_id": event_id, "event_time": _stamp(at), "description": text}
    arrival = _arrival(stage, f"WORK_ORDER_{kind}", body, at)
    intake.follow_up(arrival=arrival, order_code=order_code, event_id=event_id, event_at=at, text=text)


# --- time ---

Act = Callable[[Play, datetime], None]


def _moments(stories: list[Story], now: datetime) -> Iterator[tuple[datetime, Act]]:
    for story in stories:
        yield story.opened_at, partial(_open, story)
        yield from ((at, partial(_step, story, verb, rest)) for at, verb, rest in story.steps if at <= now)


def _open(story: Story, stage: Play, at: datetime) -> None:
    push(stage, story, at)


def _mornings(stories: list[Story], now: datetime) -> Iterator[tuple[datetime, Act]]:
    day = local_date(min(story.opened_at for story in stories))
    while (at := at_local(day, MORNING)) < now:
        yield at, _wake_phones
        day += ONE_DAY


def _wake_phones(stage: Play, at: datetime) -> None:
    if reminders.bundle(db.session(), at):
        _book_sent(stage, at)


def _let_time_pass(stage: Play, until: datetime) -> None:
    """Do what the scheduler and the worker would have done by then, at the moments at which they would have."""
    session = db.session()
    while True:
        at = session.scalar(select(func.min(Clock.next_stage_at)))
        session.rollback()
        if at is None or at > until:
            return
        sweep.run(session, at)
        _wake_phones(stage, at)


def _book_sent(stage: Play, at: datetime) -> None:
    """Book what would have left the house by then; an answer that the story has refused comes back."""
    with write() as session:
        waiting = select(Outbox).where(Outbox.next_try_at <= at, Outbox.state == "pending").order_by(Outbox.id)
        for row in session.scalars(waiting).all():
            row.attempts, row.next_try_at = 1, None
            if row.kind == "callback" and row.ticket_id in stage.refused:
                stage.refused.discard(row.ticket_id)
                row.state, row.error = "failed", f"MISSING_EVIDENCE: {words('refusal')}"
                callbacks.refused(session, row, "MISSING_EVIDENCE", words("refusal"), at)
                continue
            row.state, row.sent_at, row.external_id = "sent", at, f"demo-{row.id}"
            if row.kind == "callback":
                callbacks.accepted(session, row, at)


# --- verbs ---


def _step(story: Story, verb: str, rest: Any, stage: Play, at: datetime) -> None:
    if verb in ("satisfied", "reject", "repeat", "urge", "cancel"):
        if story.channel == "platform":
            tell(stage, story.order_code, verb.upper(), words(verb, story.category), at)
        return
    post = Post(stage.numbers[story.order_code], None, f"{story.order_code}-{verb}-{int(at.timestamp())}")
    _VERBS[verb](stage, story, post, rest, at)


def _claim(stage: Play, story: Story, post: Post, _rest: Any, at: datetime) -> None:
    replies.claim(actor=stage.clerk(story), post=post, now=at)


def _follow_up(stage: Play, story: Story, post: Post, _rest: Any, at: datetime) -> None:
    replies.follow_up(
        actor=stage.clerk(story), post=post, text=words("follow_up", story.category),
        contact_outcome="reached_accepts", next_update_at=at + timedelta(hours=2), now=at,
    )  # fmt: skip


def _result(stage: Play, story: Story, post: Post, promise_minutes: Any, at: datetime) -> None:
    """An answer; with `promise_minutes` (after it) a redelivery is promised too."""
    again = any(verb == "result" and earlier < at for earlier, verb, _ in story.steps)
    answer, fields = demo_stories.filled(story.category)
    promised = []
    if promise_minutes:
        promised = [PromiseIn("redelivery", at + timedelta(minutes=promise_minutes), "约定时间内送货上门")]
    replies.result(
        actor=stage.clerk(story), post=post, now=at,
        answer=ResultIn(
            text=words("result_again") if again else words("result", story.category),
            contact_outcome="reached_accepts", signed_by="", action_taken=demo_stories.measure(story.category),
            answer=answer, supplements=fields, promises=promised,
        ),
    )  # fmt: skip
    _book_sent(stage, at)


def _result_refused(stage: Play, story: Story, post: Post, rest: Any, at: datetime) -> None:
    ticket_id = select(Ticket.id).where(Ticket.number == post.number)
    stage.refused.add(db.session().scalars(ticket_id).one())
    _result(stage, story, post, rest, at)


def _keep(stage: Play, story: Story, post: Post, _rest: Any, at: datetime) -> None:
    session = db.session()
    statement = select(Promise.id).join(Ticket, Ticket.id == Promise.ticket_id).where(Ticket.number == post.number)
    promise_id = session.scalars(statement.where(Promise.state == "open")).one()
    clerk, began = stage.clerk(story), at - timedelta(minutes=2)
    call = contacts.start(actor=clerk, post=Post(post.number), now=began)
    contacts.end(actor=clerk, post=Post(post.number), contact_id=call.contact_id, outcome="reached_accepts", answers={},
                 now=at)  # fmt: skip
    promises.keep(actor=clerk, post=post, promise_id=promise_id, proof="call", now=at)


def _note(stage: Play, story: Story, post: Post, _rest: Any, at: datetime) -> None:
    replies.note(actor=stage.clerk(story), post=post, text=words("note"), now=at)


def _ruling(stage: Play, _story: Story, post: Post, ruling: Any, at: datetime) -> None:
    appeals.rule(actor=stage.actors["ccs"], post=post, ruling=RulingIn(ruling, words(ruling)), now=at)
    _book_sent(stage, at)


def _close(stage: Play, story: Story, post: Post, root_cause: Any, at: datetime) -> None:
    """By hand at any channel: a complainant by telephone accepts by letting the time to object pass."""
    if story.channel == "platform":
        replies.close(actor=stage.clerk(story), post=post, root_cause=root_cause, verified=True, now=at)
        _book_sent(stage, at)


_VERBS: dict[str, Callable[[Play, Story, Post, Any, datetime], None]] = {
    "claim": _claim, "follow_up": _follow_up, "result": _result, "result_refused": _result_refused, "keep": _keep,
    "note": _note, "ruling": _ruling, "close": _close, **demo_verbs.VERBS,
}  # fmt: skip


# --- messages ---


def _arrival(stage: Play, msg_type: str, body: dict[str, Any], at: datetime) -> Arrival:
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Arrival(stage.connection_id, msg_type, raw, at)


def _issue_body(story: Story, answers: list[dict[str, Any]], at: datetime) -> dict[str, Any]:
    start, expire = _stamp(at), _stamp(at + PLATFORM_TIME)
    return {
        "work_order_code": story.order_code, "work_order_type": 2, "category_code": story.category,
        "priority": story.priority, "description": story.text, "customer_type": "consignee",
        "customer_name": story.name, "start_time": start, "expire_time": expire,
        "extension": {
            "mail_no": story.waybill, "site_code": story.site, "receiver_name": story.name,
            "receiver_phone": story.phone, "receiver_address": story.address,
        },
        "work_order_task": {
            "task_id": f"T{story.order_code}", "task_start_time": start, "task_expire_time": expire,
            "structural_replys": answers,
        },
    }  # fmt: skip


def _stamp(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def open_urgent(session: Session) -> list[str]:
    """The order codes of earlier starts' urgent complaints that nobody has touched yet."""
    statement = select(PlatformOrder.code).join(Ticket, Ticket.id == PlatformOrder.ticket_id)
    untouched = statement.where(PlatformOrder.code.startswith("DEMO-URGENT"), Ticket.state == "open")
    return list(session.scalars(untouched.order_by(PlatformOrder.id)))
