"""The one spelling of JSON, whole and put together of parts."""

from __future__ import annotations

import pytest

from app.domain.canonical import canonical, quoted


@pytest.mark.parametrize("text", ["", "plain", 'a"b\\c', "\x00\x1f\n\t", "汉字 \u2028\ud800", "</é>"])
def test_a_part_is_spelled_as_in_the_whole(text: str) -> None:
    assert f"[{quoted(text)},1]" == canonical([text, 1])
