"""A store in a bucket of an S3-compatible service: what several web machines without a shared disk have in common.

An object appears whole or not at all (so the S3 API says of PutObject), under the same name as in a folder.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from app.domain.stores import Bucket
from app.integrations.store import NAME, StoreError

if TYPE_CHECKING:
    from minio import Minio

SECONDS, TRIES = 20, 2  # until a service that says nothing counts as gone
PART = 16 * 1024 * 1024  # bytes of one part of a large file
SPOOLED = 4 * 1024 * 1024  # bytes that stay in memory while a file is read


class S3Store:
    """Objects of one prefix of a bucket; see `store.Store` for the verbs."""

    def __init__(self, place: Bucket, key: str, secret: str, kind: str = "") -> None:
        self.place, self.prefix = place, place.prefix + (f"{kind}/" if kind else "")
        self._client = _client(place, key, secret)

    def put(self, name: str, data: bytes) -> None:
        """One PutObject, which is there as a whole when it is answered."""
        with _told():
            self._client.put_object(self.place.name, self._key(name), io.BytesIO(data), len(data))

    def get(self, name: str) -> bytes:
        """Read the whole object."""
        with self.open(name) as file:
            return file.read()

    def take(self, name: str, file: Path) -> None:
        """Send the file, then remove it here."""
        with _told():
            self._client.fput_object(self.place.name, self._key(name), str(file), part_size=PART)
        file.unlink(missing_ok=True)

    def open(self, name: str) -> BinaryIO:
        """Fetch the object into a file of this machine that nobody else sees, and begin at its start."""
        file = tempfile.SpooledTemporaryFile(max_size=SPOOLED)  # noqa: SIM115 - the caller closes it
        with _told():
            answer = self._client.get_object(self.place.name, self._key(name))
            try:
                for chunk in answer.stream(1 << 16):
                    file.write(chunk)
            finally:
                answer.close()
                answer.release_conn()
        file.seek(0)
        return cast(BinaryIO, file)

    def delete(self, name: str) -> None:
        """DeleteObject, which is fine with what is not there."""
        with _told():
            self._client.remove_object(self.place.name, self._key(name))

    def _key(self, name: str) -> str:
        if NAME.fullmatch(name) is None:
            raise ValueError("not a name of this store")
        return f"{self.prefix}{name[:2]}/{name}"


def _client(place: Bucket, key: str, secret: str) -> Minio:
    """The library is imported here: only a portal with such a store carries it."""
    import urllib3
    from minio import Minio

    pool = urllib3.PoolManager(timeout=urllib3.Timeout(SECONDS), retries=urllib3.Retry(TRIES, backoff_factor=0.2))
    return Minio(
        place.endpoint, access_key=key, secret_key=secret, region=place.region, secure=place.secure, http_client=pool
    )  # fmt: skip


@contextmanager
def _told() -> Iterator[None]:
    """What the service or the way to it says becomes a StoreError without its words, which hold addresses."""
    from minio.error import MinioException, S3Error
    from urllib3.exceptions import HTTPError

    try:
        yield
    except S3Error as error:
        gone = error.code == "NoSuchKey"
        raise StoreError("missing" if gone else "io", permanent=gone) from None
    except (MinioException, HTTPError, OSError):
        raise StoreError("io") from None
