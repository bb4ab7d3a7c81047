"""Builds the audit desk: its head and list, and one result beside its evidence, without the name of who wrote it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g, url_for
from sqlalchemy.orm import Session

from app.domain import audits as rule
from app.domain import drafts
from app.domain.masking import mask_start, mask_text
from app.domain.roles import Actor
from app.services import audit_leases, audit_view, audits
from app.services.audit_view import Line
from app.services.ticket_view import Entry, View
from app.web import attachments, draft_forms, thread, ticket_page, vocabulary, words, words_audit
from app.web.context import translate as _

COMPLAINT = frozenset({"received", "repeat", "urge", "reject", "customer_rejects"})
CALLS = frozenset({"contact", "told", "customer_accepts", "customer_rejects"})
SAID_NO = frozenset({"reject", "customer_rejects", "repeat"})
WHY_TONES = {"red_flag": "late", "appeal": "ask"}
HIDDEN = "＊＊"
NONE = "none"


def desk_of(session: Session, actor: Actor, now: Any, opened: int) -> dict[str, Any]:
    """Head and list."""
    head = audit_view.head(session, actor, now)
    first = _("Re-checks") if actor.desk == "ccs" else _("Flagged or rejected")
    numbers = [(_("To audit"), _capped(head.waiting), "")]
    if actor.desk != "ccs":
        numbers.append((first, _capped(head.first), "late" if head.first else ""))
    numbers.append((_("Marked by me today"), str(head.mine_today), ""))
    rows = [_row(line, actor, now) for line in audit_view.lines(session, actor)]
    more = f"{head.waiting - len(rows)}{'+' if head.waiting == audit_view.MOST else ''}"
    return {"numbers": numbers, "rows": rows, "opened": opened, "more": more if head.waiting > len(rows) else ""}


def _capped(n: int) -> str:
    return str(n) if n < audit_view.MOST else f"{audit_view.MOST - 1}+"


def case_of(line: Line, view: View, actor: Actor, now: Any, **state: Any) -> dict[str, Any]:
    """One audit; `state` carries what was typed and what was wrong with it."""
    audit, blind = line.audit, _blinder(view)
    result = next(entry for entry in view.entries if entry.event_id == audit.result_event_id)
    return {
        "id": audit.id, "category": ticket_page.category_name(view), "waybill": view.ticket.waybill,
        "site": ticket_page.site_name(line.site), "why": words.word(words_audit.why(), audit.reason),
        "flags": [words.word(words_audit.flags(), flag) for flag in audit.flags],
        "passed_on": _passed_on(view, audit), "withdrawal": result.type == "withdrawn",
        "result": _result(result, view, actor, blind),
        "complaint": [_said(entry, blind) for entry in view.entries if entry.type in COMPLAINT and entry.text],
        "pictures": _pictures(view, result), "trace": [_scan(scan, blind) for scan in view.trace],
        "calls": [_call(entry, blind) for entry in view.entries if entry.type in CALLS],
        "hold": _hold(audit, actor, now), "form": _form(view, actor, audit.id, now, state),
    }  # fmt: skip


def _passed_on(view: View, audit: Any) -> str:
    """A line where another site, or no site, has the ticket by now."""
    if not audits.passed_on(view.ticket, audit):
        return ""
    now_at = ticket_page.site_name(view.site) or _("no site")
    return _(
        "The ticket is at %(site)s by now. The audit is about the site that gave the reply: a mark counts for it "
        "alone, and nothing goes back to work.", site=now_at,
    )  # fmt: skip


def told(what: str) -> dict[str, Any] | None:
    """What became of the last one, for the line above the next."""
    if what == NONE:
        return {"text": _("No audit waits that you may mark and nobody has."), "ok": False}
    if what in rule.MARKS:
        return {"text": _("Marked: %(mark)s", mark=words_audit.marks()[what]), "ok": True}
    return None


def _row(line: Line, actor: Actor, now: Any) -> dict[str, Any]:
    audit, english = line.audit, g.fmt.english
    category = line.category
    held = audit_leases.held_by_other(audit, actor, now)
    return {
        "id": audit.id, "href": url_for("audit.show", audit_id=audit.id), "day": g.fmt.date(audit.day),
        "why": words.word(words_audit.why(), audit.reason), "tone": WHY_TONES.get(audit.reason, ""),
        "category": "" if category is None else category.name_en if english else category.name,
        "site": ticket_page.site_name(line.site), "words": mask_start(line.words, 60),
        "who": _("Somebody has it") if held else _("You have it") if _mine(audit, actor, now) else "",
    }  # fmt: skip


def _mine(audit: Any, actor: Actor, now: Any) -> bool:
    return audit.holder_id == actor.user_id and audit.held_until is not None and audit.held_until > now


def _blinder(view: View) -> Callable[[str], str]:
    """Masks a text, and takes out the names of everybody who wrote in the ticket."""
    names = sorted({entry.who for entry in view.entries if len(entry.who) > 1} | {view.owner} - {""}, key=len)

    def blind(text: str) -> str:
        for name in reversed(names):
            text = text.replace(name, HIDDEN)
        return mask_text(text)

    return blind


def _result(entry: Entry, view: View, actor: Actor, blind: Callable[[str], str]) -> dict[str, Any]:
    """The words and findings; the courier is left out, as everybody else who is a person."""
    findings = thread.result_findings(entry)
    return {
        "label": thread.names().get(entry.type, entry.type),
        "text": blind(str(entry.text.get("text", ""))), "time_text": g.fmt.time(entry.at),
        "time_full": g.fmt.full(entry.at),
        "findings": [(one["label"], blind(one["value"])) for one in findings if one["label"] != _("Courier")],
    }  # fmt: skip


def _said(entry: Entry, blind: Callable[[str], str]) -> dict[str, Any]:
    label = thread.names().get(entry.type) or _("Rejects the result")
    return {
        "label": label, "text": blind(str(entry.text.get("text", ""))), "time_text": g.fmt.time(entry.at),
        "time_full": g.fmt.full(entry.at), "red": entry.type in SAID_NO,
    }  # fmt: skip


def _call(entry: Entry, blind: Callable[[str], str]) -> dict[str, Any]:
    outcome = str(entry.data.get("outcome") or entry.data.get("contact_outcome") or "")
    known = words.contacts() | vocabulary.merged("outcomes")
    seconds = int(entry.data.get("seconds", 0))
    label = thread.names().get(entry.type, "") if entry.type != "contact" else ""
    parts = [
        label,
        words.word(known, outcome) if outcome else "",
        f"{seconds // 60}:{seconds % 60:02d}" if seconds else "",
    ]
    return {
        "text": " · ".join(part for part in parts if part), "words": blind(str(entry.text.get("text", ""))),
        "time_text": g.fmt.time(entry.at), "time_full": g.fmt.full(entry.at),
    }  # fmt: skip


def _pictures(view: View, result: Entry) -> list[dict[str, Any]]:
    """The result's own pictures first, then every other, without who brought them."""
    found = []
    for entry in sorted(view.entries, key=lambda one: one is not result):
        if pictures := attachments.pictures_of(view, entry.event_id):
            label = _("With this reply") if entry is result else thread.names().get(entry.type, "")
            shown = [{**one, "name": str(n)} for n, one in enumerate(pictures, start=1)]
            found.append({"by": f"{label} · {g.fmt.time(entry.at)}", "pictures": shown})
    return found


def _scan(scan: Any, blind: Callable[[str], str]) -> dict[str, str]:
    """Place and kind; the courier is a person."""
    label, where = words.word(words.scan_types(), scan.scan_type), scan.organisation_name or scan.site_code
    parts = (label, where, blind(scan.note))
    return {"text": " · ".join(part for part in parts if part), "time_text": g.fmt.full(scan.scanned_at)[5:16]}


def _hold(audit: Any, actor: Actor, now: Any) -> dict[str, Any]:
    if _mine(audit, actor, now):
        return {"mine": True, "text": "", "take_href": "", "keep_href": url_for("audit.keep", audit_id=audit.id)}
    if audit_leases.held_by_other(audit, actor, now):
        until = g.fmt.time(audit.held_until)
        return {
            "mine": False,
            "text": _("A colleague has this audit, until %(time)s at least", time=until),
            "take_href": "",
        }
    return {"mine": False, "text": _("Nobody has this audit."), "take_href": url_for("audit.take", audit_id=audit.id)}


def _form(view: View, actor: Actor, audit_id: int, now: Any, state: dict[str, Any]) -> dict[str, Any]:
    box, labels = drafts.of_one(drafts.AUDIT, audit_id), words_audit.mark_reasons()
    kept = draft_forms.fresh(view, now).get(box)
    typed = state.get("typed") or (_typed(kept.values) if kept else {})
    errors = {name: words.word(words.errors(), code) for name, code in (state.get("errors") or {}).items()}
    return {
        "action": url_for("audit.mark", audit_id=audit_id), "skip_href": url_for("audit.skip", audit_id=audit_id),
        "marks": [(str(n), code, words_audit.marks()[code], typed.get("mark") == code)
                  for n, code in enumerate(rule.MARKS, start=1)],
        "reasons": [(code, [(one, labels[one], typed.get("reason") == one) for one in rule.REASONS[code]])
                    for code in rule.MARKS if rule.REASONS[code]],
        "text": typed.get("text", ""), "longest": rule.TEXT_LENGTH, "errors": errors, "error": state.get("error", ""),
        "labels": words_audit.marks(), "draft": draft_forms.state(view, actor, box, now, {}),
    }  # fmt: skip


def _typed(values: dict[str, str]) -> dict[str, str]:
    mark = values.get("mark", "")
    return {"mark": mark, "reason": values.get(f"reason_{mark}", ""), "text": values.get("text", "")}
