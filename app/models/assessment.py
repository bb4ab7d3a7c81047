"""What a month is assessed on beside the clocks: penalties, audits and ratings (rulebook 5)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref

RATED = "rated_at IS NOT NULL"
MARKED = "marked_at IS NOT NULL"
# Audits that wait, as the indexes say it and as whoever reads them must: red flags and appeals before the sample.
AUDIT_ORDER = "(CASE WHEN reason = 'sample' THEN 1 ELSE 0 END)"
OF_PROVINCE = "marked_at IS NULL AND reason <> 'recheck'"
OF_HEADQUARTERS = "marked_at IS NULL AND (reason = 'recheck' OR province_id IS NULL)"


class Penalty(Model):
    """One entry of the ledger: a fact priced by a rule. Amount and points never change once written.

    `occurrence` tells two facts of one rule on one ticket apart (the run of a clock, the id of a promise);
    `person_id` 0 is the organisation itself. `month` is the Shanghai month "YYYY-MM" in which it is charged: that of
    `decided_at`, or the open one for what came or was contested after the freeze.
    `amount_fen` is what is charged after absorption and cap, `full_fen` the rule's own price, `base_fen` what a rate
    was taken of, `room_fen` what the cap had left (empty outside the cap). `cause` is the clock run ("close:1") behind
    it. `state`: proposed, contested, confirmed, waived (`reason` says why). `event_ids` are the events that prove it,
    `ruled_by` the role of whoever decided the fact. `corrects_id`: it takes back an entry of a frozen month.
    """

    __tablename__ = "penalty"
    id: Mapped[int] = primary()
    rule: Mapped[str] = mapped_column(String(24))
    rule_version: Mapped[int]
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    occurrence: Mapped[str] = mapped_column(String(60))
    cause: Mapped[str] = mapped_column(String(40), default="", server_default="")
    organisation_id: Mapped[int] = ref("organisation.id")
    province_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    person_id: Mapped[int] = mapped_column(Big, default=0)
    month: Mapped[str] = mapped_column(String(7))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    full_fen: Mapped[int] = mapped_column(Big)
    amount_fen: Mapped[int] = mapped_column(Big)
    base_fen: Mapped[int] = mapped_column(Big, default=0, server_default="0")
    room_fen: Mapped[int | None] = mapped_column(Big)
    points: Mapped[int] = mapped_column(default=0)
    absorbed_by: Mapped[str] = mapped_column(String(24), default="")
    state: Mapped[str] = mapped_column(String(10), default="proposed")
    reason: Mapped[str] = mapped_column(String(24), default="", server_default="")
    event_ids: Mapped[list] = mapped_column(JSON)
    ruled_by: Mapped[str] = mapped_column(String(20), default="system", server_default="system")
    corrects_id: Mapped[int | None] = mapped_column(Big)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        UniqueConstraint("rule", "ticket_id", "organisation_id", "person_id", "occurrence", name="uq_penalty_fact"),
        Index("ix_penalty_month", "month", "organisation_id", "state"),
        Index("ix_penalty_organisation", "organisation_id", "id"),
        Index("ix_penalty_sums", "month", "state", "province_id", "organisation_id", "amount_fen", "points"),
        Index("ix_penalty_month_list", "month", "id"),
        Index("ix_penalty_state_list", "month", "state", "id"),
        Index("ix_penalty_site_list", "organisation_id", "month", "id"),
        Index("ix_penalty_province_list", "province_id", "month", "id"),
    )


class Audit(Model):
    """A result drawn for the audit (稽核). `mark`: "" until marked, then true, untruthful or incomplete.

    `site_id` is whose result it is, `author_id` who wrote it. `reason`: sample, red_flag, appeal, recheck. `day` is the
    Shanghai day of the draw. A changed verdict after a second opinion stands in `mark`; the first one is in the events.
    """

    __tablename__ = "audit"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    result_event_id: Mapped[int] = mapped_column(Big)
    site_id: Mapped[int] = ref("organisation.id")
    author_id: Mapped[int | None] = mapped_column(Big)
    province_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    reason: Mapped[str] = mapped_column(String(10))
    day: Mapped[date]
    flags: Mapped[list] = mapped_column(JSON, default=list)
    mark: Mapped[str] = mapped_column(String(10), default="")
    marked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    marked_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    first_mark: Mapped[str] = mapped_column(String(10), default="", server_default="")
    mark_reason: Mapped[str] = mapped_column(String(24), default="", server_default="")
    text_id: Mapped[int | None] = mapped_column(Big)
    event_id: Mapped[int | None] = mapped_column(Big)  # of the entry that tells the mark
    revised_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revised_by_id: Mapped[int | None] = mapped_column(Big)
    holder_id: Mapped[int | None] = mapped_column(Big)  # who has it before them, until `held_until`
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        UniqueConstraint("result_event_id", "reason"),
        Index("ix_audit_day", "day", "site_id"),
        Index("ix_audit_marked", "province_id", "id", sqlite_where=text(MARKED), postgresql_where=text(MARKED)),
        Index("ix_audit_marked_id", "id", sqlite_where=text(MARKED), postgresql_where=text(MARKED)),
        Index("ix_audit_site_id", "site_id", "id", sqlite_where=text(MARKED), postgresql_where=text(MARKED)),
        Index("ix_audit_mark", "mark", "id", sqlite_where=text(MARKED), postgresql_where=text(MARKED)),
        Index("ix_audit_province_mark", "province_id", "mark", "id", sqlite_where=text(MARKED),
              postgresql_where=text(MARKED)),
        Index("ix_audit_waiting", "province_id", text(AUDIT_ORDER), "day", "id", sqlite_where=text(OF_PROVINCE),
              postgresql_where=text(OF_PROVINCE)),
        Index("ix_audit_headquarters", text(AUDIT_ORDER), "day", "id", sqlite_where=text(OF_HEADQUARTERS),
              postgresql_where=text(OF_HEADQUARTERS)),
        Index("ix_audit_site_marked", "site_id", "marked_at", sqlite_where=text(MARKED), postgresql_where=text(MARKED)),
        Index("ix_audit_marked_by", "marked_by_id", "marked_at", sqlite_where=text(MARKED),
              postgresql_where=text(MARKED)),
    )  # fmt: skip


class AuditPolicy(Model):
    """A version of the numbers by which audits are drawn and ratings asked for. Only added; the newest one holds."""

    __tablename__ = "audit_policy"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    numbers: Mapped[dict] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(String(200), default="")
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stored_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)


class AuditDraw(Model):
    """A day's draw, with all that is needed to draw the same again. `job`: sample, recheck.

    `inputs_digest` and `chosen_digest` are SHA-256 over what was drawn from and what came out.
    """

    __tablename__ = "audit_draw"
    job: Mapped[str] = mapped_column(String(10), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    seed: Mapped[str] = mapped_column(String(32))
    policy_version: Mapped[int]
    cut_at: Mapped[datetime] = mapped_column(UtcDateTime)  # what came later did not take part
    drawn_at: Mapped[datetime] = mapped_column(UtcDateTime)
    inputs: Mapped[int]
    inputs_digest: Mapped[str] = mapped_column(String(64))
    chosen: Mapped[int]
    chosen_digest: Mapped[str] = mapped_column(String(64))


class RedFlag(Model):
    """What looked wrong about a result on the day after it was given; results without a flag have no row."""

    __tablename__ = "red_flag"
    result_event_id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    site_id: Mapped[int] = ref("organisation.id")
    flags: Mapped[list] = mapped_column(JSON)
    day: Mapped[date]


class SurveyCall(Model):
    """A call-back over a rating, or for one. `outcome`: reached, no_answer, busy, number_off, declined."""

    __tablename__ = "survey_call"
    id: Mapped[int] = primary()
    survey_id: Mapped[int] = ref("survey.id", index=True)
    user_id: Mapped[int] = ref("user_account.id")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(16))
    text_id: Mapped[int | None] = mapped_column(Big)


class Survey(Model):
    """The one question after closing (满意度). `score` 1 to 5 once pressed; the comment lies in free_text.

    `counted` is false where another party caused the trouble: the rating is shown and does not count for the site.
    `token_hash` is the SHA-256 of the link's secret, which stands nowhere else.
    """

    __tablename__ = "survey"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id", unique=True)
    site_id: Mapped[int] = ref("organisation.id")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    remind_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    score: Mapped[int | None]
    text_id: Mapped[int | None] = mapped_column(Big)
    rated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    counted: Mapped[bool] = mapped_column(default=True)
    rated_by: Mapped[str] = mapped_column(String(4), default="", server_default="")  # link, call
    call_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when headquarters calls back (电话回访)
    calls: Mapped[int] = mapped_column(default=0, server_default="0")
    __table_args__ = (
        Index("ix_survey_call_due", "call_due_at", "id", sqlite_where=text("call_due_at IS NOT NULL"),
              postgresql_where=text("call_due_at IS NOT NULL")),
        Index("ix_survey_site_rated", "site_id", "rated_at", sqlite_where=text(RATED), postgresql_where=text(RATED)),
        Index("ix_survey_remind", "remind_at", sqlite_where=text("remind_at IS NOT NULL"),
              postgresql_where=text("remind_at IS NOT NULL")),
    )  # fmt: skip
