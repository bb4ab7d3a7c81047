"""Where a portal keeps the bytes of pictures and exported lists: below DATA_DIR, in another folder, or in a bucket."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

ATTACHMENTS, EXPORTS = "attachments", "exports"  # the kinds; what of the second is lost is asked for anew


@dataclass(frozen=True)
class Address:
    """STORE and the keys of a bucket; an empty one is DATA_DIR."""

    url: str = ""
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)

    @property
    def bucket(self) -> bool:
        """True where the bytes lie with an S3-compatible service."""
        return urlsplit(self.url).scheme == "s3"


@dataclass(frozen=True)
class Bucket:
    """Where the objects lie: the service (host:port), whether it is reached by https, the bucket, what names begin
    with, and the region that signatures name."""

    endpoint: str
    secure: bool
    name: str
    prefix: str
    region: str


def bucket_of(url: str) -> Bucket:
    """The parts of s3://bucket/prefix?endpoint=https://host:port&region=name. Raises ValueError in plain words."""
    parts = urlsplit(url)
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    there = urlsplit(asked.get("endpoint", ""))
    if parts.scheme != "s3" or not parts.netloc or there.scheme not in ("https", "http") or not there.netloc:
        raise ValueError("a bucket is s3://bucket/prefix?endpoint=https://host:port&region=name")
    prefix = parts.path.strip("/")
    secure, region = there.scheme == "https", asked.get("region", "us-east-1")
    return Bucket(there.netloc, secure, parts.netloc, f"{prefix}/" if prefix else "", region)


def folder_of(url: str, data_dir: Path) -> Path:
    """The folder of a file:// address, or DATA_DIR."""
    return Path(unquote(urlsplit(url).path)) if url else data_dir


def checked(address: Address) -> Address:
    """The address, when it is one that can be used. Raises ValueError in one plain sentence."""
    if address.bucket:
        bucket_of(address.url)
        if not (address.key and address.secret):
            raise ValueError("a bucket needs STORE_ACCESS_KEY and STORE_SECRET_KEY")
    elif address.url and not address.url.startswith("file:///"):
        raise ValueError("it is file:///path or s3://bucket/prefix?endpoint=https://host:port&region=name")
    return address
