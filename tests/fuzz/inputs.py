"""What is thrown at the parsers: noise, and noise around what they know."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

ODD = "\x00\ufeff\u200b\u2028\ud800０９Ａａ：，；“”{}[]<>&=%+\"'\\\r\n\t…号👍ßıİ"
TEXTS = st.one_of(
    st.text(max_size=80), st.text(st.sampled_from(ODD + "ab19快复 -:.,"), max_size=60),
    st.integers(1, 40).map(lambda n: "9" * n * 130), st.sampled_from(["x" * 140_000, "," * 5_000, "é" * 300]),
)  # fmt: skip
WRITABLE = st.text(st.characters(codec="utf-8"), max_size=60)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.sampled_from(["1", "3", " 2 ", "0x1"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WRITABLE, inner, max_size=3)), max_leaves=8,
)  # fmt: skip
TIMES = st.one_of(
    st.datetimes().map(lambda at: f"{at:%Y-%m-%d %H:%M:%S}"), st.datetimes().map(lambda at: at.isoformat()),
    st.integers(-(10**18), 10**18).map(str), st.integers(-(10**18), 10**18), st.sampled_from(["", "9999-12-31 23:59:59"]), TEXTS,
)  # fmt: skip


def body(names: tuple[str, ...], times: tuple[str, ...] = (), inner: Any = None) -> st.SearchStrategy[dict[str, Any]]:
    """An object with some of these fields, whatever they hold; `inner` are fields of fields."""
    fields: dict[str, Any] = dict.fromkeys(names, JSON) | dict.fromkeys(times, TIMES)
    return st.fixed_dictionaries({}, optional=fields | (inner or {}))


EXTENSION = body(("mail_no", "site_code", "receiver_name", "receiver_phone", "receiver_address"))
TASK = body(("task_id", "structural_replys", "description"), ("task_expire_time", "task_start_time"))
ISSUE = body(
    ("work_order_code", "work_order_type", "category_code", "priority", "description", "attachments", "goods_infos"),
    ("start_time", "expire_time"), {"extension": st.one_of(EXTENSION, JSON), "work_order_task": st.one_of(TASK, JSON)},
)  # fmt: skip
LATER = body(("work_order_code", "task_id", "event_id", "description", "extension"), ("event_time",))


def written(value: Any) -> bytes:
    """As JSON, escapes where UTF-8 has no bytes for it."""
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


@st.composite
def damaged(draw: Any, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes with a few of them cut out, doubled or changed."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(0, 3))):
        share = st.integers(0, 1000)  # the same workbook is not of the same length twice
        at, end = sorted((draw(share) * len(data) // 1000, draw(share) * len(data) // 1000))
        piece = draw(st.sampled_from([b"", bytes(data[at:end][:200]) * 2, b"\x00", b'"', b"{", b"\xff", b"NaN"]))
        data[at : min(end, at + 40)] = piece
    return bytes(data)
