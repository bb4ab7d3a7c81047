"""The store in a bucket keeps what a folder keeps: against an S3 service on loopback that is not ours."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.stores import Address
from app.integrations import dumps, store, stores
from app.integrations.store import Store, StoreError

NAME, OTHER = "0123456789abcdef" * 2, "f" * 32
KEYS = ("access", "a-secret")


@pytest.fixture(scope="module")
def service() -> Iterator[Any]:
    """A service with one bucket; its address."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client("s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id=KEYS[0],
                          aws_secret_access_key=KEYS[1])  # fmt: skip
    client.create_bucket(Bucket="pictures")
    client.address = address
    yield client
    server.stop()
    gc.collect()  # what a server leaves behind is cleared now, not in the depth of another test's nested JSON


@pytest.fixture
def kept(service: Any, tmp_path: Path) -> Store:
    url = f"s3://pictures/{tmp_path.name}?endpoint={service.address}"
    return stores.attachments(tmp_path, Address(url, *KEYS))


def names(service: Any, tmp_path: Path) -> list[str]:
    found = service.list_objects_v2(Bucket="pictures", Prefix=tmp_path.name).get("Contents", [])
    return [one["Key"].removeprefix(f"{tmp_path.name}/") for one in found]


def test_what_was_put_is_got_and_after_delete_it_is_missing(kept: Store) -> None:
    kept.put(NAME, b"one")
    kept.put(NAME, b"two")
    assert kept.get(NAME) == b"two"
    kept.delete(NAME)
    kept.delete(NAME)
    with pytest.raises(StoreError) as error:
        kept.get(NAME)
    assert (error.value.code, error.value.permanent) == ("missing", True)


def test_pictures_and_exports_lie_apart_under_the_prefix(service: Any, kept: Store, tmp_path: Path) -> None:
    kept.put(NAME, b"picture")
    url = f"s3://pictures/{tmp_path.name}?endpoint={service.address}"
    stores.exports(tmp_path, Address(url, *KEYS)).put(NAME, b"list")
    assert names(service, tmp_path) == [f"attachments/01/{NAME}", f"exports/01/{NAME}"]
    assert kept.get(NAME) == b"picture"


def test_a_large_file_is_sent_in_parts_and_gone_from_here(kept: Store, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"0123456789abcdef" * (20 * 1024 * 1024 // 16))
    kept.take(NAME, file)
    assert not file.exists()
    with kept.open(NAME) as there:
        assert there.read(16) == b"0123456789abcdef" and there.seek(0, 2) == 20 * 1024 * 1024


@pytest.mark.parametrize("name", ["", "../secret", NAME + "/..", NAME.upper(), NAME + "-x", "a" * 31])
def test_a_name_that_is_not_ours_never_becomes_a_key(kept: Store, name: str) -> None:
    for verb in (kept.get, kept.open, kept.delete):
        with pytest.raises(ValueError, match="not a name"):
            verb(name)


def test_a_picture_and_its_thumbnail_are_dropped_together(service: Any, kept: Store, tmp_path: Path) -> None:
    store.keep(kept, NAME, b"picture", b"small")
    assert len(names(service, tmp_path)) == 2
    store.drop(kept, NAME)
    assert names(service, tmp_path) == []


def test_a_service_that_is_away_or_a_bucket_that_is_not_there_is_told_without_an_address(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.integrations.store_s3.TRIES", 0)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    for url in (f"s3://pictures/x?endpoint={gone}", f"s3://nowhere/x?endpoint={service.address}"):
        kept = stores.attachments(tmp_path, Address(url, *KEYS))
        for verb in (lambda one: one.put(NAME, b"x"), lambda one: one.get(OTHER)):
            with pytest.raises(StoreError) as error:
                verb(kept)
            assert error.value.code == "io" and not error.value.permanent and "127.0.0.1" not in str(error.value)
            assert error.value.__suppress_context__


def test_a_backup_brings_the_pictures_out_and_back(kept: Store, tmp_path: Path) -> None:
    store.keep(kept, NAME, b"picture", b"small")
    copied = dumps.copy_out(kept, [NAME, store.thumb_of(NAME), OTHER], tmp_path / "copy")
    assert [name for _digest, name, _size in copied] == [f"01/{NAME}", f"01/{NAME}-t"]
    store.drop(kept, NAME)
    dumps.copy_in(tmp_path / "copy", kept)
    assert kept.get(NAME) == b"picture" and kept.get(store.thumb_of(NAME)) == b"small"


def test_the_library_is_not_loaded_by_a_portal_with_a_folder() -> None:
    import subprocess
    import sys

    code = "import sys, app.web, app.jobs.exports, app.integrations.stores; sys.exit('minio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
