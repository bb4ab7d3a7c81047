"""The directory that keeps pictures: whole or not at all, for its owner only, under no name of a user's."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from app.domain.stores import Address
from app.integrations import store, stores
from app.integrations.store import DirectoryStore, StoreError

NAME = "0123456789abcdef" * 2


@pytest.fixture
def kept(tmp_path: Path) -> DirectoryStore:
    return stores.attachments(tmp_path, Address())


def files(kept: DirectoryStore) -> list[Path]:
    return [path for path in kept.root.rglob("*") if path.is_file()]


def test_what_was_put_is_got_and_after_delete_it_is_missing(kept: DirectoryStore) -> None:
    kept.put(NAME, b"one")
    kept.put(NAME, b"two")
    assert kept.get(NAME) == b"two"
    kept.delete(NAME)
    kept.delete(NAME)
    with pytest.raises(StoreError) as error:
        kept.get(NAME)
    assert (error.value.code, error.value.permanent) == ("missing", True)


def test_only_the_owner_can_read(kept: DirectoryStore) -> None:
    kept.put(NAME, b"x")
    (path,) = files(kept)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "", ".", NAME.upper(), f"{NAME}/x", f"{NAME}\n"])
def test_a_name_that_is_not_ours_never_becomes_a_path(kept: DirectoryStore, name: str) -> None:
    for verb in (kept.get, kept.delete, lambda n: kept.put(n, b"x")):
        with pytest.raises(ValueError):
            verb(name)


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "full"), (errno.EIO, "io")])
@pytest.mark.parametrize("step", ["write", "fsync"])
def test_a_failing_disk_is_a_clean_error_and_leaves_no_half_file(
    kept: DirectoryStore, monkeypatch: pytest.MonkeyPatch, number: int, code: str, step: str
) -> None:
    def fail(*_: object) -> int:
        raise OSError(number, "told to")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(StoreError) as error:
            kept.put(NAME, b"x")
    assert error.value.code == code
    assert files(kept) == []
    kept.put(NAME, b"recovered")
    assert kept.get(NAME) == b"recovered"


def test_a_picture_without_its_thumbnail_is_not_kept(kept: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    real = kept.put

    def put(name: str, data: bytes) -> None:
        if name.endswith("-t"):
            raise StoreError("full")
        real(name, data)

    monkeypatch.setattr(kept, "put", put)
    with pytest.raises(StoreError):
        store.keep(kept, NAME, b"picture", b"thumb")
    assert files(kept) == []


def test_the_bytes_are_flushed_before_the_name_appears(kept: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("flush"), fsync(handle))[1])
    monkeypatch.setattr(Path, "replace", lambda self, to: (steps.append("rename"), replace(self, to))[1])
    kept.put(NAME, b"x")
    assert steps == ["flush", "rename", "flush"]
