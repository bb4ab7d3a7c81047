"""The one address at which channels ask about parcels: who is let in, what is answered, and what is kept of the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.integrations.platform.link import signature
from app.models import Category, Inbox, PushRefusal, Ticket
from app.services.transaction import write
from tests import cast

ADDRESS, SECRET = "/intake/expedite/demo", "demo-secret"
QUERY = {
    "id": "m-1", "type": "parcel_query", "waybill": "YT1234567890123", "channel": "wechat", "name": "王小明",
    "phone": "13812345678", "site_code": "330106-01", "text": "到哪了",
}  # fmt: skip


@pytest.fixture(autouse=True)
def company(database: Any) -> None:
    cast.begin()
    with write() as session:
        for code in ("PARCEL_QUERY", "ORDER"):
            session.add(Category(code=code, name=code, name_en=code, kind="expedite", position=0))


def send(client: FlaskClient, body: Any = QUERY, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return client.post(ADDRESS, data=raw, headers=headers or {"X-Data-Digest": signature(raw, SECRET)})


def test_a_signed_body_or_the_channels_key_lets_in(client: FlaskClient, db_session: Session) -> None:
    first = send(client)
    assert first.status_code == 200 and first.json["success"] and first.json["times"] == 1
    again = send(client, {**QUERY, "id": "m-2"}, Authorization=f"Bearer {SECRET}")
    assert (again.json["number"], again.json["times"]) == (first.json["number"], 2)
    assert send(client).json == {**again.json, "times": 2}
    assert db_session.scalar(select(func.count()).select_from(Ticket)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Data-Digest": "bm90aGluZw=="}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "},
        {"Authorization": f"Basic {SECRET}"}, {"X-Nothing": "1"},
        {"X-Data-Digest": "bm90aGluZw==", "Authorization": f"Bearer {SECRET}"},
    ],
)  # fmt: skip
def test_nobody_else_is_and_only_a_count_is_left(client: FlaskClient, db_session: Session, headers: dict) -> None:
    assert send(client, **headers).status_code == 401
    assert db_session.scalars(select(Inbox)).all() == []
    assert [row.reason for row in db_session.scalars(select(PushRefusal))] == ["BAD_SIGNATURE"]


@pytest.mark.both_engines  # noise that each engine takes in its own way
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "complaint"}, "type"), ({"waybill": ""}, "waybill"), ({"id": ""}, "id"), ({"id": "x" * 61}, "id"),
        ({"channel": "pigeon"}, "channel"), ({"promised_by": "soon"}, "promised_by"), ({"text": ["x"]}, "text"),
        ({"phone": {"a": 1}}, "phone"), ({"waybill": "Y" * 61}, "waybill"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_names_its_field_and_is_kept_aside(
    client: FlaskClient, db_session: Session, change: dict, field: str
) -> None:
    answer = send(client, {**QUERY, **change})
    assert (answer.status_code, answer.json["field"]) == (400, field)
    assert [row.state for row in db_session.scalars(select(Inbox))] == ["quarantined"]
    assert db_session.scalar(select(func.count()).select_from(Ticket)) == 0


def test_the_same_id_with_another_body_is_refused_and_kept(client: FlaskClient, db_session: Session) -> None:
    send(client)
    answer = send(client, {**QUERY, "text": "不一样"})
    assert (answer.status_code, answer.json["error"]) == (409, "SAME_ID_OTHER_BODY")
    assert sorted(row.state for row in db_session.scalars(select(Inbox))) == ["applied", "conflict"]


def test_an_order_without_a_waybill_goes_by_its_order_number(client: FlaskClient, db_session: Session) -> None:
    order = {"id": "o-1", "type": "order", "order_code": "d 12345678", "channel": "telephone",
             "ordered_at": "2026-11-01 09:00:00"}  # fmt: skip
    number = send(client, order).json["number"]
    ticket = db_session.scalars(select(Ticket).where(Ticket.number == number)).one()
    assert (ticket.waybill, ticket.complainant_kind, ticket.delivery_promise) == ("D12345678", "sender", "outside")


@pytest.mark.both_engines  # noise that each engine takes in its own way
def test_broken_and_oversized_bodies_do_no_harm(client: FlaskClient) -> None:
    assert send(client, b"{").status_code == 400
    assert send(client, b"[]").status_code == 400
    assert send(client, b"x" * 70_000).status_code == 413
    assert client.post("/intake/expedite/nobody", data=b"{}").status_code == 404
