"""The PIN of the quick user switch on a shared PC: what it may be, and what guessing costs."""

from __future__ import annotations

from datetime import timedelta

SHORTEST, LONGEST = 4, 6  # digits
TRIES = 5  # wrong PINs in a row; then that person needs the password on that device
TRUSTED = timedelta(hours=12)  # for so long after a sign-in with the password a PIN opens the same browser
_ROW = "01234567890123456789"
# what people choose first: the most frequent of published lists, and the numbers that sound like words in Chinese
_COMMON = frozenset((
    "1004", "1010", "1122", "1212", "1313", "1314", "1412", "2000", "2001", "2002", "2468", "2580", "5200", "5201",
    "5203", "5211", "6789", "6969", "8520", "9420", "0520", "1008", "1520", "1573", "3344", "7758", "8008", "8168",
    "8858", "112233", "121212", "131420", "147258", "159357", "159753", "201314", "258369", "520520", "521521",
    "666888", "888666", "789456", "987654",
))  # fmt: skip


def fault(pin: str) -> str:
    """The code of what is wrong with a new PIN: pin_digits, pin_common; empty when it is good."""
    if not (SHORTEST <= len(pin) <= LONGEST and pin.isascii() and pin.isdigit()):
        return "pin_digits"
    return "pin_common" if _easy(pin) else ""


def _easy(pin: str) -> bool:
    """One digit or one pair over and over, digits in a row up or down, a year of somebody's birth, a frequent one."""
    if len(set(pin)) == 1 or pin in _COMMON or pin in _ROW or pin[::-1] in _ROW:
        return True
    half = len(pin) // 2
    if len(pin) % 2 == 0 and (pin[:half] == pin[half:] or pin[:half] == pin[half:][::-1]):
        return True
    return len(pin) == SHORTEST and 1940 <= int(pin) <= 2029


def wait(failures: int) -> timedelta:
    """How long after that many wrong PINs in a row the next one is looked at: 1, 2, 4, 8 seconds …"""
    return timedelta(seconds=2 ** (failures - 1)) if failures > 0 else timedelta(0)
