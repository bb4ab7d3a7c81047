"""Signing in with two factors over HTTP, the page that sets it up, and the portal that requires it."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from app.models import SecondFactor, User
from app.services import second_factor
from tests.cast import NOON
from tests.web.test_auth import PASSWORD, now, people, sign_in, token_of  # noqa: F401 - fixtures

PAGE = "/account/second-factor"
PASSED = re.compile(r'name="passed" value="([^"]+)"')


@pytest.fixture
def required(app):
    """A portal that requires it."""
    known = app.extensions["kuaifu"]
    app.extensions["kuaifu"] = replace(known, second_factor_required=True)
    yield
    app.extensions["kuaifu"] = known


def post(client, path, where=PAGE, **data):
    return client.post(path, data={"csrf_token": token_of(client, where), **data})


def set_up(client, now):  # noqa: F811
    """Through the pages; the authenticator and what the last page said."""
    assert post(client, f"{PAGE}/begin", password=PASSWORD).status_code == 303
    page = client.get(PAGE).text
    assert 'src="data:image/svg+xml' in page
    secret = re.search(r'class="mono">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    made = pyotp.TOTP(secret)
    answer = post(client, f"{PAGE}/confirm", code=made.at(now[0]))
    assert answer.status_code == 200
    return made, answer.text


def code(client, page, typed):
    passed = html.unescape(PASSED.search(page)[1])
    return client.post("/login/code", data={"csrf_token": token_of(client), "passed": passed, "code": typed})


def test_after_the_set_up_the_password_alone_opens_nothing(client, people, now):  # noqa: F811
    sign_in(client, "ccs")
    made, page = set_up(client, now)
    assert len(re.findall(r"<li>[A-Z2-9]{5}-[A-Z2-9]{5}</li>", page)) == 10
    post(client, "/logout")
    asked = sign_in(client, "ccs", next="/account?done=saved")
    assert asked.status_code == 200 and client.get("/tickets").status_code == 303
    now[0] += timedelta(minutes=1)
    wrong = code(client, asked.text, "000000")
    assert wrong.status_code == 422 and client.get("/tickets").status_code == 303
    answer = code(client, wrong.text, made.at(now[0]))
    assert (answer.status_code, answer.location) == (303, "/account?done=saved")
    assert client.get("/tickets").status_code == 200


def test_a_wrong_password_never_reaches_the_code(client, people, now):  # noqa: F811
    sign_in(client, "ccs")
    set_up(client, now)
    post(client, "/logout")
    assert sign_in(client, "ccs", "wrong one").status_code == 422


def test_the_step_in_between_holds_five_minutes_and_cannot_be_made_up(client, people, now, monkeypatch):  # noqa: F811
    sign_in(client, "ccs")
    made, _page = set_up(client, now)
    post(client, "/logout")
    asked = sign_in(client, "ccs").text
    passed = html.unescape(PASSED.search(asked)[1])
    for forged in ("", "x", passed[:-2] + "xx", passed.replace(".", "", 1)):
        data = {"csrf_token": token_of(client), "passed": forged, "code": made.at(now[0] + timedelta(minutes=1))}
        assert client.post("/login/code", data=data).status_code == 422
    import time

    real = time.time()
    monkeypatch.setattr(time, "time", lambda: real + 301)
    assert code(client, asked, made.at(now[0])).status_code == 422
    assert client.get("/tickets").status_code == 303


def test_a_password_changed_in_between_ends_it(client, people, now, db_session):  # noqa: F811
    sign_in(client, "ccs")
    made, _page = set_up(client, now)
    post(client, "/logout")
    asked = sign_in(client, "ccs").text
    db_session.query(User).filter(User.account == "ccs").update({"epoch": 5})
    db_session.commit()
    now[0] += timedelta(minutes=1)
    code(client, asked, made.at(now[0]))
    assert client.get("/tickets").status_code == 303


def test_guessing_ends_in_429(client, people, now):  # noqa: F811
    sign_in(client, "ccs")
    set_up(client, now)
    post(client, "/logout")
    page = sign_in(client, "ccs").text
    said = [code(client, page, "000000") for _ in range(6)]
    assert said[-1].status_code == 429 and int(said[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize("verb", ["begin", "codes", "remove"])
def test_every_change_wants_the_password(client, people, now, verb, db_session):  # noqa: F811
    sign_in(client, "ccs")
    known = {}
    if verb != "begin":
        made, _page = set_up(client, now)
        now[0] += timedelta(minutes=1)
        known = {"code": made.at(now[0])}
    before = db_session.query(SecondFactor).count()
    for typed in ("", "wrong one"):
        answer = post(client, f"{PAGE}/{verb}", password=typed, **known)
        assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text
    db_session.rollback()
    assert db_session.query(SecondFactor).count() == before
    assert post(client, f"{PAGE}/{verb}", password=PASSWORD, **known).status_code in (200, 303)


@pytest.mark.parametrize("verb", ["codes", "remove"])
def test_no_second_factor_is_changed_without_the_old_one(client, people, now, verb, db_session):  # noqa: F811
    sign_in(client, "ccs")
    made, page = set_up(client, now)
    used, now[0] = made.at(now[0]), now[0] + timedelta(seconds=20)
    kept = sorted(re.findall(r"<li>([A-Z2-9]{5}-[A-Z2-9]{5})</li>", page))
    for typed in ("", "000000", used):
        answer = post(client, f"{PAGE}/{verb}", password=PASSWORD, code=typed)
        assert answer.status_code == 422 and 'id="code-error"' in answer.text and kept[0] not in answer.text
    assert post(client, f"{PAGE}/begin", password=PASSWORD).status_code == 409
    assert second_factor.enrolled(db_session, people["ccs"].user_id)
    telephone_lost = post(client, f"{PAGE}/{verb}", password=PASSWORD, code=kept[0])
    assert telephone_lost.status_code in (200, 303)


def test_a_portal_that_requires_it_leads_there_and_nowhere_else(client, people, now, required):  # noqa: F811
    sign_in(client, "ccs")
    for path in ("/tickets", "/account", "/board"):
        assert client.get(path).location == PAGE
    assert client.get(PAGE).status_code == 200
    set_up(client, now)
    assert client.get("/tickets").status_code == 200
    assert post(client, f"{PAGE}/remove", password=PASSWORD).status_code == 409


def test_who_has_none_yet_takes_nobody_elses_away(client, people, now, db_session, required):  # noqa: F811
    sign_in(client, "ccs")
    set_up(client, now)
    post(client, "/logout")
    sign_in(client, "admin")
    assert client.get("/admin/second-factors").location == PAGE
    assert post(client, f"/admin/second-factors/{people['ccs'].user_id}/reset").location == PAGE
    assert db_session.query(SecondFactor).filter_by(user_id=people["ccs"].user_id).count() == 1


def test_it_is_required_of_nobody_at_a_site(client, people, now, required):  # noqa: F811
    assert sign_in(client, "site").location == "/tickets"
    assert client.get("/tickets").status_code == 200


def test_an_administrator_resets_and_it_stands_in_the_log(client, people, now, db_session):  # noqa: F811
    sign_in(client, "ccs")
    set_up(client, now)
    post(client, "/logout")
    sign_in(client, "admin")
    user_id = people["ccs"].user_id
    page = client.get("/admin/second-factors").text
    assert f"/admin/second-factors/{user_id}/reset" in page
    path = f"/admin/second-factors/{people['admin'].user_id}/reset"
    assert post(client, path, "/admin/second-factors").status_code == 409
    assert post(client, f"/admin/second-factors/{user_id}/reset", "/admin/second-factors").status_code == 303
    db_session.rollback()
    assert not second_factor.enrolled(db_session, user_id)
    assert [row.what for row, _whose, _who in second_factor.log(db_session)] == ["reset", "enrolled"]


def test_the_second_factor_of_a_demo_is_never_required() -> None:
    from app.config import Config, ConfigError

    env = {"SECOND_FACTOR": "required", "SECRET_KEY": "k" * 32}
    assert not Config.from_env(env).second_factor_required
    assert Config.from_env({**env, "KUAIFU_ENV": "production"}).second_factor_required
    with pytest.raises(ConfigError):
        Config.from_env({"SECOND_FACTOR": "yes", "SECRET_KEY": "k" * 32})
    assert NOON
