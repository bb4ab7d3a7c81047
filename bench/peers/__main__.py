"""`python -m bench.peers`: the peers alone; SIZE, PEERS and BENCH_DATABASE_URL as for the bench."""

from __future__ import annotations

import os

from bench.peers.run import measured, tell
from bench.peers.wanted import wanted
from bench.stage import server

if __name__ == "__main__":
    size = int(os.environ.get("SIZE") or "10000")
    names = wanted(os.environ.get("PEERS") or "1")
    tell({}, measured(names, size, server()), {"size": size, "engine": "postgresql"}, "")
