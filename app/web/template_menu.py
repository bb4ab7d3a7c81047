"""The menu of templates that a reply box shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from app.domain.reply_templates import BOXES
from app.domain.roles import Actor
from app.services import templates
from app.services.templates import Known, Offer
from app.web import words_day

GLIMPSE = 60  # characters of a text beside its title


def menu(rows: Known, category: str, box: str) -> list[dict[str, Any]]:
    """The groups of a menu with their options; empty where nothing is offered."""
    if box not in BOXES:
        return []
    groups: dict[str, list[Offer]] = {}
    for offer in templates.offers(rows, category, box):
        groups.setdefault(offer.group, []).append(offer)
    labels = words_day.template_groups()
    return [{"label": labels[key], "options": [_option(one) for one in found]} for key, found in groups.items()]


def of_ticket(rows: Known, category: str, box: str, number: str) -> dict[str, Any] | None:
    """What a reply box of a ticket shows of templates."""
    groups = menu(rows, category, box)
    return {"groups": groups, "action": url_for("template_put.ticket", number=number)} if groups else None


def of_batch(session: Session, actor: Actor, categories: Sequence[str], box: str) -> dict[str, Any] | None:
    """The same for many tickets; those of one category get its own templates too."""
    category = categories[0] if len(set(categories)) == 1 else ""
    groups = menu(templates.known(session, actor), category, box)
    return {"groups": groups, "action": url_for("template_put.batch")} if groups else None


def _option(offer: Offer) -> dict[str, Any]:
    line = " ".join(offer.text.split())
    return {"id": offer.id, "title": offer.title, "glimpse": line[:GLIMPSE] + ("…" if len(line) > GLIMPSE else "")}
