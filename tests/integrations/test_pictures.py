"""Untrusted files become our own JPEG or a refusal, never anything else."""

from __future__ import annotations

import contextlib
import random
import resource
import struct
import subprocess
import sys
import time
import warnings
import zlib
from io import BytesIO

import pytest
from PIL import Image

from app.domain.pictures import BadPicture
from app.integrations.pictures import prepare
from tests.pictures import encoded, opened, photo, telltale


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes whose header promises that many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def many_scans(scans: int) -> bytes:
    """A grey progressive JPEG of 1,000 x 1,000 pixels whose every scan says: nothing new, in all blocks."""

    def part(marker: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    one_code = bytes([1] + [0] * 15)
    head = part(0xDB, b"\0" + b"\x01" * 64) + part(0xC2, struct.pack(">BHHB", 8, 1000, 1000, 1) + b"\x01\x11\0")
    codes = part(0xC4, b"\0" + one_code + b"\0") + part(0xC4, b"\x10" + one_code + b"\xe0")
    first = part(0xDA, b"\x01\x01\0\0\0\0") + bytes(125 * 125 // 8 + 1)
    more = part(0xDA, b"\x01\x01\0\x01\x3f\0") + b"\x7f\xff\0"
    return b"\xff\xd8" + head + codes + first + more * scans + b"\xff\xd9"


def test_a_jpeg_of_thousands_of_scans_is_refused_without_decoding_it() -> None:
    assert prepare(many_scans(20)).width == 1000
    begun = time.process_time()
    with pytest.raises(BadPicture) as refused:
        prepare(many_scans(60_000))
    assert refused.value.code == "not_a_picture" and time.process_time() - begun < 0.5


PRIVATE = struct.pack(">I", 0) + b"prIv" + struct.pack(">I", zlib.crc32(b"prIv"))


@pytest.mark.parametrize(
    ("kind", "at", "part"),
    [("JPEG", 2, b"\xff\xfe\0\x02"), ("JPEG", 2, b"\xff"), ("JPEG", 2, b"\xff\xd0"), ("PNG", 33, PRIVATE)],
)
def test_a_picture_of_a_million_empty_parts_is_refused_without_reading_them(kind: str, at: int, part: bytes) -> None:
    raw = photo(80, 60, kind)
    assert prepare(raw[:at] + part * 50 + raw[at:]).width == 80
    begun = time.process_time()
    with pytest.raises(BadPicture) as refused:
        prepare(raw[:at] + part * 800_000 + raw[at:])
    assert refused.value.code == "not_a_picture" and time.process_time() - begun < 0.5


def test_broken_tags_say_nothing_in_the_log() -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 9)
    exif += b"".join(struct.pack("<HHII", 0x9000 + n, 2, 0xFFFFFFFF, 8) for n in range(9))
    raw = photo(80, 60)
    told: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_more: told.append(str(message))
        prepare(raw[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + raw[2:])
    assert not told


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_kind_comes_out_as_a_jpeg_with_a_thumbnail(kind: str) -> None:
    made = prepare(photo(800, 600, kind), f"image/{kind.lower()}")
    assert (opened(made.data).format, made.width, made.height, made.media_type) == ("JPEG", 800, 600, "image/jpeg")
    assert opened(made.thumb).size == (320, 240)


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (6000, 200)])
def test_a_large_photo_shrinks_to_two_thousand_pixels(size: tuple[int, int]) -> None:
    made = prepare(photo(*size))
    assert max(made.width, made.height) == 2000
    assert abs(made.width / made.height - size[0] / size[1]) < 0.25


def test_no_metadata_survives() -> None:
    raw = telltale()
    assert b"canary" in raw
    made = prepare(raw)
    for data in (made.data, made.thumb):
        assert b"canary" not in data and b"Exif" not in data and b"ICC" not in data
        assert not opened(data).getexif()
        assert not {"comment", "icc_profile", "exif", "xmp"} & opened(data).info.keys()


def test_when_it_was_taken_is_told_beside_the_picture_and_no_longer_in_it() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2026:11:18 14:00:00"
    made = prepare(photo(exif=exif))
    assert made.taken_at is not None and made.taken_at.isoformat() == "2026-11-18T06:00:00+00:00"
    assert not opened(made.data).getexif() and prepare(photo()).taken_at is None


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (1, 1)), (6, (1, 0)), (8, (0, 1))])
def test_a_photo_stands_upright_as_its_camera_meant(orientation: int, corner: tuple[int, int]) -> None:
    made = prepare(telltale(orientation))
    assert (made.width, made.height) == ((30, 40) if orientation in (6, 8) else (40, 30))
    red, _green, blue = opened(made.data).getpixel(
        (corner[0] * (made.width - 4) + 2, corner[1] * (made.height - 4) + 2)
    )
    assert red > 200 > 60 > blue


def test_transparency_becomes_white() -> None:
    made = prepare(encoded(Image.new("RGBA", (20, 20), (255, 0, 0, 0)), "PNG"))
    assert all(part > 250 for part in opened(made.data).getpixel((10, 10)))


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    made = prepare(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))
    assert opened(made.data).getpixel((10, 10))[0] > 240


@pytest.mark.parametrize("size", [(30_000, 30_000), (65_000, 65_000), (30_001, 1000)])
def test_a_decompression_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadPicture) as error:
        prepare(bomb(*size))
    assert error.value.code == "too_many_pixels"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # kB


def test_a_phone_photo_with_a_second_picture_inside_is_taken_as_its_first() -> None:
    raw = encoded(Image.new("RGB", (60, 40), "red"), "MPO", save_all=True, append_images=[Image.new("RGB", (6, 4))])
    made = prepare(raw, "image/jpeg")
    assert (made.width, made.height) == (60, 40)


def test_a_photo_of_fifty_million_pixels_is_still_taken() -> None:
    assert prepare(encoded(Image.new("RGB", (10_000, 5000)), quality=20)).width == 2000


@pytest.mark.parametrize("raw", [b"\xff\xd8\xff" + b"\0" * 200, bomb(100, 100), photo()[:200], b"RIFF\4\0\0\0WEBPVP8 "])
def test_a_damaged_picture_is_no_picture(raw: bytes) -> None:
    with pytest.raises(BadPicture) as error:
        prepare(raw)
    assert error.value.code == "not_a_picture"


def test_a_page_behind_the_first_bytes_of_a_picture_is_gone_afterwards() -> None:
    made = prepare(photo() + b"<script>alert('canary')</script>")
    assert b"script" not in made.data


@pytest.mark.filterwarnings("ignore::UserWarning")  # of damaged tags
def test_broken_bytes_give_a_picture_or_a_refusal_and_nothing_else() -> None:
    chance = random.Random(1)
    for raw in (photo(), photo(kind="PNG"), photo(kind="WEBP"), telltale(6)):
        for _ in range(150):
            broken = bytearray(raw)
            for _ in range(chance.randint(1, 6)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            with contextlib.suppress(BadPicture):
                assert opened(prepare(bytes(broken)).data).format == "JPEG"


@pytest.mark.thorough
def test_the_largest_picture_that_is_taken_costs_less_than_half_a_gigabyte(tmp_path) -> None:
    """30 million pixels with transparency: the worst that a decoder here ever has to do."""
    raw = BytesIO()
    Image.new("RGBA", (6000, 5000), (1, 2, 3, 4)).save(raw, "PNG")
    (tmp_path / "p.png").write_bytes(raw.getvalue())
    script = (
        "import sys; from app.integrations.pictures import prepare\n"
        "print(prepare(open(sys.argv[1], 'rb').read()).width)\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "p.png")], capture_output=True, text=True, check=True
    )
    width, kilobytes = map(int, said.stdout.split())
    assert width == 2000
    assert kilobytes < 500_000
