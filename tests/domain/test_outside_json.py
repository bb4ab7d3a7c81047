"""What somebody else wrote is read without ever coming near the end of the stack."""

import json
import sys

import pytest

from app.domain import outside_json


@pytest.mark.parametrize("value", [None, 1, "二", [], {}, {"a": [1, {"b": "]}"}]}, [[[]]] * 40])
def test_a_value_within_the_levels_is_read(value):
    assert outside_json.read(json.dumps(value, ensure_ascii=False)) == value
    assert outside_json.read(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize("opened", ["[", '{"a":', '[{"a":'])
def test_the_51st_level_is_refused_however_many_follow(opened):
    for times in (51, 100_000):
        with pytest.raises(ValueError, match="too deeply"):
            outside_json.read(opened * times)


def test_fifty_levels_are_read_and_brackets_in_a_string_open_none():
    assert outside_json.read("[" * 50 + "]" * 50)
    assert outside_json.read(json.dumps("[" * 5000)) == "[" * 5000
    assert outside_json.read(json.dumps(['\\"[{' * 5000])) == ['\\"[{' * 5000]


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b'"' + b"[" * 60, "nul", b'"\\'])
def test_what_is_no_json_is_a_value_error(body):
    with pytest.raises(ValueError):
        outside_json.read(body)


def test_a_deep_text_is_refused_also_where_little_of_the_stack_is_left():
    depth = 0
    frame = sys._getframe()
    while frame:
        depth, frame = depth + 1, frame.f_back
    kept = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 40)
    try:
        with pytest.raises(ValueError, match="too deeply"):
            outside_json.read(b"[" * 100_000)
    finally:
        sys.setrecursionlimit(kept)
