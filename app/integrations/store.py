"""Where the bytes of attachments and exports lie, behind a few verbs; here in a folder, in `store_s3` in a bucket."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from pathlib import Path
from typing import BinaryIO, Protocol

NAME = re.compile(r"[0-9a-f]{32}(-t)?")
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class StoreError(Exception):
    """The store did not do it: "full", "io", or "missing" for something that is not there (permanent)."""

    def __init__(self, code: str, *, permanent: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent


class Store(Protocol):
    """What a store can do. A name is 128 random bits in hex, or its thumbnail's; never a user's."""

    def put(self, name: str, data: bytes) -> None:
        """Keep `data` under `name`; on return it survives a power cut. Raises StoreError and then keeps nothing."""

    def get(self, name: str) -> bytes:
        """What is kept under `name`. Raises StoreError."""

    def take(self, name: str, file: Path) -> None:
        """Keep a file of this machine under `name` without reading it into memory; it is gone from where it was.

        Raises StoreError.
        """

    def open(self, name: str) -> BinaryIO:
        """What is kept under `name`, to be read bit by bit. Raises StoreError."""

    def delete(self, name: str) -> None:
        """Forget `name`; one that is not there is fine. Raises StoreError."""


def thumb_of(name: str) -> str:
    """The name of a picture's thumbnail."""
    return f"{name}-t"


def keep(store: Store, name: str, data: bytes, thumb: bytes) -> None:
    """Keep a picture and its thumbnail, or neither. Raises StoreError."""
    store.put(name, data)
    try:
        store.put(thumb_of(name), thumb)
    except StoreError:
        with contextlib.suppress(StoreError):
            store.delete(name)
        raise


def drop(store: Store, name: str) -> None:
    """Forget a picture and its thumbnail. Raises StoreError."""
    store.delete(thumb_of(name))
    store.delete(name)


class DirectoryStore:
    """A folder with 256 sub-folders. Files are readable by their owner only and appear whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, name: str, data: bytes) -> None:
        """Write beside, flush to the disk, rename."""
        path = self._path(name)
        beside = path.with_name(f".{name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(beside, data)
            beside.replace(path)
            _flush(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise StoreError("full" if error.errno in FULL else "io") from None

    def get(self, name: str) -> bytes:
        """Read the whole file."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise StoreError("missing", permanent=True) from None
        except OSError:
            raise StoreError("io") from None

    def take(self, name: str, file: Path) -> None:
        """Flush to the disk, rename: `file` lies on the disk of this folder."""
        path = self._path(name)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.chmod(0o600)
            _flush(file)
            file.replace(path)
            _flush(path.parent)
        except OSError as error:
            raise StoreError("full" if error.errno in FULL else "io") from None

    def open(self, name: str) -> BinaryIO:
        """Open the file."""
        try:
            return self._path(name).open("rb")
        except FileNotFoundError:
            raise StoreError("missing", permanent=True) from None
        except OSError:
            raise StoreError("io") from None

    def delete(self, name: str) -> None:
        """Remove the file."""
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError:
            raise StoreError("io") from None

    def _path(self, name: str) -> Path:
        if NAME.fullmatch(name) is None:
            raise ValueError("not a name of this store")
        return self.root / name[:2] / name


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _flush(path: Path) -> None:
    """Bring a file or the names in a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
