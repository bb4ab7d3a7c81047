"""The scorecard on paper: one A4 page, black on white, without the menu."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps

A4 = (595, 842)  # points
PAGE_OBJECT = re.compile(rb"/Type\s*/Page\b")
MEDIA_BOX = re.compile(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]")


@pytest.mark.parametrize(
    ("account", "month"),
    [("site-manager", steps.last_month()), ("ccs-manager", steps.last_month()), ("lcs", steps.this_month())],
)
def test_a_scorecard_is_exactly_one_a4_page(page: Page, account: str, month: str) -> None:
    steps.enter(page, account)
    page.goto(f"/scorecards/{month}/{steps.SITE}")
    expect(page.locator(".sheet table")).to_be_visible()
    paper = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(PAGE_OBJECT.findall(paper)) == 1
    found = MEDIA_BOX.search(paper)
    assert found is not None
    assert (round(float(found[1])), round(float(found[2]))) == A4


def test_paper_shows_neither_menu_nor_buttons_and_is_black_on_white(page: Page) -> None:
    steps.enter(page, "site-manager")
    page.goto(f"/scorecards/{steps.last_month()}/{steps.SITE}")
    page.emulate_media(media="print", color_scheme="dark")
    for hidden in (".rail", ".bottom", "[data-print]"):
        expect(page.locator(hidden)).to_be_hidden()
    colours = page.locator(".sheet h1").evaluate(
        "found => [getComputedStyle(found).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    for signed in page.locator(".sheet footer div").all():
        expect(signed).to_be_visible()
