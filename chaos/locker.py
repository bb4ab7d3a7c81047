"""`python -m chaos.locker FILE SECONDS`: an outside writer that holds a SQLite file for some seconds."""

from __future__ import annotations

import sqlite3
import sys
import time


def main() -> None:
    """Take the write lock, wait, give it back."""
    connection = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(float(sys.argv[2]))
    connection.execute("ROLLBACK")


if __name__ == "__main__":
    main()
