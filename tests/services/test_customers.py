"""Customer accounts: recognised on arrival, tier and own limits kept for life; contacts of their own by role."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.clocks import Limit
from app.domain.customers import AccountIn, read_csv
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.policies import PolicyRule
from app.models import Clock, CustomerAccount, Event, Reveal, Ticket, together
from app.services import customers, explain, intake, policies, reveals, ticket_contacts
from app.services.intake import ComplaintIn
from app.services.ticket_contacts import ContactIn
from app.services.transaction import write
from tests.cast import EPOCH, NOON, Cast, push, ticket

SHOP = AccountIn(
    "SHOP", "某某旗舰店", "vip", "先电话联系", "13900000001", "YT88", "李店主", {"first_reply": "20", "resolve": "6000"}
)
EDITS = {
    "site": False, "site-manager": False, "site-2": False, "site-3": False, "lcs": False, "lcs-manager": False,
    "lcs-2": False, "ccs": False, "ccs-manager": False, "admin": True,
}  # fmt: skip


def save(cast: Cast, account: AccountIn = SHOP, **more) -> str:
    return customers.save(actor=cast["admin"], account=account, now=NOON, **more)


def by_hand(cast: Cast, key: str, **more) -> str:
    complaint = ComplaintIn(**{"text": "没收到", "category": "DELAYED", "channel": "telephone", **more})
    return intake.manual(actor=cast["site"], complaint=complaint, key=key, now=NOON)


def limit(session, number: str, kind: str) -> int:
    found = select(Clock.minutes).where(Clock.ticket_id == ticket(session, number).id, Clock.kind == kind)
    return session.scalars(found).one()


def test_who_keeps_accounts(cast) -> None:
    got = {}
    for who in EDITS:
        try:
            got[who] = bool(customers.save(actor=cast[who], account=SHOP, now=NOON))
        except NotAllowed:
            got[who] = False
    assert got == EDITS


def test_a_ticket_is_recognised_by_waybill_sender_phone_or_name_and_by_no_receiver(cast, db_session) -> None:
    save(cast)
    sender = ContactIn("sender", "别人", "+86 139 0000 0001")
    cases = {
        push(cast, "A", waybill="YT8800000000001"): "vip", push(cast, "B", waybill="YT7700000000001"): "",
        by_hand(cast, "k1", contacts=[sender]): "vip", by_hand(cast, "k2", phone="13900000001"): "",
        by_hand(cast, "k3", phone="13900000001", complainant_kind="merchant"): "vip",
        by_hand(cast, "k4", contacts=[ContactIn("sender", "李店主")]): "vip",
    }  # fmt: skip
    assert {number: ticket(db_session, number).tier for number in cases} == cases
    entry = select(Event.data).where(Event.type == "customer_recognised").limit(1)
    assert db_session.scalar(entry)["code"] == "SHOP"


def test_the_longest_prefix_wins_and_an_account_out_of_use_recognises_nothing(cast, db_session) -> None:
    save(cast)
    save(cast, AccountIn("SPECIAL", "特殊", "gold", prefixes="YT8899"))
    assert ticket(db_session, push(cast, "A", waybill="YT8899000000001")).tier == "gold"
    save(cast, replace(SHOP, active=False), known="SHOP")
    assert ticket(db_session, push(cast, "B", waybill="YT8800000000002")).tier == ""


def test_of_two_limits_the_shorter_one_holds_for_life_and_is_explained(cast, db_session) -> None:
    save(cast)
    number = push(cast, waybill="YT8800000000001")
    assert (limit(db_session, number, "first_reply"), limit(db_session, number, "resolve")) == (20, 24 * 60)
    save(cast, replace(SHOP, limits={"rework": "60"}), known="SHOP")
    assert ticket(db_session, number).customer_limits == {"first_reply": 20, "resolve": 6000}
    clock = select(Clock.id).where(Clock.kind == "first_reply")
    shown = explain.view(db_session, cast["site"], number, db_session.scalars(clock).one())
    assert shown.agrees and shown.basis is None


def test_the_tier_is_part_of_the_policies_key(cast, db_session) -> None:
    with write() as session:
        old = [rule for rule in policies.rules(session) if rule.version == 1]
        new = [replace(rule, version=2, effective_from=EPOCH + timedelta(days=1)) for rule in old]
        vip = PolicyRule(2, EPOCH + timedelta(days=1), tier="vip", limits={"resolve": Limit(300, "always")})
        policies.store_version(session, [*new, vip])
    save(cast)
    assert limit(db_session, push(cast, "A", waybill="YT8800000000001"), "resolve") == 300
    assert limit(db_session, push(cast, "B", waybill="YT7700000000001"), "resolve") == 24 * 60


def test_what_belongs_to_another_account_is_refused(cast) -> None:
    save(cast)
    for account, field in (
        (AccountIn("SHOP", "x"), "code"), (AccountIn("B", "x", phones="139-0000-0001"), "phones"),
        (AccountIn("B", "x", prefixes="yt88"), "prefixes"), (AccountIn("B", "x", names="李店主"), "names"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as wrong:
            save(cast, account)
        assert set(wrong.value.fields) == {field}


def test_an_import_names_each_bad_line_and_stores_all_or_nothing(cast, db_session) -> None:
    save(cast)
    bad = "code,name,phones,resolve\nA,甲,13911110001,\nA,乙,,\nB,丙,13900000001,\nC,,,x\nSHOP,改名,13900000001,\n"
    told = customers.trial(db_session, read_csv(bad))
    assert [(one.line, one.field) for one in told.bad] == [
        (3, "code"),
        (4, "phones"),
        (5, "name"),
        (5, "limit-resolve"),
    ]
    assert (told.added, told.changed) == (0, 1)
    with pytest.raises(Invalid):
        customers.import_csv(actor=cast["admin"], text=bad, now=NOON)
    db_session.rollback()
    assert [row.name for row in db_session.scalars(select(CustomerAccount))] == ["某某旗舰店"]
    good = "code,name,phones\nA,甲,13911110001\nSHOP,改名,13900000001\n"
    done = customers.import_csv(actor=cast["admin"], text=good, now=NOON)
    db_session.rollback()
    names = sorted(db_session.scalars(select(CustomerAccount.name)))
    assert ((done.added, done.changed), names) == ((1, 1), ["改名", "甲"])


def test_sender_and_consignee_have_contacts_of_their_own_and_each_look_is_one_row(cast, db_session) -> None:
    people = [
        ContactIn("sender", "张三", "13911110001", "上海市人民路 1 号"),
        ContactIn("consignee", "李四"),
        ContactIn("merchant"),
    ]
    number = by_hand(cast, "k1", name="王五", contacts=people)
    row = ticket(db_session, number)
    kept = together.run(db_session, {"": ticket_contacts.of_ticket(row, cast["ccs"])})[""]
    assert [one.role for one in kept] == ["sender"], "the consignee complains: that is the complainant"
    shown = reveals.reveal(actor=cast["ccs"], number=number, now=NOON, role="sender")
    assert (shown.name, shown.phone, shown.role) == ("张三", "13911110001", "sender")
    for role in ("consignee", "x", "contact"):
        with pytest.raises(NotFound):
            reveals.reveal(actor=cast["ccs"], number=number, now=NOON, role=role)
    with pytest.raises(NotFound):
        reveals.reveal(actor=cast["lcs-2"], number=number, now=NOON, role="sender")
    assert list(db_session.scalars(select(Reveal.what))) == ["sender"]
    assert "13911110001" not in str(list(db_session.scalars(select(Event.data)))), "no personal data in events"
    assert db_session.scalars(select(Ticket.contact_roles)).one() == "sender"
