"""Builds the page of a batch: its rows, its form, the preview of each text, the outcome of each."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from flask import render_template, request, url_for

from app import clock
from app.domain.errors import Invalid
from app.domain.kinds import PROBLEM
from app.domain.roles import Actor
from app.extensions import db
from app.services import batch
from app.services.batch import Item
from app.services.one_by_one import Done
from app.services.outward import Group
from app.services.replies import ResultIn
from app.web import (
    answer_groups,
    forms,
    queue_page,
    result_forms,
    template_menu,
    undo_bar,
    verbs,
    words,
    words_day,
    words_waybills,
)
from app.web.answer_groups import AnswerGroup
from app.web.context import translate as _
from app.web.queue_page import category_labels

ACTIONS = {"claim": "batch.claim", "follow_up": "batch.follow_up", "result": "batch.result", "undo": "batch.undo"}
OF_CUSTOMERS = ("finding_courier", "contact_outcome", "action_taken", "no_contact_code")
OF_ONE_TICKET = ("finding_signed_by", "promise_what", "promise_due_at", "promise_who", "promise_text", "file")


def follow_up_form(data: Any = None) -> Any:
    """The follow-up's own form without pictures."""
    form = forms.follow_up_form(data)
    del form.file
    return form


def result_form(found: Sequence[Item], data: Any = None) -> tuple[Any, Sequence[AnswerGroup]]:
    """The result's own form without what belongs to one ticket alone; each set of allowed answers is asked once."""
    made = batch.groups(found)
    labels = _labels(made, found) if len(made) > 1 else [""] * len(made)
    asked = [AnswerGroup(group, label) for group, label in zip(made, labels, strict=True)]
    form, groups = forms.result_form(asked, data)
    inside = all(item.ticket.kind == PROBLEM for item in found)
    for name in (*OF_ONE_TICKET, *(OF_CUSTOMERS if inside else ())):
        del form[name]
    if inside:
        forms.label(form, text=_("Handling, for whoever reported"))
    return form, groups


def _labels(groups: Sequence[Group], found: Sequence[Item]) -> list[str]:
    """What each group's tickets are about and how many; where two groups are about the same, their first numbers."""
    names = category_labels(db.session())
    labels, firsts = [], []
    for group in groups:
        theirs = {order.ticket_id for order in group.orders}
        items = [item for item in found if item.ticket.id in theirs]
        about = dict.fromkeys(names.get(item.ticket.category, item.ticket.category) for item in items)
        labels.append(_("%(what)s, %(n)s tickets", what=" / ".join(about), n=len(theirs)))
        firsts.append(items[0].number)
    twice = {label for label in labels if labels.count(label) > 1}
    return [
        f"{label} · {first}" if label in twice else label for label, first in zip(labels, firsts, strict=True)
    ]  # fmt: skip


def answer_of(form: Any, groups: Sequence[AnswerGroup]) -> ResultIn:
    """What the form says, for all of them."""
    said = partial(result_forms.said, form)
    return ResultIn(
        text=form.text.data or "", contact_outcome=said("contact_outcome"), action_taken=said("action_taken")[:24],
        no_contact_code=said("no_contact_code"),
        choices={group.key: answer_groups.read(form, group) for group in groups},
    )  # fmt: skip


def seal(answer: ResultIn) -> str:
    """What the preview showed, as one word: a form that says something else is previewed again."""
    said = {key: (choice.answer, sorted(choice.supplements.items())) for key, choice in answer.choices.items()}
    parts = (answer.text, answer.contact_outcome, answer.action_taken, answer.no_contact_code, sorted(said.items()))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def versions(posted: Mapping[str, str]) -> dict[str, int]:
    """The version of each ticket that the page showed."""
    named = {name.removeprefix("version-"): value for name, value in posted.items() if name.startswith("version-")}
    return {number: int(value) for number, value in named.items() if value.isdecimal() and len(value) < 10}


def page(actor: Actor, verb: str, numbers: Sequence[str], **state: Any) -> str:
    """The page for these tickets; `state` carries form, outcomes, texts to preview, ticks, an error.

    Raises Invalid (tickets), NotFound.
    """
    session, now = db.session(), clock.now()
    session.rollback()  # what was read before a verb is not what stands now
    found = batch.items(session, actor, numbers, now) if numbers or not state.get("error") else []
    done = {one.number: one for one in state.get("outcomes") or ()}
    ticked = state.get("ticked")
    said = "held" if state.get("sent") and undo_bar.hold() else verb
    names = category_labels(session)
    return render_template(
        "batch.html", verb=verb, head=words_day.batch_heads()[verb], error=state.get("error", ""),
        rows=[_row(said, item, done.get(item.number), state, names) for item in found],
        doubtful=len(state.get("doubts") or ()),
        form=state.get("form") or _form(verb, found), seen=state.get("seen"), findings=state.get("findings"),
        done=sum(not one.code for one in done.values()), failed=sum(bool(one.code) for one in done.values()),
        judged=bool(done), open_rows=verb != "undo" and (ticked is None or bool(ticked)),
        action=url_for(ACTIONS[verb], **queue_page.asked(verbs.asked_filters())),
        back_href=queue_page.address(verbs.asked_filters()), submission_key=secrets.token_urlsafe(24),
        rail=queue_page.rail(session, actor, None, now), names=words_day.names(),
        undo=undo_bar.of_batch(state.get("sent") or [], now), onward=_onward(verb, done),
        menu=template_menu.of_batch(session, actor, [item.ticket.category for item in found], verb),
    )  # fmt: skip


def _onward(verb: str, done: Mapping[str, Done]) -> dict[str, Any] | None:
    """Whoever has claimed some goes on with exactly those, without ticking them again."""
    numbers = [number for number, one in done.items() if not one.code]
    if verb != "claim" or not numbers:
        return None
    asked = queue_page.asked(verbs.asked_filters())
    return {
        "numbers": numbers, "follow_up": url_for(ACTIONS["follow_up"], **asked),
        "result": url_for(ACTIONS["result"], **asked),
    }  # fmt: skip


def bound(actor: Actor, verb: str, numbers: Sequence[str], data: Any) -> Any:
    """The form of these tickets with what was typed. Raises Invalid (tickets), NotFound."""
    found = batch.items(db.session(), actor, numbers, clock.now())
    return result_form(found, data)[0] if verb == "result" else follow_up_form(data)


def refused(actor: Actor, verb: str, form: Any, wrong: Invalid) -> str:
    """The form again with its errors beside the fields and what was typed; without rows where the rows are wrong."""
    code = wrong.fields.get("tickets", "")
    if form is not None:
        forms.mark(form, wrong.fields, wrong.detail)
    said = _("Tick at least one ticket") if code == "required" else words.word(words.errors(), code or "invalid")
    numbers = [] if code in ("required", "too_many_in_batch") else request.form.getlist("ticket")
    return page(actor, verb, numbers, form=form, error=said)


def preview(actor: Actor, found: Sequence[Item], form: Any, answer: ResultIn, refusals: Sequence[Done]) -> str:
    """Each ticket's own text; a row for which it could not go out says why and is not ticked."""
    held = [one for one in refusals if one.code]
    return page(
        actor, "result", [item.number for item in found], form=form, seen=seal(answer), outcomes=held,
        texts={item.number: batch.answer_of(item, answer).text for item in found},
        doubts=batch.doubts(db.session(), found, answer, clock.now()),
        ticked=[one.number for one in refusals if not one.code],
    )  # fmt: skip


def outcome(actor: Actor, verb: str, form: Any, done: Sequence[Done]) -> str:
    """What became of each row."""
    failed = [one.number for one in done if one.code]
    sent = [one.number for one in done if not one.code] if verb == "result" else []
    return page(actor, verb, [one.number for one in done], form=form, outcomes=done, ticked=failed, sent=sent)


def _form(verb: str, found: Sequence[Item]) -> Any:
    if verb == "result":
        return result_form(found)[0]
    return follow_up_form() if verb == "follow_up" else None


def _row(
    verb: str, item: Item, done: Done | None, state: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, Any]:  # fmt: skip
    said = words_day.batch_done()[verb] if done and not done.code else ""
    if done and done.code:
        said = words.word(words.errors(), done.code)
    ticked, doubts = state.get("ticked"), words_waybills.doubts()
    return {
        "number": item.number, "href": url_for("tickets.show", number=item.number), "waybill": item.ticket.waybill,
        "about": names.get(item.ticket.category, item.ticket.category),
        "state": words.states()[item.ticket.state], "version": item.ticket.version, "outcome": said,
        "failed": bool(done and done.code), "ticked": ticked is None or item.number in ticked,
        "text": (state.get("texts") or {}).get(item.number, ""),
        "doubts": [doubts[flag] for flag in (state.get("doubts") or {}).get(item.number, ())],
    }  # fmt: skip
