"""The demo's other daily work, as moments between those of its complaints: expedites, problem parcels, what is asked
and praised, and the knowledge base. `app/demo/demo_other_work.json` holds it with times relative to the loading."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from typing import Any

from app.domain.calendars import ONE_DAY, at_local, local_date
from app.domain.kinds import EXPEDITE, INQUIRY
from app.services import (
    demo_stories,
    demo_tree,
    expedites,
    inquiries,
    intake,
    knowledge,
    problems,
    publications,
    replies,
)
from app.services.demo_stage import CLERKS, Play
from app.services.desk import Post
from app.services.expedites import Answer
from app.services.inquiries import QuestionIn
from app.services.intake import ComplaintIn
from app.services.problems import ReportIn
from app.services.publications import PublicationIn
from app.services.replies import ResultIn
from app.services.scans import ScanIn

Act = Callable[[Play, datetime], None]
ON_THE_ROAD = ((52, "COLLECT", "330782-01", "已揽收"), (48, "DEPART", "330782-01", ""), (26, "ARRIVE", "33-H01", ""),
               (20, "DEPART", "33-H01", ""), (14, "ARRIVE", "", "到达派件站点"))  # fmt: skip
PREFIX = "DEMO-WORK"


@cache
def _book() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((demo_tree.DEMO / "demo_other_work.json").read_text(encoding="utf-8"))
    return found


def moments(now: datetime) -> Iterator[tuple[datetime, Act]]:
    """Every piece of work and its steps that lie before `now`, as acts to be done at their instants (UTC)."""
    for place, raw in enumerate((*_book()["parcels"], *_book()["questions"]), start=1):
        opened = _at(raw, now)
        yield opened, partial(_OPENED[raw["what"]], raw, place)
        for minutes, account, verb, *rest in raw["course"]:
            at = opened + timedelta(minutes=minutes)
            if at <= now:
                yield at, partial(_step, raw, place, account, verb, rest[0] if rest else "")
    for raw in _book()["publications"]:
        yield _at(raw | {"time": "10:00"}, now), partial(_publish, raw)


def scans(now: datetime) -> list[ScanIn]:
    """The roads of these parcels up to the site that has them."""
    return [
        ScanIn(_waybill(place), kind, _at(raw, now) - timedelta(hours=hours), where or raw["site"], "", note)
        for place, raw in enumerate(_book()["parcels"], start=1) if raw["category"] != "ORDER"
        for hours, kind, where, note in ON_THE_ROAD
    ]  # fmt: skip


# --- how each begins ---


def _from_outside(raw: Mapping[str, Any], place: int, stage: Play, at: datetime) -> None:
    clerk = stage.actors[raw.get("by") or CLERKS[raw["site"]]]
    stage.numbers[_code(place)] = intake.manual(
        actor=clerk, complaint=_asked(raw, place), key=_code(place), now=at, site=raw["site"]
    )


def _asked(raw: Mapping[str, Any], place: int, text: str = "") -> ComplaintIn:
    kind = EXPEDITE if raw["what"] == "expedite" else INQUIRY
    return ComplaintIn(
        text=text or raw["text"], category=raw["category"], waybill=_waybill(place) if kind == EXPEDITE else "",
        channel=raw["channel"], name=demo_stories.book()["people"][raw["person"]], kind=kind,
        phone=f"1390002{1000 + place * 53 % 9000}", address=demo_stories.address(raw["site"], place),
    )  # fmt: skip


def _reported(raw: Mapping[str, Any], place: int, stage: Play, at: datetime) -> None:
    values = {name: _day(value, at) if name in ("due_on", "back_on", "last_try") else value
              for name, value in raw["values"].items()}  # fmt: skip
    said = ReportIn(raw["category"], _waybill(place), raw["site"], raw["text"], raw.get("courier", ""), values)
    done = problems.report(actor=stage.actors[raw["by"]], report=said, photos=(), key=_code(place), now=at)
    stage.numbers[_code(place)] = done.number


def _inquired(raw: Mapping[str, Any], place: int, stage: Play, at: datetime) -> None:
    question = QuestionIn(raw["to"], raw["text"], raw["category"])
    asker = stage.actors[raw["by"]]
    stage.numbers[_code(place)] = inquiries.ask(actor=asker, question=question, key=_code(place), now=at)


_OPENED: dict[str, Callable[[Mapping[str, Any], int, Play, datetime], None]] = {
    "expedite": _from_outside, "praise": _from_outside, "problem": _reported, "inquiry": _inquired,
}  # fmt: skip


# --- how it goes on ---


def _step(raw: Mapping[str, Any], place: int, account: str, verb: str, said: str, stage: Play, at: datetime) -> None:
    actor, number = stage.actors[account], stage.numbers[_code(place)]
    post = Post(number, None, f"{_code(place)}-{verb}-{int(at.timestamp())}")
    if verb == "claim":
        replies.claim(actor=actor, post=post, now=at)
    elif verb == "settle":
        answer = Answer(said, _book()["found"][said], "reached_accepts")
        expedites.settle(actor=actor, post=post, answer=answer, now=at)
    elif verb == "again":
        intake.manual(actor=actor, complaint=_asked(raw, place, said), key=post.key, now=at)
    elif verb == "accept":
        inquiries.accept(actor=actor, post=post, text=said, now=at)
    elif verb == "article":
        made = knowledge.of_ticket(actor=actor, number=number, now=at)
        publications.publish(actor=actor, publication_id=made, revision=1, now=at)
    else:
        _reply(actor, post, verb, said, at)


def _reply(actor: Any, post: Post, verb: str, said: str, at: datetime) -> None:
    """A reply to whoever asked inside the house, or (`reply`) to a customer who was rung."""
    reached = "reached_accepts" if verb == "reply" else ""
    if verb == "follow_up":
        next_at = at + timedelta(hours=1)
        replies.follow_up(actor=actor, post=post, text=said, contact_outcome="", next_update_at=next_at, now=at)
        return
    measure = "explained" if reached else ""
    replies.result(actor=actor, post=post, answer=ResultIn(said, reached, action_taken=measure), now=at)


def _publish(raw: Mapping[str, Any], stage: Play, at: datetime) -> None:
    actor, extra = stage.actors[raw["by"]], dict(raw["extra"])
    if "from_day" in extra:
        extra["from_day"] = _day(extra["from_day"], at)
    made = PublicationIn(raw["title"], raw["body"], extra)
    row_id = publications.draft(actor=actor, kind=raw["kind"], made=made, now=at)
    version_id = publications.publish(actor=actor, publication_id=row_id, revision=1, now=at)
    for account in raw["read_by"]:
        publications.read(actor=stage.actors[account], version_id=version_id, now=at + timedelta(hours=3))


def _at(raw: Mapping[str, Any], now: datetime) -> datetime:
    if "minutes" in raw:
        return now - timedelta(minutes=raw["minutes"])
    return at_local(local_date(now) - raw["days"] * ONE_DAY, time.fromisoformat(raw["time"]))


def _day(offset: str, at: datetime) -> str:
    day: date = local_date(at) + int(offset) * ONE_DAY
    return day.isoformat()


def _code(place: int) -> str:
    return f"{PREFIX}-{place:04d}"


def _waybill(place: int) -> str:
    return f"YT{8_820_000_000_000 + place * 10_007:013d}"
