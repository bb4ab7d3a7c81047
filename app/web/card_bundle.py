"""A province's cards as one PDF, made in the background like a list: a page of the spool is a chunk of cards.

Each chunk is rendered as two documents by two processes. A document is kept with the row of its first card, so that a
worker that is killed goes on at the next chunk. The file is the documents put together.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from flask import current_app, g
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.exports import Cell, Column, Sheet
from app.domain.roles import Actor
from app.domain.scorecards import ASSESSED
from app.integrations import pdf_processes
from app.models import Export, FrozenCard, MonthClose
from app.services import month_books, scorecards, scoring_schemes
from app.services.export_work import Order
from app.services.scorecard_scope import Site, assessed_by, load_site, sites, span_of
from app.services.scorecards import Card
from app.services.sessions import SignedIn
from app.web import context, scorecard_page
from app.web.context import translate as _
from app.web.export_cells import stamp

KEY = "cards"
STYLES = ("sheet.css", "pdf.css")
KINDS = ("province", *ASSESSED)


class CardBundle:
    """What the export machinery asks of a list, for the cards of one province and month."""

    key, capability, size, formats = KEY, "scorecard", 50, ("pdf",)

    def title(self) -> str:
        """What "my exports" call it."""
        return str(_("Scorecards of a province"))

    def asks(self, address: Mapping[str, str]) -> dict[str, str]:
        """Month and province."""
        return {name: address.get(name, "")[:32] for name in ("month", "code")}

    def says(self, session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
        """The same in words. Raises NotFound outside the scope."""
        province = load_site(session, actor, asked["code"])
        return f"{scorecard_page.site_of(province)['name']} · {g.fmt.month(asked['month'])}"

    def count(self, session: Session, order: Order, below: int, most: int) -> int:
        """How many cards."""
        return min(len(chosen(session, order)), most)

    def page(self, session: Session, order: Order, below: int, limit: int) -> tuple[list[list[Cell]], int | None]:
        """The next chunk in the order of their codes, each PDF with the row of its first card. The key counts down."""
        every = chosen(session, order)
        begin = max(0, len(every) - below + 1)
        chunk = every[begin : begin + limit]
        if not chunk:
            return [], None
        with context.speaking(order.locale):
            made = rendered(session, order, chunk, begin + 1, len(every))
        rows: list[list[Cell]] = [[base64.b64encode(made[n]).decode() if n in made else ""] for n in range(len(chunk))]
        left = len(every) - begin - len(chunk)
        return rows, left + 1 if left else None

    def sheet(self, session: Session, export: Export, person: SignedIn) -> Sheet:
        """The file's name; the mark stands on each page already."""
        with context.speaking(export.locale):
            return Sheet(self.title(), [], export.asked_words, "", [Column("")], export.rows)


BUNDLE = CardBundle()


def chosen(session: Session, order: Order) -> list[Site]:
    """Whose cards are in it, the province's own first, then by code. Raises NotFound."""
    span = span_of(order.asked["month"], order.now)
    province = load_site(session, order.actor, order.asked["code"])
    if province.kind != "province":
        raise NotFound("organisation_not_found")
    inside = sites(session, assessed_by(order.actor), KINDS)
    inside = [one for one in inside if one.province_id == province.id or one.id == province.id]
    frozen = set(session.scalars(select(FrozenCard.organisation_id).where(FrozenCard.month == order.asked["month"])))
    known = frozen or {node.id for node in month_books.everybody(session, span, ())}
    inside = [one for one in inside if one.id in known]
    return sorted(inside, key=lambda one: (one.kind != "province", one.code))


def rendered(session: Session, order: Order, chunk: list[Site], first: int, total: int) -> dict[int, bytes]:
    """These cards as PDFs of two processes, by the place of their first card; that of the chunk is page `first` of
    `total`."""
    shape = current_app.jinja_env.get_template("_scorecard.html")
    cards = cards_of(session, order, chunk)
    pages = [shape.render(card=scorecard_page.card_of(session, card, order.now), on_paper=True) for card in cards]
    made = _("Made for %(name)s at %(time)s", name=order.actor.name, time=stamp(order.now))
    mark = f"{made} · {order.number}"
    half = -(-len(pages) // pdf_processes.WORKERS)
    with tempfile.TemporaryDirectory() as folder:
        targets = {at: Path(folder) / f"{at}.pdf" for at in range(0, len(pages), half)}
        documents = [
            (document(pages[at : at + half], mark, first + at, total), target) for at, target in targets.items()
        ]
        pdf_processes.render_all(documents, styles())
        return {at: target.read_bytes() for at, target in targets.items()}


def cards_of(session: Session, order: Order, chunk: list[Site]) -> list[Card]:
    """The cards of a frozen month as they were, of another one counted in one go for all of them."""
    month = order.asked["month"]
    scheme = scoring_schemes.of_month(session, month)
    frozen_at: datetime | None = session.scalar(select(MonthClose.frozen_at).where(MonthClose.month == month))
    if frozen_at is None:
        bodies = month_books.books(session, month, span_of(month, order.now), scheme).bodies()
        return [scorecards.card_of(bodies[one.id], one, scheme.min_cases) for one in chunk]
    ids = [one.id for one in chunk]
    statement = select(FrozenCard).where(FrozenCard.month == month, FrozenCard.organisation_id.in_(ids))
    rows = {row.organisation_id: row for row in session.scalars(statement)}
    return [
        scorecards.card_of(
            json.loads(rows[one.id].body), one, scheme.min_cases, digest=rows[one.id].digest, frozen_at=frozen_at
        )
        for one in chunk
    ]


def document(pages: list[str], mark: str, first: int = 1, total: int = 1) -> str:
    """A whole HTML document of cards, each its own page, numbered from `first` on."""
    language = "en" if g.fmt.english else "zh-CN"
    return current_app.jinja_env.get_template("cards_pdf.html").render(
        pages=pages, mark=mark, language=language, first=first, total=total
    )


def styles() -> list[str]:
    """The style sheets of the PDF as texts: the renderer reads no file."""
    folder = Path(current_app.static_folder or "")
    return [(folder / name).read_text(encoding="utf-8") for name in STYLES]
