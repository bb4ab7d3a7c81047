"""A list as a file in a browser: the button above the list, the file that arrives by itself, the download."""

from __future__ import annotations

import re
import time

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from simulator.server import Simulator
from tests.browser import steps

PATIENCE = 30  # seconds until the file is there: its process may just have been started


@pytest.mark.parametrize(("size", "scripting"), [("desktop", True), ("phone", False)])
@pytest.mark.usefixtures("size")
def test_a_list_is_exported_watched_and_downloaded(page: Page, platform: Simulator, scripting: bool, tmp_path) -> None:
    steps.push(platform)
    steps.enter(page, "lcs")
    page.goto("/tickets?queue=all")
    page.locator("details.export summary").click()
    page.locator("details.export button[value=xlsx]").click()
    expect(page).to_have_url(re.compile("/exports$"))
    first = page.locator("#exports tbody tr").first
    expect(first).to_contain_text("全部未结")
    wait_for_file(page, scripting)
    with page.expect_download() as coming:
        first.get_by_role("button", name="下载").click()
    path = tmp_path / coming.value.suggested_filename
    coming.value.save_as(path)
    sheet = openpyxl.load_workbook(path).active
    assert path.name.startswith("kuaifu-queue-") and path.suffix == ".xlsx"
    assert "（lcs）" in sheet["A2"].value and path.stem.rpartition("-")[2] in sheet["A2"].value
    assert sheet["A6"].value == "工单" and str(sheet["A7"].value).startswith("KF")


def wait_for_file(page: Page, scripting: bool) -> None:
    """With scripting the page renews itself; without it there is a button for that."""
    button = page.locator("#exports tbody tr").first.get_by_role("button", name="下载")
    if scripting:
        expect(button).to_be_visible(timeout=PATIENCE * 1000)
        return
    end = time.monotonic() + PATIENCE
    while not button.is_visible() and time.monotonic() < end:
        time.sleep(0.5)
        page.get_by_role("link", name="刷新进度").click()
    expect(button).to_be_visible()
