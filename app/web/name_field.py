"""The field of everything that others read as a name: a person's, an organisation's, a title, a label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wtforms import StringField

from app.domain import names


class NameField(StringField):
    """One line of signs that can be seen, whatever was typed or pasted: what has none of them is empty."""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Take what was posted as a name."""
        if valuelist:
            self.data = names.plain(str(valuelist[0]))
