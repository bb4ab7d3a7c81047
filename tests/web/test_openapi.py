"""The published description of push, receipt and health: the portal answers whatever is asked as it says there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from app import clock
from app.integrations.platform.link.envelope import signature
from app.services import exchange
from tests.cast import NOON, begin
from tests.fuzz.inputs import ISSUE, LATER, WRITABLE, written
from tests.services.sms_portal import TOKEN, VENDORS, Portal, there_fixture  # noqa: F401
from tests.web.pushing import SECRET

pytestmark = pytest.mark.thorough

FORM = "application/x-www-form-urlencoded"
HEALTH = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]
FEW = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=HEALTH,
               phases=[Phase.explicit, Phase.generate])  # fmt: skip


@pytest.fixture
def api(app: Flask, database: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    company = begin()
    monkeypatch.setattr(clock, "now", lambda: NOON)
    described = schemathesis.openapi.from_wsgi("/openapi.json", app)
    described.company = company
    return described


@pytest.mark.both_engines  # noise reaches the columns, and each engine refuses other things
@pytest.mark.parametrize(
    ("operation", "mode"),
    [(name, mode) for name in ("push", "receipts", "health") for mode in GenerationMode
     if (name, mode) != ("health", GenerationMode.NEGATIVE)],  # nothing can be said to it, so nothing wrong either
)  # fmt: skip
def test_whatever_is_asked_is_answered_as_the_description_says(api: Any, operation: str, mode: Any) -> None:
    described = api.find_operation_by_id(operation)

    @FEW
    @given(described.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        case.call_and_validate()

    ask()


KINDS = ("ISSUE", "URGE", "REPEAT", "REJECT", "SATISFIED", "CANCEL")


@pytest.mark.both_engines  # noise reaches the columns, and each engine refuses other things
def test_whatever_a_platform_signs_is_answered_as_the_description_says(api: Any) -> None:
    described = api.find_operation_by_id("push")
    code = st.sampled_from(["W1", "W2", " W3 "])
    plain = st.fixed_dictionaries({"description": WRITABLE, "event_time": st.just("2026-11-18 12:00:00")})
    bodies = st.builds(lambda said, name: {**said, "work_order_code": name}, plain, code)
    statuses = set()

    @settings(FEW, max_examples=60)
    @given(st.sampled_from(KINDS), st.one_of(bodies, bodies, ISSUE, LATER).map(written))
    def push(kind: str, body: bytes) -> None:
        form = {"logistics_interface": body.decode(), "data_digest": signature(body, SECRET),
                "msg_type": f"WORK_ORDER_{kind}"}  # fmt: skip
        case = described.Case(path_parameters={"connection": "demo"}, body=form, media_type=FORM)
        answer = case.call()
        case.validate_response(answer)
        statuses.add(answer.status_code)

    push()
    assert statuses >= {200, 400, 409}


@pytest.mark.both_engines  # noise reaches the columns, and each engine refuses other things
@pytest.mark.parametrize("vendor", VENDORS)
def test_real_receipts_and_a_foreign_one_are_answered_as_the_description_says(api, app, there, db_session, vendor):
    portal = Portal(app, api.company, there, db_session)
    there.now = lambda: NOON
    portal.use(vendor)
    portal.deliver(portal.reminder())
    there.report()
    described = api.find_operation_by_id("receipts")
    for body, status in ((there.push_body(vendor), 200), (there.push_body(vendor, serial="1^0"), 422)):
        place = {"driver": vendor, "token": TOKEN}
        case = described.Case(path_parameters=place, body=json.loads(body), media_type="application/json")
        answer = case.call()
        case.validate_response(answer)
        assert answer.status_code == status


def test_the_description_names_what_is_there(app: Flask, client: Any) -> None:
    said = client.get("/openapi.json").json
    rules = {re.sub(r"<(\w+)>", r"{\1}", rule.rule): rule for rule in app.url_map.iter_rules()}
    for path, operations in said["paths"].items():
        assert {verb.upper() for verb in operations} <= rules[path].methods
    kinds = said["components"]["schemas"]["Envelope"]["properties"]["msg_type"]["enum"]
    assert sorted(kinds) == sorted(exchange.MESSAGE_TYPES)
