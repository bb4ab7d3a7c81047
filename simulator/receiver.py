"""The platform's HTTP side: takes callbacks, and lets a person or a test look in and change its mood."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from simulator.ledger import Ledger, Taken, refusal
from simulator.protocol import ProtocolError, open_envelope

BEHAVIOURS = ("ok", "slow", "failing", "html", "429", "refuse", "duplicate", "lost")
BODY_LIMIT = 2_000_000
TOO_MANY = 429
Control = Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass
class Mood:
    """How callbacks are answered. `left` says for how many more (None: until told otherwise).

    slow: after `seconds` · failing: HTTP 500, not stored · html: a page instead of JSON, not stored · 429: not stored ·
    refuse: success false with `code` · duplicate: "already answered" · lost: stored, but answered with HTTP 500.
    """

    behaviour: str = "ok"
    seconds: float = 8.0
    left: int | None = None
    code: str = "TASK_CLOSED"
    text: str = "任务已关闭，不能回复"
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def set(self, wish: Mapping[str, Any]) -> None:
        """Change the mood. Raises ValueError for a behaviour that is not in BEHAVIOURS."""
        with self.lock:
            behaviour = str(wish.get("behaviour", self.behaviour))
            if behaviour not in BEHAVIOURS:
                raise ValueError(f"behaviour is one of {', '.join(BEHAVIOURS)}")
            self.behaviour = behaviour
            self.left = int(wish["count"]) if wish.get("count") is not None else None
            self.seconds = float(wish.get("seconds", self.seconds))
            self.code, self.text = str(wish.get("code", self.code)), str(wish.get("text", self.text))

    def next(self) -> str:
        """The behaviour for this callback; counts `left` down and returns to ok after it."""
        with self.lock:
            chosen = self.behaviour
            if chosen != "ok" and self.left is not None:
                self.left -= 1
                if self.left <= 0:
                    self.behaviour, self.left = "ok", None
            return chosen


class _Server(ThreadingHTTPServer):
    """One that takes a caller who hangs up for what it is: the end of a connection, and no fault to print."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Receiver:
    """The server for callbacks. `on_callback` hears of each new one; `on_control` takes the rest of POST /control."""

    def __init__(
        self, listen: str, ledger: Ledger, secret: str, *,
        on_callback: Callable[[Taken], None] | None = None, on_control: Control | None = None,
    ) -> None:  # fmt: skip
        self.ledger, self.secret, self.mood = ledger, secret, Mood()
        self.on_callback, self.on_control = on_callback, on_control
        host, _, port = listen.rpartition(":")
        self.server = _Server((host or "127.0.0.1", int(port)), type("Handler", (Handler,), {"receiver": self}))
        self.server.daemon_threads = True
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on; of use after asking for port 0."""
        return int(self.server.server_address[1])

    def start(self) -> None:
        """Take callbacks from now on, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()

    def callback(self, raw: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer to one callback, in the mood of the moment."""
        mood = self.mood.next()
        if mood == "slow":
            time.sleep(self.mood.seconds)
        if mood in _UNSTORED:
            self.ledger.counts[f"answered_{mood}"] += 1
            return _UNSTORED[mood]
        try:
            _msg_type, message = open_envelope(raw, self.secret)
        except ProtocolError as error:
            self.ledger.bad(error.code)
            return _json(200, refusal(error.code, str(error)))
        if mood == "refuse":
            self.ledger.counts["callbacks_refused_by_mood"] += 1
            return _json(200, refusal(self.mood.code, self.mood.text))
        return self._store(message, mood)

    def _store(self, message: Mapping[str, Any], mood: str) -> tuple[int, str, bytes]:
        taken = self.ledger.take(message)
        if self.on_callback is not None and taken.kind in ("result", "ruling"):
            self.on_callback(taken)
        if mood == "lost":
            return _UNSTORED["failing"]
        if mood == "duplicate" and taken.reply["success"]:
            return _json(200, {"success": True, "error_code": "DUPLICATE", "error_msg": "该任务已回复"})
        return _json(200, taken.reply)

    def control(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Apply a POST /control; gives the new settings. Raises ValueError for what is not understood."""
        if wish.keys() & {"behaviour", "count", "seconds", "code", "text"}:
            self.mood.set(wish)
        rest = self.on_control(wish) if self.on_control else {}
        return {"behaviour": self.mood.behaviour, "count": self.mood.left, **rest}


def _json(status: int, content: object) -> tuple[int, str, bytes]:
    return status, "application/json; charset=utf-8", json.dumps(content, ensure_ascii=False).encode()


_UNSTORED = {
    "failing": _json(500, refusal("SYSTEM_ERROR", "系统繁忙")),
    "html": (200, "text/html; charset=utf-8", "<html><body><h1>网关维护中</h1></body></html>".encode()),
    "429": _json(429, refusal("TOO_MANY_REQUESTS", "请求过于频繁")),
}


class Handler(BaseHTTPRequestHandler):
    """The routes. `receiver` is set on a subclass per server."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    receiver: Receiver

    def do_GET(self) -> None:
        """GET /state."""
        if self.path == "/state":
            mood = {"behaviour": self.receiver.mood.behaviour, "count": self.receiver.mood.left}
            self._answer(*_json(200, self.receiver.ledger.state() | mood))
        else:
            self._answer(*_json(404, {"error": "GET /state, POST /callback, POST /control"}))

    def do_POST(self) -> None:
        """POST /callback and /control."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_LIMIT:
            self.close_connection = True
            self._answer(*_json(413, refusal("TOO_LARGE", "报文过大")))
            return
        raw = self.rfile.read(length)
        if self.path == "/callback":
            self._answer(*self.receiver.callback(raw))
        elif self.path == "/control":
            self._control(raw)
        else:
            self._answer(*_json(404, {"error": "not found"}))

    def _control(self, raw: bytes) -> None:
        try:
            self._answer(*_json(200, self.receiver.control(json.loads(raw))))
        except (ValueError, TypeError, AttributeError) as error:
            self._answer(*_json(400, {"error": str(error)}))

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status == TOO_MANY:
            self.send_header("Retry-After", "5")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the ledger keeps what matters."""
