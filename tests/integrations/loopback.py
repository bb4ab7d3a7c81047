"""A tiny platform on 127.0.0.1 that speaks the real protocol and does what a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Platform:
    """What the platform got, and how it answers next."""

    url: str = ""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answer: Answer = lambda handler: None
    released: threading.Event = field(default_factory=threading.Event)


def reply(status: int, body: bytes | dict[str, object], **headers: str) -> Answer:
    """An answer with that status, body (an object becomes JSON) and headers (`_` for `-`)."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(raw)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(raw)

    return answer


@contextmanager
def platform() -> Iterator[Platform]:
    """A running platform; released and stopped at the end, whatever it was doing."""
    it = Platform()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            it.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            it.answer(self)

        def do_GET(self) -> None:
            it.requests.append((self.path, {}, b""))
            reply(200, {"success": True})(self)

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    it.url = f"http://127.0.0.1:{server.server_address[1]}/callback"
    try:
        yield it
    finally:
        it.released.set()
        server.shutdown()
        server.server_close()
