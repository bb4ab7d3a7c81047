"""INV: holds three independent logs against each other, and the agents' own. Pure: lists of lines in, findings out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

from chaos.evidence import Finding, Logs
from chaos.felt import lists_made
from chaos.flags import flagged_in_time
from chaos.lines import Line

ISSUE = "WORK_ORDER_ISSUE"
WAITING = ("pending", "claimed", "sending")
STATES = (*WAITING, "sent", "failed", "unknown")
CAP, UNCAPPED = 15_000, ("untruthful", "loss", "extra_cost")  # fen a ticket
LEDGER_STATES = ("proposed", "contested", "waived", "confirmed")
MARKS_OVERDUE = ("first_reply", "resolve", "close", "appeal")


def acknowledged(logs: Logs) -> set[tuple[str, str, str]]:
    """(type, order, event) of every message that the platform was told success for."""
    return {(line["type"], line["code"], line["event"]) for line in logs.said("platform", "push") if line["success"]}


def one_ticket_each(logs: Logs) -> Finding:
    """Every acknowledged order has exactly one ticket, every ticket an order that was pushed, each begun once."""
    orders, known = Counter(row["code"] for row in logs.tables["platform_order"]), {
        row["id"] for row in logs.tables["ticket"]
    }  # fmt: skip
    issued = {code for kind, code, _event in acknowledged(logs) if kind == ISSUE}
    pushed = {line["code"] for line in logs.said("platform", "push") if line["type"] == ISSUE}
    wrong = [f"order {code} was acknowledged and has {orders[code]} tickets" for code in issued if orders[code] != 1]
    linked = Counter(row["ticket_id"] for row in logs.tables["platform_order"])
    for row in logs.tables["platform_order"]:
        if row["code"] not in pushed or row["ticket_id"] not in known:
            wrong.append(f"order {row['code']} was never pushed, or its ticket is missing")
    wrong += [f"ticket {one} has no order" for one in known if not linked[one]]
    for row in logs.tables["entries"]:
        expected = 1 if row["type"] == "received" else linked[row["ticket_id"]]
        if row["n"] != expected:
            wrong.append(f"ticket {row['ticket_id']} has {row['n']} entries {row['type']}, not {expected}")
    begun = {row["ticket_id"] for row in logs.tables["entries"] if row["type"] == "received"}
    wrong += [f"ticket {one} was never received" for one in known - begun]
    return Finding("acknowledged orders, one ticket each", len(issued), wrong)


def each_stored_once(logs: Logs) -> Finding:
    """Every acknowledged message is stored once, as it was sent, and was applied where its order is known."""
    sent = {(line["type"], line["code"], line["event"]): line["sha"] for line in logs.said("platform", "push")}
    keys = {(row["msg_type"], row["order_code"], row["event_key"]): row for row in logs.tables["push_key"]}
    stored = Counter((row["msg_type"], row["order_code"], row["event_key"]) for row in logs.tables["inbox"])
    states = {(row["msg_type"], row["order_code"], row["event_key"]): row["state"] for row in logs.tables["inbox"]}
    known, wrong = {row["code"] for row in logs.tables["platform_order"]}, []
    yes = acknowledged(logs)
    for one in yes:
        if one not in keys or stored[one] != 1:
            wrong.append(f"{one} was acknowledged and is stored {stored[one]} times")
        elif keys[one]["sha256"] != sent[one]:
            wrong.append(f"{one} is stored with another body")
        elif states[one] != ("applied" if one[1] in known else "waiting"):
            wrong.append(f"{one} is {states[one]}")
    wrong += [f"{one} is stored and was never sent" for one in stored if one not in sent]
    return Finding("acknowledged messages, stored once", len(yes), wrong)


def intents_settled(logs: Logs) -> Finding:
    """Every intent is delivered, failed-visible, unknown-visible or pending with a next try."""
    wrong = []
    for row in logs.tables["outbox"]:
        if row["state"] not in STATES:
            wrong.append(f"outbox {row['id']} is {row['state']}")
        elif row["state"] in (*WAITING, "unknown") and row["next_try_at"] is None:
            wrong.append(f"outbox {row['id']} is {row['state']} and nobody will try it again")
        elif row["state"] == "failed" and not row["error"]:
            wrong.append(f"outbox {row['id']} failed without a reason")
    return Finding("intents, settled or with a next try", len(logs.tables["outbox"]), wrong)


def _sms(logs: Logs) -> dict[str, Line]:
    return {str(row["id"]): row for row in logs.tables["outbox"] if row["kind"] == "sms"}


def one_sms_each(logs: Logs) -> Finding:
    """The gateway accepted at most one message per (clock run, stage, phone), and what the portal believes fits."""
    rows, accepted = _sms(logs), Counter(line["out_id"] for line in logs.said("gateway", "accepted"))
    phones = {line["out_id"]: line["phone"] for line in logs.said("gateway", "accepted")}
    wrong = [f"the gateway accepted {n} messages for outbox {one}" for one, n in accepted.items() if n > 1]
    told: Counter[tuple[Any, ...]] = Counter()
    for row in logs.tables["reminder"]:
        told[row["clock_id"], row["stage"], row["phone"]] += accepted[str(row["outbox_id"])]
    wrong += [f"stage {key} was told {n} times" for key, n in told.items() if n > 1]
    for one in accepted:
        if one not in rows:
            wrong.append(f"the gateway accepted {one}, which no outbox row stands for")
        elif rows[one]["payload"].get("phone") not in (None, "", phones[one]):
            wrong.append(f"outbox {one} went to another phone")
    for one, row in rows.items():
        if row["state"] == "sent" and not accepted[one]:
            wrong.append(f"outbox {one} counts as sent and the gateway never had it")
        if row["state"] in ("pending", "failed") and accepted[one]:
            wrong.append(f"outbox {one} is {row['state']} and the gateway has it")
    return Finding("SMS, at most one a clock run, stage and phone", sum(accepted.values()), wrong)


def one_penalty_each(logs: Logs) -> Finding:
    """At most one penalty per (rule, ticket, organisation, occurrence), and no charge above its price."""
    names = ("rule", "ticket_id", "organisation_id", "person_id", "occurrence")
    facts = Counter(tuple(row[name] for name in names) for row in logs.tables["penalty"])
    wrong = [f"{key} is charged {n} times" for key, n in facts.items() if n > 1]
    for row in logs.tables["penalty"]:
        if not 0 <= row["amount_fen"] <= row["full_fen"]:
            wrong.append(f"{row['rule']} on {row['ticket_id']} charges {row['amount_fen']} of {row['full_fen']} fen")
    return Finding("penalties, one a fact", len(logs.tables["penalty"]), wrong)


def ledger_adds_up(logs: Logs) -> Finding:
    """The lines of the ledger add up to the totals that the portal prints, by month, organisation and state."""
    sums: Counter[tuple[str, int, str]] = Counter()
    for row in logs.tables["penalty"]:
        sums[row["month"], row["organisation_id"], row["state"]] += row["amount_fen"]
    printed: Counter[tuple[str, int, str]] = Counter()
    for line in logs.printed:
        for state in LEDGER_STATES:
            printed[line["month"], line["organisation_id"], state] += line[f"{state}_fen"]
    wrong = [f"{key} adds up to {sums[key]} fen and {printed[key]} are printed" for key in sorted(sums | printed)
             if sums[key] != printed[key]]  # fmt: skip
    return Finding("ledger lines, adding up to what is printed", len(logs.tables["penalty"]), wrong)


def late_replies_charged(logs: Logs) -> Finding:
    """Each late first reply stands in the ledger, unless its complaint was withdrawn or the ledger has yet to look;
    a ticket costs no more than its cap."""
    spared = {row["id"] for row in logs.tables["ticket"] if row["state"] == "withdrawn"}
    spared |= {row["ticket_id"] for row in logs.tables["penalty_due"]}
    charged = {row["ticket_id"] for row in logs.tables["penalty"] if row["rule"] == "first_reply_late"}
    late = {row["ticket_id"] for row in logs.tables["clock"] if row["kind"] == "first_reply" and row["breached_at"]}
    wrong = [f"the late first reply of ticket {one} is not charged" for one in late - spared - charged]
    sums: Counter[int] = Counter()
    for row in logs.tables["penalty"]:
        sums[row["ticket_id"]] += row["amount_fen"] if row["rule"] not in UNCAPPED else 0
    wrong += [f"ticket {one} costs {fen} fen" for one, fen in sums.items() if fen > CAP]
    return Finding("late first replies, charged up to the cap", len(late), wrong)


def replies_stored(logs: Logs) -> Finding:
    """Each acknowledged reply is stored once, each other at most once, and a refused one not at all."""
    stored: Counter[str] = Counter()
    for row in logs.tables["text"]:
        if row["type"] in ("result", "follow_up"):
            stored[_mark(row["body"])] += 1
    once = Counter(row["key"] for row in logs.tables["submission"])
    wrong, looked = [], 0
    keys = {line["mark"]: line["key"] for line in logs.said("agents", "form") if line["mark"]}
    for line in logs.said("agents", "said"):
        mark, outcome = line["mark"], line["outcome"]
        if not mark:
            continue
        looked += 1
        n = stored[mark]
        allowed = {"yes": (1,), "no": (0,), "unknown": (0, 1)}[outcome]
        if n not in allowed:
            wrong.append(f"{line['verb']} {mark} on {line['number']} was told {outcome} and is stored {n} times")
        elif outcome == "yes" and keys.get(mark) and once[keys[mark]] != 1:
            wrong.append(f"{line['verb']} {mark}: its one-time key is stored {once[keys[mark]]} times")
    asked = {line["mark"] for line in logs.said("agents", "form")}
    wrong += [f"text {mark} is stored and nobody wrote it" for mark in stored if mark and mark not in asked]
    return Finding("replies of the agents, stored once", looked, wrong)


def _mark(body: Any) -> str:
    text = str(body.get("text", "")) if isinstance(body, dict) else ""
    return text.partition("〔")[2].rpartition("〕")[0]


def _called(message: Line) -> tuple[str, str, str]:
    return str(message.get("work_order_code")), str(message.get("operate_time")), str(message.get("operate_type"))


def replies_reached(logs: Logs) -> Finding:
    """What the portal sent reached the platform, in order per order, always the same; nothing else did."""
    codes = {row["id"]: row["code"] for row in logs.tables["platform_order"]}
    first: dict[tuple[str, str, str], int] = {}
    bodies, wrong = defaultdict(set), []
    for place, line in enumerate(logs.said("platform", "callback")):
        if line["took"]:
            first.setdefault(_called(line["message"]), place)
            bodies[_called(line["message"])].add(repr(sorted(line["message"].items())))
        elif line["error"] != "refused by mood":
            wrong.append(f"callback {_called(line['message'])} was wrong: {line['error']}")
    wrong += [f"callback {key} came with {len(said)} bodies" for key, said in bodies.items() if len(said) > 1]
    rows = [row for row in logs.tables["outbox"] if row["kind"] == "callback" and not row["payload"].get("call")]
    lanes, meant = defaultdict(list), set()
    for row in sorted(rows, key=lambda row: int(row["id"])):
        payload = row["payload"]
        key = (codes.get(payload["order_id"], "?"), payload["operate_time"], payload["operate_type"])
        meant.add(key)
        if row["state"] == "sent" and key not in first:
            wrong.append(f"callback {key} counts as sent and never reached the platform")
        if key in first:
            lanes[row["lane"]].append((first[key], key))
    wrong += [f"callback {key} was never meant" for key in first if key not in meant]
    for arrived in lanes.values():
        wrong += [f"{key} arrived before its forerunner" for key, one in _backwards(arrived) if one]
    return Finding("callbacks, at least once and in order", len(rows), wrong)


def _backwards(arrived: list[tuple[int, tuple[str, str, str]]]) -> Iterator[tuple[tuple[str, str, str], bool]]:
    for before, after in pairwise(arrived):
        yield after[1], after[0] < before[0]


def replies_called_back(logs: Logs) -> Finding:
    """Each acknowledged result has an intent for the platform, unless no order of its ticket wants an answer."""
    tickets = {row["number"]: row["id"] for row in logs.tables["ticket"]}
    orders = defaultdict(list)
    for row in logs.tables["platform_order"]:
        orders[row["ticket_id"]].append(row)
    said = {_mark(row["body"]): row["id"] for row in logs.tables["text"] if row["type"] == "result"}
    wanted = {str(row["payload"].get("text_id")) for row in logs.tables["outbox"] if row["kind"] == "callback"}
    results = [line for line in logs.said("agents", "said") if line["verb"] == "result" and line["outcome"] == "yes"]
    wrong = []
    for line in results:
        text, own = said.get(line["mark"]), orders[tickets.get(line["number"])]
        if text is not None and str(text) not in wanted and any(row["verdict"] != "cancelled" for row in own):
            wrong.append(f"result {line['mark']} on {line['number']} has no callback")
    return Finding("results of the agents, with a callback", len(results), wrong)


def deadlines_flagged(logs: Logs) -> Finding:
    """Every clock whose due has passed is flagged, its ticket stands among the overdue, and no stage is left behind."""
    tickets, due, wrong = {row["id"]: row for row in logs.tables["ticket"]}, 0, []
    for row in logs.tables["clock"]:
        name = f"{row['kind']} run {row['run']} of ticket {row['ticket_id']}"
        if row["stopped_at"] is None and row["state"] in ("running", "breached"):
            if datetime.fromisoformat(row["due_at"]) <= logs.now and row["kind"] not in ("objection", "delivery"):
                due += 1
                if row["breached_at"] is None:
                    wrong.append(f"{name} is late and not flagged")
                elif row["kind"] in MARKS_OVERDUE and not tickets[row["ticket_id"]]["overdue"]:
                    wrong.append(f"{name} is late and its ticket is not overdue")
            if row["next_stage_at"] and datetime.fromisoformat(row["next_stage_at"]) <= logs.now:
                wrong.append(f"{name} has a stage that nobody looked at")
    return Finding("late clocks, flagged", due, wrong)


def counted(logs: Logs) -> Finding:
    """The kept counters say what the open work adds up to."""
    expected: Counter[tuple[int, str]] = Counter()
    for row in logs.tables["work_item"]:
        marked = (("todo", row["turn"]), ("overdue", row["overdue"]), ("urged", row["urged"]))
        for name, counts in ((row["queue"], True), ("all", True), *marked):
            if counts:
                expected[row["scope"], name] += row["n"]
    kept = {(row["scope"], row["queue"]): row["n"] for row in logs.tables["counter"]}
    wrong = [
        f"scope {key[0]} counts {kept.get(key, 0)} {key[1]}, not {expected[key]}"
        for key in kept.keys() | expected.keys()
        if kept.get(key, 0) != expected[key]
    ]
    return Finding("kept counters, as the work adds up", len(kept), wrong)


def believed(logs: Logs) -> Finding:
    """The gateway believed each signature, its receipts were taken, and each entry of a ticket has its own number."""
    forged = [f"a request with a wrong signature: {line['path']}" for line in logs.said("gateway", "forged")]
    forged += [
        f"the receipt of {line['out_id']} was refused" for line in logs.said("gateway", "receipt") if not line["taken"]
    ]
    twice = [f"ticket {row['ticket_id']} has {row['n']} entries {row['seq']}" for row in logs.tables["event_key"]]
    return Finding("signatures, receipts, numbers of entries", len(logs.gateway), forged + twice)


CHECKS: tuple[Callable[[Logs], Finding], ...] = (
    one_ticket_each, each_stored_once, intents_settled, replies_stored, replies_called_back, replies_reached,
    one_sms_each, one_penalty_each, ledger_adds_up, late_replies_charged, deadlines_flagged, flagged_in_time,
    counted, believed, lists_made,
)  # fmt: skip


OF_PUSHES = (one_ticket_each, each_stored_once, one_penalty_each, ledger_adds_up, believed)


def compare(logs: Logs, checks: Iterable[Callable[[Logs], Finding]] = CHECKS) -> list[Finding]:
    """All checks; of a run in which nothing but pushes was at work `OF_PUSHES`."""
    return [check(logs) for check in checks]
