"""PDF files made by processes of their own, side by side: they know nothing of the portal, neither its code nor its
settings, and what they needed goes back to the machine when they end.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from app.integrations.pdf import PdfError

PROGRAM = Path(__file__).with_name("pdf.py")
WORKERS = 2
END_SECONDS = 5.0
# what a process is told of the machine; the portal's own settings are none of its business
KNOWN = ("PATH", "HOME", "LANG", "LC_", "TMPDIR", "PYTHON", "LD_LIBRARY_PATH", "DYLD_", "FONTCONFIG_", "XDG_CACHE_HOME")

_processes: list[subprocess.Popen[str]] = []


def render_all(documents: Sequence[tuple[str, Path]], css: Sequence[str]) -> None:
    """Render (html, target) pairs side by side, by processes that stay until `close`. Raises PdfError."""
    try:
        for begin in range(0, len(documents), WORKERS):
            together = documents[begin : begin + WORKERS]
            while len(_processes) < len(together):
                _processes.append(_start())
            for process, (html, target) in zip(_processes, together, strict=False):
                _ask(process, {"html": html, "css": list(css), "target": str(target)})
            for process, _document in zip(_processes, together, strict=False):
                _answer(process)
    except BaseException:
        close()
        raise


def put_together(target: Path, rows: Iterable[Sequence[Any]], title: str) -> None:
    """Make one PDF of those in a spool: rows whose first cell is a PDF in base 64, or empty. Raises PdfError."""
    parts = []
    for number, row in enumerate(rows):
        if row[0]:
            parts.append(target.parent / f"part-{number}.pdf")
            parts[-1].write_bytes(base64.b64decode(str(row[0])))
    close()  # whoever has rendered makes room for the one that puts together
    _processes.append(_start())
    try:
        _ask(_processes[0], {"parts": list(map(str, parts)), "target": str(target), "title": title})
        _answer(_processes[0])
    finally:
        close()


def close() -> None:
    """End the processes, also one that is at work."""
    while _processes:
        process = _processes.pop()
        process.terminate()
        try:
            process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _start() -> subprocess.Popen[str]:
    """A process in a session of its own: a signal to the worker's group is the worker's to answer. It ends with its
    input, so also when the worker was killed. `-P`: the folder of the program holds no modules for it."""
    known = {name: value for name, value in os.environ.items() if name.startswith(KNOWN)}
    return subprocess.Popen(  # noqa: S603 - this Python and a file beside this one
        [sys.executable, "-P", str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=known,
        encoding="utf-8", start_new_session=True,
    )  # fmt: skip


def _ask(process: subprocess.Popen[str], asked: dict[str, Any]) -> None:
    try:
        print(json.dumps(asked), file=process.stdin, flush=True)
    except OSError:
        raise PdfError("process_ended", permanent=False) from None


def _answer(process: subprocess.Popen[str]) -> None:
    """Wait for what was asked. Raises PdfError."""
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise PdfError("process_ended", permanent=False)
    said = json.loads(line)
    if "error" in said:
        raise PdfError(said["error"], permanent=said["permanent"])
