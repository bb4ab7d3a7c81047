"""Turns events into the posts of the thread: one voice each, system noise kept short."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any

from flask import g, url_for

from app.domain.masking import mask_text
from app.domain.roles import CCS_ROLES, LCS_ROLES, Actor
from app.models import Outbox
from app.services.ticket_view import NAMELESS, Entry, View
from app.web import (
    attachments,
    party_panel,
    thread_verify,
    vocabulary,
    words,
    words_callbacks,
    words_clocks,
    words_duty,
    words_help,
    words_kinds,
    words_verify,
)
from app.web.context import translate as _
from app.web.formatting import Formatter
from app.web.language import table

PLATFORM = {"received", "urge", "repeat", "sent_back", "reject", "satisfied", "cancelled"}
RED = {"repeat", "sent_back", "reject", "callback_refused", "promise_broken", "sms_undelivered"}
OF_ANOTHER = {"turned", "made_of_expedite"}  # they name another ticket of the parcel
SILENT = {
    "clock_started", "clock_stopped", "clock_void", "clock_shortened", "order_linked", "appeal_opened",
    "picture_fetched", "picture_failed",
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What every entry is told with, looked up once a page: labels by type, what is red, the sites' names by code."""

    labels: dict[str, str]
    red: Set[str]
    places: dict[str, str]
    fmt: Formatter
    undone: Set[int] = frozenset()
    others: Set[str] = frozenset()  # numbers of the parcel's other tickets in the reader's scope


def posts_of(view: View, actor: Actor) -> list[dict[str, Any]]:
    """The thread, oldest first; free text masked."""
    silent, red = SILENT | vocabulary.every("SILENT"), RED | vocabulary.every("RED")
    undone = frozenset(entry.data["event_id"] for entry in view.entries if entry.type == "result_undone")
    labels = names() | words_kinds.entries(view.ticket.kind)
    told = Told(labels, red, _places(view), g.fmt, undone, {one.number for one in view.others})
    return [_post(entry, view, actor, told) for entry in view.entries if entry.type not in silent]


def _post(entry: Entry, view: View, actor: Actor, told: Told) -> dict[str, Any]:
    text, label = _words(entry, told), told.labels.get(entry.type, "")
    if entry.type == "received" and not _outside(entry, view):
        label = words_clocks.kinds().get(view.ticket.kind, label)
    said = bool(text)
    return {
        "kind": _voice(entry, view, said), "by": _by(entry, view) if said else "",
        "sub": _sub(entry, label, view, told) if said else "",
        "text": text if said else _system_text(entry, label, view, told), "red": entry.type in told.red,
        "time_text": told.fmt.time(entry.at), "time_full": told.fmt.full(entry.at),
        "findings": _findings(entry, told) + party_panel.findings(entry, view) + thread_verify.findings(entry),
        "undone": entry.event_id in told.undone,
        "callback": _callback(entry, view, actor), "pictures": attachments.pictures_of(view, entry.event_id),
    }  # fmt: skip


def _words(entry: Entry, told: Told) -> str:
    """What somebody wrote, or the deed in a sentence where it needs no words of theirs."""
    if written := str(entry.text.get("text", "")):
        return mask_text(written)
    if entry.type == "closed" and entry.data.get("root_cause"):
        return _("Root cause: %(cause)s", cause=words.word(words.root_causes(), entry.data["root_cause"]))
    if entry.type == "callback_refused" and entry.data.get("code"):
        return words_callbacks.problem(str(entry.data["code"]))
    if entry.type == "site_urged":
        return _sent_to(entry.data) or _("No duty phone: nobody was told by SMS")
    if entry.type == "problem_reported":
        return _("Reported to %(site)s", site=_place(entry.data.get("site_code", ""), told))
    if entry.type == "transferred" and entry.role != "system":
        return _("%(site)s handles it from here on", site=_place(entry.data.get("site_code", ""), told))
    return ""


def _places(view: View) -> dict[str, str]:
    """The names of the sites that the ticket's page knows anyway, by code."""
    known = [entry.organisation for entry in view.entries if entry.organisation] + ([view.site] if view.site else [])
    for row in view.parts.get("returns", []):
        known += [site for site in (row.from_site, row.to_site) if site]
    english = g.fmt.english
    return {site.code: (site.name_en or site.name) if english else site.name for site in known}


def _place(code: str, told: Told) -> str:
    return told.places.get(code, code)


def _voice(entry: Entry, view: View, said: bool) -> str:
    if _outside(entry, view) and entry.text:
        return "platform"
    if entry.type == "courier_sms":
        return "sms"
    if entry.type == "callback_refused":
        return "platform"
    if not said or entry.role == "system":
        return "system"
    if entry.role in LCS_ROLES:
        return "lcs"
    if entry.role in CCS_ROLES:
        return "ccs"
    return "party" if party_panel.speaks(entry, view) else "site"


def _outside(entry: Entry, view: View) -> bool:
    """Whether somebody outside the house says this, whoever took it down."""
    return entry.type in PLATFORM and view.ticket.reporter_id is None


def _by(entry: Entry, view: View) -> str:
    if _outside(entry, view):
        kind = view.ticket.complainant_kind
        return _("Customer") if kind == "consignee" else words.word(words.complainants(), kind)
    if entry.type == "callback_refused":
        return _("Platform")
    if entry.type in NAMELESS:
        return _("Audit")
    return entry.who or _("System")


def _sub(entry: Entry, label: str, view: View, told: Told) -> str:
    parts = [label, *_acted(entry, view)]
    if entry.organisation is not None:
        english = told.fmt.english and entry.organisation.name_en
        parts.insert(0, entry.organisation.name_en if english else entry.organisation.name)
    if entry.type == "courier_sms":
        parts.append(
            _("to %(name)s %(phone)s", name=mask_text(str(entry.text.get("name", ""))), phone=entry.data.get("to", ""))
        )
    if _outside(entry, view) and entry.who:
        parts.append(_("entered by %(name)s", name=entry.who))
    outcome = entry.data.get("contact_outcome")
    if outcome:
        parts.append(words.word(words.contacts() | vocabulary.merged("outcomes"), outcome))
    parts.append(thread_verify.line(entry, view))
    return " · ".join(part for part in parts if part)


def _acted(entry: Entry, view: View) -> list[str]:
    """For which site somebody else did this, and what it is worth to the site (rulebook 3.11)."""
    if "acting_for" not in entry.data:
        return []
    data = {"site_id": entry.data["acting_for"], "site_code": entry.data.get("acting_for_code", "")}
    worth = [words_help.credit(bool(entry.data["counts"]))] if "counts" in entry.data else []
    return [_("for %(site)s", site=_site(data, view)), *worth]


@table
def names() -> dict[str, str]:
    """What each kind of entry is called."""
    return {
        "received": _("Complaint"),
        "urge": _("Urged"),
        "repeat": _("Repeated complaint"),
        "reject": _("Rejects the result"),
        "satisfied": _("Satisfied"),
        "cancelled": _("Withdrawn by the platform"),
        "routed": _("Routed"),
        "in_tray": _("Waits to be assigned"),
        "assigned": _("Assigned by hand"),
        "claimed": _("Claimed"),
        "follow_up": _("Follow-up"),
        "result": _("Result"),
        "note": _("Internal note"),
        "closed": _("Closed"),
        "ruling": _("Ruling on the appeal"),
        "promise_made": _("Promise made"),
        "promise_settled": _("Promise kept"),
        "promise_broken": _("Promise broken: back to work"),
        "callback_taken": _("Platform took the answer"),
        "callback_refused": _("Platform refused the answer"),
        "clock_breached": _("Overdue"),
        "handed_up": _("Handed up"),
        "objection_over": _("Objection window over"),
        "reminded": _("Reminder SMS"),
        "revealed": _("Contact shown in full"),
        "imported": _("Imported history"),
        "link_made": _("Link for the customer"),
        "result_undone": _("Result taken back before it left"),
        "courier_sms": _("SMS to the courier"),
        "sms_undelivered": _("SMS not delivered"),
    } | vocabulary.merged("events")


def _system_text(entry: Entry, label: str, view: View, told: Told) -> str:
    return " · ".join([_told(entry, label, view, told), *_acted(entry, view)])


def _told(entry: Entry, label: str, view: View, told: Told) -> str:
    who = f" · {entry.who}" if entry.who else ""
    if said := party_panel.line(entry, label, view):
        return said
    said = vocabulary.line(entry)
    if said and (entry.type not in OF_ANOTHER or said in told.others):
        return f"{label} · {_place(said, told)}{who}"
    if entry.type == "routed":
        routed = _("Routed to %(site)s", site=_place(_site(entry.data, view), told))
        standing_in = entry.data.get("reason") == "deputy"
        return " · ".join((routed, _("as deputy of a closed site"))) if standing_in else routed
    if entry.type == "acting_started" and entry.data.get("reason") == "onboarding":
        return _("The site is not on board yet: its province works the ticket")
    if entry.type in _DETAILS:
        return " · ".join(part for part in (label, _DETAILS[entry.type](entry.data)) if part)
    if more := thread_verify.line(entry, view):
        return f"{label} · {more}"
    return f"{label}{who}"


def _sent_to(data: dict[str, Any]) -> str:
    return _("by SMS to %(phone)s", phone=data["to"]) if data.get("to") else ""


_DETAILS: dict[str, Callable[[dict[str, Any]], str]] = {
    "clock_breached": lambda data: words.word(words.clock_kinds(), data.get("kind", "")),
    "imported": lambda data: str(data.get("state", "")),
    "in_tray": lambda data: words.word(words.tray_reasons(), data.get("reason", "")),
    "link_made": _sent_to,
    "sms_undelivered": words_duty.undelivered,
    "reminded": lambda data: str(data.get("to", "")),
    "deputy_acts": lambda data: str(data.get("organisation_code", "")),
}


def _site(data: dict[str, Any], view: View) -> str:
    """The site's name where it still has the ticket, else its code."""
    if view.site is not None and view.site.id == data.get("site_id"):
        return (view.site.name_en or view.site.name) if g.fmt.english else view.site.name
    return str(data.get("site_code", ""))


def result_findings(entry: Entry) -> list[dict[str, str]]:
    """What stands above a result's words, for pages beside the thread."""
    return _findings(entry, Told({}, frozenset(), {}, g.fmt)) + thread_verify.findings(entry)


def _findings(entry: Entry, told: Told) -> list[dict[str, str]]:
    found = [{"label": label, "value": mask_text(_place(value, told))} for label, value in vocabulary.findings(entry)]
    if entry.type == "result":
        if entry.text.get("signed_by"):
            found.append({"label": _("Who really signed"), "value": mask_text(str(entry.text["signed_by"]))})
        if entry.text.get("courier"):
            found.append({"label": _("Courier"), "value": mask_text(str(entry.text["courier"]))})
        if entry.data.get("action_taken"):
            found.append(
                {"label": _("What was done"), "value": words.word(words.measures(), entry.data["action_taken"])}
            )
        if entry.data.get("no_contact_code"):
            why = words.word(words_verify.not_reached(), entry.data["no_contact_code"])
            found.append({"label": _("Nobody reached"), "value": why})
    if entry.type == "intervened" and entry.data.get("root_cause"):
        found.append({"label": _("Root cause"), "value": words.word(words.root_causes(), entry.data["root_cause"])})
    if entry.type == "priority_raised":
        known = words_help.priorities()
        steps = [words.word(known, entry.data.get(name, "")) for name in ("before", "after")]
        found.append({"label": _("Priority"), "value": " → ".join(steps)})
    if entry.type == "ruling":
        found.append({"label": _("Ruling"), "value": words.word(words.rulings(), entry.data.get("ruling", ""))})
    return found


def _problem(row: Outbox) -> str:
    return words_callbacks.problem(row.error, again=row.next_try_at is not None)


def _callback(entry: Entry, view: View, actor: Actor) -> dict[str, Any] | None:
    """Where the answer is on its way to the platform: the least advanced of its rows speaks."""
    if entry.type == "courier_sms" and entry.data.get("outbox_id") in view.messages:
        return words_duty.sms_chip(*view.messages[entry.data["outbox_id"]])
    rows = [row for row in view.callbacks.get(entry.event_id, ()) if not row.payload.get("call")]
    if not rows:
        return None
    row = min(rows, key=lambda r: r.state == "sent")
    tone = {"sent": "good", "failed": "late"}.get(row.state, "soon")
    resend = url_for("admin.resend", row_id=row.id) if row.state == "failed" and actor.can("callbacks") else ""
    label = _("Platform: %(state)s", state=words.word(words.callback_states(), row.state))
    return {"label": label, "tone": tone, "error": _problem(row), "resend_href": resend}
