"""`python -m chaos.agents`: clerks at work, each with a log line for every form before it is sent and after.

An agent takes a ticket of the to-do list, claims it, logs a contact or answers. A form is sent again with the same
one-time key until the portal has said yes or no. Each text carries a mark by which it is found again.
"""

from __future__ import annotations

import argparse
import random
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

from chaos import clock
from chaos.browser import Away, Browser, signed_out
from chaos.lines import Lines
from chaos.reader import Reader
from simulator.pageforms import PageForm, read_page, with_action
from simulator.protocol import SHANGHAI

YES = 303
FIRST = 20  # tickets of the list that an agent chooses from


class Agent(threading.Thread):
    """One clerk."""

    def __init__(self, portals: list[str], account: str, log: Lines, clock_file: Path, seed: int) -> None:
        super().__init__(name=account)
        self.browser, self.log, self.clock_file = Browser(portals, account), log, clock_file
        self.draw, self.account, self.turns = random.Random(f"{account} {seed}"), account, 0
        self.stopping = threading.Event()
        self.told: set[str] = set()

    def run(self) -> None:
        """Work until told to stop; what was begun is finished."""
        while not self.stopping.wait(0.2):
            try:
                self.turn()
            except Away as error:
                self.log.write("away", account=self.account, path=str(error))

    def turn(self) -> None:
        """One ticket."""
        numbers = self.browser.tickets("/tickets?queue=todo")
        if not numbers:
            self.stopping.wait(1)
            return
        number = self.draw.choice(numbers[:FIRST])
        forms = read_page(self.browser.page(f"/tickets/{number}", pane=True).text)[0]
        claim, contact, result = (with_action(forms, f"/{verb}") for verb in ("claim", "follow-up", "result"))
        if claim and self.draw.random() < 0.3:
            self.send(number, "claim", *claim, {})
        elif contact and number not in self.told and self.draw.random() < 0.5:
            self.told.add(number)
            self.send(number, "follow-up", *contact, self.contact())
        elif result:
            self.send(number, "result", *result, self.result(result[0]))

    def contact(self) -> dict[str, str]:
        """A logged contact and when the next news comes."""
        later = (clock.read(self.clock_file) + timedelta(hours=4)).astimezone(SHANGHAI)
        return {"contact_outcome": "reached_accepts", "next_update_at": later.strftime("%Y-%m-%dT%H:%M"),
                "text": f"已联系客户了解情况，正在与派件员核实。{self.mark()}"}  # fmt: skip

    def result(self, form: PageForm) -> dict[str, str]:
        """An answer with all that the platform wants to know; the preview is confirmed."""
        values = {
            "contact_outcome": "reached_accepts", "finding_signed_by": "客户本人", "action_taken": "redelivered",
            "confirmed": "1", "text": f"您好，已核实情况并与您联系处理，深表歉意。{self.mark()}",
        }  # fmt: skip
        for control in form.inputs:
            if control.name.startswith("answer"):
                values[control.name] = self.draw.choice([choice for choice in control.choices if choice] or [""])
            elif control.name.startswith("supplement"):
                choices = [choice for choice in control.choices if choice]
                values[control.name] = choices[0] if choices else "20" if control.kind == "number" else "客户本人"
        return values

    def mark(self) -> str:
        """A text that occurs once."""
        self.turns += 1
        return f"〔{self.account}#{self.turns}〕"

    def send(self, number: str, verb: str, form: PageForm, address: str, values: dict[str, str]) -> None:
        """Send a form until there is an answer, and log which."""
        data, mark = form.filled(values), f"{values.get('text', '')}〔".split("〔")[1].rstrip("〕")
        key = dict(data).get("submission_key", "")
        self.log.write("form", account=self.account, number=number, verb=verb, mark=mark, key=key)
        status, outcome = 0, "unknown"
        try:
            for _try in range(4):
                answer = self.browser.ask("POST", address, data)
                status = answer.status_code
                if not signed_out(answer):
                    outcome = "yes" if status == YES else "no"
                    break
                data = self.signed_in_again(number, verb, data)
        except Away:
            pass
        what = {"account": self.account, "number": number, "verb": verb, "mark": mark}
        self.log.write("said", **what, outcome=outcome, status=status)

    def signed_in_again(self, number: str, verb: str, data: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The same form with the new session's token."""
        self.browser.sign_in()
        found = self.browser.form(f"/tickets/{number}", f"/{verb}", pane=True)
        control = found[0].named("csrf_token") if found else None
        return [(name, control.value if control and name == "csrf_token" else value) for name, value in data]


def main() -> None:
    """Work until SIGTERM, then finish."""
    parser = argparse.ArgumentParser(prog="python -m chaos.agents", description=__doc__)
    for name in ("portal", "accounts", "clock-file", "log"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--reader", default="", help="an account that looks at the analysis and exports it")
    wish, stopped = parser.parse_args(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    log, portals = Lines(Path(wish.log)), wish.portal.split(",")
    agents: list[Agent | Reader] = [Reader(portals, wish.reader, log)] if wish.reader else []
    agents += [Agent(portals, one, log, Path(wish.clock_file), wish.seed) for one in wish.accounts.split(",")]
    for agent in agents:
        agent.start()
    while not stopped.wait(0.2):
        pass
    for agent in agents:
        agent.stopping.set()
    for agent in agents:
        agent.join()
    time.sleep(0.05)


if __name__ == "__main__":
    main()
