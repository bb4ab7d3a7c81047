"""Responsible parties over HTTP, without scripting: sheets, the panel, the court's page, and what never leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from app.models import Organisation, Outbox, PartyCase, Ticket
from app.services import callbacks, replies
from tests import cast
from tests.cast import NOON
from tests.cast import post as at
from tests.pictures import photo
from tests.web.stage import NOW, Stage

HERE, SIBLING = "330106-01", "330108-01"
NUMBERS = iter(range(1000))


@pytest.fixture
def number(stage: Stage) -> Iterator[str]:
    """A fresh ticket of the first site with its first reply."""
    with stage.app.app_context():
        made = cast.push(stage.cast, f"PTY{next(NUMBERS)}", now=NOON)
        replies.follow_up(
            actor=stage.cast["site"], post=at(made), text="已联系", contact_outcome="no_answer",
            next_update_at=NOW + timedelta(hours=1), now=NOON,
        )  # fmt: skip
    yield made


def send(stage: Stage, who: str, path: str, *files: bytes, **fields: Any) -> Any:
    """Post a sheet as a browser without scripting does."""
    data = {"csrf_token": stage.csrf, **fields, "file": [(BytesIO(raw), f"{n}.jpg") for n, raw in enumerate(files)]}
    return stage.browsers[who].post(path, data=data, content_type="multipart/form-data")


def page(stage: Stage, who: str, path: str) -> Any:
    return stage.browsers[who].get(path)


def add(stage: Stage, number: str) -> None:
    answer = send(stage, "site", f"/tickets/{number}/parties", code=SIBLING, text="请说明派送情况")
    assert answer.status_code == 303


def at_court(stage: Stage, number: str) -> None:
    """Asked, disputed with a picture, rejected with another, reported."""
    add(stage, number)
    base = f"/tickets/{number}/parties"
    why = {"reason": "not_our_scan", "text": "从未到达我站 13812345678"}
    assert send(stage, "site-2", f"{base}/dispute", photo(), **why).status_code == 303
    assert send(stage, "site", f"{base}/reject", photo(), party=SIBLING, text="有交接单").status_code == 303
    assert send(stage, "site-2", f"{base}/arbitrate", party=SIBLING, text="").status_code == 303


def state(stage: Stage, number: str) -> tuple[str, int | None]:
    with stage.session() as session:
        joined = select(PartyCase.state, PartyCase.share).join(Ticket, Ticket.id == PartyCase.ticket_id)
        return tuple(session.execute(joined.where(Ticket.number == number)).one())


def test_a_party_finds_its_sheets_and_no_box_that_reaches_the_customer(stage: Stage, number: str) -> None:
    assert page(stage, "site-2", f"/tickets/{number}").status_code == 404
    add(stage, number)
    shown = page(stage, "site-2", f"/tickets/{number}").text
    assert f"/tickets/{number}?sheet=answer_as_party&amp;party={SIBLING}" in shown
    assert 'id="box-note"' in shown
    assert not any(f'id="box-{box}"' in shown for box in ("result", "follow_up", "close", "ruling"))
    assert "13812345678" not in shown
    sheet = page(stage, "site-2", f"/tickets/{number}?sheet=dispute").text
    assert 'id="sheet"' in sheet and 'type="file"' in sheet and f'action="/tickets/{number}/parties/dispute"' in sheet


def test_a_sheet_that_is_refused_keeps_what_was_typed_beside_the_reason(stage: Stage, number: str) -> None:
    answer = send(stage, "site", f"/tickets/{number}/parties", code="nowhere", text="请说明")
    assert answer.status_code == 422
    assert 'value="nowhere"' in answer.text and "请说明" in answer.text
    assert re.search(r'id="sheet-code-error">[^<]+<', answer.text)


def test_urging_twice_says_when_it_is_possible_again(stage: Stage, number: str) -> None:
    add(stage, number)
    urge = f"/tickets/{number}/parties/urge"
    assert send(stage, "site", urge, party=SIBLING).status_code == 303
    again = send(stage, "site", urge, party=SIBLING)
    assert again.status_code == 409
    alert = re.search(r'role="alert">([^<]+)<', again.text)
    assert alert is not None and "14:30" in alert[1] and "%(" not in alert[1]


def test_the_court_sees_both_sides_with_their_pictures_and_rules_in_shares(stage: Stage, number: str) -> None:
    at_court(stage, number)
    court = f"/tickets/{number}/court"
    shown = page(stage, "lcs", court).text
    for words in ("请说明派送情况", "从未到达我站", "有交接单", f'name="share-{HERE}"', f'name="share-{SIBLING}"'):
        assert words in shown, words
    assert shown.count("/thumb") == 2 and "13812345678" not in shown
    wrong = send(
        stage, "lcs", court, text="依据扫描", **{f"share-{HERE}": "60", f"share-{SIBLING}": "39", "from": "court"}
    )
    assert wrong.status_code == 422 and 'value="39"' in wrong.text and "依据扫描" in wrong.text
    assert 'name="from" value="court"' in wrong.text  # the page that the form stood on
    assert state(stage, number) == ("arbitration", None)
    done = send(
        stage, "lcs", court, text="依据扫描", **{f"share-{HERE}": "60", f"share-{SIBLING}": "40", "from": "court"}
    )
    assert (done.status_code, state(stage, number)) == (303, ("ruled", 40))
    shown = page(stage, "site-2", f"/tickets/{number}").text
    assert "60 %" in shown and "40 %" in shown


@pytest.mark.parametrize("share", ["", "40.5", "forty", "-1", "1e2", "9" * 40])
def test_a_share_that_is_no_whole_percent_is_refused(stage: Stage, number: str, share: str) -> None:
    at_court(stage, number)
    answer = send(
        stage, "lcs", f"/tickets/{number}/court", text="x", **{f"share-{HERE}": "60", f"share-{SIBLING}": share}
    )
    assert (answer.status_code, state(stage, number)[0]) == (422, "arbitration")


# written by hand: who may read the court's page of a case at home, and who finds the form on it
READS = {
    "site": (200, False), "site-manager": (200, False), "site-2": (200, False), "site-3": (404, False),
    "lcs": (200, True), "lcs-manager": (200, True), "lcs-2": (404, False), "ccs": (200, False), "admin": (403, False),
}  # fmt: skip


def test_everybody_in_scope_reads_the_court_and_only_the_court_rules(stage: Stage, number: str) -> None:
    at_court(stage, number)
    for who, (status, rules) in READS.items():
        answer = page(stage, who, f"/tickets/{number}/court")
        assert (answer.status_code, 'name="from" value="court"' in answer.text) == (status, rules), who
    typed = {"text": "x", f"share-{HERE}": "60", f"share-{SIBLING}": "40"}
    for who in ("site", "site-2", "ccs"):
        assert send(stage, who, f"/tickets/{number}/court", **typed).status_code == 409, who


def test_evidence_is_ordered_and_delivered_with_a_picture(stage: Stage, number: str) -> None:
    order = {"code": "440305-01", "text": "揽收照片", "due_at": "2026-11-19T18:00"}
    assert send(stage, "lcs", f"/tickets/{number}/evidence", **order).status_code == 303
    sheet = page(stage, "site-3", f"/tickets/{number}?sheet=deliver_evidence").text
    assert "揽收照片" in sheet
    (order_id,) = re.findall(r'<option value="(\d+)"', sheet)
    deliver = f"/tickets/{number}/evidence/deliver"
    assert send(stage, "site-3", deliver, photo(), order="9" * 30, text="").status_code == 422
    assert send(stage, "site-3", deliver, photo(), order=order_id, text="见附图").status_code == 303
    assert "/thumb" in page(stage, "lcs", f"/tickets/{number}").text


def test_what_parties_and_courts_say_never_leaves_the_house(stage: Stage, number: str) -> None:
    at_court(stage, number)
    with stage.app.app_context():
        answer = replies.ResultIn("已重新派送", "reached_accepts")
        replies.result(actor=stage.cast["site"], post=at(number), answer=answer, now=NOW)
    assert send(
        stage, "lcs", f"/tickets/{number}/court", text="裁定理由", **{f"share-{HERE}": "60", f"share-{SIBLING}": "40"}
    )
    with stage.session() as session:
        ticket_id = session.scalar(select(Ticket.id).where(Ticket.number == number))
        rows = list(session.scalars(select(Outbox).where(Outbox.ticket_id == ticket_id)))
        sent = [callbacks.message(session, row)[1] for row in rows if row.kind == "callback"]
        assert [message["description"] for message in sent] == ["已重新派送"]
        said = "".join(str(row.payload) for row in rows) + str(sent)
    assert not any(words in said for words in ("请说明派送情况", "从未到达我站", "有交接单", "裁定理由"))


def bar(stage: Stage, who: str, number: str) -> list[str]:
    """The addresses of the buttons on top of the ticket under what is asked of this desk."""
    found = re.findall(r'<p class="askbar.*?</p>', page(stage, who, f"/tickets/{number}").text, re.DOTALL)
    return [href.replace("&amp;", "&") for line in found for href in re.findall(r'href="([^"]+)"', line)]


def test_what_is_asked_of_a_desk_stands_on_top_of_its_ticket_and_of_nobody_elses(stage: Stage, number: str) -> None:
    base = f"/tickets/{number}"
    assert bar(stage, "site", number) == []
    add(stage, number)
    party = [f"{base}?sheet={key}&party={SIBLING}" for key in ("answer_as_party", "dispute")]
    assert [bar(stage, who, number) for who in ("site-2", "site", "lcs")] == [party, [], []]
    send(stage, "site-2", f"{base}/parties/dispute", photo(), reason="not_our_scan", text="从未到达我站")
    decide = [f"{base}?sheet={key}&party={SIBLING}" for key in ("agree_dispute", "reject_dispute")]
    assert [bar(stage, who, number) for who in ("site-2", "site", "lcs")] == [[], decide, []]
    send(stage, "site", f"{base}/parties/reject", photo(), party=SIBLING, text="有交接单")
    send(stage, "site-2", f"{base}/parties/arbitrate", party=SIBLING, text="")
    assert [bar(stage, who, number) for who in ("site-2", "site", "lcs")] == [[], [], [f"{base}/court"]]


def test_a_party_may_be_named_by_its_full_name(stage: Stage, number: str) -> None:
    with stage.session() as session:
        name = session.scalars(select(Organisation.name).where(Organisation.code == SIBLING)).one()
    assert send(stage, "site", f"/tickets/{number}/parties", code=name, text="请说明").status_code == 303
    assert state(stage, number) == ("asked", None)
    shown = page(stage, "site", f"/tickets/{number}").text
    assert re.search(rf'class="chip[^>]*href="[^"]+/clocks/[^>]+>[^<]*{re.escape(name)}', shown)  # whose clock it is
    assert f"/tickets/{number}/parties/urge" in shown


def test_a_party_just_urged_has_no_button_to_urge_it_again(stage: Stage, number: str) -> None:
    add(stage, number)
    urge = f"/tickets/{number}/parties/urge"
    assert f'action="{urge}"' in page(stage, "site", f"/tickets/{number}").text
    send(stage, "site", urge, party=SIBLING)
    assert f'action="{urge}"' not in page(stage, "site", f"/tickets/{number}").text
