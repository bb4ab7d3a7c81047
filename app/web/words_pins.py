"""The words of the quick user switch."""

from __future__ import annotations

from app.web.context import translate as _
from app.web.language import table


@table
def errors() -> dict[str, str]:
    """What is wrong with a PIN, or why it does not open."""
    return {
        "pin_digits": _("Four to six digits"),
        "pin_common": _("This PIN is easy to guess; please choose another"),
        "not_same": _("The two entries differ"),
        "wrong_password": _("This is not your present password"),
        "choose_and_type": _("Choose a colleague and type the PIN"),
        "pin_wrong": _("The PIN is wrong. The next try is possible in %(n)s s."),
        "pin_wait": _("Please wait %(n)s s before the next try."),
        "pin_locked": _("Too many wrong PINs: here this colleague now signs in with the password."),
        "pin_gone": _("This colleague cannot be switched to here; please sign in with the password."),
    }


def wait(seconds: int) -> str:
    """After too many wrong passwords."""
    return _("Too many failed sign-ins. Please wait %(n)s seconds.", n=seconds)


@table
def outcomes() -> dict[str, str]:
    """How a try to switch ended."""
    return {
        "switched": _("Took over"),
        "wrong": _("Refused: wrong PIN"),
        "early": _("Refused: tried again before the wait was over"),
        "locked": _("Refused: too many wrong PINs, password needed"),
    }


@table
def outcome_choices() -> dict[str, str]:
    """The filter of the log."""
    return {"switched": _("Took over"), "refused": _("Refused tries")}
