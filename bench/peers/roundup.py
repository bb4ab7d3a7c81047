"""Roundup, under gunicorn as its documentation has it, with the full text search of PostgreSQL."""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlencode

from bench.peers.peer import Peer, environment
from bench.peers.places import SAID, WORD
from bench.peers.processes import run, served
from bench.peers.web import Browser, Sent, Work, form
from launcher.settings import HOST

WSGI = "from roundup.cgi.wsgi_handler import RequestDispatcher\n\napp = RequestDispatcher({home!r})\n"
TEXT = "Note: the customer called again, the courier was told and is to answer\n"
LINKS = 10_000  # names that one file on the disk gets at most
COLUMNS = "id,activity,title,creator,assignedto,status"


class Roundup(Peer):
    """Its tracker `classic`. Texts of messages lie in files of its own beside the database."""

    name = "roundup"

    def install(self) -> str:
        """By pip."""
        self.programs = environment(self.place, Path(__file__).with_name("requirements-roundup.txt"))
        told = "from importlib.metadata import version as v; print(v('roundup'))"
        return run([str(self.programs / "python"), "-c", told]).strip()

    @property
    def _home(self) -> Path:
        return self.place.home / str(self.size)

    def _admin(self, *words: str) -> list[str]:
        return [str(self.programs / "roundup-admin"), "-i", str(self._home), *words]

    def make(self) -> None:
        """The tracker, its schema, an agent, the tickets, and a file for each message."""
        shutil.rmtree(self._home, ignore_errors=True)
        there = self.place.environment()
        settings = {
            "admin_email": "admin@bench.invalid", "dispatcher_email": "admin@bench.invalid",
            "indexer": "native-fts", "tracker_email": "tracker@bench.invalid",
            "tracker_web": f"http://{HOST}/", "rdbms_name": there["PGDATABASE"], "rdbms_host": there["PGHOST"],
            "rdbms_port": there["PGPORT"], "rdbms_user": there["PGUSER"], "rdbms_password": there["PGPASSWORD"],
            "mail_domain": "bench.invalid", "mail_host": HOST, "mail_debug": "/dev/null",
        }  # fmt: skip
        words = ",".join(f"{name}={value}" for name, value in settings.items())
        run(self._admin("install", "classic", "postgresql", words))
        run(self._admin("initialise", "bench"), given="Y\n")  # the database is there, empty
        agent = ["username=agent", "password=bench", "roles=User", "address=agent@bench.invalid"]
        run(self._admin("create", "user", *agent))
        self.place.fill("roundup-fill.sql")
        self._texts(int(self.place.asked("SELECT max(id) FROM _msg")))

    def _texts(self, messages: int) -> None:
        """The file of each message; they share what they hold, for a message's file is never written again."""
        folder, source = self._home / "db" / "files" / "msg", Path()
        for n in range(1, messages + 1):
            here = folder / str(n // 1000)
            if n == 1 or n % 1000 == 0:
                here.mkdir(parents=True, exist_ok=True)
            if (n - 1) % LINKS == 0:
                source = here / f"msg{n}"
                source.write_text(TEXT)
            else:
                os.link(source, here / f"msg{n}")

    def serve(self) -> AbstractContextManager[None]:
        """Two processes with four threads, as ours."""
        self._config("web", f"http://{HOST}:{self.port}/")
        (self.place.home / "peer_wsgi.py").write_text(WSGI.format(home=str(self._home)))
        command = [
            str(self.programs / "gunicorn"), "-b", f"{HOST}:{self.port}", "-k", "gthread", "-w", "2", "--threads", "4",
            "--keep-alive", "75", "--timeout", "300", "--no-control-socket", "peer_wsgi:app",
        ]  # fmt: skip
        log = self.place.home / "server.log"
        return served(command, self.port, env=self.place.environment(), cwd=self.place.home, log=log)

    def _config(self, name: str, value: str) -> None:
        """Another value in its settings: its own address, by which it knows forms of its own pages."""
        file = self._home / "config.ini"
        lines = file.read_text().splitlines()
        file.write_text("\n".join(f"{name} = {value}" if one.startswith(f"{name} = ") else one for one in lines) + "\n")

    def signed_in(self) -> Browser:
        """By its form for signing in."""
        browser = Browser(self.port)
        browser.ask(Sent("/"))
        browser.ask(
            form(
                "/",
                {
                    "@action": "login",
                    "__login_name": "agent",
                    "__login_password": "bench",
                    "__came_from": f"http://{HOST}:{self.port}/",
                },
            )
        )
        return browser

    def queue_page(self) -> Work:
        """All that is not resolved, the most urgent ones first, then the oldest."""
        asked = {
            "@columns": f"{COLUMNS},priority", "@sort": "priority,activity", "@filter": "status",
            "status": "-1,1,2,3,4,5,6,7", "@pagesize": "50", "@startwith": "0",
        }  # fmt: skip
        return (Sent(f"/issue?{urlencode(asked)}", holds=b"1..50"),)

    def search(self) -> Work:
        """What the box at the head of each page sends."""
        asked = {"@columns": COLUMNS, "@sort": "activity", "@group": "priority", "@search_text": WORD}
        return (Sent(f"/issue?{urlencode(asked)}", holds=b"1..50"),)

    def ticket_page(self) -> Work:
        """The whole thread and its history are in the page."""
        return (Sent(f"/issue{self.size}", holds=b"the customer called again"),)

    def reply(self, n: int) -> Work:
        """The form of the page: a note."""
        fields = {"@action": "edit", "@note": "Reached the receiver, the parcel was handed over"}
        return (form(f"/issue{self.open_ticket(n)}", fields),)

    def create(self, n: int) -> Work:
        """The form for a new one, for its interface for programs takes the message and the ticket one by one."""
        fields = {
            "@action": "new", "title": SAID[0], "priority": "3",
            "@note": f"Parcel {n}. Please get in touch with the receiver soon.",
        }  # fmt: skip
        return (form("/issue?@template=item", fields),)
