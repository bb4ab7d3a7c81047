"""`python -m simulator`: the platform simulator as a process; SIGTERM and Ctrl-C end it cleanly."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from simulator.complaints import DEFAULT_SITES
from simulator.expected import read_sites
from simulator.server import Settings, Simulator


def settings_from(arguments: Sequence[str] | None = None) -> Settings:
    """Read the command line."""
    known = Settings()
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    for name in ("portal", "listen", "connection", "secret"):
        parser.add_argument(f"--{name}", default=getattr(known, name))
    parser.add_argument("--rate", type=float, default=known.rate, help="complaints a minute; 0 pushes none by itself")
    parser.add_argument("--pdd", type=float, default=known.pdd, help="tickets a minute on the platform that is polled")
    parser.add_argument("--limit", type=int, default=known.limit, help="push no more than so many; 0: no end")
    parser.add_argument("--seed", type=int, default=known.seed)
    for name in ("reject", "repeat", "satisfied", "urge", "duplicate", "reorder"):
        parser.add_argument(f"--{name}", type=float, default=getattr(known, name), help="chance from 0 to 1")
    parser.add_argument("--sites", type=read_sites, default=DEFAULT_SITES, help="file or list of site codes")
    parser.add_argument("--pause", type=float, nargs=2, default=known.pause, help="seconds until a customer reacts")
    parser.add_argument("--log", type=Path, help="JSON lines of all that happened; a new start reads its orders again")
    parser.add_argument("--strict", action="store_true", help="refuse answers to orders that it never pushed")
    chosen = vars(parser.parse_args(arguments))
    return Settings(**(chosen | {"pause": tuple(chosen["pause"])}))


def main() -> int:
    """Run until told to stop."""
    settings = settings_from()
    try:
        simulator = Simulator(settings)
    except OSError as error:
        print(f"simulator: cannot listen on {settings.listen}: {error.strerror}", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: simulator.stopped.set())
    simulator.start()
    print(f"simulator: pushes to {settings.portal}, takes callbacks on http://{settings.listen}/callback", flush=True)
    try:
        simulator.run()
    finally:
        simulator.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
