"""The robots of the three vendors on 127.0.0.1, each behind the path that begins with its host.

mode: ok · refuse · limit · hang · lose (takes the message, then drops the line) · html · error (500) · redirect · trickle.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

TAKEN = {
    "oapi.dingtalk.com": {"errcode": 0, "errmsg": "ok"}, "qyapi.weixin.qq.com": {"errcode": 0, "errmsg": "ok"},
    "open.feishu.cn": {"code": 0, "msg": "success", "data": {}},
}  # fmt: skip
REFUSED = {
    "oapi.dingtalk.com": {"errcode": 310000, "errmsg": "keywords not in content"},
    "qyapi.weixin.qq.com": {"errcode": 93000, "errmsg": "invalid webhook url"},
    "open.feishu.cn": {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"},
}  # fmt: skip
LIMITED = {
    "oapi.dingtalk.com": {"errcode": 130101, "errmsg": "send too fast"},
    "qyapi.weixin.qq.com": {"errcode": 45009, "errmsg": "api freq out of limit"},
    "open.feishu.cn": {"code": 11232, "msg": "frequency limited"},
}  # fmt: skip


UNSIGNED = {
    "oapi.dingtalk.com": {"errcode": 310000, "errmsg": "sign not match"},
    "open.feishu.cn": {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"},
}  # fmt: skip


def signed(host: str, path: str, body: dict[str, Any], secret: str) -> bool:
    """Whether a message carries the signature that the vendor makes itself from the secret."""
    given = body if host == "open.feishu.cn" else {k: v[0] for k, v in parse_qs(path.partition("?")[2]).items()}
    line = f"{given.get('timestamp', '')}\n{secret}".encode()
    key, text = (line, b"") if host == "open.feishu.cn" else (secret.encode(), line)
    return given.get("sign") == base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


@dataclass
class FakeRobots:
    """What was posted in the groups, and how the vendors behave next."""

    url: str = ""
    mode: str = "ok"
    secret: str = ""  # what the groups demand a signature with
    posted: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)  # host, path, body
    asked: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def texts(self) -> list[str]:
        """The posted texts, whichever vendor's spelling they came in."""
        return [(body.get("text") or body.get("content"))[_key(body)] for _host, _path, body in self.posted]


def _key(body: dict[str, Any]) -> str:
    return "content" if "msgtype" in body else "text"


@contextmanager
def running() -> Iterator[FakeRobots]:
    """Running vendors; released and stopped at the end."""
    it = FakeRobots()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            host, path = self.path[1:].split("/", 1)
            it.asked.append(self.path)
            if it.mode == "hang":
                it.released.wait(5)
                return
            if it.secret and not signed(host, path, body, it.secret):
                self._answer(host, UNSIGNED)
                return
            if it.mode in ("ok", "lose", "html", "trickle"):
                it.posted.append((host, f"/{path}", body))
            if it.mode == "lose":
                self.connection.close()
                return
            self._answer(host)

        def _answer(self, host: str, table: dict[str, Any] | None = None) -> None:
            said = (table or {"refuse": REFUSED, "limit": LIMITED}.get(it.mode, TAKEN))[host]
            raw = b"<html>login</html>" if it.mode == "html" else json.dumps(said).encode()
            self.send_response({"error": 500, "redirect": 302}.get(it.mode, 200))
            if it.mode == "redirect":
                self.send_header("Location", "http://127.0.0.1:9/")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            with suppress(OSError):  # whoever asked has hung up
                for n in range(len(raw)):
                    self.wfile.write(raw[n : n + 1])
                    time.sleep(0.1 if it.mode == "trickle" else 0)

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    it.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield it
    finally:
        it.released.set()
        server.shutdown()
        server.server_close()
