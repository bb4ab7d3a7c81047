"""The page Who saw what: the number is posted, shown masked, and stands in no address."""

from __future__ import annotations

from tests.web.stage import Stage, mark


def test_a_manager_asks_and_the_number_is_masked_in_the_answer(stage: Stage) -> None:
    phone, number = mark("own", "phone"), stage.numbers["own"]
    browser = stage.browser("site-manager")
    browser.post(f"/tickets/{number}/reveal", data={"csrf_token": stage.csrf})
    page = browser.post("/seen", data={"csrf_token": stage.csrf, "phone": phone})
    assert page.status_code == 200 and number in page.text
    assert phone not in page.text and f"{phone[:3]}******{phone[-2:]}" in page.text


def test_a_wrong_number_is_told_beside_the_field_and_kept(stage: Stage) -> None:
    page = stage.browser("lcs-manager").post("/seen", data={"csrf_token": stage.csrf, "phone": "abc"})
    assert page.status_code == 422 and 'value="abc"' in page.text and 'aria-invalid="true"' in page.text


def test_a_number_of_another_province_is_not_known_here(stage: Stage) -> None:
    hidden = stage.hidden_from("lcs-manager")[0]
    page = stage.browser("lcs-manager").post("/seen", data={"csrf_token": stage.csrf, "phone": mark(hidden, "phone")})
    assert page.status_code == 200 and stage.numbers[hidden] not in page.text


def test_the_menu_leads_there_for_managers_only(stage: Stage) -> None:
    for who, there in (("site-manager", True), ("lcs-manager", True), ("site", False), ("lcs", False)):
        assert ('href="/seen"' in stage.browser(who).get("/tickets").text) is there, who
