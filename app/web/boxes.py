"""The reply box: which tabs this actor has on this ticket, each a form of its own that works without scripting."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import g, url_for

from app.domain.kinds import VERIFIED
from app.domain.masking import mask_text
from app.domain.pictures import BOXES
from app.domain.roles import Actor
from app.services.ticket_view import View
from app.web import (
    addresses,
    attachments,
    call_card,
    courier_forms,
    draft_forms,
    forms,
    kind_forms,
    result_forms,
    template_menu,
)
from app.web.context import translate as _

DELIVERED = ("DELIVER", "SIGN")
ORDER = ("result", "settle", "follow_up", "close", "follow_up_replied", "ruling", "assign_site", "courier_sms", "note")


def boxes_of(
    view: View, actor: Actor, now: datetime, posted: dict[str, Any], clashes: dict[str, Any]
) -> list[dict[str, Any]]:  # fmt: skip
    """The tabs in their order; `posted` holds forms of a failed post by key, whose tab is open; drafts fill others."""
    boxes: list[dict[str, Any]] = []
    drafted, first = draft_forms.restored(view, now), next(iter(posted), "") or draft_forms.latest(view, now)
    if "result" in drafted:
        call_card.prefilled(view, drafted["result"])
    bound = drafted | posted
    wanted = ["ruling" if action.startswith("ruled_") else action for action in view.actions]
    for action in ORDER:
        if action in wanted:
            boxes.append(_BOX[action](view, bound))
    rows = view.parts["templates"]
    opened = next((box for box in boxes if box["key"] == first), boxes[0] if boxes else None)
    for box in boxes:
        box["open"] = box is opened
        box["filled"] = box["key"] in posted
        box["draft"] = draft_forms.state(view, actor, box["key"], now, clashes)
        box["templates"] = template_menu.of_ticket(rows, view.ticket.category, box["key"], view.ticket.number)
        box["submission_key"] = secrets.token_urlsafe(24)
        if box["key"] in BOXES:
            box["tray"] = attachments.tray(view, box["key"])
    return boxes


def _box(key: str, label: str, endpoint: str, view: View, form: Any, submit: str, **more: Any) -> dict[str, Any]:
    action = addresses.of_ticket(f"tickets.{endpoint}", view.ticket.number)
    return {
        "key": key, "label": label, "action": action, "form": form, "submit_label": submit, "hint": "", **more,
    }  # fmt: skip


def _result(view: View, bound: dict[str, Any]) -> dict[str, Any]:
    form, _groups = bound.get("result") or _fresh_result(view)
    _offer_logged(view, form)
    if view.ticket.reporter_id is not None:
        return _box("result", _("Answer"), "result", view, form, _("Send the answer"))
    hint = _("Leaves the house after the preview") if view.orders else ""
    return _box("result", _("Result"), "result", view, form, _("Preview and send"), hint=hint)


def _offer_logged(view: View, form: Any) -> None:
    if "contact_outcome" in form:  # a question from inside the house asks for no call
        call_card.offer_logged(view, form)


def _fresh_result(view: View) -> Any:
    """An empty result form with what is known already: the calls' answers, and who delivered."""
    form, groups = call_card.prefilled(view, result_forms.of(view))
    delivered = (scan.courier for scan in view.trace if scan.scan_type in DELIVERED and scan.courier)
    if "finding_courier" in form:
        form.finding_courier.data = next(delivered, "")
    return form, groups


def _follow_up(view: View, bound: dict[str, Any]) -> dict[str, Any]:
    form = bound.get("follow_up") or forms.follow_up_form()
    call_card.offer_logged(view, form)
    hint = _("Counts as first reply: contact logged and time of the next news named. Stays in the house.")
    return _box("follow_up", _("Follow-up"), "follow_up", view, form, _("Save follow-up"), hint=hint)


def _note(view: View, bound: dict[str, Any]) -> dict[str, Any]:
    form = bound.get("note") or forms.text_form(_("Internal note"))
    return _box("note", _("Internal note"), "note", view, form, _("Save note"), hint=_("Never leaves the house"))


def _close(view: View, bound: dict[str, Any]) -> dict[str, Any]:
    form = bound.get("close") or forms.close_form()
    if view.ticket.kind not in VERIFIED:
        del form.root_cause, form.verified
    return _box("close", _("Close ticket"), "close", view, form, _("Close ticket"), said=_parties_said(view))


def _parties_said(view: View) -> list[dict[str, str]]:
    """What the responsible parties answered, for whoever ticks that it was verified; the last word of each."""
    found: dict[int, dict[str, str]] = {}
    for entry in view.entries:
        if entry.type in ("party_answered", "party_disputed") and entry.organisation is not None:
            place = entry.organisation
            name = (place.name_en or place.name) if g.fmt.english else place.name
            found[place.id] = {"by": name, "text": mask_text(str(entry.text.get("text", "")))}
    return list(found.values())


def _ruling(view: View, bound: dict[str, Any]) -> dict[str, Any]:
    form = bound.get("ruling") or forms.ruling_form()
    hint = _("The ruling goes back to the platform")
    return _box("ruling", _("Ruling"), "ruling", view, form, _("Give the ruling"), hint=hint)


def _assign(view: View, bound: dict[str, Any]) -> dict[str, Any]:
    form = bound.get("assign") or forms.assign_form()
    return _box(
        "assign", _("Assign to a site"), "assign", view, form, _("Assign"), hint=_("e.g. %(code)s", code="330106-01")
    )


def _courier(view: View, bound: dict[str, Any]) -> dict[str, Any]:
    form = bound.get("courier_sms") or courier_forms.courier_form(view)
    hint = _("An approved text with its values. At night it waits until 08:00.")
    action = url_for("courier.send", number=view.ticket.number)
    return {
        "key": "courier_sms", "label": _("SMS to the courier"), "action": action, "form": form,
        "submit_label": _("Send SMS"), "hint": hint,
    }  # fmt: skip


_BOX = {
    "result": _result, "follow_up": _follow_up, "follow_up_replied": _follow_up, "note": _note, "close": _close,
    "ruling": _ruling, "assign_site": _assign, "courier_sms": _courier,
    "settle": kind_forms.settle_box,
}  # fmt: skip
