"""A card as a PDF and as an Excel file, and the page that tells whether a printed card is genuine."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Blueprint, Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.errors import NotAllowed, NotFound
from app.extensions import db
from app.integrations import card_book, pdf
from app.integrations.card_book import Section
from app.integrations.pdf import PdfError
from app.services import card_codes, person_cards, scorecards
from app.services.export_work import Order
from app.services.exports import OrderIn, TooSoon
from app.web import card_bundle, card_sheets, exports, people_page, scorecard_page, words
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import me
from app.web.context import translate as _
from app.web.scorecards import rail
from app.web.words_cards import titles

bp = Blueprint("card_files", __name__)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/scorecards/<month>/<code>/card.pdf")
@route_access("scorecard")
@requires("scorecard")
def as_pdf(month: str, code: str) -> ResponseReturnValue:
    """One card as a PDF of one page; where the machine cannot make it, that is said and the browser's print offered."""
    actor, now = current_actor(), clock.now()
    card = scorecards.site_month(actor=actor, month=month, organisation_code=code, now=now, sparing=True)
    page = render_template("_scorecard.html", card=scorecard_page.card_of(db.session(), card, now), on_paper=True)
    return _pdf(page, f"kuaifu-{month}-{code}.pdf", scorecard_page.href(month, code))


def _pdf(page: str, name: str, back: str, number: str = "") -> ResponseReturnValue:
    try:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "card.pdf"
            pdf.render(card_bundle.document([page], mark_line(number)), card_bundle.styles(), target)
            return _file(target.read_bytes(), "application/pdf", name)
    except PdfError:
        told = words.errors()["libraries_missing"]
        return render_template("error.html", code=503, title=_("No PDF on this machine"), text=told, action={
            "href": back, "label": _("Back to the scorecard")}), 503  # fmt: skip


@bp.post("/scorecards/<month>/<code>/people.<kind>")
@route_access("scorecard")
@requires("scorecard")
def people(month: str, code: str, kind: str) -> ResponseReturnValue:
    """The people of one organisation as a PDF or an Excel file. A post, because it names people and is written down
    like every other file of theirs."""
    if kind not in ("pdf", "xlsx"):
        raise NotFound("no_such_file")
    actor, now = current_actor(), clock.now()
    found = person_cards.people(actor=actor, month=month, organisation_code=code, now=now)
    said = f"{g.fmt.month(month)} · {scorecard_page.site_of(found.site)['name']}"
    order = OrderIn("people", "scorecard", {"month": month, "code": code}, said, kind, "en" if g.fmt.english else "zh")
    try:
        number = exports.hand_out(actor, order, len(found.lines))
    except (TooSoon, NotAllowed) as error:
        return exports.refused(error)
    name = f"kuaifu-{month}-{code}-people.{kind}"
    if kind == "xlsx":
        return _workbook(people_page.sections(found), name, number)
    page = render_template("_people.html", p=people_page.sheet_of(found, now))
    return _pdf(page, name, scorecard_page.href(month, code, "people"), number)


@bp.get("/scorecards/<month>/<code>/card.xlsx")
@route_access("scorecard")
@requires("scorecard")
def as_xlsx(month: str, code: str) -> ResponseReturnValue:
    """One card as an Excel file: one sheet a section, numbers as numbers."""
    actor, now = current_actor(), clock.now()
    card = scorecards.site_month(actor=actor, month=month, organisation_code=code, now=now)
    return _workbook(card_sheets.sections(db.session(), card, now), f"kuaifu-{month}-{code}.xlsx")


def _workbook(sections: list[Section], name: str, number: str = "") -> Response:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "card.xlsx"
        card_book.write(target, sections, mark_line(number))
        return _file(target.read_bytes(), XLSX, name)


@bp.post("/scorecards/<month>/<code>/bundle")
@route_access("export")
@requires("export")
def bundle(month: str, code: str) -> ResponseReturnValue:
    """Order all cards of a province as one PDF; it is made in the background and lands in "my exports"."""
    actor, one = current_actor(), card_bundle.BUNDLE
    if actor.desk == "site":
        raise NotAllowed("not_allowed")
    if not pdf.available():
        return as_pdf(month, code)
    asked = {"month": month, "code": code}
    order_of = Order(actor, asked, clock.now(), "en" if g.fmt.english else "zh")
    card_bundle.chosen(db.session(), order_of)
    said = one.says(db.session(), actor, asked)
    order = OrderIn(one.key, one.capability, asked, said, "pdf", order_of.locale)
    return exports.place(actor, order, request.form.get("submission_key", ""))


@bp.get("/verify")
@route_access("scorecard")
@requires("scorecard")
def verify() -> ResponseReturnValue:
    """Whether a printed card is the one that was frozen: what the code on it stands for."""
    actor, now, code = current_actor(), clock.now(), request.args.get("code", "").strip()
    found = card_codes.find(db.session(), code) if code else None
    card = None
    if found is not None:
        card = {
            "title": titles()[found.kind], "name": (found.name_en or found.name) if g.fmt.english else found.name,
            "code": found.code, "month": g.fmt.month(found.month), "score": scorecard_page.tenths(found.score),
            "grade": found.grade or scorecard_page.NONE, "frozen": g.fmt.full(found.frozen_at), "digest": found.digest,
        }  # fmt: skip
    page = render_template(
        "card_verify.html", rail=rail(actor, now), code=code, card=card,
        error=words.errors()["unknown_code"] if code and card is None else "",
    )  # fmt: skip
    return page, 404 if code and card is None else 200


def mark_line(number: str = "") -> str:
    """Who had the file made, and when; of one that stands in the log its number, too."""
    person = me()
    name = f"{person.name} ({person.account})" if person else ""
    made = _("Made for %(name)s at %(time)s", name=name, time=g.fmt.full(clock.now()))
    return f"{made} · {number}" if number else str(made)


def _file(data: bytes, kind: str, name: str) -> Response:
    response = make_response(data)
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
