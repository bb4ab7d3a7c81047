"""Request Tracker as Debian packages it, under Starman, one of the servers that its documentation names."""

from __future__ import annotations

import getpass
import json
import os
import shutil
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

from bench.peers.peer import ESCALATION, QUEUES, Peer
from bench.peers.places import FILES, SAID, WORD
from bench.peers.processes import Missing, bounded, run, served
from bench.peers.web import Browser, Sent, Work, form
from launcher.settings import HOST

PACKAGES = ("request-tracker5", "rt5-db-postgresql", "rt5-standalone", "starman")
SHARE = Path("/usr/share/request-tracker5")
SETUP, INDEX, CRON = "/usr/sbin/rt-setup-database-5", "/usr/sbin/rt-setup-fulltext-index-5", "/usr/bin/rt-crontool-5"
NO_DATABASE = "request-tracker5 request-tracker5/dbconfig-install boolean false\n"  # ours makes its own


class RequestTracker(Peer):
    """Its ticket is a page and the history that the page's script asks for; both belong to it."""

    name = "rt"

    def install(self) -> str:
        """Debian's package; it is left installed, and its own settings in /etc are not used."""
        if not Path(SETUP).exists() or not shutil.which("starman"):
            self._apt()
        for folder in ("settings.d", "mason", "sessions"):
            (self.place.home / folder).mkdir(exist_ok=True)
        return run(["dpkg-query", "-W", "-f", "${Version}", "request-tracker5"]).strip()

    def _apt(self) -> None:
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise Missing("Debian's request-tracker5 is not installed, and only root can install it")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        run(["debconf-set-selections"], given=NO_DATABASE)
        with suppress(Missing):  # without a network what is known of packages may do
            run(["apt-get", "update", "-q"], env=quiet)
        run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *PACKAGES], env=quiet)

    @property
    def _env(self) -> dict[str, str]:
        return {
            **self.place.environment(), "PEER_PORT": str(self.port), "RT_SITE_CONFIG": str(FILES / "rt-site.txt"),
            "RT_SITE_CONFIG_DIR": str(self.place.home / "settings.d"),
        }  # fmt: skip

    def make(self) -> None:
        """Its schema and first rows, its full text index, people and queues, then the tickets."""
        role = ["--dba", self._env["PGUSER"], "--dba-password", self._env["PGPASSWORD"]]
        for words in (
            ["--action", "schema"], ["--action", "coredata"],
            ["--action", "insert", "--datafile", str(SHARE / "etc" / "initialdata")],
            ["--action", "insert", "--datafile", str(FILES / "rt-people.txt")],
        ):  # fmt: skip
            run([SETUP, *words, *role], env=self._env)
        index = ["--noask", "--table", "AttachmentsIndex", "--column", "ContentIndex", "--index-type", "GIN"]
        run([INDEX, *index, *role], env=self._env)
        # its scheduled runs act as whoever of its people has the name of the program's owner
        who = {"who": getpass.getuser()}
        self.place.asked("UPDATE users SET gecos = :who WHERE name = 'root' RETURNING id", who)
        self.place.fill("rt-fill.sql")

    def serve(self) -> AbstractContextManager[None]:
        """Two processes; it has no threads."""
        command = [
            str(SHARE / "libexec" / "rt-server"), "--server", "Starman", "--listen", f"{HOST}:{self.port}",
            "--workers", "2", "--env", "deployment",
        ]  # fmt: skip
        home = self.place.home
        return served(command, self.port, env=self._env, cwd=home, log=home / "server.log")

    def signed_in(self) -> Browser:
        """By its form for signing in."""
        # a process of Starman's serves one connection, so that a proxy before it, or we, must not keep one open
        browser = Browser(self.port, headers={"Connection": "close"})
        browser.ask(Sent("/"))
        who = {"user": "agent", "pass": "bench-agent", "next": ""}
        browser.ask(form("/NoAuth/Login.html", who, holds=b"agent@bench.invalid"))
        return browser

    def queue_page(self) -> Work:
        """Its list of a search, as a saved one shows it."""
        asked = {"Query": "Status = '__Active__'", "OrderBy": "Priority|id", "Order": "DESC|ASC", "Rows": "50"}
        return (Sent(f"/Search/Results.html?{urlencode(asked)}", holds=b"Province"),)

    def search(self) -> Work:
        """What the box at the head of each page sends; it finds open tickets."""
        return (Sent(f"/Search/Simple.html?q={quote(WORD)}", holds=b"Left at the station"),)

    def ticket_page(self) -> Work:
        """The page, and its history."""
        thread = Sent(f"/Helpers/TicketHistory?id={self.size}", holds=b"Note 50:")
        return Sent(f"/Ticket/Display.html?id={self.size}", holds=b"delayed_ticket_history"), thread

    def reply(self, n: int) -> Work:
        """The form for answering."""
        ticket = str(self.open_ticket(n))
        fields = {
            "id": ticket, "Action": "Respond", "UpdateType": "response", "UpdateContentType": "text/plain",
            "UpdateContent": "Reached the receiver, the parcel was handed over", "UpdateSubject": "parcel",
            "SubmitTicket": "Update Ticket",
        }  # fmt: skip
        return (form("/Ticket/Update.html", fields),)

    def create(self, n: int) -> Work:
        """Its interface for programs."""
        body = {
            "Queue": f"Province {n % QUEUES}", "Subject": SAID[0],
            "Content": f"Parcel {n}. Please get in touch with the receiver soon.",
            "Requestor": f"customer{n % 100}@bench.invalid",
        }  # fmt: skip
        return (Sent("/REST/2.0/ticket", json.dumps(body).encode(), "application/json", (201,)),)

    def escalate(self) -> tuple[float, int, int]:
        """Its tool for scheduled runs with its own action, over as many queues as hold what is to be done."""
        queues = " OR ".join(f"Queue = 'Province {n}'" for n in range(self.queues_due))
        search = ["--search", "RT::Search::FromSQL", "--search-arg", f"({queues}) AND Status = '__Active__'"]
        raised = "SELECT count(*) FROM tickets WHERE id <= :size AND priority <> initialpriority"
        home = self.place.home
        took, _ = bounded(
            [CRON, *search, "--action", "RT::Action::EscalatePriority"],
            env=self._env, cwd=home, log=home / "escalation.log", seconds=ESCALATION,
        )  # fmt: skip
        return took, int(self.place.asked(raised, {"size": self.size})), self.due
