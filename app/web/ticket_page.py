"""Builds what the ticket page shows from the read side: masked, worded, ready for the template."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import g, url_for

from app.domain.kinds import COMPLAINT
from app.domain.masking import mask_address, mask_name, mask_phone, mask_text
from app.domain.roles import Actor
from app.models import Clock, Organisation, TicketContact
from app.services import work_item
from app.services.reveals import Shown
from app.services.ticket_view import View
from app.services.work import OF_ONE_DESK
from app.web import (
    addresses,
    ask_bar,
    call_card,
    panels,
    party_panel,
    sheets,
    shown_in_full,
    thread_fold,
    ticket_chips,
    words,
    words_archive,
    words_clocks,
    words_closing,
)
from app.web.boxes import boxes_of
from app.web.context import translate as _

SITE_CHIPS = ("first_reply", "resolve", "close", "appeal", "objection", "accept")


def page_of(view: View, actor: Actor, now: datetime, *, shown: Shown | None = None, **state: Any) -> dict[str, Any]:
    """Everything `_ticket.html` reads; `state` carries bound forms, an error or a notice of a failed post."""
    ticket, menu = view.ticket, sheets.menu_of(view, actor, now)
    bound, clashes = state.get("forms") or {}, state.get("clash") or {}
    sheet = sheets.opened(view, actor, state.get("sheet") or "", bound, now, clashes)
    moved_on = sheet is None and state.get("sheet") in sheets.known()
    error = state.get("error") or (_("The ticket has moved on: this cannot be done any more.") if moved_on else None)
    return {
        "number": ticket.number, "waybill": ticket.waybill, "version": state.get("version") or ticket.version,
        "state_label": words.states()[ticket.state], "state_tone": _state_tone(ticket.state),
        "chips": chips(view, now), "facts": facts(view), "thread": thread_fold.of(view, actor),
        "side": side(view, shown), "actions": actions(view, actor),
        "boxes": boxes_of(view, actor, now, bound, clashes),
        "appeal": appeal(view, now), "error": error, "notice": state.get("notice"),
        "sites": [(site.code, site_name(site)) for site in view.sites], "menu": menu, "sheet": sheet,
        "open_ends": words_archive.since(view.ticket) or words_closing.open_ends(view.against_close),
        "call": call_card.card(view, actor, now, shown, state),
        "asks": ask_bar.bars_of(view, actor, now),
        "panels": panels.of(view, actor, now), "self_href": addresses.of_ticket("tickets.show", ticket.number),
    }  # fmt: skip


def _in_the_background(clock: Any, view: View) -> bool:
    """What the law gives the complainant, and the acceptance of what is accepted; a regulator's time is shown."""
    if clock.kind == "legal":
        newest = max(one.run for one in view.clocks if one.kind == "legal")
        return not work_item.regulator(view.ticket) or clock.run < newest
    return bool(clock.kind == "accept" and view.ticket.state != "open")


def chips(view: View, now: datetime) -> list[dict[str, str]]:
    """One chip a running clock, the most pressing first."""
    raised, found = view.ticket.reporter_id is not None, []
    for clock in sorted(_running(view), key=lambda c: c.due_at):
        if clock.state == "paused":
            continue
        if _in_the_background(clock, view):
            continue
        label = " · ".join(
            part for part in (words_clocks.waiting(clock.kind, raised=raised), party_panel.whose(clock, view)) if part
        )
        left = g.fmt.left(clock.due_at, now)
        seconds = (clock.due_at - now).total_seconds()
        tone = "late" if seconds <= 0 else "soon" if seconds <= 1800 else "info" if clock.kind == "platform" else ""
        found.append({
            "text": f"{label} {left}", "tone": tone, "title": g.fmt.full(clock.due_at),
            "due_iso": clock.due_at.isoformat(), "label": label, "href": clock_href(view, clock),
        })  # fmt: skip
    if view.ticket.repeat_count:
        text = _("Repeated %(n)s×", n=view.ticket.repeat_count)
        found.append({"text": text, "tone": "late", "title": "", "due_iso": "", "href": ""})
    return [*found, *call_card.chips(view), *ticket_chips.chips(view, now)]


def _running(view: View) -> list[Clock]:
    return [clock for clock in view.clocks if clock.stopped_at is None and clock.state != "void"]


def facts(view: View) -> list[dict[str, Any]]:
    """The line under the number."""
    ticket = view.ticket
    line = [
        {
            "label": _("Waybill"),
            "value": ticket.waybill or _("none"),
            "mono": True,
            "copy": bool(ticket.waybill),
            "yank": True,
        },
        {"label": _("Category"), "value": _kind_and_category(view), "mono": False, "copy": False},
        {"label": _("Source"), "value": _source(view), "mono": False, "copy": False},
        {"label": _("Handling site"), "value": site_name(view.site) or _tray(view), "mono": False, "copy": False},
    ]
    if view.owner:
        line.append({"label": _("Owner"), "value": view.owner, "mono": False, "copy": False})
    for order, _connection in view.orders:
        line.append({"label": _("Platform order"), "value": order.code, "mono": True, "copy": True})
    return line


def _kind_and_category(view: View) -> str:
    """The category, and the kind before it where it is no complaint."""
    kind = view.ticket.kind
    return category_name(view) if kind == COMPLAINT else f"{words_clocks.kinds()[kind]} · {category_name(view)}"


def category_name(view: View) -> str:
    """The category's label in the reader's language."""
    if view.category is None:
        return view.ticket.category
    return view.category.name_en if g.fmt.english else view.category.name


def site_name(site: Organisation | None) -> str:
    """An organisation's name in the reader's language."""
    if site is None:
        return ""
    return (site.name_en or site.name) if g.fmt.english else site.name


def _source(view: View) -> str:
    names = [connection.name for _order, connection in view.orders]
    by_hand = _("Entered in this portal") if view.ticket.reporter_id else ""
    return " · ".join(dict.fromkeys(names)) or by_hand or words.word(words.channels(), view.ticket.channel)


def _tray(view: View) -> str:
    desk, reason = view.parts.get("acting"), view.ticket.tray_reason
    if desk is not None and not reason:
        return _("None: %(desk)s answers it", desk=site_name(desk))
    return _("To be assigned: %(reason)s", reason=words.word(words.tray_reasons(), reason))


def side(view: View, shown: Shown | None) -> dict[str, Any]:
    """Customer, trace, clocks and the other tickets on this waybill."""
    return {
        "customer": customer(view, shown), "contacts": [_contact(view, one, shown) for one in view.parts["people"]],
        "trace": [_scan(scan, view.ticket.waybill) for scan in view.trace],
        "others": [
            {"number": t.number, "href": f"/tickets/{t.number}", "label": _other(view, t)} for t in view.others
        ],
        "clocks": [_clock(view, clock) for clock in view.clocks],
        "law": legal_note() if view.category and view.category.legal_note else [],
    }  # fmt: skip


def customer(view: View, shown: Shown | None) -> dict[str, Any]:
    """Name, phone and address: masked unless a reveal was just logged."""
    person = view.person
    if shown is not None and not shown.role:
        return {"name": shown.name, "phone": shown.phone, "address": shown.address, "shown": True, "reveal_href": ""}
    return {
        "name": mask_name(person.name) if person and person.name else "—",
        "phone": mask_phone(person.phone) if person and person.phone else "—",
        "address": mask_address(person.address) if person and person.address else "—",
        "shown": False,
        "reveal_href": shown_in_full.href_of(view) if person and person.phone else "",
    }


def _contact(view: View, one: TicketContact, shown: Shown | None) -> dict[str, Any]:
    """Somebody beside the complainant: masked unless a reveal of exactly this role was just logged."""
    label = words.word(words.complainants(), one.role)
    if shown is not None and shown.role == one.role:
        return {"role": one.role, "label": label, "shown": True, "reveal_href": "", "name": shown.name,
                "phone": shown.phone, "address": shown.address}  # fmt: skip
    return {
        "role": one.role, "label": label, "shown": False, "name": mask_name(one.name), "phone": mask_phone(one.phone),
        "address": mask_address(one.address), "reveal_href": shown_in_full.href_of(view),
    }  # fmt: skip


def legal_note() -> list[str]:
    """The law on the two biggest categories (interfaces, section 4)."""
    return [
        _(
            "Measures for the express delivery market (in force since 1 March 2024), article 54: signing for the "
            "consumer, or leaving the parcel in a locker or station without consent, brings correction, a warning and "
            "a fine of up to 10,000 yuan, in serious cases of 10,000 to 30,000 yuan."
        ),
        _(
            "Interim regulations on express delivery, article 28: a complaint must be handled and answered within 7 "
            "days. After that, or when dissatisfied, the consumer can turn to the postal regulator (12305); the "
            "company then answers the regulator within 15 days, unless the policies set another limit."
        ),
    ]


def actions(view: View, actor: Actor) -> list[dict[str, Any]]:
    """The buttons in the header: steps that need no form of their own."""
    number, found = view.ticket.number, []
    if "claim" in view.actions:
        found.append(_button("claim", _("Claim"), addresses.of_ticket("tickets.claim", number), "main"))
    if "take" in view.actions:
        found.append(_button("take", _("Take over"), addresses.of_ticket("ownership.take", number), "main"))
    if "contact" in view.actions and view.person and view.person.phone:
        found.append(_button("contact", _("Call the customer"), addresses.of_ticket("calls.start", number), ""))
    return found


def _button(key: str, label: str, href: str, tone: str) -> dict[str, Any]:
    return {
        "key": key, "label": label, "href": href, "method": "post", "tone": tone, "confirm": None, "form": None,
        "submission_key": secrets.token_urlsafe(24),
    }  # fmt: skip


def appeal(view: View, now: datetime) -> dict[str, str] | None:
    """What the customer rejected beside what the site had claimed."""
    if view.appeal is None:
        return None
    undone = {entry.data["event_id"] for entry in view.entries if entry.type == "result_undone"}
    claims = [entry for entry in view.entries if entry.type == "result" and entry.event_id not in undone]
    rejects = [entry for entry in view.entries if entry.type in ("reject", "appeal_opened") and entry.text]
    due = next((clock.due_at for clock in view.clocks if clock.kind == "appeal" and clock.stopped_at is None), None)
    return {
        "customer_text": mask_text(str(rejects[-1].text.get("text", ""))) if rejects else "",
        "claim_text": mask_text(str(claims[-1].text.get("text", ""))) if claims else "",
        "opened_text": g.fmt.full(view.appeal.opened_at),
        "due_text": g.fmt.left(due, now) if due else "",
    }


def _state_tone(state: str) -> str:
    return {"replied": "good", "appealed": "ask"}.get(state, "")


def _other(view: View, other: Any) -> str:
    """The state of another ticket on the parcel, and whether it came before this one or follows it."""
    parts = [words.states()[other.state]]
    if other.id == view.ticket.previous_id:
        parts.append(_("earlier ticket"))
    if other.previous_id == view.ticket.id:
        parts.append(_("follow-up ticket"))
    return " · ".join(parts)


def _scan(scan: Any, waybill: str) -> dict[str, str]:
    label = words.word(words.scan_types(), scan.scan_type)
    where = scan.organisation_name or scan.site_code
    other, told = scan.waybill if scan.waybill != waybill else "", (mask_text(scan.courier), mask_text(scan.note))
    parts = [other, label, where, *told]
    return {"text": " · ".join(part for part in parts if part), "time_text": g.fmt.full(scan.scanned_at)[5:16]}


def clock_href(view: View, clock: Clock) -> str:
    """The page that explains a clock run."""
    return url_for("clocks.show", number=view.ticket.number, clock_id=clock.id)


def _clock(view: View, clock: Clock) -> dict[str, str]:
    nth = _nth(view, clock)
    label = words_clocks.waiting(clock.kind, raised=view.ticket.reporter_id is not None) + (
        f" #{nth}" if nth > 1 else ""
    )
    if whose := party_panel.whose(clock, view):
        label = f"{label} · {whose}"
    due, href = g.fmt.full(clock.due_at), clock_href(view, clock)
    return {"label": label, "due_full": due, "state": clock_state(clock), "href": href}


def _nth(view: View, clock: Clock) -> int:
    """Which run it is: of its kind, and where a clock waits for one organisation alone, of that organisation's."""
    if clock.kind not in OF_ONE_DESK:
        return clock.run
    same = [one for one in view.clocks if (one.kind, one.organisation_id) == (clock.kind, clock.organisation_id)]
    return sum(one.run <= clock.run for one in same)


def clock_state(clock: Clock) -> str:
    """Where a run stands, in a word."""
    if clock.state == "void":
        return _("void")
    if clock.state == "paused":
        return _("stands still")
    if clock.stopped_at is None:
        if clock.state == "paused":
            return _("stands still")
        return _("late") if clock.breached_at else _("running")
    return _("in time") if clock.state == "met" else _("late")
