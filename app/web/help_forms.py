"""The sheets for help and acting: what is typed, and what the step means for the clocks, in words."""

from __future__ import annotations

from typing import Any

from flask import g
from wtforms import Form, SelectField, TextAreaField

from app.domain.roles import Actor
from app.models import Clock
from app.services import acting, clocks
from app.services.superior import higher
from app.services.ticket_view import View
from app.web import closing_forms, sheets, words, words_help
from app.web.context import sentences
from app.web.context import translate as _


class TextForm(Form):
    """One text."""

    text = TextAreaField()


class PriorityForm(Form):
    """The new priority and why."""

    priority = SelectField(validate_choice=False)
    text = TextAreaField()


def text_form(label: str, data: Any = None) -> TextForm:
    """A form of one text."""
    form = TextForm(data)
    form.text.label.text = label
    return form


def ask_form(data: Any = None) -> TextForm:
    """What help is needed."""
    return text_form(_("What help is needed"), data)


def answer_form(data: Any = None) -> TextForm:
    """Advice to the site."""
    return text_form(_("Advice to the site"), data)


def priority_form(data: Any = None, present: str = "") -> PriorityForm:
    """The priorities above the present one, and the reason."""
    form = PriorityForm(data)
    known = words_help.priorities()
    form.priority.choices = [("", _("Please choose")), *((code, known[code]) for code in higher(present))]
    form.priority.label.text, form.text.label.text = _("New priority"), _("Reason")
    return form


def _ask(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    late = [line["label"] for line in standing(view) if line["late"]]
    intro = _("The province service sees it at once and can act for you. What it does then counts as your reply.")
    if late:
        missed = " · ".join(late)
        intro = _("%(clocks)s is over already and stays late; what is not due yet counts as your reply.", clocks=missed)
    return sheets.sheet(
        _("Ask the superior for help"), "help.ask", view, bound or ask_form(), _("Ask for help"), intro=intro
    )


def _recall(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("The site goes on alone; the request leaves the province's queue.")
    return sheets.sheet(_("Take back the request for help"), "help.recall", view, None, _("Take back"), intro=intro)


def _answer(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("Advice settles the request; the ticket stays with the site. To do the work yourself, act for the site.")
    return sheets.sheet(
        _("Answer the request for help"), "help.answer", view, bound or answer_form(), _("Send advice"), intro=intro
    )


def _act(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    asked = view.ticket.help_asked_at is not None
    intro = _("You claim, reply and close in the site's stead; the history shows who acted for whom.")
    if not asked:
        intro = sentences(intro, _("The site has not asked for help: the customer is served, and the site stays late."))
    return sheets.sheet(
        _("Act for the site"), "help.act", view, None, _("Act for the site"), intro=intro,
        note="_sheet_acting.html", standing=standing(view),
    )  # fmt: skip


def _stop(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("The site works on alone. What was done stays as it is; a request for help counts as answered.")
    return sheets.sheet(_("Give back to the site"), "help.stop", view, None, _("Give back"), intro=intro)


def _urge(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    intro = _("Goes on record and by SMS to the site's duty phone, at night in the morning; once in 30 minutes.")
    if may_close_from := closing_forms.intervention_from(view):
        intro = sentences(intro, _(
            "Urged and still not closed: from %(at)s you may close it in the site's place.",
            at=g.fmt.full(may_close_from),
        ))  # fmt: skip
    return sheets.sheet(_("Urge the site"), "help.urge", view, None, _("Urge"), intro=intro)


def _raise(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    form = bound or priority_form(present=view.ticket.priority)
    intro = _("Running clocks get the earlier of their old due time and the new limit from now; a breach stands.")
    return sheets.sheet(_("Raise the priority"), "help.priority", view, form, _("Raise"), intro=intro)


def standing(view: View) -> list[dict[str, Any]]:
    """The running clocks of the site and whether the LCS's work would count on each, in words."""
    asked = view.ticket.help_asked_at
    return [_line(clock, asked is not None and asked <= clock.due_at) for clock in _running(view)]


def worth(view: View) -> list[dict[str, Any]]:
    """The same for whoever acts already; a clock of its own needs no words."""
    ticket = view.ticket
    own = [clock for clock in _running(view) if clock.organisation_id != ticket.acting_id]
    return [_line(clock, acting.counts(ticket, clock)) for clock in own]


def _running(view: View) -> list[Clock]:
    return [c for c in view.clocks if c.kind in clocks.SITE_CLOCKS and c.stopped_at is None and c.state != "void"]


def _line(clock: Clock, counts: bool) -> dict[str, Any]:
    late = clock.breached_at is not None
    text = _("asked for in time, but over: stays late") if counts and late else words_help.credit(counts)
    tone = "good" if counts and not late else "late"
    return {"label": words.clock_kinds()[clock.kind], "late": late, "text": text, "tone": tone}


SHEETS = {
    "ask_help": _ask, "recall_help": _recall, "answer_help": _answer, "act_for": _act, "stop_acting": _stop,
    "urge_site": _urge, "raise_priority": _raise,
}  # fmt: skip
