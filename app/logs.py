"""Logs: a line is one JSON object in production, plain text elsewhere, and neither holds personal data.

An exception is written as its kind and the places it went through, never with its own words: a driver puts values of
rows into them. Telephone numbers in any line are masked. Whose request it was stands beside every line as `request`.
"""

from __future__ import annotations

import logging
import os
import re
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog

from app.domain.masking import mask_text

Line = MutableMapping[str, Any]
# What kind of error a report in words tells of, and none of its words.
REPORTED = re.compile(
    r"^((?:[a-z_]\w*\.)+[A-Z]\w*|[A-Z]\w*(?:Error|Exception|Interrupt|Exit))(?=:|$)", re.ASCII | re.MULTILINE
)
# Of a request that the server cannot read, what is wrong with it and none of what stood in it: an address that was not
# encoded, a header in two lines. The server quotes these.
UNREADABLE = ("Invalid request from ", "Error handling request ")
QUOTED = re.compile(r""" ?(?:b?['"]|/).*""", re.DOTALL)
FRAMES = 12  # innermost, of one exception
KEPT = frozenset({"timestamp", "level", "logger", "request", "view", "ms", "status", "method", "user"})


def set_up(form: str, *, level: int = logging.INFO) -> None:
    """Write all of this process's logs as `form` ("json" or "text") to standard error; asked twice it stays one."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(form))
    handler.set_name("kuaifu")
    for name in ("", "gunicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
    logging.getLogger("gunicorn.error").propagate = False
    logging.getLogger().setLevel(level)
    logging.getLogger("request").setLevel(level if form == "json" else logging.WARNING)


def formatter(form: str) -> logging.Formatter:
    """The formatter of every handler."""
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _where,
        _scrub,
    ]
    last: Any = structlog.processors.JSONRenderer(ensure_ascii=False) if form == "json" else _plain
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
    )


def _where(_logger: Any, _name: str, line: Line) -> Line:
    """An exception as its kind, its causes' kinds, and where it happened; of a queue's report only the first line
    and the kind of error that its last one names."""
    if str(line.get("logger", "")).startswith("rq."):
        line["event"], _break, report = str(line["event"]).partition("\n")
        if kinds := REPORTED.findall(report):
            line["error"] = kinds[-1].rpartition(".")[2]
    if line.get("logger") == "gunicorn.error" and str(line["event"]).startswith(UNREADABLE):
        line["event"] = QUOTED.sub("", str(line["event"]))
    info = line.pop("exc_info", None)
    if isinstance(info, tuple) and info[1] is not None:
        line["error"] = " from ".join(_kinds(info[1]))
        line["at"] = _frames(info[2])
        record = line.get("_record")
        if record is not None:
            record.exc_info = record.exc_text = None  # nobody writes it a second time, with its words
    return line


def _kinds(error: BaseException | None) -> list[str]:
    kinds: list[str] = []
    while error is not None and len(kinds) < 5:
        kinds.append(type(error).__name__)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return kinds


def _frames(trace: TracebackType | None) -> list[str]:
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
    found = traceback.extract_tb(trace)[-FRAMES:]
    return [f"{frame.filename.removeprefix(root)}:{frame.lineno} {frame.name}" for frame in found]


def _scrub(_logger: Any, _name: str, line: Line) -> Line:
    for key, value in line.items():
        if isinstance(value, str) and key not in KEPT:
            line[key] = mask_text(value.replace("\r", " ").replace("\n", " "))
    return line


def _plain(_logger: Any, _name: str, line: Line) -> str:
    """2026-11-18T04:00:00Z ERROR app: words (request=…)."""
    at, level, logger = line.pop("timestamp", ""), str(line.pop("level", "")).upper(), line.pop("logger", "")
    said, frames = line.pop("event", ""), line.pop("at", [])
    rest = " ".join(f"{key}={value}" for key, value in line.items())
    return "\n  ".join([f"{at} {level} {logger}: {said} {rest}".rstrip(), *frames])
