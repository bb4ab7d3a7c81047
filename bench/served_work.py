"""What is measured through the server: pages and the poll, then pushes and replies."""

from __future__ import annotations

import contextvars
import pickle
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models import Clock, PlatformOrder, Ticket, User
from app.models.ids import new_id
from app.services import replies
from app.services.desk import Post
from bench import load
from bench.limits import script_file
from bench.result import Result
from bench.stage import PUSH, Stage, answer, message
from bench.statements import Script, counted, written_down

FORM = "application/x-www-form-urlencoded"
SECONDS, TURNS = 0.5, 8  # that a page, and then its limit, is asked for at a time, and how often
DEEP, SEARCHES, EVENTS = 20, 24, 50
WARM = 160  # requests before, so that each connection of each process has what is asked prepared and its plan kept


class Run:
    """One run's numbers: how many messages go to a big data set and to a small one."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.many = 400 if stage.place.size < 100_000 else 2_000
        self.lcs, _ = stage.token(stage.person("lcs"))
        self.client = stage.app.test_client()
        self.turn = 0

    def result(self, operation: str, rates: tuple[float, float], unit: str, queries: int, size: int) -> Result:
        """A line of the table."""
        place = self.stage.place
        return Result(operation, place.size, place.engine, *rates, unit, queries, size)

    def ask(self, method: str, path: str, cookie: str = "", body: bytes = b"") -> tuple[Any, int]:
        """A request of this process, and its statements."""
        self.client.set_cookie("session", cookie) if cookie else self.client.delete_cookie("session")
        with written_down(db.engine) as said:
            # in a context of its own, as in a server: who asked before is nobody here
            found = contextvars.Context().run(self.client.open, path, method=method, data=body, content_type=FORM)
        return found, counted(said)

    # --- pages ---

    def page(self, operation: str, path: str, cookie: str) -> Result:
        """A page beside its template alone."""
        self.ask("GET", path, cookie)
        found, queries = self.ask("GET", path, cookie)
        ours, bare = load.request("GET", path, cookie=cookie), self.bare(path, cookie)
        return self.result(operation, self._rates(ours, bare), "requests/s", queries, len(found.data))

    def bare(self, path: str, cookie: str) -> bytes:
        return load.request("GET", "/bench/page?" + urlencode({"path": path, "token": cookie}))

    def _rates(self, ours: bytes, bare: bytes, expect: int = 200, turns: int = TURNS) -> tuple[float, float]:
        for sent in (ours, bare):
            load.run(self.stage.port, [sent] * WARM, expect=(expect,))
        parts = ((load.during(SECONDS, ours), load.during(SECONDS, bare)) for _ in range(turns))
        found, limit = load.in_turns(self.stage.port, parts, (expect, expect))
        return found.rate, limit.rate

    def pages(self) -> Iterator[Result]:
        """The queue, filtered, deep, and a ticket with a long thread."""
        yield self.page("queue_page", "/tickets?queue=all", self.lcs)
        yield self.page("queue_page_filtered", "/tickets?queue=working&category=FALSE_SIGN", self.lcs)
        yield self.page("queue_page_deep", self.deep("/tickets?queue=all"), self.lcs)
        yield self.page("ticket_page", f"/tickets/{self.long()}?queue=all", self.lcs)  # as it is opened from a list

    def deep(self, path: str) -> str:
        for _ in range(DEEP):
            text = self.ask("GET", path, self.lcs)[0].text
            further = re.search(r'href="(/tickets\?[^"]*after=[^"]*)"', text)
            if further is None:
                break
            path = further[1].replace("&amp;", "&")
        return path

    def long(self) -> str:
        """A ticket of the province with EVENTS entries."""
        number = self.pushed(1, code="330106-01")[0]
        lcs = self.actor("lcs")
        for n in range(EVENTS):
            text = f"第 {n + 1} 次记录：客户来电催促，已转告快递员，等待回复"
            replies.note(actor=lcs, post=Post(number, None, ""), text=text, now=clock.now())
        return number

    def poll(self) -> Result:
        """The poll that finds nothing new, beside the look-up of the session alone."""
        text = self.ask("GET", "/tickets", self.lcs)[0].text
        path = (re.search(r'"(/tickets/news\?[^"]*)"', text) or [""])[1].replace("&amp;", "&") + "&poll=1"
        found, queries = self.ask("GET", path, self.lcs)
        sent = load.request("GET", path, cookie=self.lcs)
        bare = load.request("GET", "/bench/session?poll=1", cookie=self.lcs)
        return self.result("poll", self._rates(sent, bare, 204, 2 * TURNS), "requests/s", queries, len(found.data))

    def search(self) -> Result:
        """Two characters in the scope of a province."""
        path = "/tickets?q=" + quote("驿站")
        found, queries = self.ask("GET", path, self.lcs)
        ours = load.run(self.stage.port, [load.request("GET", path, cookie=self.lcs)] * SEARCHES, clients=1)
        bare = load.run(self.stage.port, [self.bare(path, self.lcs)] * SEARCHES, clients=1)
        return self.result("search", (ours.slow(), bare.slow()), "ms p95", queries, len(found.data))

    # --- messages and answers ---

    def push(self) -> Result:
        """Signed messages, each a ticket of its own."""
        self.pushed(WARM)

        def pushed(code: str) -> tuple[Any, int]:
            return self.ask("POST", PUSH, "", message(code, self.site(0)))

        pushed(self.codes(1)[0])  # this process reads settings the first time; a server has read them
        script, queries, size = self._script("push", pushed)
        return self._beside("push", self.messages(self.codes(self.many)), script, queries, size, [()] * self.many)

    def site(self, n: int) -> str:
        return self.stage.sites[n % len(self.stage.sites)][1]

    def codes(self, n: int) -> list[str]:
        self.turn += 1
        return [f"L{new_id() % 10**9:09d}{self.turn:03d}{one:05d}" for one in range(n)]

    def messages(self, codes: list[str], code: str = "") -> list[bytes]:
        bodies = [message(one, code or self.site(at)) for at, one in enumerate(codes)]
        return [load.request("POST", PUSH, body=body) for body in bodies]

    def pushed(self, n: int, code: str = "") -> list[str]:
        """The numbers of so many new tickets."""
        codes = self.codes(n)
        load.run(self.stage.port, self.messages(codes, code), clients=1 if n == 1 else load.CLIENTS)
        rows = select(Ticket.number).join(PlatformOrder, PlatformOrder.ticket_id == Ticket.id)
        found = list(db.session().scalars(rows.where(PlatformOrder.code.in_(codes)).order_by(Ticket.id)))
        db.session().rollback()
        return found

    def reply(self) -> Result:
        """Results by form, each on a ticket of its own that was pushed before."""
        numbers = self.pushed(2 * self.many + WARM + 1)
        clerks, ids = self.clerks(numbers), self._ids(numbers)
        first, ours, others = numbers[0], numbers[1 : self.many + WARM + 1], numbers[self.many + WARM + 1 :]
        cookie, csrf = clerks[first]
        script, queries, size = self._script(
            "reply",
            lambda key: self.ask("POST", f"/tickets/{first}/result", cookie, answer(csrf, key)),
            first,
            ids[first],
        )
        paths = [(f"/tickets/{number}/result", *clerks[number]) for number in ours]
        sent = [load.request("POST", path, cookie=who, body=answer(form)) for path, who, form in paths]
        load.run(self.stage.port, sent[:WARM], expect=(303,))
        return self._beside("reply", sent[WARM:], script, queries, size, [ids[number] for number in others], 303)

    def _ids(self, numbers: list[str]) -> dict[str, tuple[int, ...]]:
        """What a reply changes of each ticket: itself, its clocks in one order, its order, its search document."""
        clocks: dict[int, list[int]] = {}
        mine = select(Ticket.id).where(Ticket.number.in_(numbers))
        session = db.session()
        for ticket_id, clock_id in session.execute(
            select(Clock.ticket_id, Clock.id).where(Clock.ticket_id.in_(mine)).order_by(Clock.kind, Clock.run)
        ):
            clocks.setdefault(ticket_id, []).append(clock_id)
        rows = select(Ticket.number, Ticket.id, Ticket.search_rank, PlatformOrder.id.label("order_id"))
        rows = rows.join(PlatformOrder, PlatformOrder.ticket_id == Ticket.id).where(Ticket.number.in_(numbers))
        found = {
            one.number: (one.id, *clocks[one.id], one.order_id, one.search_rank or 0) for one in session.execute(rows)
        }
        session.rollback()
        return found

    def clerks(self, numbers: list[str]) -> dict[str, tuple[str, str]]:
        """Whoever answers each ticket, signed in once."""
        rows = select(Ticket.number, User.id).join(User, User.organisation_id == Ticket.handling_site_id)
        rows = rows.where(User.role == "site_clerk", Ticket.number.in_(numbers))
        pairs = list(db.session().execute(rows).tuples())
        tokens = {user: self.stage.token(user) for user in {user for _, user in pairs}}
        return {number: tokens[user] for number, user in pairs}

    def _script(
        self, name: str, work: Callable[[str], Any], number: str = "", known: tuple[int, ...] = ()
    ) -> tuple[Script, int, int]:  # fmt: skip
        """Write down one of it for the server to repeat; its statements, and the bytes of the answer."""
        code, floor = self.codes(1)[0] + "X", new_id()
        with written_down(db.engine) as said:
            found, queries = work(code)
        if found.status_code not in (200, 303):
            raise load.Refused(f"{name}: {found.status_code} {found.text[:300]}")
        rows = select(Ticket).join(PlatformOrder, PlatformOrder.ticket_id == Ticket.id)
        row = (
            db.session()
            .scalars(rows.where(Ticket.number == number) if number else rows.where(PlatformOrder.code == code))
            .one()
        )
        tokens = (code,) if number else (code, code[-12:], row.number)
        script = Script(said, tokens, known, floor, row.search_rank or 0)
        db.session().rollback()
        script_file(name).write_bytes(pickle.dumps(script))
        return script, queries, len(found.data)

    def _beside(
        self, name: str, ours: list[bytes], script: Script, queries: int, size: int,
        instead: Sequence[tuple[int, ...]], expect: int = 200,
    ) -> Result:  # fmt: skip
        """Ours and as many bare repetitions through the same server, in turns."""
        asked = [
            f"/bench/statements/{name}?n={n + 1}&instead={','.join(map(str, ids))}" for n, ids in enumerate(instead)
        ]
        bare, step = [load.request("POST", path) for path in asked], len(ours) // TURNS
        parts = ((ours[at : at + step], bare[at : at + step]) for at in range(0, len(ours), step))
        done, limit = load.in_turns(self.stage.port, parts, (expect, 200))
        return self.result(name, (done.rate, limit.rate), "requests/s", queries, size)

    def actor(self, account: str) -> Any:
        """Somebody as the services want them."""
        from app.domain.roles import Actor
        from app.services import sessions

        one = sessions.person(db.session(), self.stage.person(account))
        db.session().rollback()
        return Actor(one.user_id, one.role, one.organisation_id, one.province_id, one.name)
