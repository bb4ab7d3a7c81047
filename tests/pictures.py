"""Pictures for tests, drawn here: small, large, turned, full of metadata."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

MODEL, ORIENTATION, GPS = 0x0110, 0x0112, 0x8825


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The bytes of an image in that format."""
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photo(width: int = 40, height: int = 30, kind: str = "JPEG", **options: Any) -> bytes:
    """A picture whose upper left corner is red on blue."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height // 2))
    return encoded(image, kind, **options)


def telltale(orientation: int = 1) -> bytes:
    """A photo that tells the phone, the place and a comment."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MODEL] = orientation, "canary phone"
    exif.get_ifd(GPS)[2] = (30.0, 15.0, 0.0)
    return photo(exif=exif, comment=b"canary comment", icc_profile=b"canary profile" * 20)


def opened(data: bytes) -> Image.Image:
    """The decoded picture."""
    image = Image.open(BytesIO(data))
    image.load()
    return image
