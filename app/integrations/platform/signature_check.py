"""Why a signature does not fit: the usual slips, each tried in turn."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.domain import outside_json

Sign = Callable[[bytes, str], str]


@dataclass(frozen=True)
class Verdict:
    """`secret` is the place of the secret that fits, from 0; None: none does. `slip` names what would have to be mended
    first, empty where it fits as it is."""

    secret: int | None
    slip: str = ""


def check(sign: Sign, text: str, given: str, secrets: Sequence[str], charset: str) -> Verdict:
    """Whether `given` signs `text` with one of the secrets; the expected signature is never told.

    Slips: space_for_plus, surrounding_space, trailing_newline, other_charset, other_spacing (the JSON was written
    anew), hex_for_base64, letter_case.
    """
    for slip, body, said in _tries(text, given, charset):
        for place, secret in enumerate(secrets):
            if secret and hmac.compare_digest(sign(body, secret).encode(), said.encode("utf-8", "replace")):
                return Verdict(place, slip)
    return Verdict(None)


def _tries(text: str, given: str, charset: str) -> Iterator[tuple[str, bytes, str]]:
    body, said = _bytes(text, charset), given.strip("\r\n\t")
    yield "", body, said
    yield "space_for_plus", body, said.replace(" ", "+")
    yield "surrounding_space", body, said.strip()
    yield "trailing_newline", body.rstrip(b"\r\n"), said
    yield "trailing_newline", body + b"\n", said
    yield "other_charset", _bytes(text, "gbk" if charset == "utf-8" else "utf-8"), said
    for spacing in ((",", ":"), (", ", ": ")):
        yield "other_spacing", _anew(text, spacing, charset), said
    yield "hex_for_base64", body, _from_hex(said)
    yield "letter_case", body, said.upper()


def _bytes(text: str, charset: str) -> bytes:
    return text.encode("gb18030" if charset == "gbk" else "utf-8", "replace")


def _anew(text: str, spacing: tuple[str, str], charset: str) -> bytes:
    try:
        return _bytes(json.dumps(outside_json.read(text), ensure_ascii=False, separators=spacing), charset)
    except ValueError:
        return _bytes(text, charset)


def _from_hex(said: str) -> str:
    try:
        return base64.b64encode(binascii.unhexlify(said.strip())).decode("ascii")
    except (ValueError, binascii.Error):
        return said
