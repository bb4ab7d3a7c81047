"""`python -m bench.peers`: the peers alone, with the word `fill` only their tickets, which are kept.

SIZE, PEERS, OUT and BENCH_DATABASE_URL as for the bench.
"""

from __future__ import annotations

import os
import sys

from bench.peers.run import KINDS, heed_a_kill, measured, tell
from bench.peers.wanted import wanted
from bench.stage import server

if __name__ == "__main__":
    heed_a_kill()
    size = int(os.environ.get("SIZE") or "10000")
    names = wanted(os.environ.get("PEERS") or "1")
    if sys.argv[1:] == ["fill"]:
        for name in names:
            KINDS[name](size, server()).ready()
    else:
        tell({}, measured(names, size, server()), {"size": size, "engine": "postgresql"}, os.environ.get("OUT") or "")
