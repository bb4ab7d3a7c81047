"""The bell, saved views and help over HTTP, as somebody without scripting uses them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.web import stage as stages
from tests.web.stage import Stage


def save(stage: Stage, who: str, name: str, **filters: str) -> Any:
    return stage.browsers[who].post("/views", data={"csrf_token": stage.csrf, "name": name, **filters})


def test_the_bell_counts_on_every_page_and_its_page_leads_to_the_ticket(stage):
    page = stage.browsers["site"].get("/notices")
    assert stage.numbers["own"] in page.text and 'class="unread"' in page.text
    assert re.search(r'class="bell fresh-notices"[^>]*data-newest="[1-9]', stage.browsers["site"].get("/tickets").text)
    target = re.search(r"/notices/\d+/open", page.text)
    assert target
    gone = stage.browsers["site"].post(target[0], data={"csrf_token": stage.csrf})
    assert (gone.status_code, gone.location) == (303, f"/tickets/{stage.numbers['own']}")
    assert stage.browsers["site-3"].post(target[0], data={"csrf_token": stage.csrf}).status_code == 404
    stage.browsers["site"].post("/notices/read", data={"csrf_token": stage.csrf, "upto": str(2**62)})
    assert "fresh-notices" not in stage.browsers["site"].get("/tickets").text


def test_the_queues_own_poll_brings_a_notice_without_any_other_change(stage):
    client = stage.browsers["site-2"]
    poll = re.search(r'hx-get="(/tickets/news[^"]+)"', client.get("/tickets").text)
    assert poll
    address = poll[1].replace("&amp;", "&")
    assert client.get(address).status_code == 204
    client.post("/notices/read", data={"csrf_token": stage.csrf, "upto": str(2**62)})
    answer = client.get(address)
    assert answer.status_code == 200 and "fresh-notices" not in answer.text


def test_a_view_is_kept_opened_renamed_made_first_and_deleted(stage):
    client = stage.browsers["site-manager"]
    kept = save(
        stage, "site-manager", "丢失件", queue="all", category="LOST", sort="activity", next="https://evil.example"
    )
    assert (kept.status_code, kept.location) == (303, "/tickets?queue=all&category=LOST&sort=activity")
    queue = client.get("/tickets").text
    assert "/tickets?queue=all&amp;category=LOST&amp;sort=activity" in queue and "丢失件" in queue
    view_id = re.search(r'action="/views/(\d+)/default"', client.get("/views").text)[1]
    client.post(f"/views/{view_id}/default", data={"csrf_token": stage.csrf, "on": "1"})
    first = client.get("/tickets")
    assert (first.status_code, first.location) == (303, kept.location)
    assert client.get("/tickets?queue=todo").status_code == 200
    assert 'href="/tickets?queue=todo"' in client.get(kept.location).text
    assert client.get("/tickets", headers={"HX-Request": "true", "HX-Target": "list"}).status_code == 200
    wrong = client.post(f"/views/{view_id}", data={"csrf_token": stage.csrf, "name": ""})
    assert wrong.status_code == 422 and 'aria-invalid="true"' in wrong.text
    client.post(f"/views/{view_id}/delete", data={"csrf_token": stage.csrf})
    assert client.get("/tickets").status_code == 200


def test_a_view_from_when_the_desk_had_other_lists_names_the_list_that_it_opens(stage):
    kept = save(stage, "site-manager", "我的新动态", queue="working", owner="mine", sort="activity")
    page = stage.browsers["site-manager"].get(kept.location).text
    shown = 'aria-current="page"><span>我的新动态'
    assert shown in page
    other = stage.browsers["site-manager"].get("/tickets?queue=working").text
    assert "我的新动态" in other and shown not in other


@pytest.mark.parametrize(
    "given",
    [
        {"queue": "//evil.example"}, {"category": "NOSUCH"}, {"owner": "someone"}, {"sort": "id; drop"},
        {"q": "13812345678"}, {"after": "x~1"}, {"queue": "todo"},
    ],
)  # fmt: skip
def test_a_view_keeps_allowed_filters_only(stage, given):
    kept = save(stage, "lcs", "x", **given)
    assert (kept.status_code, kept.location) == (303, "/tickets?queue=todo")


def test_a_refused_name_keeps_what_was_typed_and_the_filters(stage):
    page = save(stage, "lcs", "长" * 31, category="LOST")
    assert page.status_code == 422
    assert "长" * 31 in page.text and 'name="category" value="LOST"' in page.text


def test_help_says_what_concerns_the_role(stage):
    clerk, headquarters = stage.browsers["site"].get("/help").text, stage.browsers["ccs"].get("/help").text
    assert 'id="batch"' in clerk and 'id="ruling"' not in clerk
    assert 'id="ruling"' in headquarters and 'id="batch"' not in headquarters
    assert stage.browsers["admin"].get("/help").status_code == 200


def test_every_explanation_beside_a_box_is_on_the_help_page(stage):
    shown = stage.browsers["site"].get(f"/tickets/{stage.numbers['own']}").text
    titles = re.findall(r'<details class="explain[^>]*>.*?<b>(.*?)</b>', shown)
    everything = stage.browsers["site"].get("/help").text
    assert titles and all(f"<h2>{title}</h2>" in everything for title in titles)


def test_the_sound_is_off_until_somebody_switches_it_on(stage):
    client = stage.browsers["lcs-2"]
    assert "bell.js" not in client.get("/tickets").text
    form = {"csrf_token": stage.csrf, "locale": "zh", "theme": "auto", "density": "comfortable"}
    assert client.post("/account", data={**form, "sound": "y"}).status_code == 303
    page = client.get("/tickets")
    assert "bell.js" in page.text and 'data-sound="/static/bell.wav' in page.text
    assert "media-src 'self'" in page.headers["Content-Security-Policy"]
    assert client.post("/account", data=form).status_code == 303
    assert "bell.js" not in client.get("/tickets").text


def test_numbers_can_be_copied_and_a_masked_telephone_cannot(stage):
    page = stage.browsers["site"].get(f"/tickets/{stage.numbers['own']}").text
    for value in (stage.numbers["own"], stages.WAYBILLS["own"], stages.mark("own", "order")):
        assert f'data-copy="{value}"' in page
    phone = stages.mark("own", "phone")
    assert f'data-copy="{phone}"' not in page and "*" not in "".join(re.findall(r'data-copy="([^"]*)"', page))
    shown = stage.browsers["site"].post(f"/tickets/{stage.numbers['own']}/reveal", data={"csrf_token": stage.csrf})
    assert f'data-copy="{phone}"' in shown.text
