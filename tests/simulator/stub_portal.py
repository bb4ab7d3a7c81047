"""A stand-in for the portal: takes pushes, shows forms, sends callbacks. Knows no rule; it only lets scripts act."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests

from simulator.protocol import encode, form, open_envelope, stamp

LOGIN = '<form method="post" action="/login"><input type="hidden" name="csrf_token" value="c"><input name="account">'
LOGIN += '<input type="password" name="password"></form>'


class StubPortal:
    """Answers on a free port; `posts` lists every action as (account, address, fields)."""

    def __init__(self, clock: Path) -> None:
        self.clock, self.callback_url = clock, ""
        self.orders: dict[str, dict] = {}
        self.pushes: list[str] = []
        self.posts: list[tuple[str, str, dict]] = []
        self.sessions: dict[str, str] = {}
        self.conflicts, self.refusals, self.hang_ups = 0, 0, 0
        self.scheduler = "ok"
        self.pages = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"portal": self}))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def push(self, raw: bytes) -> dict:
        if self.refusals:
            self.refusals -= 1
            return {"success": False, "errorCode": "TRY_AGAIN"}
        kind, body = open_envelope(raw, "demo-secret")
        self.pushes.append(kind)
        if kind == "WORK_ORDER_ISSUE":
            self.orders[body["work_order_code"]] = body
        return {"success": True, "errorCode": "", "errorMsg": ""}

    def act(self, account: str, path: str, fields: dict) -> int:
        self.posts.append((account, path, fields))
        if self.conflicts:
            self.conflicts -= 1
            return 409
        code, action = path.split("/")[2].removeprefix("KF-"), path.rsplit("/", 1)[1]
        if action in ("result", "ruling"):
            self._call_back(code, "UPHELD" if action == "ruling" else f"OP_{fields['answer']}", fields)
        return 303

    def _call_back(self, code: str, operate_type: str, fields: dict) -> None:
        now = datetime.fromisoformat(self.clock.read_text().strip())
        extra = {k.removeprefix("supplement-"): v for k, v in fields.items() if k.startswith("supplement-")}
        message = {
            "work_order_code": code, "work_order_type": 0, "task_id": f"T{code}", "operate_time": stamp(now),
            "operate_type": operate_type, "operator_name": "站", "description": fields["text"], "extension": extra,
        }  # fmt: skip
        requests.post(self.callback_url, data=form(encode(message), "CALLBACK", "demo-secret"), timeout=5)


class Handler(BaseHTTPRequestHandler):
    portal: StubPortal

    def do_GET(self) -> None:
        at = urlsplit(self.path)
        if at.path == "/healthz":
            self._say(200, json.dumps({"status": "ok", "scheduler": self.portal.scheduler, "outbox_backlog": 0}))
        elif at.path == "/login":
            self._say(200, LOGIN)
        elif not self._account():
            self._say(303, "", Location=f"/login?next={at.path}")
        elif at.path == "/tickets":
            code = parse_qs(at.query)["q"][0]
            self._say(200, f'<a href="/tickets/KF-{code}">x</a>' if code in self.portal.orders else "none")
        else:
            self.portal.pages += 1
            self._say(200, "".join(
                f'<form method="post" action="{at.path}/{name}"><input type="hidden" name="csrf_token" value="c"></form>'
                for name in ("follow-up", "result", "close", "ruling")
            ))  # fmt: skip

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path.startswith("/platform/link/"):
            self._say(200, json.dumps(self.portal.push(raw)))
            return
        if self.portal.hang_ups:
            self.portal.hang_ups -= 1
            self.close_connection = True
            return
        fields = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
        if self.path == "/login":
            key = f"s{len(self.portal.sessions)}"
            self.portal.sessions[key] = fields["account"]
            good = fields["password"] == "demo-portal" and fields["csrf_token"] == "c"
            self._say(303 if good else 200, "", Location="/tickets", **{"Set-Cookie": f"session={key}; Path=/"})
        else:
            self._say(self.portal.act(self._account(), self.path, fields), "", Location=self.path)

    def _account(self) -> str:
        key = (self.headers.get("Cookie") or "").removeprefix("session=")
        return self.portal.sessions.get(key, "")

    def _say(self, status: int, text: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass
