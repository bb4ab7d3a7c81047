"""Names as they stand in lines beside others: on pages, prints and cards."""

from __future__ import annotations

import unicodedata

UNSEEN = frozenset({"Cc", "Cf", "Cs"})  # control, format (they turn the direction of what follows), half characters


def plain(text: str) -> str:
    """One line with single blanks, without signs that cannot be seen: such a name would turn the rest of its line
    round, or look like another one."""
    return "".join(sign for sign in " ".join(text.split()) if unicodedata.category(sign) not in UNSEEN).strip()
