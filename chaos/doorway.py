"""What an administrator does before a run: the fake gateway is set up in the portal's own pages."""

from __future__ import annotations

from collections.abc import Mapping

from chaos.browser import Away, Browser
from chaos.gateway import KEY_ID, KEY_SECRET, SIGN
from chaos.stage import SETTLE, Stage

PAGE = "/admin/sms?driver=aliyun"
TEXTS = ("due_soon", "overdue", "survey_link")


def set_up_gateway(stage: Stage) -> None:
    """Settings, keys, approved texts, and then the choice. Raises Away when a page does not do it."""
    near = stage.place.near("gateway")
    admin = Browser(stage.portals, "admin")
    _send(admin, "/aliyun/settings", {
        "key_id": KEY_ID, "key_secret": KEY_SECRET, "sign_name": SIGN, "signatures": SIGN, "receipts": "push",
        "link_hosts": "kuaifu.example.com", "endpoint": f"http://{near}", "receipt_token": stage.token,
        "settle_minutes": str(max(1, SETTLE * stage.wish.speed // 60)),
    })  # fmt: skip
    for purpose in TEXTS:
        _send(admin, f"/aliyun/texts/{purpose}", {"code": f"SMS_{purpose}", "state": "approved"})
    _send(admin, "/aliyun/use", {})


def _send(admin: Browser, action: str, values: Mapping[str, str]) -> None:
    found = admin.form(PAGE, action)
    if found is None:
        raise Away(f"{PAGE} has no form {action}")
    form, address = found
    answer = admin.ask("POST", address, form.filled(values))
    if answer.status_code != 303:
        raise Away(f"{action} gave HTTP {answer.status_code}")
