"""What may stand in a platform's connection, and what a secret must be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain import connections as rule
from app.domain.connections import FLAG, NUMBER, SECRET, Entry, Setting

GOOD = Entry("cainiao", "菜鸟", "link", callback_url="https://gateway.example.com/callback")
SETTINGS = (Setting("client_id", required=True), Setting("token", SECRET, required=True), Setting("hours", NUMBER),
            Setting("calls", FLAG))  # fmt: skip


def faults(entry: Entry, *, settings=(), kept=(), plain_http: bool = False) -> dict[str, str]:
    return rule.faults(
        entry, drivers=("link", "pdd", "channel"), settings=settings, kept=kept, plain_http=plain_http
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, {}),
        ({"code": ""}, {"code": "required"}),
        ({"code": "a/b"}, {"code": "bad_place_code"}),
        ({"name": ""}, {"name": "required"}),
        ({"driver": "soap"}, {"driver": "required"}),
        ({"charset": "latin-1"}, {"charset": "required"}),
        ({"routing_rule": "anywhere"}, {"routing_rule": "required"}),
        ({"callback_url": ""}, {"callback_url": "required"}),
        ({"callback_url": "", "driver": "channel"}, {}),
        ({"callback_url": "http://gateway.example.com/"}, {"callback_url": "https_only"}),
    ],
)
def test_each_field_is_checked(changed: dict[str, str], wrong: dict[str, str]) -> None:
    assert faults(replace(GOOD, **changed)) == wrong


@pytest.mark.parametrize(
    "address",
    [
        "gateway.example.com", "ftp://gateway.example.com/", "https://", "https://user:word@gateway.example.com/",
        "https://a b/", "https://gateway.example.com:99999/", "https://gateway.example.com:0/", "https://[::1", "https://a/#x",
        "https://a/\n", "javascript:alert(1)", f"https://a/{'x' * 300}", "https://网关/",
    ],
)  # fmt: skip
def test_an_address_that_answers_should_not_go_to_is_refused(address: str) -> None:
    assert "callback_url" in faults(replace(GOOD, callback_url=address), plain_http=True)


@pytest.mark.parametrize("host", ["169.254.169.254", "0.0.0.0", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::]",
                                  "[fe80::1]", "[::ffff:169.254.169.254]"])  # fmt: skip
def test_an_address_of_no_platforms_machine_is_refused(host: str) -> None:
    assert faults(replace(GOOD, callback_url=f"https://{host}/"), plain_http=True) == {"callback_url": "bad_address"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:7f00:1]"])
def test_production_answers_nobody_on_its_own_machine(host: str) -> None:
    assert faults(replace(GOOD, callback_url=f"https://{host}/")) == {"callback_url": "bad_address"}
    assert not faults(replace(GOOD, callback_url=f"https://{host}/"), plain_http=True)


def test_plain_http_is_taken_where_the_configuration_allows_it() -> None:
    assert not faults(replace(GOOD, callback_url="http://127.0.0.1:8001/callback"), plain_http=True)


def test_a_drivers_settings_are_named_fields_with_rules_of_their_own() -> None:
    empty = {"setting-client_id": "required", "setting-token": "required"}
    assert faults(GOOD, settings=SETTINGS) == empty
    typed = replace(GOOD, settings={"client_id": "a", "hours": "soon"})
    assert faults(typed, settings=SETTINGS, kept=["token"]) == {"setting-hours": "not_a_number"}


def test_an_empty_secret_stays_and_what_no_driver_declares_is_left_alone() -> None:
    before = {"client_id": "a", "token": "t", "hours": 3, "calls": True, "other": 1}
    assert rule.stored(SETTINGS, {"client_id": "b", "hours": ""}, before) == {
        "client_id": "b", "token": "t", "calls": False, "other": 1,
    }  # fmt: skip
    assert rule.stored(SETTINGS, {"token": "new", "hours": "12", "calls": "1"}, {}) == {
        "token": "new", "hours": 12, "calls": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("secret", "others", "fault"),
    [
        ("a-long-enough-secret", [], ""), ("", [], "required"), ("short", [], "weak_secret"),
        ("test-secret-key-of-no-value", [], "weak_secret"), ("blanks in a secret text", [], "bad_secret"),
        ("密钥密钥密钥密钥密钥密钥密钥密钥", [], "bad_secret"), ("x" * 65, [], "bad_secret"),
        ("a-long-enough-secret", ["a-long-enough-secret"], "same_secret"),
        ("a-long-enough-secret", ["one", "two"], "two_secrets"),
    ],
)  # fmt: skip
def test_a_secret_is_long_unknown_and_one_of_two_at_most(secret: str, others: list[str], fault: str) -> None:
    assert rule.secret_fault(secret, others) == fault
