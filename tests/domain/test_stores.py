"""The address of a store: what is one, and what is told where it is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain import stores as rule
from app.domain.stores import Address, Bucket

HERE = "s3://pictures/kuaifu?endpoint=https://minio:9000"


def test_a_bucket_has_a_service_a_name_and_a_prefix() -> None:
    assert rule.bucket_of(HERE) == Bucket("minio:9000", True, "pictures", "kuaifu/", "us-east-1")
    plain = rule.bucket_of("s3://pictures?endpoint=http://10.0.0.1:9000&region=cn-north-1")
    assert plain == Bucket("10.0.0.1:9000", False, "pictures", "", "cn-north-1")


@pytest.mark.parametrize("url", [
    "s3://pictures", "s3://?endpoint=https://minio", "s3://pictures?endpoint=minio:9000", "s3:", "https://minio/x",
    "s3://pictures?endpoint=ftp://minio",
])  # fmt: skip
def test_what_is_no_bucket_is_told_in_one_sentence(url: str) -> None:
    with pytest.raises(ValueError, match="a bucket is s3://"):
        rule.bucket_of(url)


@pytest.mark.parametrize(("url", "folder"), [("", "/data"), ("file:///mnt/kuai%20fu", "/mnt/kuai fu")])
def test_a_folder_is_the_one_named_or_that_of_the_data(url: str, folder: str) -> None:
    assert rule.folder_of(url, Path("/data")) == Path(folder)


@pytest.mark.parametrize("address", [
    Address(HERE), Address(HERE, "key"), Address("file://relative"), Address("/mnt/x"), Address("ftp://x"),
    Address("s3://pictures", "key", "secret"),
])  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused(address: Address) -> None:
    with pytest.raises(ValueError, match=r"bucket|file:///"):
        rule.checked(address)


def test_good_addresses_are_taken_and_no_key_is_ever_printed() -> None:
    for good in (Address(), Address("file:///mnt/x"), Address(HERE, "key", "a-secret")):
        assert rule.checked(good) == good and "a-secret" not in repr(good)
