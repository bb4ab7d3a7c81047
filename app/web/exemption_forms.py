"""The forms of exemptions, the sheet on the ticket, its panel and its chip."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from wtforms import DateTimeLocalField, Form, MultipleFileField, SelectField, StringField, TextAreaField

from app.domain.exemptions import KINDS
from app.domain.roles import Actor
from app.models import Clock
from app.services.ticket_view import View
from app.web import attachments, sheets, words, words_clocks, words_exempt
from app.web.context import translate as _
from app.web.forms import TIME_FORMATS

ALL = "all"
OVER = {"exemption_refused": "refused", "exemption_revoked": "revoked", "clock_exempted": "granted"}
TONES = {"asked": "soon", "granted": "good", "refused": "late", "revoked": "late"}


class AskForm(Form):
    """Which run should not be assessed, why, and the proof."""

    clocks = SelectField(validate_choice=False)
    reason = SelectField(validate_choice=False)
    facts = StringField(render_kw={"maxlength": "200"})
    text = TextAreaField()
    file = MultipleFileField()


class AskManyForm(Form):
    """One reason for the ticked runs."""

    reason = SelectField(validate_choice=False)
    facts = StringField(render_kw={"maxlength": "200"})
    text = TextAreaField()


class AreaForm(Form):
    """Every site clock that is decided in a span in an area."""

    area = SelectField(validate_choice=False)
    reason = SelectField(validate_choice=False)
    from_at = DateTimeLocalField(format=TIME_FORMATS)
    until_at = DateTimeLocalField(format=TIME_FORMATS)
    facts = StringField(render_kw={"maxlength": "200"})


def ask_form(view: View, actor: Actor, data: Any = None) -> AskForm:
    """The sheet's form with the runs that may be asked for."""
    form = AskForm(data)
    runs = [(str(c.id), words_clocks.clock(c.kind, c.run)) for c in _askable(view, actor)]
    every = [(ALL, _("All of these"))] if len(runs) > 1 else []
    form.clocks.choices = [("", _("Please choose")), *runs, *every]
    _reason(form, words_exempt.reasons())
    form.clocks.label.text = _("Clock that should not be assessed")
    form.text.label.text = _("Reasons for the exemption")
    return form


def ask_many_form(data: Any = None) -> AskManyForm:
    """The form above the list of late clocks."""
    form = AskManyForm(data)
    _reason(form, words_exempt.reasons_for_many())
    form.text.label.text = _("What happened, and where the proof is kept")
    return form


def area_form(places: list[tuple[str, str]], data: Any = None) -> AreaForm:
    """The form of an area; an empty area is the whole network."""
    form = AreaForm(data)
    form.area.choices = places
    _reason(form, words_exempt.reasons_for_many())
    form.area.label.text = _("Area")
    form.from_at.label.text, form.until_at.label.text = _("From"), _("Until")
    form.facts.label.text = _("What happened there (no personal data)")
    return form


def _reason(form: Any, table: dict[str, str]) -> None:
    form.reason.choices = [("", _("Please choose")), *table.items()]
    form.reason.label.text = _("Reason")
    form.facts.label.text = _("For a system fault: which system, from when to when")


def chosen(form: AskForm, view: View, actor: Actor) -> list[int]:
    """The ids of the chosen runs."""
    text = form.clocks.data or ""
    if text == ALL:
        return [clock.id for clock in _askable(view, actor)]
    return [int(text)] if text.isascii() and text.isdecimal() and len(text) < 19 else []


def _askable(view: View, actor: Actor) -> list[Clock]:
    """Runs that nobody asked for yet, told by the ticket's own entries; the service asks the tables again."""
    taken: set[tuple[str, int]] = set()
    for entry in view.entries:
        if entry.type == "exemption_asked":
            taken |= {(kind, run) for kind, run in entry.data.get("runs", [])}
        elif entry.type in ("exemption_refused", "exemption_revoked"):
            taken.discard((entry.data["kind"], entry.data["run"]))
    own = actor.organisation_id if actor.desk == "site" else None
    return [
        clock for clock in view.clocks
        if clock.kind in KINDS and clock.state != "void" and not clock.exempt and (clock.kind, clock.run) not in taken
        and clock.organisation_id is not None and own in (None, clock.organisation_id)
    ]  # fmt: skip


def _ask_sheet(view: View, actor: Actor, form: Any) -> sheets.Sheet:
    intro = _(
        "With proof. The real times stay; what is granted is left out of the scorecard. Reply in time all the same."
    )
    return sheets.sheet(
        _("Ask for an exemption"), "exemptions.ask", view, form or ask_form(view, actor), _("Send the request"),
        intro=intro, tray=attachments.tray(view, "exemption"),
    )  # fmt: skip


def panel(view: View, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """What was asked for and decided on this ticket, run by run, told by its entries."""
    found: dict[tuple[str, int], dict[str, str]] = {}
    for entry in view.entries:
        if entry.type == "exemption_asked":
            for kind, run in entry.data.get("runs", []):
                found[kind, run] = _line(kind, run, entry.data, "asked")
        elif entry.type in OVER:
            kind, run = entry.data["kind"], entry.data["run"]
            found[kind, run] = _line(kind, run, entry.data, OVER[entry.type])
    return {"template": "_panel_exemptions.html", "lines": list(found.values())} if found else None


def _line(kind: str, run: int, data: dict[str, Any], state: str) -> dict[str, str]:
    return {
        "clock": words_clocks.clock(kind, run), "reason": words.word(words_exempt.reasons(), data.get("reason", "")),
        "state": words_exempt.states()[state], "tone": TONES[state],
    }  # fmt: skip


SHEETS = {"ask_exemption": _ask_sheet}
