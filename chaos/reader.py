"""Somebody at headquarters who looks at the analysis again and again, exports it now and then, and takes the files."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

import requests

from chaos.browser import Away, Browser
from chaos.lines import Lines
from simulator.pageforms import read_page

PAGE, ORDERS = "/analysis", "/exports"
EVERY = 4  # looks between two orders
PAUSE = 1.0
FILE = re.compile(r"^/exports/(\d+)/file$")
LAST = 60.0  # seconds for the files that are still to come when the work is over


class Reader(threading.Thread):
    """One account."""

    def __init__(self, portals: list[str], account: str, log: Lines) -> None:
        super().__init__(name=account)
        self.browser, self.log = Browser(portals, account), log
        self.stopping = threading.Event()
        self.turns, self.ordered = 0, 0
        self.taken: set[str] = set()

    def run(self) -> None:
        """Work until told to stop; the files that were ordered are waited for."""
        while not self.stopping.wait(PAUSE):
            self.turns += 1
            self.safely(self.look)
            if self.turns % EVERY == 1:
                self.safely(self.order)
            self.safely(self.take)
        end = time.monotonic() + LAST
        while len(self.taken) < self.ordered and time.monotonic() < end:
            self.safely(self.take)
            time.sleep(PAUSE)

    def safely(self, act: Callable[[], None]) -> None:
        """Do it; a portal that is away is one line of the log."""
        try:
            act()
        except Away as error:
            self.log.write("away", account=self.name, path=str(error))

    def look(self) -> None:
        """Open the page, and note how long that took."""
        begun = time.monotonic()
        status = self.browser.page(PAGE).status_code
        self.log.write("page", path=PAGE, status=status, seconds=round(time.monotonic() - begun, 2))

    def order(self) -> None:
        """Ask for the page as a file, with the same one-time key until there is an answer."""
        found = self.browser.form(PAGE, ORDERS)
        if found is None:
            self.log.write("page", path=f"{PAGE} without a form", status=0, seconds=0.0)
            return
        form, address = found
        control = form.named("submission_key")
        data = form.filled({"format": "csv"})
        said = self.browser.ask("POST", address, data)
        yes = said.status_code == requests.codes.see_other
        self.ordered += yes
        self.log.write("ordered", key=control.value if control else "", yes=yes, status=said.status_code)

    def take(self) -> None:
        """Take each file that is there, once."""
        for form in read_page(self.browser.page(ORDERS).text)[0]:
            found = FILE.match(form.actions[0])
            if found and found[1] not in self.taken:
                said = self.browser.ask("POST", form.actions[0], form.filled({}))
                if said.status_code == requests.codes.ok:
                    self.taken.add(found[1])
                    self.log.write("file", export=found[1], bytes=len(said.content))
