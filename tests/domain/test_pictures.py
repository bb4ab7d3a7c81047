"""Which files may be pictures, what they are called, and when an address is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain import customer_links, pictures
from app.domain.pictures import BadPicture, check, clean_name, next_try, sniff

JPEG, PNG, WEBP = b"\xff\xd8\xff\xe0" + b"\0" * 20, b"\x89PNG\r\n\x1a\n" + b"\0" * 20, b"RIFF\0\0\0\0WEBPVP8 "
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0"
NOW = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(("head", "kind"), [(JPEG, "image/jpeg"), (PNG, "image/png"), (WEBP, "image/webp")])
def test_a_picture_is_known_by_its_first_bytes_whatever_it_says_of_itself(head: bytes, kind: str) -> None:
    assert sniff(head) == kind
    assert check(head, "", 100) == check(head, "application/octet-stream", 100) == check(head, kind, 100) == kind


@pytest.mark.parametrize(
    ("head", "declared", "size", "code"),
    [
        (JPEG, "image/png", 100, "type_mismatch"),
        (PNG, "text/html", 100, "type_mismatch"),
        (JPEG, "image/svg+xml", 100, "type_mismatch"),
        (HEIC, "image/heic", 100, "heic"),
        (HEIC, "image/jpeg", 100, "heic"),
        (b"%PDF-1.7 and so on", "application/pdf", 100, "not_a_picture"),
        (b"GIF89a and so on", "image/gif", 100, "not_a_picture"),
        (b"<svg onload=alert(1)>", "image/svg+xml", 100, "not_a_picture"),
        (b"", "image/jpeg", 0, "empty"),
        (JPEG, "image/jpeg", pictures.MAX_BYTES + 1, "too_large"),
    ],
)
def test_everything_else_is_refused_with_its_reason(head: bytes, declared: str, size: int, code: str) -> None:
    with pytest.raises(BadPicture) as error:
        check(head, declared, size)
    assert error.value.code == code


def test_a_jpeg_of_exactly_ten_megabytes_under_an_old_spelling_is_taken() -> None:
    assert check(JPEG, "image/JPG; charset=x", pictures.MAX_BYTES) == "image/jpeg"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("门口照片.PNG", "门口照片.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\Users\\王\\DCIM\\IMG_1.HEIC", "IMG_1.jpg"),
        ('a"b;c\r\nSet-Cookie: x=1.jpg', "axbxc Set-Cookiex x=1.jpg"),
        ("\u202egnp.exe", "gnp.jpg"),
        ("", "picture.jpg"),
        (".", "picture.jpg"),
        ("<img src=x onerror=1>.jpg", "ximg src=x onerror=1x.jpg"),
        ("a\0b.png", "a b.jpg"),
        ("x" * 300, "x" * 60 + ".jpg"),
    ],
)
def test_a_file_name_is_harmless_and_ends_in_what_we_store(given: str, shown: str) -> None:
    assert clean_name(given) == shown


def test_a_telephone_number_does_not_survive_in_a_file_name() -> None:
    assert "13812345678" not in clean_name("王小明13812345678.jpg")


def test_a_fetch_waits_longer_each_time_and_ends_with_its_address() -> None:
    end = NOW + timedelta(minutes=30)
    waits = [(next_try(NOW, attempt, end) or NOW) - NOW for attempt in (1, 2, 3, 4, 20)]
    assert [wait.total_seconds() for wait in waits] == [5, 10, 20, 40, 300]
    assert next_try(end - timedelta(seconds=5), 1, end) is None
    assert next_try(end - timedelta(seconds=6), 1, end) is not None


def test_a_link_lives_a_week_longer_than_the_time_to_object() -> None:
    assert customer_links.expires_at(NOW) == NOW + timedelta(days=7)


@pytest.mark.parametrize(
    ("phone", "reached"),
    [
        ("13812345678", "13812345678"),
        ("+86 138-1234-5678", "13812345678"),
        ("008613812345678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("0571-88880000", ""),
        ("13812345678-1234", ""),
        ("12345678901", ""),
        ("95311", ""),
        ("", ""),
    ],
)
def test_an_sms_goes_to_a_real_mobile_number_only(phone: str, reached: str) -> None:
    assert customer_links.mobile(phone) == reached
