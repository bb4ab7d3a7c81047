"""`python -m chaos.relay HOST:PORT HOST:PORT`: what comes in at the first is passed on to the second, and back.

A portal speaks plain http with a gateway of its own machine only; on each host that sends this stands for it.
"""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import suppress

PATIENCE = 10.0  # seconds for the second to answer the call
Address = tuple[str, int]


def main() -> None:
    """Serve until killed."""
    here, there = (_address(text) for text in sys.argv[1:3])
    with socket.create_server(here) as server:
        while True:
            line, _whom = server.accept()
            threading.Thread(target=pass_on, args=(line, there), daemon=True).start()


def pass_on(line: socket.socket, there: Address) -> None:
    """One connection, both ways; where nobody is there it is closed."""
    with line:
        try:
            beyond = socket.create_connection(there, timeout=PATIENCE)
        except OSError:
            return
        with beyond:
            beyond.settimeout(None)
            back = threading.Thread(target=_pour, args=(beyond, line), daemon=True)
            back.start()
            _pour(line, beyond)
            back.join()


def _pour(source: socket.socket, sink: socket.socket) -> None:
    """Until one side has no more to say, which the other side is told."""
    with suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    main()
