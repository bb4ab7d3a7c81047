"""The clerk's day: the board in bands, and from one answer to the next ticket."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app import clock
from app.models import Outbox, Ticket, WorkItem
from app.services import sessions
from app.services.sessions import Limits
from app.services.transaction import write
from tests import cast
from tests.cast import NOON, Cast

NOW = NOON + timedelta(minutes=20)
TEXT = "已联系客户，今天送到门口。"
Portal = Callable[[str], Any]


@pytest.fixture
def company(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company; every request happens at NOW."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return cast.begin()


@pytest.fixture
def portal(app: Any, company: Cast) -> Portal:
    """Signs a person in without the cost of a password."""

    def browser(who: str) -> Any:
        limits = Limits(timedelta(minutes=30), timedelta(hours=12))
        token = sessions.create(user_id=company[who].user_id or 0, epoch=0, data={}, now=NOW, limits=limits)
        client = app.test_client()
        client.set_cookie("session", token)
        return client

    return browser


def due_in(company: Cast, *minutes: int, category: str = "FALSE_SIGN") -> list[str]:
    """Tickets of our site, due in so many minutes."""
    numbers = [
        cast.push(company, f"W{category}{n}", text="没收到", waybill=f"YT{n:09d}{ord(category[0]):04d}")
        for n in range(len(minutes))
    ]
    with write() as session:
        for number, left in zip(numbers, minutes, strict=True):
            ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one()
            ticket.category = category
            dated = {"due_at": NOW + timedelta(minutes=left), "category": category}
            session.execute(update(WorkItem).where(WorkItem.ticket_id == ticket.id).values(**dated))
    return numbers


def heads(html: str) -> list[tuple[str, str]]:
    """The bands of a list with their counts."""
    return re.findall(r'<li class="band (\w+)">.*?<span class="num">([\d+]*)</span>', html)


def shown(html: str) -> list[str]:
    """The numbers in the list, in order."""
    return re.findall(r'<a class="row" href="/tickets/(KF[\d-]+)', html)


def token(html: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found
    return found[1]


def send(client: Any, number: str, **more: str) -> Any:
    """Answer a ticket with the preview confirmed."""
    csrf = token(client.get(f"/tickets/{number}").text)
    form = {
        "csrf_token": csrf, "text": TEXT, "contact_outcome": "reached_accepts", "action_taken": "redelivered",
        "submission_key": f"k{number}", "confirmed": "1", **more,
    }  # fmt: skip
    return client.post(f"/tickets/{number}/result{more.get('query', '')}", data=form)


@pytest.mark.both_engines  # pages by key, and bands that the engine counts
def test_the_queue_is_divided_by_time_left_with_the_count_of_each_band(company: Cast, portal: Portal) -> None:
    late, soon, today, later = due_in(company, -5, 10, 90, 60 * 24)
    html = portal("site").get("/tickets").text
    assert heads(html) == [("late", "1"), ("soon", "1"), ("today", "1"), ("later", "1")]
    assert shown(html) == [late, soon, today, later]


@pytest.mark.both_engines  # pages by key, and bands that the engine counts
def test_the_second_page_names_the_band_it_goes_on_with_and_counts_the_whole_of_it(
    company: Cast, portal: Portal
) -> None:
    due_in(company, -5, *range(1, 61))
    client = portal("site")
    first = client.get("/tickets").text
    found = re.search(r'class="more" href="([^"]+)"', first)
    assert found
    second = client.get(found[1].replace("&amp;", "&")).text
    assert heads(first) == [("late", "1"), ("soon", "30"), ("today", "30")]
    assert heads(second) == [("today", "30")]
    assert len({*shown(first), *shown(second)}) == 61


@pytest.mark.parametrize("address", ["/tickets?queue=replied", "/tickets?queue=waiting", "/tickets?sort=activity"])
def test_what_is_not_a_list_of_things_to_do_by_time_has_no_bands(company: Cast, portal: Portal, address: str) -> None:
    due_in(company, 5)
    assert heads(portal("site").get(address).text) == []


def test_the_bands_follow_the_filters_of_the_address(company: Cast, portal: Portal) -> None:
    due_in(company, 10, 11)
    due_in(company, 12, category="LOST")
    assert heads(portal("site").get("/tickets?category=LOST").text) == [("soon", "1")]


def test_after_sending_the_next_most_urgent_ticket_opens_and_says_what_was_sent(company: Cast, portal: Portal) -> None:
    last, first, middle = due_in(company, 60, 5, 20)
    client = portal("site")
    there = send(client, middle, next="1")
    assert there.status_code == 303
    assert there.location == f"/tickets/{first}?sent={middle}"
    page = client.get(there.location).text
    assert re.search(rf'sentnote[^>]*>.*{middle}.*href="/tickets/{middle}"', page)
    assert shown(page) == [first, last]


def test_the_next_ticket_is_one_of_the_chosen_list(company: Cast, portal: Portal) -> None:
    due_in(company, 1)
    one, two = due_in(company, 60, 80, category="LOST")
    there = send(portal("site"), one, next="1", query="?category=LOST")
    assert there.location == f"/tickets/{two}?category=LOST&sent={one}"


def test_after_the_last_one_the_empty_list_says_what_was_sent(company: Cast, portal: Portal) -> None:
    (only,) = due_in(company, 5)
    client = portal("site")
    there = send(client, only, next="1")
    assert there.location == f"/tickets?sent={only}"
    assert f'href="/tickets/{only}"' in client.get(there.location).text


def test_the_second_button_keeps_one_on_the_ticket(company: Cast, portal: Portal) -> None:
    one, _two = due_in(company, 5, 10)
    assert send(portal("site"), one, stay="1").location == f"/tickets/{one}"


def test_no_address_skips_the_preview(company: Cast, portal: Portal) -> None:
    (one,) = due_in(company, 5)
    answer = send(portal("site"), one, next="1", confirmed="")
    assert answer.status_code == 200
    assert TEXT in answer.text
    with write() as session:
        assert session.scalars(select(Outbox).where(Outbox.kind == "callback")).all() == []


def test_with_htmx_the_next_pane_comes_at_once_with_its_address(company: Cast, portal: Portal) -> None:
    one, two = due_in(company, 5, 10)
    client = portal("site")
    csrf = token(client.get(f"/tickets/{one}").text)
    form = {"csrf_token": csrf, "text": TEXT, "contact_outcome": "reached_accepts", "confirmed": "1", "next": "1"}
    answer = client.post(f"/tickets/{one}/result", data=form, headers={"HX-Request": "true"})
    assert answer.headers["HX-Push-Url"] == f"/tickets/{two}"
    assert answer.headers["HX-Trigger"] == "queue-changed"
    assert 'id="ticket"' in answer.text
    assert one in answer.text


def test_a_number_out_of_scope_or_without_an_answer_says_nothing(company: Cast, portal: Portal) -> None:
    (one,) = due_in(company, 5)
    assert "sentnote" not in portal("site").get(f"/tickets?sent={one}").text
    send(portal("site"), one, stay="1")
    assert "sentnote" in portal("site").get(f"/tickets?sent={one}").text
    assert "sentnote" not in portal("site-3").get(f"/tickets?sent={one}").text


def batch(client: Any, verb: str, numbers: list[str], **more: str) -> Any:
    """Send a form of a batch with these rows ticked."""
    form = {"csrf_token": token(client.get("/tickets").text), "ticket": numbers, "submission_key": "b", **more}
    return client.post(f"/batch/{verb}", data=form)


ANSWER = {"text": "{{单号}} 今天送到", "contact_outcome": "reached_accepts", "action_taken": "redelivered"}


def callbacks() -> int:
    with write() as session:
        return len(session.scalars(select(Outbox).where(Outbox.kind == "callback")).all())


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', html)
    assert found, name
    return found[1]


def test_a_link_ticks_a_whole_band_without_scripting(company: Cast, portal: Portal) -> None:
    due_in(company, -5, 10, 12)
    html = portal("site").get("/tickets?tick=soon").text
    assert re.findall(r'data-band="(\w+)"[^>]* checked', html) == ["soon", "soon"]


def test_many_answers_are_previewed_each_and_then_leave(company: Cast, portal: Portal) -> None:
    numbers, client = due_in(company, 5, 10), portal("site")
    opened = batch(client, "result", numbers, open="1")
    assert opened.status_code == 200
    preview = batch(client, "result", numbers, **ANSWER)
    assert preview.status_code == 200
    assert callbacks() == 0
    assert all(f"{number} 今天送到" in preview.text for number in numbers)
    done = batch(client, "result", numbers[:1], **ANSWER, seen=hidden(preview.text, "seen"))
    assert done.status_code == 200
    assert callbacks() == 1


def test_what_was_claimed_together_is_gone_on_with_together(company: Cast, portal: Portal) -> None:
    numbers, client = due_in(company, 5, 10), portal("site-manager")
    claimed = batch(client, "claim", numbers).text
    onward = re.search(r'<form class="pagetools" method="post" action="/batch/follow-up.*?</form>', claimed, re.DOTALL)
    assert onward, "no way on"
    assert re.findall(r'name="ticket" value="([^"]+)"', onward[0]) == numbers
    assert 'formaction="/batch/result' in onward[0]
    again = batch(client, "claim", numbers, submission_key="c").text
    assert 'class="pagetools" method="post"' not in again  # they were the clerk's already


def test_another_text_than_the_one_seen_is_previewed_again(company: Cast, portal: Portal) -> None:
    numbers, client = due_in(company, 5, 10), portal("site")
    seen = hidden(batch(client, "result", numbers, **ANSWER).text, "seen")
    again = batch(client, "result", numbers, **ANSWER | {"text": "别的"}, seen=seen)
    assert "别的" in again.text
    assert callbacks() == 0


def test_what_fails_is_named_stays_ticked_and_keeps_the_text(company: Cast, portal: Portal) -> None:
    numbers, client = due_in(company, 5, 10), portal("site")
    seen = hidden(batch(client, "result", numbers, **ANSWER).text, "seen")
    send(client, numbers[0], stay="1")
    done = batch(client, "result", numbers, **ANSWER, seen=seen).text
    ticked = re.findall(r'name="ticket" value="(KF[^"]+)"[^>]* checked', done)
    assert ticked == numbers[:1]
    assert "{{单号}} 今天送到" in done
    assert callbacks() == 2


def test_the_preview_unticks_what_cannot_be_answered_any_more(company: Cast, portal: Portal) -> None:
    numbers, client = due_in(company, 5, 10), portal("site")
    send(client, numbers[0], stay="1")
    preview = batch(client, "result", numbers, **ANSWER).text
    assert re.findall(r'name="ticket" value="(KF[^"]+)"[^>]* checked', preview) == numbers[1:]
    assert callbacks() == 1


def test_a_batch_without_rows_or_with_a_wrong_field_is_422_and_keeps_the_text(company: Cast, portal: Portal) -> None:
    numbers, client = due_in(company, 5), portal("site")
    assert batch(client, "claim", []).status_code == 422
    wrong = batch(client, "result", numbers, text="{{地址}}", contact_outcome="")
    assert wrong.status_code == 422
    assert "{{地址}}" in wrong.text


def test_a_foreign_ticket_makes_the_whole_batch_404(company: Cast, portal: Portal) -> None:
    numbers = due_in(company, 5)
    foreign = cast.push(company, "F", waybill="YT9999999990000", site="440305-01")
    for verb in ("claim", "follow-up", "result"):
        for more in ({}, {"open": "1"}):
            assert batch(portal("site"), verb, [*numbers, foreign], **more, **ANSWER).status_code == 404


def test_many_are_claimed_with_one_press(company: Cast, portal: Portal) -> None:
    numbers, client = due_in(company, 5, 10), portal("site")
    assert batch(client, "claim", numbers).status_code == 200
    with write() as session:
        states = session.scalars(select(Ticket.state).where(Ticket.number.in_(numbers))).all()
    assert set(states) == {"in_progress"}
