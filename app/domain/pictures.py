"""What a picture that goes with an entry may be, and how long one may wait (screens: reply box; promises: uploads).

Pictures only: JPEG, PNG and WebP, which are read safely and written anew as JPEG. PDF, HEIC and everything else are
refused, because what cannot be written anew cannot be trusted or stripped of its metadata.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.domain.calendars import SHANGHAI
from app.domain.errors import DomainError
from app.domain.masking import mask_text

MAX_PER_ENTRY = 9  # rulebook 2: a problem parcel's "up to 9 photos"; the same for every entry
MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = {  # a 30,000 x 30,000 bomb has 900 million
    "image/jpeg": 50_000_000,  # a phone's largest photo; decoded at a fraction of its size
    "image/png": 30_000_000, "image/webp": 30_000_000,  # decoded whole: measured 0.4 GB
}  # fmt: skip
LONGEST_SIDE, THUMB_SIDE = 2000, 320  # pixels
UNPOSTED_FOR = timedelta(hours=24)  # an upload that no entry took is swept away after it
ADDRESS_LIVES = timedelta(minutes=30)  # a platform's address that names no end (interfaces 1: "expire within minutes")
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)
BOXES = {
    "result": ("result",),
    "settle": ("settle",),
    "follow_up": ("follow_up", "follow_up_replied"),
    "note": ("note",),
    "return": ("return",),
    "add_party": ("add_party",),
    "party_answer": ("answer_as_party",),
    "dispute": ("dispute",),
    "counter": ("reject_dispute",),
    "arbitrate": ("arbitrate",),
    "evidence": ("deliver_evidence",),
    "withdraw": ("withdraw",),
    "exemption": ("ask_exemption",),
    "penalty": ("note",),
}
NAME_LENGTH = 60  # characters of a file's name that are kept

_SAID_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_OTHER_SPELLINGS = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"})


class BadPicture(DomainError):
    """A file that is not taken: empty, too_large, too_many_pixels, not_a_picture, type_mismatch, heic, too_many."""


@dataclass(frozen=True)
class Picture:
    """A picture in our own encoding with its thumbnail; sides in pixels, `sha256` of `data` in hex.

    `taken_at` is what the original's camera said (UTC); it is kept beside the picture, whose metadata is dropped.
    """

    data: bytes
    thumb: bytes
    width: int
    height: int
    sha256: str
    media_type: str = "image/jpeg"
    taken_at: datetime | None = None


def sniff(head: bytes) -> str:
    """The media type that the first bytes (at least 12) tell; "image/heic" for its whole family, "" for all else."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return "image/heic" if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS else ""


def check(head: bytes, declared: str, size: int) -> str:
    """The type of a file by its first bytes, size in bytes. Raises BadPicture.

    A declared type that says something must say the same as the content (promises: "declared type checked").
    """
    if size == 0:
        raise BadPicture("empty")
    if size > MAX_BYTES:
        raise BadPicture("too_large")
    found = sniff(head)
    if found in ("", "image/heic"):
        raise BadPicture("heic" if found else "not_a_picture")
    said = declared.split(";")[0].strip().lower()
    if said not in _SAID_NOTHING and _OTHER_SPELLINGS.get(said, said) != found:
        raise BadPicture("type_mismatch")
    return found


def camera_time(stamp: str, offset: str = "") -> datetime | None:
    """The instant (UTC) of an EXIF time "YYYY:MM:DD HH:MM:SS"; without an offset it is Asia/Shanghai. None for none."""
    try:
        zone = datetime.strptime(offset.strip("\0 "), "%z").tzinfo if offset.strip("\0 ") else SHANGHAI
        at = datetime.strptime(stamp.strip("\0 "), "%Y:%m:%d %H:%M:%S").replace(tzinfo=zone)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.year > 1990 else None  # cameras without a battery begin in 1970 or 1980


def clean_name(name: str) -> str:
    """A file's name that is safe to show and to send: no path, no control or direction character, no telephone number.

    It always ends in .jpg, which is what we store.
    """
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    stem = name.rsplit(".", 1)[0] if "." in name[1:] else name
    shown = "".join(ch if unicodedata.category(ch)[0] in "LNPSM" else " " for ch in stem)
    plain = re.sub(r"\s+", " ", re.sub(r'[*"<>:|?%;&\']', "x", mask_text(shown))).strip(" .")
    return f"{plain[:NAME_LENGTH].strip() or 'picture'}.jpg"


def next_try(now: datetime, attempts: int, expires_at: datetime) -> datetime | None:
    """When a fetch that failed for the `attempts`-th time is tried again: doubling from 5 s; None after the end."""
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(max(attempts, 1) - 1, 10))
    return now + pause if now + pause < expires_at else None
