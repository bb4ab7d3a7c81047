"""What only a run with several hosts can say: whether its reader got every page and file, and whether the faults were
felt at all. A cut that nobody noticed would prove nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chaos.evidence import Finding, Logs
from chaos.hosts import HOSTS
from chaos.lines import Line
from chaos.network import NET
from chaos.portal_logs import spans

AFTER = 12.0  # seconds after the end of a cut in which who waited for it is answered
SLOW = 2.0  # seconds of a push that met one
SWITCH = "+switch-master"
LEFT = "read replica: not used"


def lists_made(logs: Logs) -> Finding:
    """Each list that was acknowledged to the reader is made once, the reader has each file, and each page was shown."""
    made = Counter(_form_key(row) for row in logs.tables["export"])
    states = {_form_key(row): row["state"] for row in logs.tables["export"]}
    orders = {line["key"] for line in logs.said("agents", "ordered") if line["yes"]}
    files = {line["export"]: line["bytes"] for line in logs.said("agents", "file")}
    wrong = [f"list {key} was acknowledged and is there {made[key]} times" for key in orders if made[key] != 1]
    wrong += [f"list {key} is {state}" for key, state in states.items() if state != "done"]
    wrong += [f"list {row['id']} was never taken" for row in logs.tables["export"] if str(row["id"]) not in files]
    wrong += [f"file {one} is empty" for one, size in files.items() if not size]
    pages = list(logs.said("agents", "page"))
    wrong += [f"{line['path']} gave HTTP {line['status']}" for line in pages if line["status"] != 200]
    return Finding("pages of the reader, and lists as files", len(pages) + len(orders), wrong)


def _form_key(row: Mapping[str, Any]) -> str:
    """The key that the form was sent with: it stands between who ordered and what was asked for."""
    return str(row["key"]).split(":")[1]


def faults_felt(faults: list[Line], pushes: Iterable[Line], portal_logs: Path, redis_logs: Path) -> Finding:
    """Each fault has left its trace: a push that waited or was not answered, a replica that was left, a new master."""
    sent = [line for line in pushes if line["what"] == "push" and (not line["status"] or line["seconds"] > SLOW)]
    masters = [kind for kind, _begun, _ended in spans(faults) if kind.startswith("redis master")]
    wrong = []
    for target, begun, ended in _cuts(faults):
        there = [line["at"] for line in sent if f"//{NET}.{HOSTS[target]}:" in line["to"]]
        if target.startswith("web") and not any(begun <= at <= ended + AFTER for at in there):
            wrong.append(f"no push has noticed that {target} was cut off")
        if target == "db-2" and not any(LEFT in log.read_text() for log in portal_logs.glob("web-*.log")):
            wrong.append("nobody has noticed that the replica was cut off")
    switched = max((log.read_text().count(SWITCH) for log in redis_logs.glob("sentinel-*.log")), default=0)
    if switched < len(masters):
        wrong.append(f"the Redis master was away {len(masters)} times and changed {switched} times")
    return Finding("faults of hosts, felt", len(list(_cuts(faults))) + len(masters), wrong)


def _cuts(faults: Iterable[Line]) -> Iterator[tuple[str, float, float]]:
    begun: dict[str, float] = {}
    for line in faults:
        if line.get("kind") == "host cut" and line["what"] == "begin":
            begun[line["target"]] = line["at"]
        elif line.get("kind") == "host cut":
            yield line["target"], begun[line["target"]], line["at"]
