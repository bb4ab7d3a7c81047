"""What people and platforms write is text on every page; looking at numbers has a limit; jobs are plain JSON."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rq.serializers import JSONSerializer

from app import create_app
from app.extensions import limiter, queue
from app.services import replies
from tests.cast import NOON, post
from tests.web.pushing import Door, envelope, issue
from tests.web.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
HOSTILE = "\"><img src=x onerror=alert(1)>'{{7*7}}<script>alert(2)</script>"


def test_no_template_lets_a_text_be_markup_or_has_script_or_style_of_its_own() -> None:
    wrong = {
        r"\|\s*safe\b": "takes a text as markup", r"autoescape\s+false": "switches escaping off",
        r"<script(?![^>]*\bsrc=)": "has script inside", r"\son[a-z]+\s*=": "has an event's script", r"<style\b": "has style inside",
        r"\sstyle\s*=": "has style in an element", r"\s[a-z-]+=\{\{": "leaves an attribute without quotes", "javascript:": "has an address of script",
    }  # fmt: skip
    found = [
        f"{file.name} {said}: {match.group()!r}" for file in TEMPLATES for pattern, said in wrong.items()
        for match in re.finditer(pattern, file.read_text(), re.IGNORECASE)
    ]  # fmt: skip
    assert found == ["cards_pdf.html takes a text as markup: '|safe'"], "pages that templates have made"


@pytest.mark.both_engines  # texts that an engine may refuse to store
@pytest.mark.parametrize("who", ["site", "lcs", "ccs"])
def test_a_hostile_text_in_every_field_of_a_push_is_text_on_every_page(stage: Stage, who: str) -> None:
    door = Door(stage.app, stage.cast, [NOON])
    fields = {
        "mail_no": "YT9999888877776", "site_code": "330106-01", "receiver_name": HOSTILE, "receiver_phone": HOSTILE[:40],
        "receiver_address": HOSTILE, "sender_name": HOSTILE,
    }  # fmt: skip
    said: dict[str, Any] = {"extension": fields, "description": HOSTILE, "category": HOSTILE, "customer_name": HOSTILE}
    code = f"W{who}'\"><b>"
    assert door.push(issue(code, **said)).json["success"]
    browser = stage.browsers[who]
    number = re.search(r"/tickets/(KF\d{6}-\d+)", browser.get("/tickets?q=YT9999888877776").location or "")
    assert number
    with stage.app.app_context():
        replies.note(actor=stage.cast[who], post=post(number[1]), text=HOSTILE, now=NOON)
    client = {"User-Agent": HOSTILE, "X-Forwarded-For": "<b>1</b>", "X-Request-Id": HOSTILE}
    shown = browser.post(f"/tickets/{number[1]}/reveal", data={"csrf_token": stage.csrf}, headers=client).text
    for page in (shown, *(browser.get(path, headers=client).text for path in (
        f"/tickets/{number[1]}", "/tickets?queue=all", f"/tickets?q={HOSTILE}", f"/tickets?site={HOSTILE}&category={HOSTILE}",
        f"/tickets/{number[1]}?queue={HOSTILE}", f"/waybills?numbers={HOSTILE}", f"/problems?courier={HOSTILE}",
    ))):  # fmt: skip
        assert "<img src=x" not in page and "<script>alert" not in page and "'49<" not in page
    assert HOSTILE[2:20].replace("<", "&lt;").split("=")[0] in shown


TURNED = "\u202e车辆起火\x1b[31m\u2066"


def test_what_others_read_as_a_name_is_taken_without_signs_that_turn_or_hide_the_rest_of_a_line(stage: Stage) -> None:
    form = {"kind": "fire", "province": "33", "text": "沪杭高速", "csrf_token": stage.csrf}
    made = stage.browsers["lcs"].post("/incidents", data={**form, "title": TURNED})
    page = stage.browsers["lcs"].get(made.location).text
    assert "车辆起火[31m" in page and not set("\u202e\u2066\x1b") & set(page)
    assert stage.browsers["lcs"].post("/incidents", data={**form, "title": "\u202e\u200b"}).status_code == 422


def test_every_field_for_a_name_takes_it_as_one() -> None:
    """By the field's own name: what is typed there stands in lines beside other words."""
    plain = re.compile(r"^    (?:name|title|label|courier)(?:_en)? = (?!NameField\()\w*Field\(", re.MULTILINE)
    found = {file.name: plain.findall(file.read_text()) for file in (ROOT / "app" / "web").glob("*.py")}
    assert {name for name, fields in found.items() if fields} == set()


def test_a_text_turns_nothing_beside_it_round_on_any_page() -> None:
    """Words of a platform stay as they came; the one sheet of all pages ends what they do to the line."""
    assert re.search(r"^body \* \{ unicode-bidi: isolate; \}$", (ROOT / "static/app.css").read_text(), re.MULTILINE)
    alone = [file.name for file in TEMPLATES if "<head>" in file.read_text() and "app.css" not in file.read_text()]
    assert alone == ["cards_pdf.html"], "a print has names alone, which were taken without such signs"


FULL = ("/tickets/{}/reveal", "/tickets/{}/call", "/appeals/{}/reveal", "/call-backs/{}/reveal")  # doors to a number


def asked(stage: Stage, who: str, paths: list[str]) -> list[Any]:
    """The answers to posts on a portal as it runs outside of tests: there limits are on."""
    client = create_app(replace(stage.app.extensions["kuaifu"], environment="demo")).test_client()
    token = stage.browsers[who].get_cookie("session")
    client.set_cookie("session", token.value if token else "")
    try:
        return [client.post(path, data={"csrf_token": stage.csrf}) for path in paths]
    finally:
        limiter.reset()
        limiter.enabled = False


def test_looking_at_numbers_has_a_limit(stage: Stage) -> None:
    answers = asked(stage, "site", [f"/tickets/{stage.numbers['own']}/reveal"] * 31)
    assert {answer.status_code for answer in answers[:30]} == {200}
    assert answers[30].status_code == 429 and int(answers[30].headers["Retry-After"]) > 0


def test_the_limit_is_one_for_every_door_to_a_number(stage: Stage) -> None:
    doors = [door.format(stage.numbers["own"]) for door in FULL]
    answers = [answer.status_code for answer in asked(stage, "ccs", [*(doors * 8)[:30], *doors])]
    assert 429 not in answers[:30] and answers[30:] == [429] * len(doors)


def test_nobody_sends_sms_to_numbers_of_their_own_choice_without_end(stage: Stage) -> None:
    answers = [one.status_code for one in asked(stage, "site", [f"/tickets/{stage.numbers['own']}/courier-sms"] * 21)]
    assert 429 not in answers[:20] and answers[20] == 429


def test_messages_are_shown_in_full_within_the_same_limit(stage: Stage) -> None:
    answers = [answer.status_code for answer in asked(stage, "admin", ["/admin/messages/1/full"] * 31)]
    assert 429 not in answers[:30] and answers[30] == 429


def test_whoever_hands_personal_data_out_in_full_counts_it() -> None:
    for file in sorted((ROOT / "app" / "web").glob("*.py")):
        views = re.split(r"^(?=@bp\.)", file.read_text(), flags=re.MULTILINE)
        found = [
            view for view in views if re.search(r"\breveals\.reveal\(|\bcontacts\.start\(|\bexchange\.look\(", view)
        ]
        assert all("@shown_in_full.limit" in view for view in found), file.name


def test_jobs_are_json_and_nothing_that_could_run_when_it_is_read(redis_url: str) -> None:
    lane = queue(redis_url, "sends")
    assert lane is not None and lane.serializer is JSONSerializer


def test_a_message_in_a_header_or_a_second_header_is_none(app: Any, client: Any) -> None:
    for path in ("/login?next=%0d%0aSet-Cookie:%20a=b", "/%0d%0aSet-Cookie:%20a=b", "/tickets?queue=%0d%0aX-A:%20b"):
        answer = client.get(path)
        assert "a=b" not in str(answer.headers.getlist("Set-Cookie")) and "X-A" not in answer.headers
    assert client.post("/platform/link/demo", data=envelope(issue("W1"), secret="wrong")).status_code in (401, 404)
