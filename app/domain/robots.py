"""Group robots of DingTalk, WeCom and Feishu: which webhook addresses are theirs, and how one is shown.

Only vendor and token of a pasted address are kept: the address of a request is always made anew from these two, so
that nothing typed decides where we connect to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

DINGTALK, WECOM, FEISHU = "dingtalk", "wecom", "feishu"
VENDORS = (DINGTALK, WECOM, FEISHU)
SIGNING = (DINGTALK, FEISHU)  # vendors whose robots can demand a signature (加签)
SECRET = re.compile(r"[A-Za-z0-9_+/=-]{8,128}")
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
SHOWN = 4  # characters of the token
_FEISHU_PATH = "/open-apis/bot/v2/hook/"
_QUERY = {DINGTALK: ("oapi.dingtalk.com", "/robot/send", "access_token"),
          WECOM: ("qyapi.weixin.qq.com", "/cgi-bin/webhook/send", "key")}  # fmt: skip


@dataclass(frozen=True)
class Webhook:
    """A robot's vendor and its secret token."""

    vendor: str
    token: str

    @property
    def shown(self) -> str:
        """What may be shown of it afterwards."""
        return f"…{self.token[-SHOWN:]}"


def parse(address: str) -> Webhook | None:
    """The robot of a pasted address: https, exactly the vendor's host and path, one token and nothing else; or None."""
    text = address.strip()
    if not text.isascii() or not text.isprintable() or any(sign in text for sign in " \\#"):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    found = _webhook(parts.netloc.lower(), parts.path, parts.query) if parts.scheme == "https" else None
    return found if found is not None and TOKEN.fullmatch(found.token) else None


def wrong_secret(hook: Webhook | None, secret: str) -> str:
    """What is wrong with a signing secret, as a code; empty for none, and for one that this vendor knows."""
    if not secret:
        return ""
    if hook is not None and hook.vendor not in SIGNING:
        return "no_signing"
    return "" if SECRET.fullmatch(secret) else "bad_signing_secret"


def path_of(hook: Webhook) -> tuple[str, str]:
    """Host and path with query to which a message is posted."""
    if hook.vendor == FEISHU:
        return "open.feishu.cn", _FEISHU_PATH + hook.token
    host, path, name = _QUERY[hook.vendor]
    return host, f"{path}?{name}={hook.token}"


def _webhook(place: str, path: str, query: str) -> Webhook | None:
    if place == "open.feishu.cn" and path.startswith(_FEISHU_PATH) and not query:
        return Webhook(FEISHU, path.removeprefix(_FEISHU_PATH))
    given = parse_qsl(query, keep_blank_values=True)
    for vendor, (host, wanted, name) in _QUERY.items():
        if (place, path) == (host, wanted) and [key for key, _value in given] == [name]:
            return Webhook(vendor, given[0][1])
    return None
