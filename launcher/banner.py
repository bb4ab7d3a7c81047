"""What a newcomer reads once the portal is up: the address and who can sign in."""

from __future__ import annotations

import unicodedata

PASSWORD = "demo-portal"  # noqa: S105 - of the demo accounts, printed on purpose
ACCOUNTS = (
    ("site", "站点客服，330106-01", "clerk at a site in Hangzhou"),
    ("site-manager", "站点负责人，330106-01", "manager of that site: scorecard"),
    ("site-2", "站点客服，330108-01（同省）", "clerk at a site in the same province"),
    ("site-3", "站点客服，440305-01（外省）", "clerk at a site in another province"),
    ("lcs", "省区客服，33", "province service, Zhejiang"),
    ("lcs-manager", "省区客服主管，33", "its manager"),
    ("lcs-2", "省区客服，44", "province service, Guangdong"),
    ("ccs", "总部客服，HQ", "headquarters: appeals"),
    ("ccs-manager", "总部客服主管，HQ", "its manager"),
    ("admin", "系统管理员", "administrator: no tickets"),
)


def width(text: str) -> int:
    """Columns in a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def pad(text: str, columns: int) -> str:
    """Fill up with spaces to the given number of terminal columns."""
    return text + " " * (columns - width(text))


def accounts() -> str:
    """The table of demo accounts, both languages."""
    rows = [("账号 account", "岗位", "role"), *ACCOUNTS]
    return "\n".join(f"    {pad(name, 15)}{pad(chinese, 30)}{english}" for name, chinese, english in rows)


def ready(address: str, log_folder: str, *, demo: bool) -> str:
    """The whole message."""
    lines = ["", f"  快复已启动 · Kuaifu is running:  {address}", ""]
    if demo:
        lines += [accounts(), "", f"    密码 password: {PASSWORD}", ""]
    lines += [f"  日志 logs: {log_folder}    停止 stop: Ctrl-C", ""]
    return "\n".join(lines)
