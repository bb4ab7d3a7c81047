"""Keys of SMS gateways at rest: encrypted under a key made from SECRET_KEY, so that a copied database tells none."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.domain.errors import DomainError


class SecretsUnreadable(DomainError):
    """The keys were encrypted under another SECRET_KEY, or the row was changed: they have to be entered again."""

    def __init__(self) -> None:
        super().__init__("secrets")


def seal(secrets: Mapping[str, str], key: str) -> bytes:
    """The secrets as one encrypted text. `key` is SECRET_KEY."""
    return _cipher(key).encrypt(json.dumps(dict(secrets)).encode())


def unseal(sealed: bytes | None, key: str) -> dict[str, str]:
    """The secrets again; none where nothing was sealed. Raises SecretsUnreadable."""
    if not sealed:
        return {}
    try:
        return dict(json.loads(_cipher(key).decrypt(bytes(sealed))))
    except (InvalidToken, ValueError):
        raise SecretsUnreadable from None


def _cipher(key: str) -> Fernet:
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"kuaifu sms gateways").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(made))
