"""The LINK envelope: form fields around a signed body, read byte for byte (interfaces, section 1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_to_bytes

from app.integrations.platform.errors import MessageError
from app.integrations.platform.strict_json import decode_body, decode_text

__all__ = ["Charset", "Envelope", "MessageError", "decode_body", "read_envelope", "signature", "verify"]

Charset = Literal["utf-8", "gbk"]
MAX_FIELDS = 32
_LIMITS = {"data_digest": 64, "msg_type": 40} | dict.fromkeys(
    ("logistic_provider_id", "partner_code", "msg_id", "to_code"), 128
)


@dataclass(frozen=True)
class Envelope:
    """One push. `logistics_interface` holds the exact bytes that were signed; absent fields are empty."""

    logistics_interface: bytes
    data_digest: str
    msg_type: str
    provider_id: str
    msg_id: str
    to_code: str


def signature(body: bytes, secret: str) -> str:
    """Base64 of the raw MD5 of body and secret: what `data_digest` must be. The algorithm is the platform's."""
    digest = hashlib.md5(body + secret.encode("utf-8"), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")


def verify(body: bytes, digest: str, secrets: Sequence[str]) -> bool:
    """True when `digest` signs exactly these bytes with one of the secrets (two while they are being rotated).

    Compares in constant time over all secrets. A + that the sender did not URL-encode arrives as a space and is
    read as +. An empty secret never verifies.
    """
    given = digest.strip("\r\n\t").replace(" ", "+").encode("utf-8", "replace")
    found = False
    for secret in secrets:
        found |= bool(secret) and hmac.compare_digest(signature(body, secret).encode("ascii"), given)
    return found


def read_envelope(raw_body: bytes, charset: Charset = "utf-8") -> Envelope:
    """The envelope of a form-urlencoded body; percent-decoded to bytes and never encoded again.

    Raises MessageError: too_many_fields, duplicate_field, missing_field, field_too_long, bad_encoding. A missing
    digest is no error here: it is an empty one, which never verifies.
    """
    fields = _form_fields(raw_body)
    if not fields.get(b"logistics_interface"):
        raise MessageError("missing_field", "logistics_interface")
    text = {name: _envelope_text(fields, name, charset) for name in _LIMITS}
    return Envelope(
        logistics_interface=fields[b"logistics_interface"],
        data_digest=text["data_digest"],
        msg_type=text["msg_type"],
        provider_id=text["logistic_provider_id"] or text["partner_code"],
        msg_id=text["msg_id"],
        to_code=text["to_code"],
    )


def _form_fields(raw_body: bytes) -> dict[bytes, bytes]:
    """Name and value bytes; a field that stands twice is refused, since two readers might take different ones."""
    pairs = raw_body.split(b"&", MAX_FIELDS)
    if len(pairs) > MAX_FIELDS:
        raise MessageError("too_many_fields")
    fields: dict[bytes, bytes] = {}
    for pair in filter(None, pairs):
        name, _, value = pair.partition(b"=")
        key = unquote_to_bytes(name.replace(b"+", b" "))
        if key in fields:
            raise MessageError("duplicate_field")
        fields[key] = unquote_to_bytes(value.replace(b"+", b" "))
    return fields


def _envelope_text(fields: dict[bytes, bytes], name: str, charset: Charset) -> str:
    raw = fields.get(name.encode("ascii"), b"")
    if len(raw) > _LIMITS[name]:
        raise MessageError("field_too_long", name)
    text = decode_text(raw, charset)
    if "\x00" in text:
        raise MessageError("bad_encoding", name)
    return text if name == "data_digest" else text.strip()
