"""A province's cards as one PDF at size: the exports worker itself as a process, and the memory of all who take part.

    createdb cards
    python -m tests.tools.bundle 300 --url postgresql+psycopg://root@127.0.0.1:5432/cards --keep cards.pdf
    python -m tests.tools.bundle 300 --filled --url …    (measure again what is there)

The database must be empty and nobody else's; `tests.tools.month` fills it with ten tickets for each site of thirty
provinces, and the month is frozen. Then a province's manager asks for the bundle, and `worker.py --exports` makes it.
Printed are seconds, processor seconds of the worker with everything that it starts, and the most memory that they had
together (proportional set size, every fifth of a second), with each one's part in it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pypdf import PdfReader
from sqlalchemy import select, text

from app import create_app
from app.config import Config
from app.domain.roles import Actor
from app.extensions import db
from app.integrations import store
from app.jobs import exports as work
from app.models import Export
from app.services import exports
from app.services.exports import OrderIn
from launcher import redis
from tests.tools import month as months
from tests.tools.month_sql import PROVINCES

ROOT = Path(__file__).resolve().parents[2]
TICKETS = 10  # of each site
PROVINCE = 3  # the id of one
EVERY = 0.2  # seconds between two looks
ENDED = ("done", "failed")
MANAGER = f"""INSERT INTO user_account (id, account, name, password_hash, role, organisation_id, locale, theme, density,
    epoch, demo, skills) SELECT 2, 'province', '省区经理', '', 'lcs_manager', {PROVINCE}, 'zh', 'auto', 'comfortable', 0, false,
    CAST('[]' AS json)"""


@dataclass
class Seen:
    """What was seen of a family of processes: the most memory together (MB) and whose it was, and who ever was."""

    together: float = 0.0
    parts: list[tuple[str, float]] = field(default_factory=list)
    sums: list[float] = field(default_factory=list)

    def look(self, process: int) -> None:
        """Look at the process and everything below it."""
        parts = [(_name(one), _memory(one)) for one in family(process)]
        whole = sum(memory for _of, memory in parts)
        self.sums.append(whole)
        if whole > self.together:
            self.together, self.parts = whole, parts


def family(process: int) -> list[int]:
    """The process and all that it has started, as far as they live."""
    found, children = [process], Path(f"/proc/{process}/task").glob("*/children")
    for one in children:
        try:
            found += [below for child in one.read_text().split() for below in family(int(child))]
        except OSError:
            continue
    return found


def _memory(process: int) -> float:
    """Its proportional set size in MB; 0 for one that has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _name(process: int) -> str:
    try:
        words = Path(f"/proc/{process}/cmdline").read_text().split("\0")
    except OSError:
        return "ended"
    return " ".join(word.rpartition("/")[2][:40] for word in words if word)


def _work(process: int) -> float:
    """Processor seconds of the family so far, those included who have ended and were waited for."""
    ticks = 0
    for one in family(process):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(int(n) for n in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def worker(url: str, bell: str, folder: Path) -> Iterator[int]:
    """The exports worker as a process of its own, once it listens."""
    env = {**os.environ, "KUAIFU_ENV": "test", "DATABASE_URL": url, "DATA_DIR": str(folder), "SECRET_KEY": "k" * 32,
           "REDIS_URL": bell}  # fmt: skip
    process = subprocess.Popen([sys.executable, "worker.py", "--exports"], env=env, cwd=ROOT)
    try:
        beats = text("SELECT count(*) FROM heartbeat WHERE process = 'exports' AND at > :since")
        since = datetime.now(UTC)
        while not db.session().scalar(beats, {"since": since}):
            db.session.rollback()
            time.sleep(EVERY)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def ordered(session_key: str) -> int:
    """The export that the province's manager asks for."""
    actor = Actor(2, "lcs_manager", PROVINCE, PROVINCE, "省区经理")
    asked = {"month": months.MONTH, "code": f"P{PROVINCE - 1}"}
    order = OrderIn("cards", "scorecard", asked, "", "pdf", "zh")
    return exports.ask(actor=actor, order=order, key=session_key, address="", now=datetime.now(UTC))


def watched(export_id: int, process: int, seen: Seen) -> str:
    """Look on until the export has ended; its state."""
    while True:
        state = db.session().scalar(select(Export.state).where(Export.id == export_id)) or "gone"
        db.session.rollback()
        if state in (*ENDED, "gone"):
            return state
        seen.look(process)
        time.sleep(EVERY)


def measure(url: str, bell: str, folder: Path, keep: Path | None) -> None:
    """Ask for one bundle, let the worker make it, print."""
    seen = Seen()
    with worker(url, bell, folder) as process:
        export_id, before, begun = ordered(str(time.time_ns())), _work(process), time.perf_counter()
        idle = sum(_memory(one) for one in family(process))
        work.ring()
        state = watched(export_id, process, seen)
        took, worked = time.perf_counter() - begun, _work(process) - before
    row = db.session().get_one(Export, export_id)
    with store.of_exports(folder).open(row.store_name) as file:
        data = file.read()
    target = keep or folder / "cards.pdf"
    target.write_bytes(data)
    pages = len(PdfReader(str(target)).pages)
    print(f"{state}: {row.rows} cards, {pages} pages, {len(data) / 1e6:.1f} MB; {took:.1f} s, {worked:.1f} s of processor "
          f"(load {os.getloadavg()[0]:.1f}); most memory {seen.together:.0f} MB, before {idle:.0f} MB")  # fmt: skip
    for name, memory in seen.parts:
        print(f"{memory:7.0f} MB  {name}")
    print("each second: " + " ".join(f"{one:.0f}" for one in seen.sums[:: round(1 / EVERY)]))


def fill(cards: int) -> None:
    """A frozen month in which every province has so many cards, its own included."""
    from flask_migrate import upgrade

    upgrade()
    months.fill(TICKETS * cards * PROVINCES, (cards - 1) * PROVINCES)
    months.frozen()
    db.session().execute(text(MANAGER))
    db.session().commit()


def main(given: Sequence[str] | None = None) -> None:
    """Fill where asked, measure."""
    asked = argparse.ArgumentParser()
    asked.add_argument("cards", nargs="?", type=int, default=300)
    asked.add_argument("--url", required=True)
    asked.add_argument("--filled", action="store_true")
    asked.add_argument("--keep", type=Path, help="where the PDF is left")
    told = asked.parse_args(given)
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        server = redis.start(folder)
        app = create_app(Config.for_tests(told.url, server.url, folder))
        with app.app_context(), app.test_request_context():
            try:
                if not told.filled:
                    fill(told.cards)
                measure(told.url, server.url, folder, told.keep)
            finally:
                db.session.remove()
                db.engine.dispose()
                server.stop()


if __name__ == "__main__":
    main()
