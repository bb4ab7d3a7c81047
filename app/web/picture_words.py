"""What happened to a picture, in people's words."""

from __future__ import annotations

from app.web.context import translate as _


def refusals() -> dict[str, str]:
    """Why an upload is not taken, and what to do."""
    return {
        "empty": _("The file is empty"),
        "too_large": _("A picture may have at most 10 MB"),
        "too_many_pixels": _("The picture has too many pixels: please send a smaller one"),
        "not_a_picture": _("Only JPEG, PNG and WebP pictures can be taken"),
        "heic": _("HEIC pictures cannot be taken: set the camera to JPEG (most compatible), or send a screenshot"),
        "type_mismatch": _("The file's content is not what its name says: please send a screenshot of it"),
        "too_many": _("An entry takes at most 9 pictures"),
        "unknown_attachment": _("A picture is no longer there: please add it again"),
        "full": _("The picture could not be stored: the disk is full. Please tell the operator"),
        "io": _("The picture could not be stored. Please try again in a moment"),
        "no_picture": _("Please choose a picture"),
    }


def fetches(state: str, code: str) -> str:
    """Where a platform's picture is while it is not here."""
    if state == "pending":
        return _("Picture is being fetched from the platform")
    said = {
        "gone": _("Picture not fetched: its address had expired"),
        "host_not_allowed": _("Picture not fetched: its host is not on the operator's list"),
        "private_address": _("Picture not fetched: its address leads into a private network"),
        "too_large": _("Picture not taken: it is larger than 10 MB"),
        "not_a_picture": _("Picture not taken: the file is no picture"),
        "full": _("Picture could not be stored: the disk was full"),
        "io": _("Picture could not be stored"),
    }
    return said.get(code) or _("Picture could not be fetched from the platform")
