"""Reads a picture from an untrusted file and writes it anew: smaller, upright, without a byte of the original."""

from __future__ import annotations

import hashlib
import threading
import warnings
from dataclasses import replace
from datetime import datetime
from io import BytesIO

from PIL import Image

from app.domain import pictures as rule
from app.domain.pictures import BadPicture, Picture
from app.integrations import picture_parts

FORMATS = ("JPEG", "PNG", "WEBP")  # no other decoder is ever tried
QUALITY, THUMB_QUALITY = 85, 75
_ORIENTATION, _DETAILS, _TAKEN, _OFFSET = 0x0112, 0x8769, 0x9003, 0x9011  # EXIF tags
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# one at a time in a process: a large one takes up to 400 MB while it is decoded
_one_at_a_time = threading.BoundedSemaphore(1)


def prepare(data: bytes, declared: str = "") -> Picture:
    """The picture in `data` as JPEG of at most 2000 pixels a side, with a thumbnail; of many frames the first.

    The declared media type is checked against the content, the size against the header before anything is decoded.
    Nothing of the original survives in the file but the pixels: no EXIF, position, comment or colour profile;
    transparency becomes white. Only when it was taken is told beside it. Raises BadPicture.
    """
    kind = rule.check(data[:32], declared, len(data))
    if picture_parts.too_many(data, kind):
        raise BadPicture("not_a_picture")
    limit = rule.MAX_PIXELS[kind]
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a line in the log for each of five thousand broken tags
        try:
            image, taken_at = _read(data, limit)
        except BadPicture:
            raise
        except Image.DecompressionBombError:
            raise BadPicture("too_many_pixels") from None
        except Exception:  # decoders fail in many ways on a damaged file, and none of them is our fault
            raise BadPicture("not_a_picture") from None
        return replace(_written(image), taken_at=taken_at)


def _read(data: bytes, limit: int) -> tuple[Image.Image, datetime | None]:
    """The pixels, upright, RGB, shrunk, and when they were taken; `limit` in pixels."""
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        if image.width * image.height > limit:
            raise BadPicture("too_many_pixels")
        turn = _UPRIGHT.get(_orientation(image))
        image.draft("RGB", (rule.LONGEST_SIDE, rule.LONGEST_SIDE))  # JPEG: decode at a fraction of the size
        image.load()
        taken_at = _taken_at(image)  # once it is whole: asked twice, a broken PNG passes for one
        small = _shrunk(image)
    plain = _on_white(small)
    return (plain.transpose(turn) if turn is not None else plain), taken_at


def _shrunk(image: Image.Image) -> Image.Image:
    """At most 2000 pixels a side. Shrinking goes first: each further copy in full size would cost 200 MB."""
    if image.mode not in ("RGB", "RGBA", "L", "CMYK"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((rule.LONGEST_SIDE, rule.LONGEST_SIDE), Image.Resampling.LANCZOS)
    return image


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # unreadable metadata is no reason to refuse the picture: it is dropped anyway
        return 1


def _taken_at(image: Image.Image) -> datetime | None:
    try:
        details = image.getexif().get_ifd(_DETAILS)
        return rule.camera_time(str(details.get(_TAKEN, "")), str(details.get(_OFFSET, "")))
    except Exception:  # as above
        return None


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _written(image: Image.Image) -> Picture:
    data = _jpeg(image, QUALITY)
    small = image.copy()
    small.thumbnail((rule.THUMB_SIDE, rule.THUMB_SIDE), Image.Resampling.LANCZOS)
    digest = hashlib.sha256(data).hexdigest()
    return Picture(data, _jpeg(small, THUMB_QUALITY), image.width, image.height, digest)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    image.info = {}  # the encoder would copy a comment from here
    out = BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()
