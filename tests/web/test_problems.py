"""Problem parcels over HTTP: the report and its photos, the query, and very many handled in one go."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from app import clock
from app.models import Attachment, Ticket
from app.services import batch, replies, sessions
from app.services.replies import ResultIn
from app.services.sessions import Limits
from tests import cast
from tests.cast import NOON, Cast, post
from tests.services.problem_steps import DAMAGED, LOST, SLIP, reported, with_types

NOW = NOON + timedelta(minutes=10)
WAYBILL = "YT1234567890123"
MANY, BROKEN = 2 * batch.MOST + 20, 7


@pytest.fixture
def house(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return with_types(cast.begin())


class Browser:
    """A signed-in browser that sends the page's token with each form."""

    def __init__(self, app: Any, house: Cast, who: str) -> None:
        limits = Limits(timedelta(minutes=30), timedelta(hours=12))
        token = sessions.create(user_id=house[who].user_id or 0, epoch=0, data={}, now=NOW, limits=limits)
        self.client = app.test_client()
        self.client.set_cookie("session", token)
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get("/account").text)
        self.token = found[1] if found else ""

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def post(self, path: str, **data: Any) -> Any:
        return self.client.post(path, data={**data, "csrf_token": self.token})


@pytest.fixture
def site(app: Any, house: Cast) -> Browser:
    return Browser(app, house, "site")


@pytest.fixture
def other(app: Any, house: Cast) -> Browser:
    return Browser(app, house, "site-2")


def picture(colour: str = "red") -> tuple[io.BytesIO, str]:
    raw = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(raw, "JPEG")
    raw.seek(0)
    return raw, "photo.jpg"


def damaged(**changed: Any) -> dict[str, Any]:
    return {
        "type": DAMAGED, "shown": DAMAGED, "waybill": WAYBILL, "site": "330108-01", "courier": "张师傅",
        "field-packing": "内外均破损", "field-damage": "左上角", "text": "到件时外箱压坏", "submission_key": "k1", **changed,
    }  # fmt: skip


def errors(page: str) -> set[str]:
    return set(re.findall(r'id="([a-z-]+)-error"', page))


# --- the report ---


def test_a_report_with_photos_becomes_a_ticket_that_shows_them(site, db_session):
    answer = site.post("/problems/new", **damaged(file=[picture("red"), picture("blue")]))
    assert answer.status_code == 303
    page = site.get(answer.location).text
    assert "左上角" in page and "到件时外箱压坏" in page and page.count("/thumb") == 2
    db_session.rollback()
    assert {row.state for row in db_session.scalars(select(Attachment))} == {"ready"}
    again = site.post("/problems/new", **damaged(file=[picture("red"), picture("blue")]))
    assert again.location == answer.location, "the same form again"


@pytest.mark.parametrize(
    "changed", [{"text": "另一件事"}, {"waybill": "YT1234567890999"}, {"field-damage": "右下角"}, {"courier": ""}]
)
def test_a_report_under_a_used_key_with_anything_else_in_it_is_refused_and_kept(
    site: Browser, db_session: Any, changed: dict[str, str]
) -> None:
    assert site.post("/problems/new", **damaged(file=[picture()])).status_code == 303
    for colour, other in (("red", changed), ("blue", {})):
        answer = site.post("/problems/new", **{**damaged(file=[picture(colour)]), **other})
        assert answer.status_code == 409 and "已用不同的文字提交" in answer.text
        assert all(value in answer.text for value in other.values())
        key = re.search(r'name="submission_key" value="([^"]+)"', answer.text)
        assert key and key[1] != "k1"
    db_session.rollback()
    assert len(db_session.scalars(select(Ticket)).all()) == 1


def test_what_is_missing_is_named_and_what_was_typed_stays(site):
    answer = site.post("/problems/new", **damaged(site="", **{"field-damage": ""}))
    assert answer.status_code == 422
    assert errors(answer.text) == {"site", "field-damage", "file"}
    assert "到件时外箱压坏" in answer.text and "张师傅" in answer.text


def test_a_file_that_is_no_picture_is_refused_and_nothing_is_stored(site, db_session):
    answer = site.post("/problems/new", **damaged(file=[(io.BytesIO(b"MZ..."), "virus.jpg")]))
    assert answer.status_code == 422 and "file" in errors(answer.text)
    assert db_session.scalars(select(Ticket)).all() == []


def test_choosing_another_type_shows_its_fields_keeps_the_text_and_stores_nothing(site, db_session):
    answer = site.post("/problems/new", **damaged(type=LOST, retype="1"))
    assert answer.status_code == 200
    assert "field-searched" in answer.text and "field-damage" not in answer.text
    assert "到件时外箱压坏" in answer.text and not errors(answer.text)
    posted = site.post("/problems/new", **damaged(type=LOST))  # sent without having seen its fields
    assert posted.status_code == 422 and "type" in errors(posted.text) and "field-searched" in posted.text
    assert db_session.scalars(select(Ticket)).all() == []


def test_the_look_up_leads_to_a_report_with_the_number_filled_in(site):
    page = site.get(f"/waybills?numbers={WAYBILL}").text
    (href,) = [unescape(one) for one in re.findall(r'href="(/problems/new\?[^"]*)"', page)]
    assert re.search(rf'name="waybill"[^>]*value="{WAYBILL}"', site.get(href).text)


def test_an_administrator_sets_what_a_type_needs(app, house, site):
    admin = Browser(app, house, "admin")
    wrong = admin.post(f"/admin/problem-types/{LOST}", fields="where | 在哪里", photos="2", active="1")
    assert wrong.status_code == 422 and "在哪里" in wrong.text
    line = "where | 在哪里 | Where | choice | yes | 车上, 库里"
    assert admin.post(f"/admin/problem-types/{LOST}", fields=line, photos="2", active="1").status_code == 303
    form = site.get(f"/problems/new?type={LOST}").text
    assert "field-where" in form and "车上" in form and "至少 2 张" in form
    assert admin.post("/admin/problem-types/FALSE_SIGN", fields="", photos="0").status_code == 404


def test_in_english_the_options_and_what_was_chosen_are_english(app, house, site):
    admin = Browser(app, house, "admin")
    line = "where | 在哪里 | Where | choice | yes | 车上=On the van, 库里=In the store"
    assert admin.post(f"/admin/problem-types/{LOST}", fields=line, photos="0", active="1").status_code == 303
    assert "车上=On the van, 库里=In the store" in admin.get("/admin/problem-types").text
    chinese = site.get(f"/problems/new?type={LOST}").text
    assert "车上" in chinese and "On the van" not in chinese
    lost = {
        "type": LOST,
        "shown": LOST,
        "waybill": WAYBILL,
        "site": "330108-01",
        "text": "不见了",
        "field-where": "车上",
    }
    numbers = [site.post("/problems/new", **one).location for one in (lost, damaged(file=[picture()]))]
    assert "车上" in site.get(numbers[0]).text and "内外均破损" in site.get(numbers[1]).text
    site.post("/language", lang="en")
    assert '<option value="车上">On the van</option>' in site.get(f"/problems/new?type={LOST}").text
    assert "On the van" in site.get(numbers[0]).text and "车上" not in site.get(numbers[0]).text
    assert "Packing and contents damaged" in site.get(numbers[1]).text


# --- the query ---


@pytest.mark.both_engines  # a list whose filters each engine answers by itself
def test_the_query_lists_what_fits_and_names_both_sites(site, other, house):
    numbers = [reported(house, n, kind=kind) for n, kind in enumerate((LOST, SLIP))]
    page = site.get(f"/problems?type={SLIP}&side=by_us").text
    assert numbers[1] in page and numbers[0] not in page
    assert "组织 330106-01" in page and "组织 330108-01" in page
    assert numbers[0] in other.get("/problems?side=to_us&state=to_handle&courier=张师傅").text
    assert numbers[0] not in other.get("/problems?courier=李师傅").text
    for junk in (
        "?since=x&until=9999-99-99",
        "?after=~",
        "?state=%00x"[:9],
        "?type=" + "x" * 300,
        "?waybill=" + "1" * 5000,
    ):
        assert site.get("/problems" + junk).status_code == 200, junk


# --- many at once ---


def tickets_of(page: str) -> list[str]:
    return re.findall(r'<input type="checkbox" name="ticket" value="([^"]+)"', page)


def ticked(page: str) -> list[str]:
    return re.findall(r'<input type="checkbox" name="ticket" value="([^"]+)"[^>]* checked', page)


def hidden(page: str) -> dict[str, str]:
    names = r"version-[^\"]+|seen|submission_key|draft"
    form = page[page.index('class="sheetform full batch"') :]
    return dict(re.findall(rf'<input type="hidden" name="({names})" value="([^"]*)"', form))


@pytest.mark.thorough
def test_more_than_complaints_may_be_are_handled_in_one_go_and_exactly_those_that_fail_stay(other, house, db_session):
    numbers = [reported(house, n, kind=SLIP) for n in range(MANY)]
    reported(house, MANY, kind=LOST)
    page = other.post("/problems/batch", type=SLIP).text
    assert tickets_of(page) == numbers
    form = {**hidden(page), "text": "{{运单号}} 的签收单已找到，今天寄回", "ticket": numbers}
    seen = other.post("/batch/result", **form).text
    assert ticked(seen) == numbers and "YT0000000000007 的签收单已找到" in seen
    gone = numbers[3::19][:BROKEN]  # somebody else answers these in the meantime
    for number in gone:
        replies.result(actor=house["site-2"], post=post(number), answer=ResultIn("已寄", ""), now=NOW)
    done = other.post("/batch/result", **{**form, **hidden(seen)}).text
    assert ticked(done) == gone
    assert all(re.search(rf'href="[^"]*{number}".*?<span class="chip late">', done, re.DOTALL) for number in gone)
    db_session.rollback()
    states = dict(db_session.execute(select(Ticket.number, Ticket.state)).all())
    assert {states[number] for number in numbers} == {"replied"} and sorted(states.values()).count("open") == 1


def test_a_form_of_five_hundred_is_read_to_its_end_and_one_more_is_too_many(other, house):
    ours, gone = reported(house, 1, kind=SLIP), [f"KF991231-{n:06d}" for n in range(500)]
    versions = {f"version-{number}": "1" for number in gone}
    assert other.post("/batch/result", ticket=[ours, *gone[:499]], text="已寄", **versions).status_code == 404
    assert other.post("/batch/result", ticket=[ours, *gone], text="已寄", **versions).status_code == 422
    assert batch.MOST_PROBLEMS == 500


def test_types_do_not_mix_and_complaints_keep_their_fifty(other, house, app):
    mixed = [reported(house, 1, kind=SLIP), reported(house, 2, kind=LOST)]
    page = other.post("/batch/result", ticket=mixed, text="已处理").text
    assert "flash bad" in page
    complaints = [cast.push(house, f"C{n}", waybill=f"YT{n:09d}0000", site="330108-01") for n in range(51)]
    assert other.post("/batch/result", ticket=complaints, open="1").status_code == 422
    assert other.post("/problems/batch", type="").status_code == 422


def test_the_answer_to_a_report_waits_for_whoever_raised_it_and_not_for_a_customer(site, other, house):
    number = reported(house, 1, kind=SLIP)
    replies.result(actor=house["site-2"], post=post(number), answer=ResultIn("签收单已寄回", ""), now=NOW)
    pages = [one.get(path).text for one in (site, other) for path in (f"/tickets/{number}", "/tickets?queue=all")]
    assert all("等提出方确认" in page for page in pages[::2]) and not any("等客户确认" in page for page in pages)
