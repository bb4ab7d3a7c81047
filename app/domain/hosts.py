"""Which machine an address may name that somebody typed in, and which machine may answer when we call there."""

from __future__ import annotations

import ipaddress
import re

OWN, FORBIDDEN = "own", "forbidden"
_NUMBERS = re.compile(r"(?:0[xX][0-9A-Fa-f]*|[0-9]+)(?:\.(?:0[xX][0-9A-Fa-f]*|[0-9]+))*\.?")


def kind_of(host: str) -> str:
    """OWN for this machine by name or number, FORBIDDEN for what no service of anybody has, else empty.

    Forbidden are link-local addresses (there machines of a cloud tell their secrets), those that are none or many, and
    numbers in other spellings than four decimal parts, which each program reads in its own way.
    """
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return OWN
    try:
        return _kind(ipaddress.ip_address(name))
    except ValueError:
        return FORBIDDEN if _NUMBERS.fullmatch(name) or "%" in name else ""


def may_answer(peer: str, host: str) -> bool:
    """Whether the machine at `peer` may be the one that `host` names: this machine only where the address says so
    itself, so that a name which leads here, or comes to lead here a moment later, is nobody."""
    try:
        found = _kind(ipaddress.ip_address(peer.split("%")[0]))
    except ValueError:
        return False
    return found == "" or (found == OWN and kind_of(host) == OWN)


def _kind(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    if inner is not None:
        return _kind(inner)
    if ip.is_link_local or ip.is_unspecified or ip.is_multicast or (ip.is_reserved and not ip.is_loopback):
        return FORBIDDEN
    return OWN if ip.is_loopback else ""
