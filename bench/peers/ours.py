"""Our own figures for the comparison, measured as the peers' are. Who asks sees every ticket, as their agent does."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from urllib.parse import quote

from bench.load import CLIENTS
from bench.peers import measure
from bench.peers.table import ALONE, TOGETHER, Figures
from bench.peers.web import Browser, Sent, Work
from bench.served_work import Run
from bench.stage import PUSH, answer, message

WORD = "驿站"  # in every eighth ticket
ENOUGH = measure.MOST_ALONE + measure.MOST_TOGETHER + measure.WARM  # of what is done once


def figures(run: Run) -> Figures:
    """Pages of the head office, results of the sites, messages of a platform."""
    stage, found = run.stage, Figures()
    token, _ = stage.token(stage.person("ccs"))
    office = Browser(stage.port, {"session": token})
    pages = {"queue_page": "/tickets?queue=all", "ticket_page": f"/tickets/{run.long()}?queue=all"}
    for operation, path in pages.items():
        _both(found, operation, office, measure.forever((Sent(path, holds=b"KF"),)))
    search = Sent(f"/tickets?q={quote(WORD)}", holds=WORD.encode())
    _alone(found, "search", office, measure.forever((search,)))
    office.close()
    nobody = Browser(stage.port)
    _both(found, "reply", nobody, _results(run))
    _both(found, "create", nobody, _messages(run))
    nobody.close()
    return found


def _alone(found: Figures, operation: str, browser: Browser, works: Iterator[Work]) -> None:
    measure.warm(browser, works)
    found[operation, ALONE] = measure.alone(browser, works)


def _both(found: Figures, operation: str, browser: Browser, works: Iterator[Work]) -> None:
    _alone(found, operation, browser, works)
    found[operation, TOGETHER] = measure.together(browser, works)


def _results(run: Run) -> Iterator[Work]:
    """Each by a clerk of the site that has the ticket, who is signed in."""
    numbers = run.pushed(ENOUGH + CLIENTS)
    clerks = run.clerks(numbers)
    for number in numbers:
        cookie, form = clerks[number]
        yield (Sent(f"/tickets/{number}/result", answer(form), expect=(303,), cookie=f"session={cookie}"),)


def _messages(run: Run) -> Iterator[Work]:
    """Signed, each a new ticket at one of the sites in turn."""
    for code, n in zip(run.codes(ENOUGH + CLIENTS), cycle(range(len(run.stage.sites))), strict=False):
        yield (Sent(PUSH, message(code, run.site(n))),)
