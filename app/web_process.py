"""How a web process takes connections: gunicorn's own, with the place it has for them."""

from __future__ import annotations

from typing import Any

from gunicorn.workers.gthread import ThreadWorker


class WebProcess(ThreadWorker):
    """A process that takes a new connection only while one of its threads has nothing to do.

    gunicorn's own takes what comes: of eight browsers that arrive together one process may take all, and keep them,
    while the other, on another processor, has none.
    """

    busy = 0  # requests that are worked on, or wait for a thread of this process

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection's request to a thread."""
        self.busy += 1
        super().enqueue_req(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Take the connection back from the thread."""
        self.busy -= 1
        super().finish_request(conn, fs)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Listen, or stop listening: what is not taken waits in the kernel for the next process that is free."""
        super().set_accept_enabled(enabled and self.busy < self.cfg.threads)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """The next round of events."""
        if self._accepting and self.busy >= self.cfg.threads:
            self.set_accept_enabled(False)
        super().wait_for_and_dispatch_events(timeout)
