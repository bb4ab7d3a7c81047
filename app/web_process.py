"""How a web process takes connections: gunicorn's own, with the place it has for them."""

from __future__ import annotations

import select
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

PATIENCE = 0.2  # seconds that a process without a free thread leaves a new connection to the others


class WebProcess(ThreadWorker):
    """A process that leaves a new connection to others while none of its threads has nothing to do.

    gunicorn's own takes what comes: of eight browsers that arrive together one process may take all, and keep them,
    while the other, on another processor, has none. Where all are busy each takes one newcomer in `PATIENCE`, or those
    who are there already would keep them out for ever.
    """

    busy = 0  # requests that are worked on, or wait for a thread of this process
    taken_at = 0.0  # when it took the last connection

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection's request to a thread."""
        self.busy += 1
        super().enqueue_req(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Take the connection back from the thread."""
        self.busy -= 1
        super().finish_request(conn, fs)

    def accept(self, listener: Any) -> None:
        """Take a new connection."""
        self.taken_at = time.monotonic()
        super().accept(listener)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Listen, or stop listening: what is not taken waits in the kernel for the next process that is free."""
        if not self.alive:
            self._take_all()
        super().set_accept_enabled(enabled and not self._full())

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """The next round of events."""
        full = self._full()
        if self._accepting and full:
            self.set_accept_enabled(False)
        super().wait_for_and_dispatch_events(min(timeout, PATIENCE) if full else timeout)

    def _full(self) -> bool:
        return self.busy >= self.cfg.threads and time.monotonic() - self.taken_at < PATIENCE

    def _take_all(self) -> None:
        """Whoever waits when the process is to stop: nobody would answer them."""
        for listener in self.sockets:
            known = -1
            while known < self.nr_conns < self.worker_connections and select.select([listener], [], [], 0)[0]:
                known = self.nr_conns
                self.accept(listener)
