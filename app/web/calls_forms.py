"""The sheets of waiting and of the category, and the panels of calls and of what is doubtful."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g, request, url_for
from sqlalchemy.orm import Session
from wtforms import Form, SelectField, TextAreaField

from app.domain.corrections import NO_SIGN_SCAN
from app.domain.kinds import COMPLAINT, VERIFIED
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.extensions import db
from app.services import categories
from app.services.ticket_view import View
from app.web import call_card, forms, sheets, thread_verify
from app.web.context import translate as _

Panel = dict[str, Any]


class CategoryForm(Form):
    """Another category with the reason."""

    category = SelectField()
    text = TextAreaField()


class ConsentForm(Form):
    """Yes or no to a correction, with a reason."""

    agreed = SelectField()
    text = TextAreaField()


def category_form(session: Session, data: Any = None) -> CategoryForm:
    """The form of a correction."""
    form = CategoryForm(data)
    named = {row.code: row.name_en if g.fmt.english else row.name for row in categories.known(session, COMPLAINT)}
    forms.choices(form.category, named, _("Right category"))
    forms.label(form, text=_("Reason"))
    return form


def consent_form(data: Any = None) -> ConsentForm:
    """The form of the consent."""
    form = ConsentForm(data)
    forms.choices(form.agreed, {"yes": _("Agree"), "no": _("Refuse")}, _("Decision"))
    forms.label(form, text=_("Reason, needed for a refusal"))
    return form


def _wait(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _(
        "After enough attempts the site's clocks stand still until the customer is heard of, at most 24 hours, once "
        "a round. Any message or call ends it."
    )
    return sheets.sheet(_("Wait for the customer"), "calls.wait", view, bound, _("Wait"), intro=intro)


def _resume(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("The site's clocks run on with what was left of them.")
    return sheets.sheet(_("End the waiting"), "calls.resume", view, bound, _("Go on"), intro=intro)


def _correct(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("Where the right category has more time, the province's desk has to agree first.")
    form = bound
    if form is None and request.args.get("sheet") == "correct_category":  # the menu needs no list of categories
        form = category_form(db.session())
    return sheets.sheet(_("Correct the category"), "calls.correct_category", view, form, _("Correct"), intro=intro)


def _consent(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    asked = [entry for entry in view.entries if entry.type == "category_asked"]
    intro = thread_verify.line(asked[-1], view) if asked else ""
    said = mask_text(str(asked[-1].text.get("text", ""))) if asked else ""
    label = _("Decide on the category")
    form = bound or consent_form()
    return sheets.sheet(label, "calls.consent_category", view, form, _("Decide"), intro=f"{intro} · {said}")


SHEETS = {"wait": _wait, "resume": _resume, "correct_category": _correct, "consent_category": _consent}


def calls_panel(view: View, actor: Actor, now: datetime) -> Panel | None:
    """The attempts of this round and how many are missing."""
    rows = call_card.attempts(view)
    if not rows and "contact" not in view.actions:
        return None
    needed = view.ticket.kind in VERIFIED and view.ticket.state in ("open", "in_progress")
    left = call_card.missing(view, now) if needed else None
    texts = [
        {"time": g.fmt.time(row.started_at), "full": g.fmt.full(row.started_at),
         "text": " · ".join(filter(None, [call_card.outcome_word(row.outcome), _length(row.seconds)]))}
        for row in rows
    ]  # fmt: skip
    said = ""
    if left is not None and left.next_at <= now:
        said = _("Not reached yet: %(n)s more attempts, one now would count", n=left.attempts)
    elif left is not None:
        said = _("Not reached yet: %(n)s more attempts, the next one counts from %(time)s", n=left.attempts,
                 time=g.fmt.time(left.next_at))  # fmt: skip
    return {"template": "_panel_calls.html", "rows": texts, "missing": said}


def doubts_panel(view: View, actor: Actor, now: datetime) -> Panel | None:
    """What is doubtful about the complaint, and where to put it right."""
    if NO_SIGN_SCAN not in (view.ticket.flags or []):
        return None
    href = url_for("tickets.show", number=view.ticket.number, sheet="correct_category")
    return {"template": "_panel_doubts.html", "href": href if "correct_category" in view.actions else ""}


def _length(seconds: int) -> str:
    return thread_verify.seconds(seconds) if seconds else ""
