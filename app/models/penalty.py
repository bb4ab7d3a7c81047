"""What stands beside the ledger: its rules by version, tickets to look at, and the sites' contests (rulebook 5)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref

OPEN = "state = 'open'"


class PenaltyRule(Model):
    """One version of one rule, never edited, only followed. Money in fen; a rate is numerator/denominator of a base.

    `kind`: fixed, rate, per_person, cap. `liable`: organisation, manager, clerk_and_manager, department. `absorbs` are
    codes of rules; an empty `cap_group` stands outside every cap. The first versions have no author.
    """

    __tablename__ = "penalty_rule"
    code: Mapped[str] = mapped_column(String(24), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    effective_from: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(12))
    amount_fen: Mapped[int] = mapped_column(Big, default=0)
    numerator: Mapped[int] = mapped_column(default=0)
    denominator: Mapped[int] = mapped_column(default=1)
    points: Mapped[int] = mapped_column(default=0)
    liable: Mapped[str] = mapped_column(String(20), default="organisation")
    absorbs: Mapped[list] = mapped_column(JSON, default=list)
    cap_group: Mapped[str] = mapped_column(String(12), default="")
    note: Mapped[str] = mapped_column(String(200), default="")
    stored_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    stored_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PenaltyDue(Model):
    """A ticket in which something happened that the ledger has not looked at yet; written with the event itself."""

    __tablename__ = "penalty_due"
    ticket_id: Mapped[int] = ref("ticket.id", primary_key=True)
    try_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class PenaltyContest(Model):
    """A site contests an entry (扣罚申诉): `step` 1, or 2 for the final one.

    `state`: open, granted, refused, silent (nobody decided in time: not charged), dropped (the entry fell by itself).
    `court_id` is the province that decides, 0 for CCS. `evidence` refers to what was attached by itself. `penalty_id`
    is the entry that was pressed on; entries of the same fact, a person's points, follow it.
    """

    __tablename__ = "penalty_contest"
    id: Mapped[int] = primary()
    penalty_id: Mapped[int] = ref("penalty.id")
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    organisation_id: Mapped[int] = ref("organisation.id")
    province_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    incident_id: Mapped[int | None] = ref("incident.id", nullable=True)
    step: Mapped[int] = mapped_column(default=1)
    reason: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10), default="open")
    court_id: Mapped[int] = mapped_column(Big)
    evidence: Mapped[dict] = mapped_column(JSON, default=dict)
    event_id: Mapped[int] = mapped_column(Big)
    text_id: Mapped[int | None] = mapped_column(Big)
    raised_by_id: Mapped[int] = ref("user_account.id")
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision_text_id: Mapped[int | None] = mapped_column(Big)
    __table_args__ = (
        UniqueConstraint("penalty_id", "step"),
        Index("ix_penalty_contest_open", "due_at", "id", sqlite_where=text(OPEN), postgresql_where=text(OPEN)),
        Index("ix_penalty_contest_court", "court_id", "due_at", "id", sqlite_where=text(OPEN),
              postgresql_where=text(OPEN)),
        Index("ix_penalty_contest_site", "organisation_id", "id"),
        Index("ix_penalty_contest_province", "province_id", "id"),
    )  # fmt: skip
