"""Accounts over HTTP: an administrator makes one, its person sets the password behind the link and signs in."""

from __future__ import annotations

import html
import re
from dataclasses import replace

from app import create_app
from app.extensions import limiter
from tests.web.test_auth import now, people, sign_in, token_of  # noqa: F401 - fixtures

LIST = "/admin/users"
CLERK = {"account": "li.lei", "name": "李雷", "role": "site_clerk", "organisation": "330106-01"}


def post(client, path, where="", **data):
    return client.post(path, data={"csrf_token": token_of(client, where or path), **data})


def made(client) -> str:
    """The page of a fresh account."""
    answer = post(client, LIST, **CLERK)
    assert answer.status_code == 303
    return answer.headers["Location"].partition("?")[0]


def link_of(answer) -> str:
    """The path of the link that a page shows."""
    return re.search(r'id="fresh-link" value="https?://[^/"]+([^"]+)"', html.unescape(answer.text))[1]


def test_an_account_is_made_its_person_sets_the_password_and_signs_in(app, client, people):  # noqa: F811
    sign_in(client, "admin")
    page = made(client)
    path = link_of(post(client, f"{page}/link", page))
    assert "fresh-link" not in client.get(page).text
    person = app.test_client()
    asked = person.get(path)
    assert "li.lei" in asked.text and asked.headers["Referrer-Policy"] == "no-referrer"
    assert asked.headers["Cache-Control"] == "no-store" and "noindex" in asked.headers["X-Robots-Tag"]
    assert post(person, path, new="short", repeat="short").status_code == 422
    answer = post(person, path, new="battery staple", repeat="battery staple")
    assert answer.status_code == 303 and answer.headers["Location"] == "/login?done=password"
    assert person.get(path).status_code == 404
    assert sign_in(person, "li.lei", "battery staple").status_code == 303
    assert person.get("/tickets").status_code == 200


def test_a_link_pressed_without_a_token_sets_nothing(app, client, people):  # noqa: F811
    sign_in(client, "admin")
    page = made(client)
    path = link_of(post(client, f"{page}/link", page))
    person = app.test_client()
    assert person.post(path, data={"new": "battery staple", "repeat": "battery staple"}).status_code in (400, 422)
    assert person.get(path).status_code == 200


def test_what_was_wrong_stands_beside_the_field_with_what_was_typed(client, people):  # noqa: F811
    sign_in(client, "admin")
    answer = post(client, LIST, **{**CLERK, "account": "site"})
    assert answer.status_code == 422 and 'value="李雷"' in answer.text and "已有同名账号" in answer.text


def test_a_file_is_tried_out_first_and_then_taken_with_invitations_that_open(app, client, people):  # noqa: F811
    sign_in(client, "admin")
    text = "account,name,role,organisation\nli.lei,=李雷,site_clerk,330106-01\nhmm,韩梅梅,lcs,33\n"
    tried = post(client, "/admin/users-import", text=text, confirmed="0")
    assert tried.status_code == 200 and 'name="confirmed" value="1"' in tried.text
    bad = post(client, "/admin/users-import", text=text.replace(",33", ",39"), confirmed="1")
    assert bad.status_code == 422
    assert post(client, "/admin/users-import", text=text, confirmed="1").status_code == 303
    sent = post(client, "/admin/users-invite", LIST)
    rows = sent.text.splitlines()
    assert len(rows) == 3 and "'=李雷" in sent.text and sent.headers["Content-Type"].startswith("text/csv")
    path = re.search(r"https?://[^/,]+(/password/[^,]+)", rows[1])[1]
    assert app.test_client().get(path).status_code == 200


def test_an_account_that_is_disabled_signs_in_no_more_and_its_page_says_so(app, client, people):  # noqa: F811
    sign_in(client, "admin")
    page = f"{LIST}/{people['site'].user_id}"
    assert post(client, f"{page}/able", page, on="0").status_code == 303
    assert sign_in(app.test_client(), "site").status_code == 422
    assert post(client, f"{page}/able", page, on="1").status_code == 303
    assert sign_in(app.test_client(), "site").status_code == 303
    own = f"{LIST}/{people['admin'].user_id}"
    assert post(client, f"{own}/able", page, on="0").status_code == 409


def test_guessing_at_links_is_slowed_down(app, client, people):  # noqa: F811
    """On a portal as it runs outside of tests: there limits are on."""
    guesser = create_app(replace(app.extensions["kuaifu"], environment="demo")).test_client()
    try:
        codes = [guesser.get(f"/password/{n:043d}").status_code for n in range(61)]
    finally:
        limiter.reset()
        limiter.enabled = False
    assert codes[:60] == [404] * 60 and codes[-1] == 429
