"""django-helpdesk, under gunicorn as Django's documentation has it."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlencode

from bench.peers.peer import ESCALATION, QUEUES, Peer, environment
from bench.peers.places import FILES, SAID, WORD
from bench.peers.processes import bounded, run, served
from bench.peers.web import Browser, Sent, Work, form
from launcher.settings import HOST

WSGI = "from django.core.wsgi import get_wsgi_application\n\napplication = get_wsgi_application()\n"
ADDRESS = re.compile(r'"(/datatables_ticket_list/[^"]+)"')


class DjangoHelpdesk(Peer):
    """Its list is a page and the JSON that the page's script asks for; both belong to it."""

    name = "django-helpdesk"

    def install(self) -> str:
        """By pip, with a site around it."""
        self.programs = environment(self.place, Path(__file__).with_name("requirements-django-helpdesk.txt"))
        site = self._site
        site.mkdir(exist_ok=True)
        for name in ("settings", "urls"):
            shutil.copyfile(FILES / f"django-helpdesk-{name}.txt", site / f"peer_{name}.py")
        (site / "peer_wsgi.py").write_text(WSGI)
        told = "from importlib.metadata import version as v; print(v('django-helpdesk'), v('django'))"
        ours, django = run([str(self.programs / "python"), "-c", told]).split()
        return f"{ours} (Django {django})"

    @property
    def _site(self) -> Path:
        return self.place.home / "site"

    @property
    def _env(self) -> dict[str, str]:
        there = {"DJANGO_SETTINGS_MODULE": "peer_settings", "PYTHONPATH": str(self._site)}
        return {**self.place.environment(), **there}

    def _manage(self, *words: str) -> list[str]:
        return [str(self.programs / "python"), "-m", "django", *words]

    def make(self) -> None:
        """Its migrations, an agent and clerks, then the tickets."""
        run(self._manage("migrate", "-v", "0"), env=self._env, cwd=self._site)
        people = (FILES / "django-helpdesk-people.txt").read_text()
        run(self._manage("shell"), env=self._env, cwd=self._site, given=people)
        self.place.fill("django-helpdesk-fill.sql")

    def serve(self) -> AbstractContextManager[None]:
        """Two processes with four threads, as ours."""
        command = [
            str(self.programs / "gunicorn"), "-b", f"{HOST}:{self.port}", "-k", "gthread", "-w", "2", "--threads", "4",
            "--keep-alive", "75", "--timeout", "300", "--no-control-socket", "peer_wsgi:application",
        ]  # fmt: skip
        log = self.place.home / "server.log"
        return served(command, self.port, env=self._env, cwd=self._site, log=log)

    def signed_in(self) -> Browser:
        """By its form for signing in."""
        browser = Browser(self.port)
        browser.ask(Sent("/login/"))
        browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]
        browser.ask(form("/login/", {"username": "agent", "password": "bench", "next": "/tickets/"}))
        browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]
        return browser

    def queue_page(self) -> Work:
        """The list and what its script asks for."""
        return self._list([("status", "1"), ("status", "2"), ("sort", "priority")])

    def search(self) -> Work:
        """What the box at the head of each page sends."""
        return self._list([("q", WORD), *(("status", one) for one in "123"), ("search_type", "header")])

    def _list(self, asked: list[tuple[str, str]]) -> Work:
        page = Sent(f"/tickets/?{urlencode(asked)}", holds=b"datatables_ticket_list")
        found = ADDRESS.search(self.browser.ask(page))
        rows = urlencode({"draw": 1, "start": 0, "length": 50, "search[value]": "", "search[regex]": "false"})
        return page, Sent(f"{found[1] if found else ''}?{rows}", holds=b'"row_class"')

    def ticket_page(self) -> Work:
        """The whole thread is in the page."""
        return (Sent(f"/tickets/{self.size}/", holds=b"Note 50:"),)

    def reply(self, n: int) -> Work:
        """The form below the thread: a public comment."""
        ticket = self.open_ticket(n)
        fields = {
            "comment": "Reached the receiver, the parcel was handed over", "public": "1", "new_status": "2",
            "title": self.title(ticket), "queue": str(1 + ticket % QUEUES), "priority": str(2 + ticket // 10 % 4),
        }  # fmt: skip
        return (form(f"/tickets/{ticket}/update/", fields),)

    def create(self, n: int) -> Work:
        """Its interface for programs."""
        body = {
            "queue": 1 + n % QUEUES, "title": SAID[0], "priority": 3,
            "description": f"Parcel {n}. Please get in touch with the receiver soon.", "status": 1,
            "submitter_email": f"customer{n % 1000}@bench.invalid",
        }  # fmt: skip
        return (Sent("/api/tickets/", json.dumps(body).encode(), "application/json", (201,)),)

    def escalate(self) -> tuple[float, int, int]:
        """Its command, for as many queues as hold what is to be done."""
        queues = [f"p{n}" for n in range(self.queues_due)]
        begun = self.place.asked("SELECT now()")
        log = self.place.home / "escalation.log"
        command = self._manage("escalate_tickets", "--queues", *queues)
        took, _ = bounded(command, env=self._env, cwd=self._site, log=log, seconds=ESCALATION)
        done = self.place.asked("SELECT count(*) FROM helpdesk_ticket WHERE last_escalation > :at", {"at": begun})
        return took, int(done), self.due
