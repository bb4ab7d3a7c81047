"""The robots' client against vendors that fail in every way; only what reached nobody may be tried again."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from app.domain.robots import VENDORS
from app.integrations.robots import RobotClient, RobotError
from tests.integrations import fake_robots as fake

TOKEN = "0123456789abcdef0123456789ABCDEF"
NOW = datetime(2026, 11, 18, 4, 0, 0, 123000, tzinfo=UTC)
SECRET = "SECa0123456789abcdef0123456789abcdef"
DINGTALK_SIGN = "iJurhtNdQtdeI9yUZOaAU8Q1vs1iQaHvLY4epB5vl+8="
FEISHU_SIGN = "tqxNLVlWup6RV5btWnKTzZ7ujT9L5Tgc6EH3+KT6b+o="
QUICK = (0.5, 0.4)  # where the end of the time is what is tested
PATIENT = (5.0, 10.0)  # where an answer is, however busy the machine


@pytest.fixture
def there():
    with fake.running() as vendors:
        yield vendors


def failure(vendor: str, base: str, patience: tuple[float, float] = PATIENT) -> RobotError:
    with pytest.raises(RobotError) as caught:
        RobotClient(base, patience).send(vendor, TOKEN, "快复：一条", now=NOW)
    return caught.value


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_text_is_posted_in_the_vendors_own_spelling(there, vendor):
    RobotClient(there.url, PATIENT).send(vendor, TOKEN, "快复：一条", now=NOW)
    ((host, path, _body),) = there.posted
    assert there.texts == ["快复：一条"]
    assert TOKEN in path and host in fake.TAKEN


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        ("refuse", "refused"), ("limit", "retry"), ("hang", "unknown"), ("lose", "unknown"), ("html", "unknown"),
        ("error", "unknown"), ("redirect", "refused"), ("trickle", "unknown"),
    ],
)  # fmt: skip
def test_each_failure_is_told_apart(there, vendor, mode, outcome):
    there.mode = mode
    error = failure(vendor, there.url, QUICK if mode in ("hang", "trickle") else PATIENT)
    assert (error.outcome, error.permanent) == (outcome, outcome == "refused")
    assert len(there.asked) == 1, "a redirect is not followed and nothing is sent twice"
    assert TOKEN not in str(error) and error.__cause__ is None


def test_a_vendor_that_cannot_be_reached_surely_has_no_message():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert failure("wecom", f"http://127.0.0.1:{port}").outcome == "retry"


@pytest.mark.parametrize("base", ["http://10.0.0.1", "https://127.0.0.1", "http://169.254.169.254"])
def test_another_place_than_this_machine_never_replaces_the_vendors(base):
    assert failure("wecom", base).code == "endpoint"


# --- signatures (加签); the expected ones were made with openssl dgst -sha256 -hmac ---


def test_dingtalk_signs_milliseconds_and_secret_in_the_address(there):
    RobotClient(there.url, PATIENT).send("dingtalk", TOKEN, "快复：一条", now=NOW, secret=SECRET)
    ((_host, path, body),) = there.posted
    asked = parse_qs(urlsplit(path).query)
    assert asked == {"access_token": [TOKEN], "timestamp": ["1794974400123"], "sign": [DINGTALK_SIGN]}
    assert body == {"msgtype": "text", "text": {"content": "快复：一条"}}


def test_feishu_signs_an_empty_text_with_seconds_and_secret_in_the_body(there):
    RobotClient(there.url, PATIENT).send("feishu", TOKEN, "快复：一条", now=NOW, secret=SECRET)
    ((_host, path, body),) = there.posted
    assert (body["timestamp"], body["sign"]) == ("1794974400", FEISHU_SIGN) and "?" not in path


@pytest.mark.parametrize(("vendor", "secret"), [("dingtalk", "SEC" + "b" * 32), ("feishu", "b" * 22), ("dingtalk", "")])
def test_a_group_that_demands_a_signature_refuses_a_wrong_one_and_none(there, vendor, secret):
    there.secret = SECRET
    with pytest.raises(RobotError) as refused:
        RobotClient(there.url, PATIENT).send(vendor, TOKEN, "快复：一条", now=NOW, secret=secret)
    assert (refused.value.outcome, there.posted) == ("refused", [])
    RobotClient(there.url, PATIENT).send(vendor, TOKEN, "快复：一条", now=NOW, secret=SECRET)
    assert len(there.posted) == 1
