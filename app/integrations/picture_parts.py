"""Counts the parts that a picture is made of, before a decoder goes through them one by one: ten megabytes of empty
ones took it twenty seconds, and as many of scans would have taken ten minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

MOST_PARTS = 10_000  # a large PNG has some thousand, of 8 kB each
# Of a progressive JPEG each scan goes over all pixels again: twenty bytes that cost some milliseconds. Cameras and
# editors make a dozen. Among pixels these two bytes stand nowhere else.
MOST_SCANS, SCAN = 100, b"\xff\xda"


def too_many(data: bytes, kind: str) -> bool:
    """Whether a file of that media type has more parts than any honest one."""
    if kind == "image/jpeg" and data.count(SCAN) > MOST_SCANS:
        return True
    walk = _WALKS.get(kind)
    return walk is not None and any(n >= MOST_PARTS for n, _at in enumerate(walk(data)))


def _jpeg(data: bytes) -> Iterator[int]:
    """Where each segment before the pixels begins, and each byte between two of them."""
    at = 2
    while at + 1 < len(data) and data[at : at + 2] != SCAN:
        yield at
        if data[at] != 0xFF or data[at + 1] in (0x00, 0xFF):
            at += 1
        elif 0xD0 <= data[at + 1] <= 0xD9:
            at += 2
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4]))


def _png(data: bytes) -> Iterator[int]:
    """Where each chunk begins."""
    at = 8
    while at + 8 <= len(data):
        yield at
        at += 12 + int.from_bytes(data[at : at + 4])


_WALKS: Mapping[str, Callable[[bytes], Iterator[int]]] = {"image/jpeg": _jpeg, "image/png": _png}
