"""Two people at one thing that is no ticket, at the same moment: one after the other, or one is told; never an error."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pyotp
import pytest
from sqlalchemy import func, select

from app.domain.customers import AccountIn
from app.domain.scripts import Question
from app.domain.volumes import Volume
from app.models import (
    Audit,
    CustomerAccount,
    DeliveryVolume,
    MonthAnalysis,
    Outbox,
    RecoveryCode,
    Script,
    SecondFactor,
    SmsGateway,
    SmsTemplate,
)
from app.services import (
    audit_leases,
    customers,
    gateways,
    month_analyses,
    outbox,
    replies,
    scripts,
    second_factor,
    undo,
    volumes,
)
from app.services.outbox import Result
from tests.cast import NOON, Cast, post, push, ticket
from tests.services.audit_steps import MORNING, answered, draw, drawn
from tests.services.ending_steps import FINE

KEY, HOLD = "k" * 32, timedelta(seconds=30)
Verb = Callable[[], Any]


def save_customer(cast: Cast, n: int) -> str:
    account = AccountIn("K1", f"商家 {n}", phones="057188880000")
    return customers.save(actor=cast["admin"], account=account, now=NOON)


def import_customers(cast: Cast, _n: int) -> None:
    customers.import_csv(actor=cast["admin"], text="code,name,phones\nK1,商家,057188880000\n", now=NOON)


def write_analysis(cast: Cast, n: int) -> None:
    texts = {"causes": f"原因 {n}", "measures": "措施"}
    month_analyses.keep(actor=cast["lcs-manager"], month="2026-10", texts=texts, submit=True, now=NOON)


def store_volumes(cast: Cast, n: int) -> None:
    volumes.store(actor=cast["ccs-manager"], rows=[Volume(1, "2026-10", "330106-01", str(100 + n))], now=NOON)


def save_script(cast: Cast, n: int) -> None:
    asked = [Question("q1", f"问题 {n}", "Question", "text", "log")]
    scripts.save(actor=cast["admin"], category="LOST", questions=asked, now=NOON)


def configure_gateway(cast: Cast, _n: int) -> None:
    settings = {"sign_name": "快复", "signatures": "快复", "receipts": "pull"}
    typed = {"key_id": "id", "key_secret": "secret"}
    gateways.configure(
        actor=cast["admin"], driver="aliyun", settings=settings, secrets=typed, receipt_token="", key=KEY, now=NOON
    )


def choose_gateway(cast: Cast, _n: int) -> None:
    gateways.choose(actor=cast["admin"], driver="console", key=KEY, now=NOON)


def write_text(cast: Cast, _n: int) -> None:
    gateways.save_template(
        actor=cast["admin"], driver="aliyun", purpose="test", code="", text="测试", state="draft", now=NOON
    )


def begin_factor(cast: Cast, _n: int) -> None:
    second_factor.begin(actor=cast["ccs"], key=KEY, now=NOON)


@pytest.mark.parametrize(("verb", "table", "second"), [
    (save_customer, CustomerAccount, "invalid"), (import_customers, CustomerAccount, None),
    (write_analysis, MonthAnalysis, None), (store_volumes, DeliveryVolume, None), (save_script, Script, None),
    (configure_gateway, SmsGateway, None), (choose_gateway, SmsGateway, None), (write_text, SmsTemplate, None),
    (begin_factor, SecondFactor, None),
], ids=lambda one: getattr(one, "__name__", ""))  # fmt: skip
def test_what_three_store_for_the_first_time_at_once_is_there_once(
    cast: Cast, db_session: Any, at_once: Any, verb: Callable[[Cast, int], Any], table: Any, second: str | None
) -> None:
    got = at_once(*[partial(verb, cast, n) for n in range(3)])
    assert second is None or sorted(got).count(second) == 2, got
    assert not [one for one in got if isinstance(one, str) and one not in (second, "K1")]
    assert db_session.scalar(select(func.count()).select_from(table)) == 1


def test_a_second_factor_that_two_pages_confirm_has_one_set_of_recovery_codes(
    cast: Cast, db_session: Any, at_once: Any
) -> None:
    begin_factor(cast, 0)
    _uri, secret = second_factor.address(db_session, cast["ccs"].user_id or 0, "ccs", KEY)
    typed = pyotp.TOTP(secret).at(NOON)
    confirm = partial(second_factor.confirm, actor=cast["ccs"], typed=typed, key=KEY, address="10.0.0.7", now=NOON)
    got = at_once(confirm, confirm, partial(begin_factor, cast, 0))
    shown = [one for one in got if isinstance(one, list)]
    assert len(shown) <= 1
    kept = db_session.scalar(select(func.count()).select_from(RecoveryCode))
    assert kept == sum(map(len, shown))
    if shown and second_factor.enrolled(db_session, cast["ccs"].user_id or 0):
        again = NOON + timedelta(minutes=2)
        second_factor.check(
            db_session, user_id=cast["ccs"].user_id or 0, typed=pyotp.TOTP(secret).at(again), key=KEY,
            address="10.0.0.7", now=again,
        )  # fmt: skip


def test_of_six_that_ask_for_the_next_audit_none_gets_anothers(cast: Cast, db_session: Any, at_once: Any) -> None:
    for n in range(4):
        answered(cast, f"W{n}")
    draw(db_session)
    waiting = [one.id for one in drawn(db_session)]
    people = [cast[who] for who in ("lcs", "lcs-manager")]
    got = at_once(*[partial(audit_leases.take_next, actor=people[n % 2], now=MORNING) for n in range(6)])
    by_person = [set(got[n::2]) for n in range(2)]
    assert all(len(one) == 1 for one in by_person) and len(waiting) >= 2
    assert by_person[0] != by_person[1] and 0 not in by_person[0] | by_person[1]
    held = db_session.scalars(select(Audit.holder_id).where(Audit.holder_id.is_not(None))).all()
    assert len(held) == len(set(held))


def test_a_result_is_taken_back_or_leaves_and_never_both(cast: Cast, db_session: Any, at_once: Any) -> None:
    over, sent = NOON + HOLD, []
    for n in range(6):
        number = push(cast, f"BACK{n}")
        replies.result(actor=cast["site"], post=post(number), answer=FINE, now=NOON, hold=HOLD)
        row_id = db_session.scalars(select(Outbox.id).where(Outbox.ticket_id == ticket(db_session, number).id)).one()

        def send(row_id: int = row_id) -> str:
            return outbox.deliver(
                row_id, send=lambda row, _made: sent.append(row.id) or Result("sent"), prepare=lambda _s, _r: 1,
                settle=lambda *_all: None, lease=60, clock=lambda: over,
            )  # fmt: skip

        # the worker's clock runs ahead of the page's, so that both may believe to be in time
        back = partial(undo.take_back_many, actor=cast["site"], numbers=[number], now=over - timedelta(seconds=1))
        done, told = at_once(back, send)
        db_session.rollback()
        state = ticket(db_session, number).state
        assert (done[0].code == "", row_id in sent) in ((True, False), (False, True)), (done, told)
        assert (state == "replied") == (row_id in sent)
