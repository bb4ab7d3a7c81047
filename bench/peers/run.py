"""The peers of a run, one after the other, and what is told of them."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bench.peers.helpdesk import DjangoHelpdesk
from bench.peers.peer import Peer
from bench.peers.processes import Missing
from bench.peers.roundup import Roundup
from bench.peers.rt import RequestTracker
from bench.peers.table import Figures, Measured, lines, plain
from bench.peers.web import Refused

KINDS: dict[str, type[Peer]] = {one.name: one for one in (DjangoHelpdesk, Roundup, RequestTracker)}


def measured(names: tuple[str, ...], size: int, admin: str) -> list[Measured]:
    """Each of them; one that cannot be had is named in a line, and the rest goes on."""
    found = []
    for name in names:
        peer = KINDS[name](size, admin)
        try:
            found.append(peer.measure())
        except (Missing, Refused, SQLAlchemyError) as error:
            print(f"{name}: not measured: {str(error).splitlines()[0]}", file=sys.stderr, flush=True)
    return found


def heed_a_kill() -> None:
    """From now on a kill ends the servers and drops the copies, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def tell(ours: Figures, peers: list[Measured], place: dict[str, object], out: str) -> None:
    """The table and its notes, and the file beside OUT."""
    print(f"\nbeside others: {place['size']} tickets, {place['engine']}; in brackets how many times as fast we are")
    for line in lines(ours, peers):
        print(line)
    for one in peers:
        print(f"{one.name} {one.version}")
        for note in one.notes:
            print(f"  {note}")
    if out:
        beside = Path(out).with_suffix(".peers.json")
        beside.write_text(json.dumps(plain(ours, peers, place), indent=1) + "\n")
        print(f"written: {beside}", file=sys.stderr)
