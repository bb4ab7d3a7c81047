"""A browser without scripts that knows two addresses of one portal: when one is gone it asks the other."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import requests

from simulator.pageforms import PageForm, read_page, with_action, with_password

PASSWORD = "demo-portal"  # noqa: S105 - the documented password of the demo accounts
PANE = {"HX-Request": "true", "HX-Target": "ticket"}
TICKET = re.compile(r"^/tickets/(KF[0-9A-Z-]+)$")
Pairs = list[tuple[str, str]]
BUSY = (429, 500, 502, 503, 504)


class Away(Exception):
    """Nobody answered in time, or only to say that it cannot now."""


class Browser:
    """One account. Raises Away when the portal gave no answer for `patience` seconds."""

    def __init__(self, portals: list[str], account: str, patience: float = 60.0) -> None:
        self.portals, self.account, self.patience = portals, account, patience
        self.session = requests.Session()
        self.session.trust_env = False
        self.cookies: dict[str, str] = {}  # of the one name that a portal has outside, whichever host answers

    def ask(
        self, method: str, path: str, data: Pairs | None = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """One request, repeated as it is while the portal is away: a form's one-time key makes that harmless."""
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            portal = random.choice(self.portals)
            try:
                said = self.session.request(
                    method, urljoin(portal, path), data=data, headers=headers, cookies=self.cookies,
                    allow_redirects=False, timeout=8,
                )  # fmt: skip
                self.cookies |= said.cookies.get_dict()
                self.session.cookies.clear()
                if said.status_code not in BUSY:
                    return said
            except requests.RequestException:
                pass
            time.sleep(0.3)
        raise Away(path)

    def sign_in(self) -> None:
        """Fill in the sign-in form."""
        self.cookies.clear()
        form = with_password(read_page(self.ask("GET", "/login").text)[0])
        if form is None:
            raise Away("/login shows no form")
        names = {control.name: control.kind for control in form.inputs}
        account = next(name for name in names if name in ("account", "username", "login"))
        secret = next(name for name, kind in names.items() if kind == "password")
        answer = self.ask("POST", "/login", form.filled({account: self.account, secret: PASSWORD}))
        if signed_out(answer):
            raise Away(f"{self.account} was not signed in")

    def page(self, path: str, *, pane: bool = False) -> requests.Response:
        """A page; signs in where that is asked."""
        for _try in range(3):
            answer = self.ask("GET", path, headers=PANE if pane else None)
            if not signed_out(answer):
                return answer
            self.sign_in()
        raise Away(path)

    def form(self, path: str, action: str, *, pane: bool = False) -> tuple[PageForm, str] | None:
        """The form of a page that goes to an address ending so, and that address."""
        return with_action(read_page(self.page(path, pane=pane).text)[0], action)

    def tickets(self, path: str) -> list[str]:
        """The numbers of the tickets that a list links to, in its order."""
        paths = (urlsplit(link).path for link in read_page(self.page(path).text)[1])
        return list(dict.fromkeys(found[1] for found in map(TICKET.match, paths) if found))


def signed_out(answer: requests.Response) -> bool:
    """Whether the portal wants somebody to sign in first."""
    return answer.status_code == requests.codes.unauthorized or (
        answer.is_redirect and urlsplit(answer.headers["Location"]).path.rstrip("/") == "/login"
    )
