"""Problem parcels (问题件): one site reports to the site that must act (rulebook 2).

What follows is every ticket's life: claim, follow-up, result; whoever reported accepts it or sends it back, and what
stays disputed goes to arbitration.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain import kinds
from app.domain import pictures as picture_rule
from app.domain import problems as rule
from app.domain.errors import Invalid, NotAllowed
from app.domain.pictures import Picture
from app.domain.problems import ProblemType
from app.domain.roles import Actor
from app.domain.waybills import is_acceptable, normalise
from app.models import Attachment, Event, Organisation, Ticket
from app.models.ids import new_id
from app.services import (
    attachments,
    cases,
    closures,
    desk,
    inflow,
    intake,
    journal,
    linked,
    organisations,
    problem_types,
    typed_forms,
)
from app.services.attachments import Place
from app.services.desk import Post
from app.services.opening import ComplaintIn, open_ticket
from app.services.transaction import write

COURIER_LENGTH = 60


@dataclass(frozen=True)
class Photo:
    """A picture that goes with a report, written anew, and the name of the file that it came in."""

    name: str
    picture: Picture


@dataclass(frozen=True)
class ReportIn:
    """A report: its type, whose parcel, which site must act (code or full name), what happened, the values of the
    type's fields by their names, and the courier where one is concerned."""

    type: str
    waybill: str
    site: str
    text: str
    courier: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reported:
    """The ticket's number, and where the bytes of its photos belong, in their order; none for a repeated post."""

    number: str
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class _Typed:
    report: ReportIn
    pictures: tuple[str, ...]


def check(session: Session, actor: Actor, report: ReportIn, photos: int, now: datetime) -> Organisation:
    """The site that must act. Raises Invalid naming everything that is wrong: `type`, `waybill`, `site`, `text`,
    `courier`, `file`, and `field-<name>` for the fields of the type."""
    kind, site = problem_types.of(session, report.type), organisations.find(session, report.site)
    errors = _plain_errors(report) | _of_type(kind, report, photos)
    if code := _site_error(session, actor, report.site, site, now):
        errors["site"] = code
    if errors or site is None:
        raise Invalid(errors)
    return site


def report(*, actor: Actor, report: ReportIn, photos: Sequence[Photo], key: str, now: datetime) -> Reported:
    """Open the ticket at the site that must act. The rows of the photos stand with it; the caller writes the bytes and
    then calls `attachments.ready`. The same form again gives the same number.

    Raises Invalid as `check` does, NotAllowed for whoever is no site, Stale where `key` was used for another form.
    """
    if not actor.can("problem_report"):
        raise NotAllowed("not_allowed")
    with write() as session:
        form = _Typed(report, tuple(photo.picture.sha256 for photo in photos))
        if before := typed_forms.done_before(session, actor, key, form):
            return Reported(intake.number_of(session, before))
        site = check(session, actor, report, len(photos), now)
        asked = ComplaintIn(
            kind=kinds.PROBLEM, text=report.text.strip(), category=report.type, waybill=normalise(report.waybill),
            channel="web", reporter_id=actor.organisation_id, site_id=site.id,
        )  # fmt: skip
        linked.lock(session, asked.waybill)
        ticket, _received = open_ticket(session, asked, actor=actor, now=now, rule="delivery")
        cases.admit(session, ticket, session.get_one(Organisation, actor.organisation_id), "reporter", now)
        rows = [_row(session, ticket, actor, photo, now) for photo in photos]
        event = _say(session, ticket, actor, report, site, rows, now)
        desk.finish(session, ticket, event, now, Post(ticket.number, None, key))
        typed_forms.remember(session, actor, key, form, ticket, now)
        inflow.note(session, ticket, now)
        return Reported(ticket.number, tuple(Place(row.id, row.store_name) for row in rows))


def _plain_errors(report: ReportIn) -> dict[str, str]:
    errors, waybill = {}, normalise(report.waybill)
    if not waybill or not is_acceptable(waybill):
        errors["waybill"] = "bad_waybill" if waybill else "required"
    if not report.text.strip() or len(report.text) > desk.TEXT_LIMIT:
        errors["text"] = "too_long" if report.text.strip() else "required"
    if len(report.courier) > COURIER_LENGTH:
        errors["courier"] = "too_long"
    return errors


def _of_type(kind: ProblemType | None, report: ReportIn, photos: int) -> dict[str, str]:
    if kind is None:
        return {"type": "choose"}
    errors = {f"field-{name}": code for name, code in rule.errors(kind.fields, report.values).items()}
    code = rule.photos_error(kind.photos, photos)
    return errors | ({"file": code} if code else {})


def _site_error(session: Session, actor: Actor, named: str, site: Organisation | None, now: datetime) -> str:
    if not named.strip():
        return "required"
    if site is None or site.kind not in ("site", "hub", "department"):
        return "no_such_site"
    if site.id == actor.organisation_id:
        return "own_organisation"
    return "closed_site" if closures.is_closed_now(session, site, now) else ""


def _row(session: Session, ticket: Ticket, actor: Actor, photo: Photo, now: datetime) -> Attachment:
    row = Attachment(
        id=new_id(), ticket_id=ticket.id, uploaded_by_id=actor.user_id, box="", origin="upload", state="pending",
        store_name=secrets.token_hex(16), file_name=picture_rule.clean_name(photo.name), created_at=now,
        sha256=photo.picture.sha256,
    )  # fmt: skip
    session.add(row)
    return row


def _say(
    session: Session, ticket: Ticket, actor: Actor, report: ReportIn, site: Organisation, rows: list[Attachment],
    now: datetime,
) -> Event:  # fmt: skip
    """The entry that carries what the type asks, with the labels of today, and the photos."""
    kind = problem_types.of(session, report.type) or ProblemType(report.type, "", "")
    values = {one.name: report.values.get(one.name, "").strip() for one in kind.fields}
    said = [
        [one.label, one.label_en, values[one.name], one.english(values[one.name])]
        for one in kind.fields if values[one.name]
    ]  # fmt: skip
    data = {
        "type": kind.code, "site_id": site.id, "site_code": site.code, "reporter_id": actor.organisation_id,
        **attachments.proof(rows),
    }  # fmt: skip
    text = {"fields": said, "courier": report.courier.strip()}
    event = journal.append(session, ticket, "problem_reported", actor=actor, now=now, data=data, text=text)
    attachments.bind(rows, event)
    return event
