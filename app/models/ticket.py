"""The ticket, who is in it, what happened to it, and what it costs to list it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref

# events that a scorecard counts by themselves
CASES = "type IN ('result', 'repeat', 'party_disputed', 'intervened', 'acting_started', 'help_answered', 'site_urged')"
APPEALED = "state = 'appealed'"  # waits for a ruling of headquarters


# lists of one kind; complaints have the work queue and the search
OTHER_KINDS = "kind <> 'complaint'"
KIND_LISTS = {
    "ix_ticket_kind_opened": ("kind", "opened_at", "id"),
    "ix_ticket_kind_category": ("kind", "category", "opened_at", "id"),
    "ix_ticket_kind_site": ("handling_site_id", "kind", "opened_at", "id"),
    "ix_ticket_kind_province": ("province_id", "kind", "opened_at", "id"),
    "ix_ticket_kind_reporter": ("reporter_id", "kind", "opened_at", "id"),
}


TO_CLEAR = "cleared_at IS NULL AND state IN ('closed', 'withdrawn')"  # ended, with their personal data
TO_ARCHIVE = "archived_at IS NULL AND state IN ('closed', 'withdrawn')"  # ended, with their working rows


class Ticket(Model):
    """The current state; the events are the truth it was folded from."""

    __tablename__ = "ticket"
    id: Mapped[int] = primary()
    number: Mapped[str] = mapped_column(String(24), unique=True)
    kind: Mapped[str] = mapped_column(String(16), default="complaint")
    category: Mapped[str] = mapped_column(String(24))
    priority: Mapped[str] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(16))
    complainant_kind: Mapped[str] = mapped_column(String(16), default="consignee")
    state: Mapped[str] = mapped_column(String(16), default="open")
    queue: Mapped[str] = mapped_column(String(16), default="to_accept")
    overdue: Mapped[bool] = mapped_column(default=False)
    level: Mapped[int] = mapped_column(default=0)
    province_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    handling_site_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    owner_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    headline_id: Mapped[int | None] = mapped_column(Big)  # the complaint's own words, shown in lists
    tray_reason: Mapped[str] = mapped_column(String(24), default="")
    waybill: Mapped[str] = mapped_column(String(40), default="")
    waybill_reversed: Mapped[str] = mapped_column(String(40), default="")
    previous_id: Mapped[int | None] = mapped_column(Big)  # the ended ticket on the same parcel that this one follows
    policy_version: Mapped[int]
    repeat_count: Mapped[int] = mapped_column(default=0)
    urge_count: Mapped[int] = mapped_column(default=0)
    open_promises: Mapped[int] = mapped_column(default=0)
    customer_accepted: Mapped[bool] = mapped_column(default=False)
    objection_over: Mapped[bool] = mapped_column(default=False)
    root_cause: Mapped[str] = mapped_column(String(24), default="")
    hops: Mapped[int] = mapped_column(default=0)  # how often it was moved as not the site's own
    acting_id: Mapped[int | None] = mapped_column(Big)  # the organisation that acts for the handling site
    acting_counts: Mapped[bool] = mapped_column(default=False)  # asked for in time: it counts as the site's
    help_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    urged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by the superior
    waiting_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # for the customer; site clocks stand still
    cases: Mapped[dict] = mapped_column(JSON, default=dict)  # folded by services/cases.py
    flags: Mapped[list] = mapped_column(JSON, default=list)  # no_sign_scan, promise_broken, late_on_arrival
    category_wanted: Mapped[str] = mapped_column(String(24), default="")  # waits for the LCS's consent
    malicious: Mapped[str] = mapped_column(String(10), default="", server_default="")  # claimant: "", asked, granted
    customer_account_id: Mapped[int | None] = ref("customer_account.id", nullable=True)
    tier: Mapped[str] = mapped_column(String(16), default="", server_default="")  # of the customer, on arrival
    customer_limits: Mapped[dict] = mapped_column(JSON, default=dict, server_default="{}")  # on arrival, in minutes
    contact_roles: Mapped[str] = mapped_column(String(60), default="", server_default="")  # of ticket_contact
    emergency_id: Mapped[int | None] = ref("emergency.id", nullable=True)  # in whose period it was opened: its limits
    standing_still: Mapped[bool] = mapped_column(default=False, server_default=false())  # site clocks, in an emergency
    incident_id: Mapped[int | None] = ref("incident.id", nullable=True, index=True)
    reporter_id: Mapped[int | None] = ref("organisation.id", nullable=True)  # of the house: who asked or reported
    delivery_promise: Mapped[str] = mapped_column(
        String(8), default="", server_default=""
    )  # "", inside, outside: asked
    version: Mapped[int] = mapped_column(default=0)
    last_hash: Mapped[str] = mapped_column(String(64), default="")
    search_rank: Mapped[int | None] = mapped_column(Big)  # of its search document; empty where it has none yet
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    activity_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_reply_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cleared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # personal data and texts deleted by policy
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # its working rows are one document since
    next_clock: Mapped[str] = mapped_column(String(16), default="")
    next_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        Index("ix_ticket_waybill", "waybill"),
        Index(
            "ix_ticket_waybill_reversed", "waybill_reversed", postgresql_ops={"waybill_reversed": "text_pattern_ops"}
        ),
        Index("ix_ticket_site_opened", "handling_site_id", "opened_at"),
        Index("ix_ticket_opened", "opened_at"),
        Index("ix_ticket_category_opened", "category", "opened_at", "id"),
        Index("ix_ticket_province_opened", "province_id", "opened_at", "id"),
        Index("ix_ticket_province_category", "province_id", "category", "opened_at", "id"),
        Index("ix_ticket_result", "result_at"),
        *(
            Index(name, *columns, sqlite_where=text(OTHER_KINDS), postgresql_where=text(OTHER_KINDS))
            for name, columns in KIND_LISTS.items()
        ),
        Index(
            "ix_ticket_appealed",
            "next_due_at",
            "id",
            sqlite_where=text(APPEALED),
            postgresql_where=text(APPEALED),
        ),
        Index("ix_ticket_to_clear", "activity_at", sqlite_where=text(TO_CLEAR), postgresql_where=text(TO_CLEAR)),
        Index("ix_ticket_to_archive", "activity_at", "id", sqlite_where=text(TO_ARCHIVE),
              postgresql_where=text(TO_ARCHIVE)),
    )  # fmt: skip


class Person(Model):
    """The complainant of a ticket: personal data in a row of its own that a policy may delete."""

    __tablename__ = "ticket_person"
    ticket_id: Mapped[int] = ref("ticket.id", primary_key=True)
    name: Mapped[str] = mapped_column(String(80), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    address: Mapped[str] = mapped_column(String(300), default="")
    phone_last4: Mapped[str] = mapped_column(String(4), default="", index=True)


class FreeText(Model):
    """A text somebody wrote. Events hold a salted digest and this id, so deleting it leaves the chain green."""

    __tablename__ = "free_text"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    salt: Mapped[str] = mapped_column(String(32))
    body: Mapped[dict] = mapped_column(JSON)


class Party(Model):
    """An organisation that is in the ticket: the scope check."""

    __tablename__ = "ticket_party"
    ticket_id: Mapped[int] = ref("ticket.id", primary_key=True)
    organisation_id: Mapped[int] = ref("organisation.id", primary_key=True)
    province_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    role: Mapped[str] = mapped_column(String(16))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    __table_args__ = (
        Index("ix_ticket_party_organisation", "organisation_id", "ticket_id"),
        Index("ix_ticket_party_province", "province_id", "ticket_id"),
    )


UNDONE = "type = 'result_undone'"  # few, and asked for with every result
RESULTS = "type IN ('result', 'withdrawn')"  # what an audit looks at


class Event(Model):
    """One thing that happened; append-only, chained per ticket by `seq` and `hash`."""

    __tablename__ = "event"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id")
    seq: Mapped[int]
    type: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[int | None] = mapped_column(Big)
    actor_role: Mapped[str] = mapped_column(String(20))
    organisation_id: Mapped[int | None] = mapped_column(Big)
    data: Mapped[dict] = mapped_column(JSON)
    text_id: Mapped[int | None] = mapped_column(Big)
    text_digest: Mapped[str] = mapped_column(String(64), default="")
    hash: Mapped[str] = mapped_column(String(64))
    __table_args__ = (
        UniqueConstraint("ticket_id", "seq"),
        Index("ix_event_result", "at", sqlite_where=text(RESULTS), postgresql_where=text(RESULTS)),
        Index("ix_event_case", "type", "at", sqlite_where=text(CASES), postgresql_where=text(CASES)),
        Index("ix_event_undone", "ticket_id", sqlite_where=text(UNDONE), postgresql_where=text(UNDONE)),
    )


class Seal(Model):
    """A minute's proof: the digest of all new events, chained to the seal before."""

    __tablename__ = "seal"
    id: Mapped[int] = mapped_column(Big, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    events: Mapped[int]
    last_event_id: Mapped[int] = mapped_column(Big)
    digest: Mapped[str] = mapped_column(String(64))


# runs that an exemption may be asked for: late ones that a site is assessed on, and that are not exempt
LATE_RUNS = (
    "(clock.stopped_at > clock.due_at OR clock.breached_at IS NOT NULL OR NOT clock.credited) AND NOT clock.exempt"
    " AND clock.state <> 'void' AND clock.kind IN ('first_reply', 'resolve', 'close', 'party_reply')"
)
_LATE_RUNS = LATE_RUNS.replace("clock.", "")  # as an index says it
_STAGED = text("next_stage_at IS NOT NULL")


class Clock(Model):
    """One run of one clock. `state`: running, paused, met, breached (still running late or stopped late), void."""

    __tablename__ = "clock"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    kind: Mapped[str] = mapped_column(String(16))
    run: Mapped[int]
    organisation_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    province_id: Mapped[int | None] = mapped_column(Big)  # of the organisation, for the lists of a province
    minutes: Mapped[int]
    calendar: Mapped[str] = mapped_column(String(12))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stopped_by_id: Mapped[int | None] = mapped_column(Big)  # whose answer stopped it; empty for time and the rest
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    credited: Mapped[bool] = mapped_column(default=True)  # false: served by another, the site stays late
    exempt: Mapped[bool] = mapped_column(default=False)  # out of the measures; the real times stay
    state: Mapped[str] = mapped_column(String(10), default="running")
    stage: Mapped[int] = mapped_column(default=0)
    next_stage_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        UniqueConstraint("ticket_id", "kind", "run"),
        Index("ix_clock_next_stage", "next_stage_at", "id", sqlite_where=_STAGED, postgresql_where=_STAGED),
        Index("ix_clock_site_due", "organisation_id", "kind", "due_at"),
        Index("ix_clock_kind_due", "kind", "due_at"),
        Index("ix_clock_due", "due_at", "id"),
        Index("ix_clock_late", "due_at", "id", sqlite_where=text(_LATE_RUNS), postgresql_where=text(_LATE_RUNS)),
        Index("ix_clock_late_site", "organisation_id", "due_at", "id", sqlite_where=text(_LATE_RUNS),
              postgresql_where=text(_LATE_RUNS)),
        Index("ix_clock_late_province", "province_id", "due_at", "id", sqlite_where=text(_LATE_RUNS),
              postgresql_where=text(_LATE_RUNS)),
    )  # fmt: skip


class Promise(Model):
    """What was promised to the complainant, by when; who and the words lie in its text.

    `state`: open, kept, broken, renegotiated (another row goes on), dropped (the complaint was withdrawn).
    `proof`: scan, photo or call. Its clock has the one reminder and the breach.
    """

    __tablename__ = "promise"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    what: Mapped[str] = mapped_column(String(16))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(12), default="open")
    text_id: Mapped[int | None] = mapped_column(Big)
    made_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    clock_id: Mapped[int | None] = mapped_column(Big, index=True)
    proof: Mapped[str] = mapped_column(String(8), default="")
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Appeal(Model):
    """The customer rejected a result; CCS rules on it."""

    __tablename__ = "appeal"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    site_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    text_id: Mapped[int | None] = mapped_column(Big)
    ruling: Mapped[str] = mapped_column(String(24), default="")
    ruled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ruled_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    __table_args__ = (
        Index("ix_appeal_open", "ticket_id", sqlite_where=text("ruling = ''"), postgresql_where=text("ruling = ''")),
        Index("ix_appeal_open_id", "id", sqlite_where=text("ruling = ''"), postgresql_where=text("ruling = ''")),
        Index("ix_appeal_ruled", "ruled_at"),
        Index("ix_appeal_site_ruled", "site_id", "ruled_at"),
        Index("ix_appeal_ruled_by", "ruled_by_id", "ruled_at"),
    )


class Submission(Model):
    """A form's one-time key: the same post again returns what the first one stored. `form` is the digest of who typed
    what into which form (domain.form_digest), empty where the key alone names it."""

    __tablename__ = "submission"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(Big)
    event_id: Mapped[int] = mapped_column(Big)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    form: Mapped[str] = mapped_column(String(64), default="", server_default="")
