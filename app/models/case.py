"""What several organisations have to settle over one ticket: returns, responsible parties, evidence, pauses."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref


class Transfer(Model):
    """A site's return of a ticket as not its own (转单). `state`: open, moved, granted, refused, kept, dropped.

    `court_id` is the province that decides, 0 for CCS. `wrong` marks a return that was found to be wrong.
    """

    __tablename__ = "transfer"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    from_site_id: Mapped[int] = ref("organisation.id")
    to_site_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    reason: Mapped[str] = mapped_column(String(24))
    state: Mapped[str] = mapped_column(String(10), default="open")
    court_id: Mapped[int] = mapped_column(Big)
    clock_id: Mapped[int | None] = mapped_column(Big)  # the `ruling` run that waits for the court
    wrong: Mapped[bool] = mapped_column(default=False)
    event_id: Mapped[int] = mapped_column(Big)
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    raised_by_id: Mapped[int] = ref("user_account.id")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)


class PartyCase(Model):
    """A responsible party (责任方) of a ticket and where its case stands.

    `state`: asked, answered, disputed, not_liable (dispute agreed), rejected, arbitration, presumed, ruled, removed,
    dropped. A presumption is final once `contest_until` is empty. `named_id` is whom its dispute names instead.
    `court_id` is who rules (a province, 0 for CCS) once it is at arbitration, `ruling_clock_id` the clock of whoever
    has to decide on the dispute now. `share` is the duty share in percent; what the parties do not bear is the
    handling site's.
    """

    __tablename__ = "party_case"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id")
    organisation_id: Mapped[int] = ref("organisation.id")
    state: Mapped[str] = mapped_column(String(12), default="asked")
    hop: Mapped[int] = mapped_column(default=1)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    added_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    urged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    urge_count: Mapped[int] = mapped_column(default=0)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    contest_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    named_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    rejected_by_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    rejected_by_user_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    court_id: Mapped[int | None] = mapped_column(Big)
    ruling_clock_id: Mapped[int | None] = mapped_column(Big)
    ruled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ruled_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    share: Mapped[int | None]
    __table_args__ = (
        UniqueConstraint("ticket_id", "organisation_id"),
        Index("ix_party_case_organisation", "organisation_id", "state"),
        Index(
            "ix_party_case_contest", "contest_until",
            sqlite_where=text("contest_until IS NOT NULL"), postgresql_where=text("contest_until IS NOT NULL"),
        ),
    )  # fmt: skip


class EvidenceOrder(Model):
    """LCS or CCS orders an organisation to deliver named evidence (取证通知).

    `state`: open, delivered, silent, dropped. `clock_id` is its run of the clock `evidence`.
    """

    __tablename__ = "evidence_order"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    organisation_id: Mapped[int] = ref("organisation.id")
    state: Mapped[str] = mapped_column(String(10), default="open")
    event_id: Mapped[int] = mapped_column(Big)
    clock_id: Mapped[int | None] = mapped_column(Big)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ordered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ordered_by_id: Mapped[int] = ref("user_account.id")
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Pause(Model):
    """A span in which a ticket's site clocks stand still; `reason`: customer (waiting for the customer), emergency."""

    __tablename__ = "pause"
    id: Mapped[int] = primary()
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    reason: Mapped[str] = mapped_column(String(12))
    round: Mapped[int] = mapped_column(default=1)
    queue_before: Mapped[str] = mapped_column(String(16), default="working")  # where the ticket goes back to
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        Index(
            "ix_pause_ends", "ends_at",
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
    )  # fmt: skip
