"""Words for problem parcels: errors of a report, states of the query, what the thread says."""

from __future__ import annotations

from flask import g

from app.domain.masking import mask_text
from app.domain.problems import ENGLISH
from app.services import problem_list
from app.services.ticket_view import Entry
from app.web import words
from app.web.context import translate as _
from app.web.language import table


@table
def errors() -> dict[str, str]:
    """What is wrong with a report, or with the fields of a type."""
    return {
        "photos_missing": _("This type needs more photos; please choose them again"),
        "no_such_site": _("There is no site, hub or department with this code or name"),
        "other_type": _("Please fill in the fields of this type"),
        "bad_fields": _(
            "One field a line: name | label | English label | kind | required | options, each as 中文=English"
        ),
        "too_many_fields": _("At most 8 fields, each with a name of its own"),
    }


@table
def events() -> dict[str, str]:
    """The thread."""
    return {"problem_reported": _("Details of the report")}


@table
def states() -> dict[str, str]:
    """What the query narrows to."""
    own = words.states()
    several = {problem_list.UNFINISHED: _("All unfinished"), problem_list.TO_HANDLE: _("To be handled")}
    return several | {state: own[state] for state in problem_list.STATES if state not in several}


@table
def sides() -> dict[str, str]:
    """Whose side a site looks at."""
    return {
        problem_list.TO_US: _("For us to handle"),
        problem_list.BY_US: _("Reported by us"),
        "": _("All of ours"),
    }


def admin_labels() -> dict[str, str]:
    """The inputs of a type on the administrator's page."""
    return {
        "fields": _("Fields of the report"),
        "photos": _("Photos at least"),
        "active": _("Can be reported"),
    }


def findings(entry: Entry) -> list[tuple[str, str]]:
    """The fields of the type, under the labels that they had, and the courier."""
    said = [_said(*field) for field in entry.text.get("fields", ())]
    courier = mask_text(str(entry.text.get("courier", "")))
    return said + ([(_("Courier"), courier)] if courier else [])


FINDINGS = {"problem_reported": findings}


def _said(label: str, label_en: str, value: str, value_en: str = "") -> tuple[str, str]:
    """A field's label and value; what was reported before options had English says theirs where it is a first one."""
    if not g.fmt.english:
        return label, mask_text(value)
    return label_en, mask_text(value_en or ENGLISH.get(value, value))
