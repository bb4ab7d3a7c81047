"""Which machines an administrator's address may name, in every spelling, and which may answer there."""

from __future__ import annotations

import pytest

from app.domain import hosts


@pytest.mark.parametrize("host", [
    "169.254.169.254", "169.254.0.1", "[fe80::1]", "fe80::1%eth0", "0.0.0.0", "[::]", "224.0.0.1", "[ff02::1]",
    "255.255.255.255", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.1", "127.0.1", "10.1",
    "0", "[::ffff:169.254.169.254]", "[2002:a9fe:a9fe::1]", "2852039166", "0xa9fea9fe", "192.168.257",
])  # fmt: skip
def test_what_is_nobodys_service_or_spelled_oddly_is_forbidden(host: str) -> None:
    assert hosts.kind_of(host) == hosts.FORBIDDEN


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]",
                                  "[::ffff:127.0.0.1]"])  # fmt: skip
def test_this_machine_is_known_by_name_and_number(host: str) -> None:
    assert hosts.kind_of(host) == hosts.OWN


@pytest.mark.parametrize("host", ["api.example.com", "10.0.0.8", "192.168.1.9", "8.8.8.8", "[2001:db8::1]", "relay",
                                  "1stop.example.com", "face.b00c"])  # fmt: skip
def test_other_machines_are_open_also_in_the_companys_own_network(host: str) -> None:
    assert hosts.kind_of(host) == ""


@pytest.mark.parametrize(("peer", "host", "open_to"), [
    ("127.0.0.1", "api.example.com", False), ("::1", "api.example.com", False), ("127.0.0.1", "127.0.0.1", True),
    ("::1", "localhost", True), ("127.0.0.1", "2130706433", False), ("169.254.169.254", "api.example.com", False),
    ("169.254.169.254", "169.254.169.254", False), ("::ffff:127.0.0.1", "api.example.com", False),
    ("10.0.0.8", "api.example.com", True), ("203.0.113.9", "api.example.com", True), ("", "api.example.com", False),
])  # fmt: skip
def test_a_name_that_leads_here_is_nobody(peer: str, host: str, open_to: bool) -> None:
    assert hosts.may_answer(peer, host) is open_to
