"""Pictures on a ticket: whose they are before and after a post, what the chain proves, how platforms' ones arrive."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.pictures import MAX_PER_ENTRY, BadPicture, Picture
from app.models import Attachment, Event, Ticket
from app.services import attachments, intake, journal, platform_pictures, replies, ticket_view
from app.services.intake import Arrival, ComplaintIn, OrderIn
from app.services.platform_pictures import Address
from app.services.replies import ResultIn
from tests.cast import NOON, Cast, post, push, tell, ticket

MIN, DAY = timedelta(minutes=1), timedelta(days=1)
PICTURE = Picture(b"data", b"thumb", 20, 10, "ab" * 32)


def upload(cast: Cast, number: str, who: str = "site", box: str = "note", now: Any = NOON) -> int:
    place = attachments.begin(actor=cast[who], number=number, box=box, file_name="门口.png", now=now)
    attachments.ready(attachment_id=place.id, picture=PICTURE)
    return place.id


def note(cast: Cast, number: str, ids: list[int], who: str = "site", key: str = "") -> Any:
    return replies.note(actor=cast[who], post=post(number, key), text="见照片", now=NOON, attachments=ids)


def row(session: Any, identity: int) -> Attachment:
    session.rollback()
    return session.get(Attachment, identity, populate_existing=True)


def test_an_upload_is_its_uploaders_alone_until_it_is_posted(cast: Cast, db_session) -> None:
    number = push(cast)
    mine = upload(cast, number)
    assert attachments.load(db_session, cast["site"], mine).file_name == "门口.jpg"
    for who in ("site-manager", "lcs", "ccs"):
        with pytest.raises(NotFound):
            attachments.load(db_session, cast[who], mine)
        assert ticket_view.view(db_session, cast[who], number).pictures == []
    note(cast, number, [mine])
    for who in ("site", "site-manager", "lcs", "ccs"):
        assert attachments.load(db_session, cast[who], mine).id == mine


@pytest.mark.parametrize("who", ["site-2", "site-3", "lcs-2", "admin"])
def test_a_posted_picture_outside_the_scope_does_not_exist(cast: Cast, db_session, who: str) -> None:
    number = push(cast)
    mine = upload(cast, number)
    note(cast, number, [mine])
    with pytest.raises(NotFound):
        attachments.load(db_session, cast[who], mine)
    with pytest.raises(NotFound):
        upload(cast, number, who)


def test_a_user_without_an_id_gets_no_unposted_picture(cast: Cast, db_session) -> None:
    from app.domain.roles import SYSTEM

    number = push(cast)
    mine = upload(cast, number)
    with pytest.raises(NotFound):
        attachments.load(db_session, SYSTEM, mine)


def test_the_entry_proves_its_pictures_in_the_chain(cast: Cast, db_session) -> None:
    number = push(cast)
    ids = [upload(cast, number), upload(cast, number)]
    done = note(cast, number, ids)
    event = db_session.get(Event, done.event_id)
    assert event.data["attachments"] == [[identity, PICTURE.sha256] for identity in ids]
    assert [row(db_session, identity).event_id for identity in ids] == [done.event_id] * 2
    assert journal.verify(db_session, ticket(db_session, number).id) is None


def test_an_entry_without_pictures_says_nothing_of_them(cast: Cast, db_session) -> None:
    done = note(cast, push(cast), [])
    assert "attachments" not in db_session.get(Event, done.event_id).data


def test_pictures_that_are_not_this_persons_on_this_ticket_stop_the_post(cast: Cast, db_session) -> None:
    number, other = push(cast, "W1"), push(cast, "W2")
    posted, unfinished = upload(cast, number), attachments.begin(
        actor=cast["site"], number=number, box="note", file_name="x", now=NOON
    ).id  # fmt: skip
    note(cast, number, [posted])
    strange = [
        upload(cast, other), upload(cast, number, "site-manager"), upload(cast, number, "lcs"), posted, unfinished, 1,
    ]  # fmt: skip
    before = db_session.scalar(select(func.count()).select_from(Event))
    for identity in strange:
        with pytest.raises(Invalid) as error:
            note(cast, number, [identity])
        assert error.value.fields == {"file": "unknown_attachment"}
    db_session.rollback()
    assert db_session.scalar(select(func.count()).select_from(Event)) == before


def test_a_result_and_a_follow_up_take_pictures_too(cast: Cast, db_session) -> None:
    number = push(cast)
    first, second = upload(cast, number, box="follow_up"), upload(cast, number, box="result")
    replies.follow_up(
        actor=cast["site"], post=post(number), text="已联系", contact_outcome="no_answer", now=NOON,
        next_update_at=NOON + 60 * MIN, attachments=[first],
    )  # fmt: skip
    answer = ResultIn("已送达", "reached_accepts", attachments=[second])
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON)
    types = {identity: db_session.get(Event, row(db_session, identity).event_id).type for identity in (first, second)}
    assert types == {first: "follow_up", second: "result"}


def test_the_same_form_twice_binds_once(cast: Cast, db_session) -> None:
    number = push(cast)
    mine = upload(cast, number)
    first, second = note(cast, number, [mine], key="k"), note(cast, number, [mine], key="k")
    assert second.repeated and second.event_id == first.event_id == row(db_session, mine).event_id


def test_a_box_takes_nine_and_no_tenth(cast: Cast) -> None:
    number = push(cast)
    ids = [upload(cast, number) for _ in range(MAX_PER_ENTRY)]
    with pytest.raises(BadPicture) as error:
        upload(cast, number)
    assert error.value.code == "too_many"
    upload(cast, number, box="follow_up")
    upload(cast, number, "lcs")
    with pytest.raises(Invalid):
        note(cast, number, [*ids, 1])
    note(cast, number, ids)
    upload(cast, number)


def test_a_box_that_is_not_open_to_the_person_takes_nothing(cast: Cast) -> None:
    number = push(cast)
    for who, box in (("lcs", "result"), ("ccs", "follow_up"), ("site", "ruling"), ("site", "")):
        with pytest.raises(NotAllowed):
            upload(cast, number, who, box)


def test_one_takes_back_ones_own_and_only_before_the_post(cast: Cast, db_session) -> None:
    number = push(cast)
    mine, posted = upload(cast, number), upload(cast, number)
    note(cast, number, [posted])
    for who, identity in (("site-manager", mine), ("site", posted), ("site", 1), ("site-2", mine)):
        with pytest.raises(NotFound):
            attachments.remove(actor=cast[who], number=number, attachment_id=identity)
    place = attachments.remove(actor=cast["site"], number=number, attachment_id=mine)
    with pytest.raises(Invalid):
        note(cast, number, [mine])
    attachments.forget(attachment_id=place.id)
    attachments.forget(attachment_id=posted)
    assert (row(db_session, mine), row(db_session, posted).id) == (None, posted)


def test_uploads_that_nobody_posts_are_given_up_after_a_day(cast: Cast, db_session) -> None:
    number = push(cast)
    old, posted, fresh = upload(cast, number), upload(cast, number), upload(cast, number, now=NOON + MIN)
    note(cast, number, [posted])
    assert attachments.unposted(now=NOON + DAY) == []
    gone = attachments.unposted(now=NOON + DAY + MIN)
    assert [place.id for place in gone] == [old]
    with pytest.raises(Invalid):
        note(cast, number, [old])
    note(cast, number, [fresh])


# --- what platforms send ---


def issue(cast: Cast, *addresses: Address, body: bytes = b"{}") -> str:
    arrival = Arrival(cast.connection_id, intake.ISSUE, body, NOON)
    complaint = ComplaintIn(
        text="没有收到", category="FALSE_SIGN", waybill="YT1000000000009", site_code="330106-01", pictures=addresses
    )
    return intake.issue(arrival=arrival, order=OrderIn("P1", "T-P1"), complaint=complaint)


def expected(session: Any, number: str) -> list[Attachment]:
    session.rollback()
    rows = select(Attachment).join(Ticket, Ticket.id == Attachment.ticket_id).where(Ticket.number == number)
    return list(session.scalars(rows.order_by(Attachment.id)))


def test_a_push_notes_its_pictures_once_however_often_it_comes(cast: Cast, db_session) -> None:
    addresses = [Address(f"https://img.example/{n}.jpg") for n in (1, 1, *range(2, 15))]
    number = issue(cast, *addresses)
    assert issue(cast, *addresses) == number
    rows = expected(db_session, number)
    assert [found.source_address[-6:-4] for found in rows[:2]] == ["/1", "/2"]
    assert len(rows) == MAX_PER_ENTRY
    assert {(found.state, found.origin, found.next_try_at) for found in rows} == {("pending", "platform", NOON)}
    event = db_session.get(Event, rows[0].event_id)
    assert event.type == "received"
    assert "img.example" not in str(event.data)


def test_two_fetchers_never_have_the_same_picture(cast: Cast, db_session) -> None:
    (found,) = expected(db_session, issue(cast, Address("https://img.example/1.jpg")))
    identity = found.id
    assert platform_pictures.due(db_session, NOON) == [identity]
    first = platform_pictures.claim(attachment_id=identity, now=NOON)
    assert first is not None and first.address == "https://img.example/1.jpg"
    assert platform_pictures.claim(attachment_id=identity, now=NOON) is None
    assert platform_pictures.due(db_session, NOON + MIN) == []
    assert platform_pictures.claim(attachment_id=identity, now=NOON + platform_pictures.LEASE) is not None


def test_a_fetched_picture_is_shown_and_proven_and_its_address_forgotten(cast: Cast, db_session) -> None:
    number = issue(cast, Address("https://img.example/1.jpg?sign=secret"))
    identity = expected(db_session, number)[0].id
    for _ in range(2):
        platform_pictures.fetched(attachment_id=identity, picture=PICTURE, now=NOON + MIN)
    (found,) = expected(db_session, number)
    assert (found.state, found.source_address, found.next_try_at) == ("ready", "", None)
    assert attachments.load(db_session, cast["lcs"], identity).sha256 == PICTURE.sha256
    events = list(db_session.scalars(select(Event).where(Event.type == "picture_fetched")))
    assert [event.data["attachments"] for event in events] == [[[identity, PICTURE.sha256]]]
    assert journal.verify(db_session, found.ticket_id) is None


def test_a_failed_fetch_is_tried_again_until_the_address_ends(cast: Cast, db_session) -> None:
    ends = NOON + 2 * MIN
    number = issue(cast, Address("https://img.example/1.jpg", expires_at=ends))
    identity, at, states = expected(db_session, number)[0].id, NOON, []
    while platform_pictures.claim(attachment_id=identity, now=at):
        states.append(platform_pictures.failed(attachment_id=identity, code="timeout", permanent=False, now=at))
        at = expected(db_session, number)[0].next_try_at or ends
    assert states == ["pending"] * 4 + ["failed"]
    (found,) = expected(db_session, number)
    assert (found.error, found.source_address) == ("timeout", "")
    with pytest.raises(NotFound):
        attachments.load(db_session, cast["site"], identity)


def test_a_refusal_for_good_is_final_at_once(cast: Cast, db_session) -> None:
    identity = expected(db_session, issue(cast, Address("https://img.example/1.jpg")))[0].id
    assert platform_pictures.failed(attachment_id=identity, code="gone", permanent=True, now=NOON) == "failed"
    assert platform_pictures.due(db_session, NOON + DAY) == []


def test_a_picture_that_arrives_makes_no_page_stale_and_is_no_upload_to_sweep(cast: Cast, db_session) -> None:
    number = issue(cast, Address("https://img.example/1.jpg"))
    version = ticket(db_session, number).version
    platform_pictures.fetched(attachment_id=expected(db_session, number)[0].id, picture=PICTURE, now=NOON)
    replies.claim(actor=cast["site"], post=post(number, version=version), now=NOON)
    assert attachments.unposted(now=NOON + 9 * DAY) == []


def test_an_address_that_is_too_long_fails_in_words_and_not_the_push(cast: Cast, db_session) -> None:
    (found,) = expected(db_session, issue(cast, Address("https://img.example/" + "x" * 3000)))
    assert (found.state, found.error, found.next_try_at) == ("failed", "bad_address", None)


def test_a_repeat_by_another_order_carries_its_own_pictures(cast: Cast, db_session) -> None:
    number = push(cast, "W9", waybill="YT1000000000009")
    assert issue(cast, Address("https://img.example/1.jpg")) == number
    (found,) = expected(db_session, number)
    assert db_session.get(Event, found.event_id).type == "repeat"
    tell(cast, "URGE", "W9")
