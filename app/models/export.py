"""Lists made into files in the background: the order, its finished pages, and who took what with them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref

DUE = "next_try_at IS NOT NULL"
UNSWEPT = "swept_at IS NULL"


class Export(Model):
    """One list as a file, asked for by one person. The row is the job: waiting -> running -> done -> expired,
    or failed (with `reason`) or cancelled.

    `role`, `organisation_id` and `province_id` are whose rights it runs under; it stops when they change. `asked` holds
    the filters of the address, `asked_words` says them in words without personal data. `below` is the id of the last
    row read: rows are read by falling id from the export's own id on, so that nothing made later is in. `spool` is the
    secret that names its files in the store; `token` is the fence of the worker that has it. `swept_at` is empty while
    files that nobody needs any more may lie in the store.
    """

    __tablename__ = "export"
    id: Mapped[int] = primary()
    key: Mapped[str] = mapped_column(String(96), unique=True)  # the form's one-time key: the same order is stored once
    user_id: Mapped[int] = ref("user_account.id")
    role: Mapped[str] = mapped_column(String(20))
    organisation_id: Mapped[int | None] = mapped_column(Big)
    province_id: Mapped[int | None] = mapped_column(Big)
    list_key: Mapped[str] = mapped_column(String(24))
    format: Mapped[str] = mapped_column(String(4))
    locale: Mapped[str] = mapped_column(String(8))
    asked: Mapped[dict] = mapped_column(JSON)
    asked_words: Mapped[str] = mapped_column(String(300), default="")
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    reason: Mapped[str] = mapped_column(String(24), default="")
    about: Mapped[int] = mapped_column(default=0)  # rows that it will have, counted once at its start
    rows: Mapped[int] = mapped_column(default=0)
    pages: Mapped[int] = mapped_column(default=0)
    below: Mapped[int] = mapped_column(Big)
    complete: Mapped[bool] = mapped_column(default=False)  # every page is in the spool
    spool: Mapped[str] = mapped_column(String(32))
    store_name: Mapped[str] = mapped_column(String(40), default="")
    size: Mapped[int] = mapped_column(default=0)  # bytes
    token: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    swept_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        Index("ix_export_user", "user_id", "id"),
        Index("ix_export_due", "next_try_at", sqlite_where=text(DUE), postgresql_where=text(DUE)),
        Index("ix_export_unswept", "id", sqlite_where=text(UNSWEPT), postgresql_where=text(UNSWEPT)),
        Index("ix_export_expires", "expires_at"),
    )


class ExportPage(Model):
    """A finished page of an export: which worker's file holds it."""

    __tablename__ = "export_page"
    export_id: Mapped[int] = ref("export.id", primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[int]
    rows: Mapped[int]


class ExportLog(Model):
    """Somebody asked for an export or downloaded its file (`what`: asked, downloaded), and from which address."""

    __tablename__ = "export_log"
    id: Mapped[int] = primary()
    export_id: Mapped[int] = ref("export.id", index=True)
    what: Mapped[str] = mapped_column(String(12))
    user_id: Mapped[int] = ref("user_account.id")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(45), default="")
