"""Which webhook addresses are taken: exactly the vendors', and nothing that leads elsewhere."""

from __future__ import annotations

import pytest

from app.domain import robots

TOKEN = "0123456789abcdef0123456789ABCDEF"
GOOD = {
    "dingtalk": f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}",
    "wecom": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}",
    "feishu": f"https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}",
}


@pytest.mark.parametrize("vendor", robots.VENDORS)
def test_a_vendors_address_is_taken_apart_and_made_anew_to_the_letter(vendor: str) -> None:
    hook = robots.parse(f"  {GOOD[vendor]}\n")
    assert hook == robots.Webhook(vendor, TOKEN)
    host, path = robots.path_of(hook)
    assert f"https://{host}{path}" == GOOD[vendor]
    assert hook.shown == "…CDEF" and TOKEN not in hook.shown


@pytest.mark.parametrize("vendor", robots.VENDORS)
@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.replace("https", "http"), lambda a: a.replace("https", "ftp"),
        lambda a: a.replace("//", "//evil.example.com/"), lambda a: a.replace("//", "//user@"),
        lambda a: a.replace("//", "//evil.example.com@"), lambda a: a.replace(".com", ".com.evil.cn").replace(".cn/", ".cn.evil.cn/"),
        lambda a: a.replace(".com/", ".com:8443/").replace(".cn/", ".cn:8443/"), lambda a: a + "#x",
        lambda a: a + "&url=http://127.0.0.1/", lambda a: a.replace("send", "send/..").replace("hook", "hook/.."),
        lambda a: a.replace(TOKEN, ""), lambda a: a.replace(TOKEN, "short"), lambda a: a.replace(TOKEN, TOKEN + "/x"),
        lambda a: a.replace(TOKEN, TOKEN + "%0d%0aX"), lambda a: a.replace("//", "/\\"), lambda a: a.replace("//", "//www."),
        lambda a: a.replace(TOKEN, TOKEN + "\u200b"), lambda a: a.replace(TOKEN, f"{TOKEN} {TOKEN}"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(vendor: str, change) -> None:
    assert robots.parse(change(GOOD[vendor])) is None


def test_one_vendors_path_at_anothers_host_is_refused() -> None:
    assert robots.parse(f"https://open.feishu.cn/robot/send?access_token={TOKEN}") is None
    assert robots.parse(f"https://oapi.dingtalk.com/cgi-bin/webhook/send?key={TOKEN}") is None
    assert robots.parse("http://[::1") is None
