"""An administrator brings organisations in by a file and adds a connection; a push to it reaches the imported site."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from app.domain.organisation_rows import COLUMNS
from app.integrations import sheets
from app.integrations.platform.link.envelope import signature
from simulator.protocol import ISSUE
from tests.browser import steps

HEADS = [words[0] for words in COLUMNS.values()]


def rows(tag: str) -> list[tuple[str, ...]]:
    """Two sites and, below them, the district that they stand under."""
    sites = [(f"{tag}-0{n}", "站点", f"新站 {tag} {n}", f"{tag}-A", *[""] * 7) for n in (1, 2)]
    return [*sites, (f"{tag}-A", "管区", f"新管区 {tag}", "33", *[""] * 7)]


def push(page: Page, code: str, secret: str, site: str) -> dict[str, object]:
    """One signed complaint for that site."""
    order = f"UP-{time.time_ns()}"
    body = json.dumps({
        "work_order_code": order, "work_order_type": 2, "category_code": "FALSE_SIGN", "description": "没有收到",
        "work_order_task": {"task_id": order}, "extension": {"mail_no": f"YT{time.time_ns() % 10**13:013d}", "site_code": site},
    }).encode()  # fmt: skip
    form = {"logistics_interface": body, "data_digest": signature(body, secret), "msg_type": ISSUE}
    parts = urlsplit(page.url)
    with urlopen(f"{parts.scheme}://{parts.netloc}/platform/link/{code}", urlencode(form).encode()) as answer:
        assert json.load(answer)["success"]
    return {"order": order}


@pytest.mark.parametrize("size", ["desktop", "phone"], indirect=True)
def test_a_portal_is_set_up_until_its_first_ticket(page: Page, tmp_path: Path, size: str) -> None:
    tag, code = f"UP{size[0].upper()}", f"platform-{size}"
    file = tmp_path / "list.xlsx"
    file.write_bytes(sheets.blank_xlsx(HEADS, rows(tag)))
    steps.enter(page, "admin")
    page.goto("/admin/organisations-import")
    page.locator("#import-file").set_input_files(file)
    page.locator("main button.main").click()
    expect(page.locator(".flash.ok")).to_contain_text("将新增 3 个")
    page.locator("main button[value='1']").click()
    expect(page.locator(".flash.ok")).to_contain_text("新增 3 个")

    page.goto("/admin/connections")
    page.locator("#code").fill(code)
    page.locator("#name").fill("新平台")
    page.locator("#callback_url").fill("http://127.0.0.1:9/callback")
    page.locator("main button.main").click()
    expect(page.locator(".flash.bad")).to_contain_text("尚无密钥")
    page.locator("button[name='make']").click()
    secret = page.locator("#new-secret").inner_text().strip()
    page.get_by_role("link", name="我已保存").click()
    expect(page.locator("#new-secret")).to_have_count(0)

    sent = push(page, code, secret, f"{tag}-01")
    steps.enter(page, "ccs")
    steps.find(page, str(sent["order"]))
    expect(page.locator("#ticket")).to_contain_text(f"新站 {tag} 1")


def test_a_list_that_is_too_large_is_told_beside_its_field_and_nothing_is_sent(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "organisations.csv"
    large.write_bytes(b"a," * 1_100_000)
    steps.enter(page, "admin")
    page.goto("/admin/users-import")
    page.locator("#import-text").fill("手工粘贴的行")
    page.locator("#import-file").set_input_files(large)
    expect(page.locator("#import-file-large")).to_contain_text("2 MB")
    page.locator(".foot .btn").first.click()
    expect(page.locator("#import-text")).to_have_value("手工粘贴的行")
    expect(page.locator("#import-file")).to_be_focused()
    page.locator("#import-file").set_input_files([])
    expect(page.locator("#import-file-large")).to_have_count(0)
