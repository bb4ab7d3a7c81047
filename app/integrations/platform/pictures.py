"""The addresses of pictures in a work order: `attachments[]` (interfaces, section 1).

The item's form is not public; taken are a plain address, or an object with an address, a name and an end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.integrations.platform.errors import MessageError
from app.integrations.platform.messages import instant

_ADDRESS = ("url", "download_url", "attachment_url", "file_url")
_NAME = ("name", "file_name")


@dataclass(frozen=True)
class SentPicture:
    """One address; `expires_at` (UTC) is None where the platform does not say when it ends."""

    url: str
    name: str
    expires_at: datetime | None


def sent_pictures(attachments: Sequence[Any]) -> list[SentPicture]:
    """What can be read, in order. A push is never refused for its pictures: an item without an address is left out."""
    found = [_picture({"url": item} if isinstance(item, str) else item) for item in attachments]
    return [picture for picture in found if picture is not None and picture.url]


def _picture(item: Any) -> SentPicture | None:
    if not isinstance(item, Mapping):
        return None
    try:
        ends = instant(item, "expire_time")
    except MessageError:
        ends = None
    return SentPicture(_first(item, _ADDRESS), _first(item, _NAME)[:200], ends)


def _first(item: Mapping[str, Any], names: Sequence[str]) -> str:
    values = (item.get(name) for name in names)
    return next((value.strip() for value in values if isinstance(value, str) and value.strip()), "")
