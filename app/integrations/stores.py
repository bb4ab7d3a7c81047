"""The store that an address names."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from app.domain import stores as rule
from app.domain.stores import ATTACHMENTS, EXPORTS, Address
from app.integrations import store_s3
from app.integrations.store import DirectoryStore, Store


def attachments(data_dir: Path, address: Address) -> Store:
    """The store of pictures."""
    return _of(ATTACHMENTS, data_dir, address)


def exports(data_dir: Path, address: Address) -> Store:
    """The store of exported lists."""
    return _of(EXPORTS, data_dir, address)


@lru_cache(16)  # a bucket's client keeps its connections
def _of(kind: str, data_dir: Path, address: Address) -> Store:
    if address.bucket:
        return store_s3.S3Store(rule.bucket_of(address.url), address.key, address.secret, kind)
    return DirectoryStore(rule.folder_of(address.url, data_dir) / kind)
