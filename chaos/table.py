"""The table at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from chaos import lines
from chaos.evidence import Finding, states
from chaos.flags import lag
from chaos.lines import Line
from chaos.plan import Fault
from chaos.stage import Stage

SHOWN = 12  # differences of one check; all of them are in differences.txt
WIDTH = 46


def told(stage: Stage, findings: list[Finding], faults: list[Fault], seconds: float, left: dict[str, int]) -> str:
    """What was done, what was looked at, and what differs."""
    database = lines.read(stage.log("database"))
    outbox = [line for line in database if line["what"] == "outbox"]
    pushes = [line for line in lines.read(stage.log("platform")) if line["what"] == "push"]
    forms = Counter(line["outcome"] for line in lines.read(stage.log("agents")) if line["what"] == "said")
    head = [
        f"\nchaos: seed {stage.wish.seed}, {stage.wish.engine}, {seconds:.0f} s, {len(faults)} faults",
        f"  faults     {_kinds(faults)}",
        f"  pushes     {len(pushes)} tries, {sum(line['success'] for line in pushes)} taken",
        f"  forms      {', '.join(f'{n} {name}' for name, n in sorted(forms.items()))}",
        f"  callbacks  {states(row for row in outbox if row['kind'] == 'callback')}",
        f"  SMS        {states(row for row in outbox if row['kind'] == 'sms')}",
        f"  late flags {_lags(database, stage.wish.speed)}",
        *_read(stage, pushes),
        f"  left over  {', '.join(f'{n} {name}' for name, n in left.items())}",
        "",
        f"  {'check':<{WIDTH}} {'looked at':>9} {'differ':>7}",
    ]
    body = [f"  {one.name:<{WIDTH}} {one.looked_at:>9} {len(one.differences):>7}" for one in findings]
    wrong = [f"{one.name}: {what}" for one in findings for what in one.differences]
    (stage.folder / "differences.txt").write_text("".join(f"{line}\n" for line in wrong))
    shown = [f"  ! {one.name}: {what}" for one in findings for what in one.differences[:SHOWN]]
    last = f"  {'all agrees' if not wrong else f'{len(wrong)} differences'}; everything is in {stage.folder}"
    return "\n".join([*head, *body, *shown, last])


def _read(stage: Stage, pushes: list[Line]) -> list[str]:
    """How long pages and pushes took at most, where somebody reads."""
    said = lines.read(stage.log("agents")) if stage.wish.reader else []
    pages, files = ([line for line in said if line["what"] == what] for what in ("page", "file"))
    if not pages:
        return []
    longest, push = (max(line["seconds"] for line in those) for those in (pages, pushes))
    return [
        f"  analysis   {len(pages)} pages, {longest:.1f} s at most, {len(files)} lists; a push {push:.1f} s at most"
    ]


def _lags(database: list[Line], speed: int) -> str:
    lags = sorted(lag(row, speed) for row in database if row["what"] == "breach")
    if not lags:
        return "none"
    return f"{len(lags)}, after {lags[len(lags) // 2]:.1f} s (median), {lags[-1]:.1f} s at most"


def _kinds(faults: Iterable[Fault]) -> str:
    return ", ".join(f"{n} {kind}" for kind, n in sorted(Counter(fault.kind for fault in faults).items()))
