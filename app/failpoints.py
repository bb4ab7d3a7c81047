"""Named points between what is stored and what leaves: where a test stops, kills or lets somebody else go first.

Nothing of the portal arms them, so that a point costs one look at a name. A test arms one hook for the whole process;
it hears every point that any thread reaches, in the thread itself, and may raise, wait or end the process there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Hook = Callable[[str], None]

POINTS = {
    "write.begin": "a write transaction is about to be opened",
    "write.begun": "it is open, and holds the only place to write where there is but one",
    "write.commit": "everything of it is written, and the commit comes next",
    "write.committed": "it is stored, and nobody has been told",
    "push.believed": "a platform's message bears the right signature, and nothing of it is stored",
    "push.taken": "it is stored, and the platform has no answer yet",
    "post.begun": "a verb's form is read, and nothing of it is stored",
    "post.stored": "the verb is stored, and the bell has not been rung",
    "post.rung": "the bell has been rung, and the browser has no answer yet",
    "receipt.believed": "a batch of receipts is read, and nothing of it is stored",
    "receipt.taken": "it is stored, and the gateway has no answer yet",
    "outbox.claimed": "a worker has a row under its lease",
    "outbox.sending": "the row is marked as on its way, and the request has not been made",
    "outbox.sent": "the request was answered, and nothing of that is written",
    "outbox.settled": "the answer is written down",
    "poll.claimed": "a connection is taken for a turn",
    "poll.counted": "the window's rows are counted",
    "poll.fetched": "a page has come, and none of its rows is stored",
    "poll.row": "a row of the page is stored",
    "poll.stored": "all rows of the page are stored, and the cursor has not moved",
    "poll.moved": "the cursor has moved",
    "export.claimed": "a worker has an export",
    "export.begun": "the spool of an earlier worker is known",
    "export.read": "a page of rows is read",
    "export.kept": "the page is in the spool, and not written down",
    "export.turned": "the page is written down",
    "export.built": "the file is made, outside the store",
    "export.taken": "the store has the file, and nobody knows",
    "export.finished": "the export is done",
    "archive.locked": "a ticket is about to be moved to the archive",
    "archive.written": "its document is written, and its rows are there",
    "archive.deleted": "its rows are deleted",
    "freeze.begun": "a month's close holds its lock",
    "freeze.counted": "its books are added up",
    "freeze.made": "its cards are made",
    "freeze.written": "everything is written, and not committed",
}

_hook: Hook | None = None


def reach(point: str) -> None:
    """Say that this thread is at `point`."""
    if _hook is not None:
        _hook(point)


@contextmanager
def armed(hook: Hook) -> Iterator[None]:
    """For tests: let `hook` hear every point until the end of the block."""
    global _hook
    before, _hook = _hook, hook
    try:
        yield
    finally:
        _hook = before
