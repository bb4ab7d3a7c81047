"""What a new password must be: 8 to 64 characters, not among the common ones, not the account's name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

MIN_LENGTH, MAX_LENGTH = 8, 64
_LIST = Path(__file__).with_name("common_passwords.txt")
_ROWS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qazwsxedcrfvtgb")


@cache
def _common() -> frozenset[str]:
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def password_fault(password: str, *, account: str = "") -> str:
    """The code of what is wrong with a new password: too_short, too_long, too_common; empty when it is good.

    No rule on kinds of characters: length and the list keep guesses out (OWASP ASVS 5.0, 6.2).
    """
    if len(password) < MIN_LENGTH:
        return "too_short"
    if len(password) > MAX_LENGTH:
        return "too_long"
    return "too_common" if _easy(password.casefold(), account.casefold()) else ""


def _easy(password: str, account: str) -> bool:
    if password in _common() or len(set(password)) <= 2:
        return True
    if account and password.replace(account, "", 1).strip("0123456789!@#._-") == "" and account in password:
        return True
    return any(password in row or password[::-1] in row for row in _ROWS)
