"""The robots' client against vendors that fail in every way; only what reached nobody may be tried again."""

from __future__ import annotations

import socket

import pytest

from app.domain.robots import VENDORS
from app.integrations.robots import RobotClient, RobotError
from tests.integrations import fake_robots as fake

TOKEN = "0123456789abcdef0123456789ABCDEF"
QUICK = (0.5, 0.4)


@pytest.fixture
def there():
    with fake.running() as vendors:
        yield vendors


def failure(vendor: str, base: str) -> RobotError:
    with pytest.raises(RobotError) as caught:
        RobotClient(base, QUICK).send(vendor, TOKEN, "快复：一条")
    return caught.value


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_text_is_posted_in_the_vendors_own_spelling(there, vendor):
    RobotClient(there.url, QUICK).send(vendor, TOKEN, "快复：一条")
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
    error = failure(vendor, there.url)
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
