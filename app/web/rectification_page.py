"""Builds the pages of rectification forms: plain values, codes in words."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import g, render_template, request, url_for
from wtforms import Form, SelectField, StringField, TextAreaField

from app import clock
from app.domain import drafts
from app.domain import rectifications as rule
from app.domain.calendars import month_of
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.extensions import db
from app.models import Organisation, Rectification
from app.services import months, rectification_view
from app.services.rectification_view import FILTERS, PAGE, Line, Shown
from app.web import forms, page_drafts, queue_page, words_rectifications
from app.web.auth import current_actor
from app.web.context import translate as _
from app.web.export_cells import named
from app.web.numbers import number

TONES = {rule.ASKED: "soon", rule.FILLED: "info", rule.ACCEPTED: "good"}


class OrderForm(Form):
    """A form that is asked for by hand."""

    organisation = StringField(render_kw={"maxlength": 32, "list": "sites"})
    kind = SelectField(validate_choice=False)
    ticket = StringField(render_kw={"maxlength": 24})
    reason = TextAreaField(render_kw={"maxlength": rule.TEXT_LIMIT})


class FillForm(Form):
    """What the site says."""

    cause = TextAreaField(render_kw={"maxlength": rule.LIMITS["cause"]})
    measures = TextAreaField(render_kw={"maxlength": rule.LIMITS["measures"]})
    responsible = StringField(render_kw={"maxlength": rule.LIMITS["responsible"]})


class DecideForm(Form):
    """What the desk above says of it."""

    text = TextAreaField(render_kw={"maxlength": rule.TEXT_LIMIT})


def order_form(data: Any = None) -> OrderForm:
    """The form with its labels."""
    form = OrderForm(data)
    forms.choices(form.kind, words_rectifications.kinds(), _("What for"))
    forms.label(
        form, organisation=_("Site code"), ticket=_("Ticket that shows it (may be empty)"), reason=_("Reason")
    )  # fmt: skip
    return form


def fill_form(data: Any = None, row: Rectification | None = None) -> FillForm:
    """The site's form; sent back it begins with what stood there."""
    form = FillForm(data, obj=row)
    forms.label(form, cause=_("Cause"), measures=_("Measures and until when"), responsible=_("Who answers for it"))
    return form


def decide_form(data: Any = None) -> DecideForm:
    """The desk's form."""
    form = DecideForm(data)
    forms.label(form, text=_("Reason (needed when it is sent back)"))
    return form


# --- the list ---


def which(address: Mapping[str, str]) -> str:
    """The filter of an address; empty for all."""
    asked = address.get("state", "")
    return asked if asked in FILTERS else ""


def index(form: OrderForm | None = None, status_open: bool = False) -> str:
    """The list with its filters, the report of the last month, and the form by hand for those who may."""
    actor, session, now = current_actor(), db.session(), clock.now()
    asked, below = which(request.args), number(request.args, "below")
    found = rectification_view.listed(session, actor, asked, now, below=below)
    categories = queue_page.category_labels(session)
    labels, base = words_rectifications.states(), url_for("rectifications.index")
    tabs = [{"label": _("All"), "href": base, "current": not asked}] + [
        {"label": labels[key], "href": f"{base}?state={key}", "current": key == asked} for key in FILTERS_SHOWN
    ]
    kept, typed = page_drafts.of_page(actor, "order", now)
    last = months.before(month_of(now))
    total, again = rectification_view.recurrences(session, actor, last)
    return render_template(
        "rectifications.html", rail=queue_page.rail(session, actor, None, now), tabs=tabs,
        rows=[_row(line, categories, now) for line in found[:PAGE]], asked=asked,
        form=form or order_form(typed or None) if actor.can("rectify_order") else None, kept=kept,
        opened=status_open or bool(typed),
        key=secrets.token_urlsafe(24), policy=actor.can("rectify_policy"),
        report=_("%(month)s: %(n)s forms, %(again)s of them recurrences", month=g.fmt.month(last), n=total, again=again)
        if total else "",
        next_href=url_for("rectifications.index", state=asked or None, below=found[PAGE - 1].row.id)
        if len(found) > PAGE else "",
    )  # fmt: skip


FILTERS_SHOWN = (rule.ASKED, rectification_view.LATE, rule.FILLED, rule.ACCEPTED, "again")


def _row(line: Line, categories: dict[str, str], now: datetime) -> dict[str, Any]:
    row, (label, tone) = line.row, state_of(line.row, now)
    return {
        "number": row.number, "href": url_for("rectifications.show", form_number=row.number),
        "site": place(line.place), "code": line.place.code, "grounds": grounds(row, categories),
        "month": g.fmt.month(row.month) if row.month else "",
        "state": label, "tone": tone, "again": line.number_before, "asked": g.fmt.full(row.asked_at)[:10],
        "due": g.fmt.full(row.due_at)[:16], "was_late": row.was_late and row.state != rule.ASKED,
    }  # fmt: skip


def state_of(row: Rectification, now: datetime) -> tuple[str, str]:
    """The state in words with the time left, and its colour."""
    labels = words_rectifications.states()
    if row.state != rule.ASKED:
        return labels[row.state], TONES[row.state]
    return f"{labels[rule.ASKED]} · {g.fmt.left(row.due_at, now)}", "late" if now > row.due_at else "soon"


def grounds(row: Rectification, categories: dict[str, str]) -> list[str]:
    """Why it was asked for."""
    by_hand = row.key.startswith("hand:")
    return [words_rectifications.ground(one, categories, by_hand) for one in row.grounds]


def place(one: Organisation) -> str:
    """An organisation's name."""
    return named(one.name, one.name_en)


# --- one form ---


def show(form_number: str, notice: str = "", error: str = "", **given: Any) -> str:
    """One form, to read and print, with what the reader may do next."""
    actor, session, now = current_actor(), db.session(), clock.now()
    shown = rectification_view.show(session, actor, form_number)
    row, (label, tone) = shown.row, state_of(shown.row, now)
    fills = rule.may_fill(actor, row.organisation_id, row.state)
    decides = rule.may_decide(actor, row.province_id, row.state)
    fill, decide = given.get("fill"), given.get("decide")
    kept, typed = page_drafts.of_page(actor, drafts.page(drafts.FILL if fills else drafts.RECHECK, form_number), now)
    return render_template(
        "rectification.html", rail=queue_page.rail(session, actor, None, now), notice=notice, error=error, row=row,
        site=place(shown.place), code=shown.place.code, state=label, tone=tone,
        facts=_facts(shown, actor), grounds=grounds(row, queue_page.category_labels(session)),
        reason=mask_text(row.reason), entries=_entries(shown), before=_before(shown),
        card=_card(shown, actor), ticket=_ticket(shown, actor), printed=g.fmt.full(now)[:16],
        fill=fill or fill_form(typed or None, row) if fills or fill else None, kept=kept,
        decide=decide or decide_form(typed or None) if decides or decide else None,
    )  # fmt: skip


def _facts(shown: Shown, actor: Actor) -> list[tuple[str, str]]:
    row = shown.row
    return [
        (_("Month"), g.fmt.month(row.month) if row.month else "—"),
        (_("Issued"), g.fmt.full(row.asked_at)[:16]),
        (_("Issued by"), shown.asked_by or _("by threshold")),
        (_("Due"), g.fmt.full(row.due_at)[:16]),
        (_("Filled in"), g.fmt.full(row.filled_at)[:16] if row.filled_at else "—"),
        (_("Round"), str(row.round)),
    ]


def _entries(shown: Shown) -> list[dict[str, str]]:
    labels = words_rectifications.entries()
    return [
        {"at": g.fmt.full(one.at)[:16], "what": labels[one.kind], "by": name or _("System"),
         "text": mask_text(str(one.body.get("text", "")))}
        for one, name in shown.entries
    ]  # fmt: skip


def _before(shown: Shown) -> dict[str, str] | None:
    """The form that this one repeats."""
    if shown.before is None:
        return None
    href = url_for("rectifications.show", form_number=shown.before.number)
    return {"number": shown.before.number, "href": href, "at": g.fmt.full(shown.before.asked_at)[:10]}


def _card(shown: Shown, actor: Actor) -> str:
    """The scorecard behind it, for a form of a month."""
    if not shown.row.key.startswith("month:") or not actor.can("scorecard"):
        return ""
    return url_for("scorecards.show", month=shown.row.month, code=shown.place.code)


def _ticket(shown: Shown, actor: Actor) -> dict[str, str] | None:
    if not shown.ticket:
        return None
    return {"number": shown.ticket, "href": url_for("tickets.show", number=shown.ticket)}
