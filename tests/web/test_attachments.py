"""Pictures over HTTP: uploaded alone or with the form, shown in scope, sealed, and never more than was asked for."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from flask import url_for
from sqlalchemy import func, select

from app import create_app
from app.domain import stores as store_rule
from app.domain.pictures import Picture
from app.extensions import limiter
from app.integrations import store, stores
from app.integrations.pictures import prepare
from app.integrations.store import DirectoryStore, StoreError
from app.jobs import fetches
from app.models import Attachment, Event
from app.services import platform_pictures
from app.services.platform_pictures import Address
from app.web import attachments
from tests import cast
from tests.pictures import opened, photo, telltale
from tests.web.stage import EVERYBODY, NOW, Stage

FOLLOW_UP = {"text": "见照片", "contact_outcome": "no_answer", "next_update_at": "2026-11-25T10:00"}
NUMBERS = iter(range(1000))


@pytest.fixture
def number(stage: Stage) -> str:
    """A fresh ticket of the first site."""
    with stage.app.app_context():
        return cast.push(stage.cast, f"PIC{next(NUMBERS)}")


def send(stage: Stage, path: str, *files: tuple[bytes, str], who: str = "site", **fields: Any) -> Any:
    """Post a form with files as a browser does."""
    data = {"csrf_token": stage.csrf, **fields, "file": [(BytesIO(raw), name) for raw, name in files]}
    return stage.browsers[who].post(path, data=data, content_type="multipart/form-data")


def upload(stage: Stage, number: str, raw: bytes | None = None, name: str = "门口.jpg", **more: Any) -> Any:
    return send(stage, f"/tickets/{number}/attachments", (raw or photo(), name), **{"box": "note", **more})


def ids_in(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'name="attachment" value="(\d+)"', page)]


def value(stage: Stage, statement: Any) -> Any:
    with stage.session() as session:
        return session.scalars(statement).first()


def files(stage: Stage) -> list[str]:
    kept = stores.attachments(stage.app.extensions["kuaifu"].data_dir, store_rule.Address())
    return [path.name for path in kept.root.rglob("*") if path.is_file()]


def posted(stage: Stage, number: str) -> int:
    """A picture on a note of the site."""
    (identity,) = ids_in(upload(stage, number, telltale(6)).text)
    answer = send(stage, f"/tickets/{number}/note", text="见照片", attachment=str(identity))
    assert answer.status_code == 303
    return identity


def test_an_upload_answers_with_the_tray_and_the_picture_goes_with_the_post(stage: Stage, number: str) -> None:
    said = upload(stage, number)
    (identity,) = ids_in(said.text)
    assert said.status_code == 200 and "1/9" in said.text
    assert f'value="{identity}"' in stage.browsers["site"].get(f"/tickets/{number}").text
    send(stage, f"/tickets/{number}/note", text="见照片", attachment=str(identity))
    page = stage.browsers["lcs"].get(f"/tickets/{number}").text
    assert f'href="/attachments/{identity}"' in page and f'src="/attachments/{identity}/thumb"' in page
    assert ids_in(stage.browsers["site"].get(f"/tickets/{number}").text) == []


def test_a_picture_is_sent_as_a_sealed_file_without_metadata(stage: Stage, number: str) -> None:
    identity = posted(stage, number)
    answer = stage.browsers["ccs"].get(f"/attachments/{identity}")
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "%E9%97%A8%E5%8F%A3.jpg" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox")
    assert "no-store" in answer.headers["Cache-Control"]
    assert b"canary" not in answer.data and opened(answer.data).size == (30, 40)
    small = stage.browsers["ccs"].get(f"/attachments/{identity}/thumb")
    assert small.headers["Content-Disposition"].startswith("inline") and opened(small.data).size == (30, 40)


@pytest.mark.parametrize("who", [*EVERYBODY, "anonymous"])
def test_a_picture_outside_the_scope_looks_like_one_that_never_was(stage: Stage, number: str, who: str) -> None:
    identity = posted(stage, number)
    sees = who in ("site", "site-manager", "lcs", "lcs-manager", "ccs", "ccs-manager")
    for path in (f"/attachments/{identity}", f"/attachments/{identity}/thumb"):
        answer = stage.browsers[who].get(path)
        assert answer.status_code == (200 if sees else {"admin": 403, "anonymous": 303}.get(who, 404)), who
        if not sees:
            assert answer.status_code == stage.browsers[who].get(path.replace(str(identity), "12")).status_code


def test_nobody_sees_or_sends_what_another_has_not_posted(stage: Stage, number: str) -> None:
    (identity,) = ids_in(upload(stage, number).text)
    for who in ("site-manager", "lcs", "ccs"):
        assert stage.browsers[who].get(f"/attachments/{identity}").status_code == 404
        answer = send(stage, f"/tickets/{number}/note", who=who, text="x", attachment=str(identity))
        assert answer.status_code == 422
        gone = send(stage, f"/tickets/{number}/attachments/remove", who=who, attachment=str(identity))
        assert gone.status_code == 404
    assert stage.browsers["site"].get(f"/attachments/{identity}").status_code == 200


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"<script>alert(1)</script>", "x.jpg"), (b"%PDF-1.7", "x.pdf"), (b"", "x.jpg"), (photo(kind="PNG"), "x.jpg"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "x.svg"), (photo()[:100], "x.jpg"), (photo(), "x.html"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_in_words_and_leaves_nothing(
    stage: Stage, number: str, raw: bytes, name: str
) -> None:
    before = len(files(stage))
    answer = send(stage, f"/tickets/{number}/attachments", (raw, name), box="note")
    assert answer.status_code == 422
    assert re.search(r'class="error" aria-live="polite">[^<]{4,}<', answer.text)
    assert (len(files(stage)), ids_in(answer.text)) == (before, [])


def test_the_reply_form_sends_its_files_itself_where_there_is_no_script(stage: Stage, number: str) -> None:
    answer = send(stage, f"/tickets/{number}/follow-up", (photo(), "a.jpg"), (photo(), "b.jpg"), **FOLLOW_UP)
    assert answer.status_code == 303
    event = value(stage, select(Event).where(Event.type == "follow_up").order_by(Event.id.desc()).limit(1))
    assert len(event.data["attachments"]) == 2


def test_a_refused_form_keeps_the_pictures_that_came_with_it(stage: Stage, number: str) -> None:
    answer = send(stage, f"/tickets/{number}/follow-up", (photo(), "a.jpg"), (b"no picture", "b.jpg"), **FOLLOW_UP)
    assert answer.status_code == 422
    assert "见照片" in answer.text and len(ids_in(answer.text)) == 1
    missing = send(stage, f"/tickets/{number}/follow-up", (photo(), "a.jpg"), **{**FOLLOW_UP, "text": ""})
    assert missing.status_code == 422 and len(ids_in(missing.text)) == 2


def test_the_same_form_twice_stores_its_pictures_once(stage: Stage, number: str) -> None:
    before = len(files(stage))
    for _ in range(2):
        path = f"/tickets/{number}/follow-up"
        answer = send(stage, path, (photo(), "a.jpg"), submission_key=f"twice-{number}", **FOLLOW_UP)
        assert answer.status_code == 303
    assert len(files(stage)) == before + 2  # one picture and its thumbnail


def test_a_result_shows_its_pictures_in_the_preview_and_carries_them_over(stage: Stage, number: str) -> None:
    typed = {"text": "已送达", "contact_outcome": "reached_accepts"}
    preview = send(stage, f"/tickets/{number}/result", (photo(), "a.jpg"), (photo(), "b.jpg"), **typed)
    ids = ids_in(preview.text)
    assert preview.status_code == 200 and len(ids) == 2 and preview.text.count("/thumb") == 2
    back = send(stage, f"/tickets/{number}/result", attachment=[str(i) for i in ids], back="1", **typed)
    assert ids_in(back.text) == ids and "已送达" in back.text
    sent = send(stage, f"/tickets/{number}/result", attachment=[str(i) for i in ids], confirmed="1", **typed)
    assert sent.status_code == 303
    with stage.session() as session:
        rows = session.scalars(select(Attachment.event_id).where(Attachment.id.in_(ids))).all()
    assert len(set(rows)) == 1 and None not in rows


def test_a_tenth_picture_is_refused_and_nine_stay(stage: Stage, number: str) -> None:
    answer = send(stage, f"/tickets/{number}/attachments", *[(photo(), f"{n}.jpg") for n in range(10)], box="note")
    assert answer.status_code == 422
    assert len(ids_in(answer.text)) == 9 and "9/9" in answer.text and 'type="file"' not in answer.text


@pytest.mark.parametrize("page", ["/attachments", "/note"])
def test_of_a_thousand_small_pictures_in_one_post_ten_are_looked_at(
    stage: Stage, number: str, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def count(data: bytes, declared: str = "") -> Picture:
        looked.append(len(data))
        return prepare(data, declared)

    monkeypatch.setattr("app.web.attachments.prepare", count)
    raw = photo(30, 40)
    answer = send(stage, f"/tickets/{number}{page}", *[(raw, f"{n}.jpg") for n in range(60)], text="见照片", box="note")
    assert answer.status_code == 422 and len(looked) == 10


def test_a_picture_over_the_limit_of_other_forms_is_taken_from_people_and_refused_from_strangers(
    stage: Stage, number: str
) -> None:
    large = photo() + b"\0" * 5_000_000
    assert upload(stage, number, large).status_code == 200
    stranger = stage.app.test_client().post(
        f"/tickets/{number}/attachments", data={"file": (BytesIO(large), "a.jpg")}, content_type="multipart/form-data"
    )
    assert stranger.status_code == 413
    elsewhere = send(stage, f"/tickets/{number}/close", (large, "a.jpg"))
    assert elsewhere.status_code == 413


def test_removing_takes_row_and_bytes_away(stage: Stage, number: str) -> None:
    before = len(files(stage))
    (identity,) = ids_in(upload(stage, number).text)
    answer = send(stage, f"/tickets/{number}/attachments/remove", box="note", attachment=str(identity))
    assert answer.status_code == 200 and ids_in(answer.text) == []
    assert len(files(stage)) == before
    assert value(stage, select(Attachment).where(Attachment.id == identity)) is None


def test_a_full_disk_is_told_and_leaves_neither_row_nor_file(
    stage: Stage, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, before = select(func.count()).select_from(Attachment), len(files(stage))
    count = value(stage, rows)

    def full(self: DirectoryStore, name: str, data: bytes) -> None:
        raise StoreError("full")

    with monkeypatch.context() as patch:
        patch.setattr(DirectoryStore, "put", full)
        answer = upload(stage, number)
    assert answer.status_code == 422 and ids_in(answer.text) == []
    assert (value(stage, rows), len(files(stage))) == (count, before)
    assert upload(stage, number).status_code == 200


def test_a_hostile_file_name_is_text_everywhere(stage: Stage, number: str) -> None:
    (identity,) = ids_in(upload(stage, number, name="'><img src=x onerror=alert(1)>.jpg").text)
    send(stage, f"/tickets/{number}/note", text="x", attachment=str(identity))
    assert "<img src=x" not in stage.browsers["site"].get(f"/tickets/{number}").text
    sent = stage.browsers["site"].get(f"/attachments/{identity}").headers["Content-Disposition"]
    assert not {"<", ">", "\\", "'"} & set(sent.split("filename=")[1])


def test_a_picture_whose_bytes_are_gone_is_not_found(stage: Stage, number: str) -> None:
    identity = posted(stage, number)
    row = value(stage, select(Attachment).where(Attachment.id == identity))
    store.drop(stores.attachments(stage.app.extensions["kuaifu"].data_dir, store_rule.Address()), row.store_name)
    assert stage.browsers["site"].get(f"/attachments/{identity}").status_code == 404


def test_unposted_pictures_and_their_files_are_swept_away(stage: Stage, number: str, monkeypatch: Any) -> None:
    from app import clock

    kept = posted(stage, number)
    (old,) = ids_in(upload(stage, number).text)
    name = value(stage, select(Attachment.store_name).where(Attachment.id == old))
    with stage.app.app_context(), monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOW + cast.timedelta(hours=25))
        assert fetches.sweep_unposted() >= 1
    assert not [found for found in files(stage) if found.startswith(name)]
    assert value(stage, select(Attachment).where(Attachment.id == old)) is None
    assert stage.browsers["site"].get(f"/attachments/{kept}").status_code == 200


@pytest.mark.parametrize(
    ("code", "permanent", "word"),
    [
        ("gone", True, "its address had expired"),
        ("timeout", False, "is being fetched"),
        ("other", True, "could not be"),
    ],
)
def test_a_platforms_picture_that_is_not_here_says_why(
    stage: Stage, number: str, code: str, permanent: bool, word: str
) -> None:
    from app.services.transaction import write

    with stage.app.app_context():
        with write() as session:
            ticket = cast.ticket(session, number)
            event = session.scalars(select(Event).where(Event.ticket_id == ticket.id).order_by(Event.seq)).first()
            platform_pictures.expect(session, ticket, event, [Address("https://img.example/secret.jpg")], NOW)
        rows = select(Attachment.id).order_by(Attachment.id.desc()).limit(1)
        platform_pictures.failed(attachment_id=value(stage, rows), code=code, permanent=permanent, now=NOW)
    client = stage.browser("site")
    client.post("/language", data={"csrf_token": stage.csrf, "lang": "en"})
    page = client.get(f"/tickets/{number}").text
    assert "img.example" not in page and "secret.jpg" not in page
    assert word in page


def test_posts_with_files_have_one_limit_whatever_form_they_come_with(stage: Stage, number: str) -> None:
    """On a portal as it runs outside of tests: there limits are on."""
    client = create_app(replace(stage.app.extensions["kuaifu"], environment="demo")).test_client()
    token = stage.browsers["site"].get_cookie("session")
    client.set_cookie("session", token.value if token else "")

    def sent(endpoint: str, **more: Any) -> int:
        with stage.app.test_request_context():
            values = {"number": number, "penalty_id": 1}
            rule = next(one for one in stage.app.url_map.iter_rules(endpoint) if "POST" in (one.methods or ()))
            path = url_for(endpoint, **{name: values[name] for name in rule.arguments})
        fields = {"csrf_token": stage.csrf, **more}
        return client.post(path, data=fields, content_type="multipart/form-data").status_code

    try:
        for _ in range(120):
            assert sent("tickets.note", file=(BytesIO(b"none"), "a.jpg")) != 429
        over = {one: sent(one, file=(BytesIO(b"none"), "a.jpg")) for one in sorted(attachments.TAKES_PICTURES)}
        assert {one for one, status in over.items() if status != 429} == set()
        assert sent("tickets.note", text="只有文字") != 429
    finally:
        limiter.reset()
        limiter.enabled = False
