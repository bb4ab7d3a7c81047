"""The lists that can become files: one entry a list in LISTS, and everything about it stands there.

An entry names who may have it, which filters of the page's address it takes, how those read in words, where its rows
come from (services, select only, scope in the query) and its columns: a heading and how a row fills it, masked as on
the page. `app.jobs.exports` finds the entries in `app.extensions["export_lists"]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.domain import exports as rule
from app.domain.exports import Cell, Column, Sheet
from app.domain.roles import Actor
from app.models import Export
from app.services.export_work import PAGE, Order
from app.services.sessions import SignedIn
from app.web import (
    context,
    export_admin,
    export_analysis,
    export_assessment,
    export_audits,
    export_desk,
    export_kinds,
    export_outgoing,
    export_penalties,
    export_problems,
    export_publications,
    export_rectifications,
    export_switches,
    export_tickets,
)
from app.web.context import translate as _
from app.web.export_cells import Filled, stamp

Numbered = list[tuple[int, Any]]  # an id, by which rows are read, and the row


@dataclass(frozen=True)
class ExportList:
    """A list that can be exported. `below` gives one row more than it is asked for where there are more,
    and None for a row that the filter leaves out.
    """

    key: str
    capability: str
    title: Callable[[], str]
    asks: Callable[[Mapping[str, str]], dict[str, str]]
    says: Callable[[Session, Actor, Mapping[str, str]], str]
    columns: Callable[[Session, Order], Sequence[Filled]]
    below: Callable[[Session, Order, int, int], Numbered]
    counted: Callable[[Session, Order, int, int], int]
    size: int = PAGE

    def count(self, session: Session, order: Order, below: int, most: int) -> int:
        """How many rows there are, at most `most`."""
        with context.speaking(order.locale):
            return self.counted(session, order, below, most)

    def page(self, session: Session, order: Order, below: int, limit: int) -> tuple[list[list[Cell]], int | None]:
        """A page of cells by falling id below `below`, and the id of its last row; None after the last page."""
        with context.speaking(order.locale):
            found = self.below(session, order, below, limit)
            filled = self.columns(session, order)
            cells = [[fill(row) for _column, fill in filled] for _id, row in found[:limit] if row is not None]
        return cells, found[limit - 1][0] if len(found) > limit else None

    def sheet(self, session: Session, export: Export, person: SignedIn) -> Sheet:
        """The headings, and the watermark: who, of which organisation, when, which number, which filter."""
        order = Order(_nobody(person), dict(export.asked), export.asked_at, export.locale)
        with context.speaking(export.locale):
            house = person.organisation_name_en if export.locale == "en" else person.organisation_name
            mark = _(
                "Exported by %(name)s (%(account)s) · %(organisation)s · %(time)s · %(number)s", name=person.name,
                account=person.account, organisation=house, time=stamp(export.asked_at), number=rule.label(export.id),
            )  # fmt: skip
            head = [mark, _("Filter: %(filter)s", filter=export.asked_words or _("none")), _as_of(export)]
            columns: list[Column] = [column for column, _fill in self.columns(session, order)]
            return Sheet(self.title(), head, mark, _("Export mark"), columns, export.rows)


def _as_of(export: Export) -> str:
    return _(
        "%(n)s rows that were there at %(time)s; each says what stood in it when it was read right after that. "
        "Personal data is masked.", n=export.rows, time=stamp(export.asked_at),
    )  # fmt: skip


def _nobody(person: SignedIn) -> Actor:
    return Actor(person.user_id, person.role, person.organisation_id, person.province_id, person.name)


def _whole(
    key: str, capability: str, title: Callable[[], str], columns: Callable[[Session, Order], Sequence[Filled]],
    below: Callable[[Session, Order, int, int], Numbered],
) -> ExportList:  # fmt: skip
    """A list without filters."""
    counted = export_desk.counted(below)
    return ExportList(key, capability, title, lambda _address: {}, lambda *_given: "", columns, below, counted)


LISTS: tuple[ExportList, ...] = (
    ExportList(
        "queue", "queue", lambda: _("Work queue"), export_tickets.asks, export_tickets.says, export_tickets.columns,
        export_tickets.below, export_tickets.count,
    ),
    ExportList(
        "callbacks", "callbacks", lambda: _("Platform answers"), export_outgoing.asks, export_outgoing.says,
        export_outgoing.callback_columns, export_outgoing.callbacks, export_outgoing.count_callbacks,
    ),
    ExportList(
        "sms", "sms_outbox", lambda: _("SMS outbox"), lambda _address: {}, lambda *_given: "",
        export_outgoing.sms_columns, export_outgoing.sms, export_outgoing.count_sms,
    ),
    ExportList(
        "messages", "admin", lambda: _("Messages"), export_outgoing.asks_message, export_outgoing.says_message,
        export_outgoing.message_columns, export_outgoing.messages, export_outgoing.count_messages,
    ),
    ExportList(
        "scorecards", "scorecard", lambda: _("Monthly scorecards"), export_assessment.asks_ranking,
        export_assessment.says_ranking, export_assessment.ranking_columns, export_assessment.ranking,
        export_assessment.count_ranking, size=export_assessment.RANKED,
    ),
    ExportList(
        "cases", "scorecard", lambda: _("Tickets behind a scorecard's number"), export_assessment.asks_case,
        export_assessment.says_case, export_assessment.case_columns, export_assessment.cases,
        export_assessment.count_cases,
    ),
    ExportList(
        "exemptions", "exemptions", lambda: _("Exemptions"), export_assessment.asks_exemptions,
        export_assessment.says_exemptions, export_assessment.exemption_columns, export_assessment.exemptions,
        export_assessment.count_exemptions,
    ),
    ExportList(
        "audits", "audits", lambda: _("Marked audits"), export_audits.asks, export_audits.says, export_audits.columns,
        export_audits.audits, export_audits.count,
    ),
    ExportList(
        "ratings", "survey_calls", lambda: _("Ratings"), lambda _address: {}, lambda *_given: "",
        export_audits.rating_columns, export_audits.ratings, export_audits.count_ratings,
    ),
    ExportList(
        "penalties", "penalties", lambda: _("Penalties"), export_penalties.asks, export_penalties.says,
        export_penalties.columns, export_penalties.below, export_penalties.count,
    ),
    ExportList(
        "typical_cases", "publications", lambda: _("Typical cases"), lambda _address: {}, lambda *_given: "",
        export_publications.case_columns, export_publications.cases, export_desk.counted(export_publications.cases),
    ),
    ExportList(
        "knowledge", "publications", lambda: _("Knowledge base"), export_publications.asks_shelf,
        export_publications.says_shelf, export_publications.shelf_columns, export_publications.shelf,
        export_desk.counted(export_publications.shelf),
    ),
    ExportList(
        "readers", "case_write", lambda: _("Who has read it"), export_publications.asks_readers,
        export_publications.says_readers, export_publications.reader_columns, export_publications.readers,
        export_desk.counted(export_publications.readers),
    ),
    ExportList(
        "rectifications", "rectifications", lambda: _("Rectification"), export_rectifications.asks,
        export_rectifications.says, export_rectifications.columns, export_rectifications.rows,
        export_desk.counted(export_rectifications.rows),
    ),
    ExportList(
        "analysis", "analysis", lambda: _("Analysis"), export_analysis.asks, export_analysis.says,
        export_analysis.number_columns, export_analysis.numbers, export_desk.counted(export_analysis.numbers),
    ),
    ExportList(
        "analysis_tickets", "analysis", lambda: _("Tickets behind a number"), export_analysis.asks_tickets,
        export_analysis.says_tickets, export_analysis.ticket_columns, export_analysis.tickets,
        export_analysis.count_tickets,
    ),
    ExportList(
        "problems", "problems", lambda: _("Problem parcels"), export_problems.asks, export_problems.says,
        export_problems.columns, export_problems.below, export_problems.count,
    ),
    ExportList(
        "duty", "duty", lambda: _("Duty roster"), export_tickets.asks_roster, export_tickets.says_roster,
        export_tickets.roster_columns, export_tickets.roster, export_tickets.count_roster,
    ),
    *(
        ExportList(
            key, "queue", title, export_kinds.asks(kind), export_kinds.says(kind), export_kinds.columns(kind),
            export_kinds.below(kind), export_kinds.count(kind),
        )
        for key, kind, title in (
            ("expedites", "expedite", lambda: _("Expedites")), ("inquiries", "inquiry", lambda: _("Inquiries")),
        )
    ),
    _whole("team", "team", lambda: _("My team"), export_desk.team_columns, export_desk.team),
    _whole("alarms", "alarms", lambda: _("Alarms"), export_desk.alarm_columns, export_desk.alarm_rows),
    _whole("appeals", "ruling", lambda: _("Appeals that wait"), export_desk.appeal_columns, export_desk.appeal_rows),
    _whole(
        "closures", "closures", lambda: _("Closure calendar"), export_desk.closure_columns, export_desk.closure_rows
    ),
    _whole("incidents", "incidents", lambda: _("Incidents"), export_desk.incident_columns, export_desk.incident_rows),
    _whole(
        "addresses", "address_rules", lambda: _("Learned addresses"), export_desk.address_columns,
        export_desk.address_rows,
    ),
    _whole("seen", "seen", lambda: _("Who saw what"), export_desk.seen_columns, export_desk.seen_rows),
    ExportList(
        "switches", "switches", lambda: _("Switched by PIN"), export_switches.asks, export_switches.says,
        export_switches.columns, export_switches.below, export_switches.count,
    ),
    _whole("organisations", "admin", lambda: _("Organisations"), export_admin.place_columns, export_admin.places),
    _whole("admin_log", "admin", lambda: _("Log of changes"), export_admin.log_columns, export_admin.log),
    _whole("customers", "admin", lambda: _("Customers"), export_desk.customer_columns, export_desk.customer_rows),
)  # fmt: skip
BY_KEY: dict[str, ExportList] = {one.key: one for one in LISTS}
