"""What the two fake services share: a server on loopback, a mood for the next requests, and POST /control."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, str, bytes, dict[str, str]] | None  # None: the line drops
LOSE: Answer = None


class Mood:
    """How requests are answered until told otherwise."""

    def __init__(self) -> None:
        self.now, self.seconds, self.plant = "ok", 0.0, ""

    def set(self, wish: Mapping[str, Any]) -> None:
        """Take a wish of POST /control. A plant stays; moods come and go."""
        self.plant = str(wish.get("plant", self.plant))
        self.now, self.seconds = str(wish.get("mood", "ok")), float(wish.get("seconds", 5))


def answer(content: object, status: int = 200, **headers: str) -> Answer:
    """A JSON answer."""
    return status, "application/json; charset=utf-8", json.dumps(content, ensure_ascii=False).encode(), headers


def serve(
    listen: str,
    request: Callable[[str, dict[str, str], bytes], Answer],
    control: Callable[[dict[str, Any]], object],
    state: Callable[[], object],
) -> ThreadingHTTPServer:
    """Listen in the background; POSTs but /control go to `request` (path, headers in lower case, body)."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version, timeout = "HTTP/1.1", 60

        def do_GET(self) -> None:
            self.say(answer(state()))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path == "/control":
                self.say(answer(control(json.loads(body))))
                return
            self.say(request(self.path, {name.lower(): value for name, value in self.headers.items()}, body))

        def say(self, said: Answer) -> None:
            if said is None:
                self.close_connection = True
                return
            status, kind, body, headers = said
            try:
                self.send_response(status)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # whoever asked is gone

        def log_message(self, *_args: object) -> None:
            """Quiet: the log keeps what matters."""

    host, _, port = listen.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    return server
