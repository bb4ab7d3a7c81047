"""Which peers PEERS asks for."""

from __future__ import annotations

PEERS = ("django-helpdesk", "roundup", "rt")


def wanted(given: str) -> tuple[str, ...]:
    """The names in `given`, each once and in its order; 1 or all is every one. Raises ValueError for another name."""
    words = given.replace(",", " ").lower().split()
    if not words or words == ["0"]:
        return ()
    if words in (["1"], ["all"]):
        return PEERS
    unknown = [one for one in words if one not in PEERS]
    if unknown:
        raise ValueError(f"PEERS: {unknown[0]} is none of {', '.join(PEERS)}")
    return tuple(dict.fromkeys(words))
