"""The scripted people of a replay: they sign in over HTTP and fill in the portal's own forms, nothing else.

All names of fields and addresses of the portal's pages are in this file.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import requests

from simulator.pageforms import PageForm, read_page, with_action, with_password
from simulator.worklog import SHANGHAI

PASSWORD = "demo-portal"  # noqa: S105 - the documented password of the demo accounts
TRIES = 3
TICKET = re.compile(r"^/tickets/(KF[0-9A-Z-]+)$")
PANE = {"HX-Request": "true", "HX-Target": "ticket"}
SEE_OTHER, UNAUTHORISED, CONFLICT = 303, 401, 409


class PeopleError(Exception):
    """The portal's pages did not allow what the script wanted; the text says where it ended."""


class Person:
    """One account with its session. Whoever lets it act holds `busy`: a person does one thing at a time."""

    def __init__(self, portal: str, account: str, password: str = PASSWORD) -> None:
        self.portal, self.account, self.password = portal.rstrip("/"), account, password
        self.session = requests.Session()
        self.session.trust_env = False
        self.busy = threading.Lock()
        self.opened: dict[str, requests.Response] = {}  # pages of tickets that somebody is about to work on
        self.sign_ins = 0

    def sign_in(self) -> None:
        """Fill in the sign-in form. Raises PeopleError when the portal does not take the account."""
        self.session.cookies.clear()
        page = self._request("GET", "/login")
        form = with_password(read_page(page.text)[0])
        if form is None:
            raise PeopleError(f"{self.account}: no sign-in form at /login (HTTP {page.status_code})")
        answer = self._request("POST", form.actions[0] or "/login", form.filled(self._credentials(form)))
        self.sign_ins += 1
        if not answer.is_redirect or _is_login(answer.headers["Location"]):
            raise PeopleError(f"{self.account}: sign-in refused (HTTP {answer.status_code})")

    def _credentials(self, form: PageForm) -> dict[str, str]:
        password = next(control.name for control in form.inputs if control.kind == "password")
        texts = [control.name for control in form.inputs if control.kind in ("text", "email", "tel")]
        name = next((text for text in texts if text in ("account", "username", "login")), texts[0])
        return {name: self.account, password: self.password}

    def get(self, path: str, *, pane: bool = False) -> requests.Response:
        """A page, or with `pane` what the queue's links swap in; where nobody is signed in, after a new sign-in.

        A redirect elsewhere than to the sign-in is not followed. Raises PeopleError.
        """
        for _attempt in range(TRIES):
            response = self._request("GET", path, headers=PANE if pane else {})
            if response.status_code != UNAUTHORISED and not _is_login(_path(response)):
                return response
            self.sign_in()
        raise PeopleError(f"{self.account}: signed out again and again at {path}")

    def find(self, order_code: str) -> str:
        """The number of the ticket that carries a platform order. Raises PeopleError unless it is exactly one."""
        response = self.get(f"/tickets?q={quote(order_code)}")
        hit = TICKET.match(_path(response))
        if hit:
            return hit[1]
        paths = (urlsplit(link).path for link in read_page(response.text)[1])
        numbers = {found[1] for found in map(TICKET.match, paths) if found}
        if len(numbers) != 1:
            raise PeopleError(f"{self.account}: {len(numbers)} tickets for {order_code} (HTTP {response.status_code})")
        return numbers.pop()

    def act(self, number: str, action: str, values: Mapping[str, str]) -> None:
        """Fill in the form of an action ("/follow-up" …) on the ticket's page and send it; a stale page is read again.

        Raises PeopleError when the page has no such form or the portal does not answer 303.
        """
        answer: requests.Response | None = None
        for _attempt in range(TRIES):
            page, (form, address) = self._form(number, action)
            answer = self._request("POST", urljoin(page.url, address), form.filled(values))
            if answer.is_redirect and not _is_login(answer.headers["Location"]):
                return
            if answer.status_code not in (CONFLICT, SEE_OTHER):
                break
        assert answer is not None  # noqa: S101 - the loop ran
        raise PeopleError(
            f"{self.account}: {action} on {number} gave HTTP {answer.status_code}: {complaints(answer.text)}"
        )

    def _form(self, number: str, action: str) -> tuple[requests.Response, tuple[PageForm, str]]:
        """The form on the page that is open already, else on a fresh one. Raises PeopleError."""
        page = self.opened.pop(number, None)
        found = with_action(read_page(page.text)[0], action) if page is not None else None
        if page is None or found is None:
            page = self.get(f"/tickets/{number}", pane=True)
            found = with_action(read_page(page.text)[0], action)
        if found is None:
            raise PeopleError(f"{self.account}: no form {action} on {number} (HTTP {page.status_code})")
        return page, found

    def _request(
        self,
        method: str,
        path: str,
        data: list[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """One request. A connection that the portal had given up is opened anew, as browsers do: the form's one-time
        key lets the portal store a form once, however often it comes."""
        address = urljoin(self.portal + "/", path)
        ask = partial(
            self.session.request, method, address, data=data, headers=headers, allow_redirects=False, timeout=60
        )
        for _again in range(TRIES - 1):
            with suppress(requests.ConnectionError):
                return ask()
        return ask()


def _path(response: requests.Response) -> str:
    """Where a response leads: the path it redirects to, or its own."""
    return urlsplit(response.headers["Location"] if response.is_redirect else response.url).path


def _is_login(address: str) -> bool:
    return urlsplit(address).path.rstrip("/") == "/login"


def complaints(html: str) -> str:
    """What an error page says, as far as it can be told apart: the texts of alerts and field errors."""
    found = re.findall(r'(?:role="alert"|class="[^"]*error[^"]*")[^>]*>\s*([^<]+)', html)
    return "; ".join(text.strip() for text in found if text.strip())[:300]


class Office:
    """Everybody: a clerk for each site (`clerk-<site code>`) and one CCS desk, each signed in when first needed."""

    def __init__(self, portal: str, password: str = PASSWORD, ccs: str = "ccs") -> None:
        self.portal, self.password, self.ccs = portal, password, ccs
        self._people: dict[str, Person] = {}
        self._hiring = threading.Lock()
        self._numbers: dict[str, str] = {}

    def clerk(self, site: str) -> Person:
        """The clerk of a site."""
        return self._person(f"clerk-{site}")

    def _person(self, account: str) -> Person:
        with self._hiring:
            if account not in self._people:
                self._people[account] = Person(self.portal, account, self.password)
            return self._people[account]

    def number(self, site: str, order_code: str) -> str:
        """The ticket's number, looked up by the site's clerk once."""
        if order_code not in self._numbers:
            clerk = self.clerk(site)
            with clerk.busy:
                self._numbers[order_code] = clerk.find(order_code)
        return self._numbers[order_code]

    def open(self, site: str, order_code: str, *, by_ccs: bool) -> None:
        """Open the ticket's page a little before it is worked on."""
        who, number = self._person(self.ccs) if by_ccs else self.clerk(site), self.number(site, order_code)
        with who.busy:
            who.opened[number] = who.get(f"/tickets/{number}", pane=True)

    def follow_up(self, site: str, order_code: str, now: datetime) -> None:
        """The clerk logs a contact and says when the next news comes."""
        later = (now.astimezone(SHANGHAI) + timedelta(hours=4)).strftime("%Y-%m-%dT%H:%M")
        values = {
            "text": "已联系客户了解情况，正在与派件员核实，稍后回复进展。", "contact_outcome": "reached_accepts",
            "next_update_at": later,
        }  # fmt: skip
        self._clerk_acts(site, order_code, "/follow-up", values)

    def result(self, site: str, order_code: str, answer: Mapping[str, Any]) -> None:
        """The clerk answers with one of the platform's replies and the fields it demands; the preview is confirmed."""
        values = {
            "answer": str(answer["reply_value"]), "finding_signed_by": "客户本人", "contact_outcome": "reached_accepts",
            "action_taken": "redelivered", "confirmed": "1",
            "text": "您好，已核实情况并与您联系处理，给您带来不便深表歉意。",
        }  # fmt: skip
        for item in answer["reply_supplement"]:
            if item["require"]:
                values[f"supplement-{item['field_name']}"] = supplement_value(item)
        self._clerk_acts(site, order_code, "/result", values)

    def close(self, site: str, order_code: str) -> None:
        """The clerk closes with a root cause and the tick."""
        self._clerk_acts(site, order_code, "/close", {"root_cause": "courier", "verified": "1"})

    def ruling(self, site: str, order_code: str) -> None:
        """CCS upholds the customer's appeal and sends the ticket back to the site."""
        values = {"ruling": "upheld_return", "text": "申诉成立，请站点重新核实处理。"}
        self._acts(self._person(self.ccs), self.number(site, order_code), "/ruling", values)

    def _clerk_acts(self, site: str, order_code: str, action: str, values: Mapping[str, str]) -> None:
        self._acts(self.clerk(site), self.number(site, order_code), action, values)

    def _acts(self, who: Person, number: str, action: str, values: Mapping[str, str]) -> None:
        with who.busy:
            who.act(number, action, values)

    def sign_ins(self) -> int:
        """How often anybody signed in."""
        return sum(person.sign_ins for person in self._people.values())


def supplement_value(item: Mapping[str, Any]) -> str:
    """A value that fits an answer's extra field."""
    if isinstance(item["field_value"], list) and item["field_value"]:
        return str(item["field_value"][0])
    return "20" if item["field_type"] == "number" else "客户本人"
