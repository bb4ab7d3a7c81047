"""The words of accounts and their one-use links."""

from __future__ import annotations

from app.web.context import translate as _
from app.web.language import table


@table
def errors() -> dict[str, str]:
    """What is wrong with an account, or why it cannot be changed."""
    return {
        "bad_account": _("2 to 64 letters, digits and . _ @ -, beginning with a letter or digit"),
        "account_taken": _("There is an account of this name already"),
        "unknown_role": _("There is no such role"),
        "not_for_role": _("This role does not sit in such an organisation"),
        "account_twice": _("This account stands twice in the file"),
        "admin_by_hand": _("Who administers is decided account by account, not by a file"),
        "own_account": _("Your own account is changed by another administrator"),
        "last_admin": _("This is the last administrator"),
        "account_columns": _(
            "The first line must name the columns account, name, role and organisation, as the template does"
        ),
        "too_many_accounts": _("At most 20,000 accounts at once"),
        "not_csv": _("This is no CSV file"),
    }


def passwords() -> dict[str, str]:
    """What is wrong with a new password."""
    return {
        "too_short": _("At least 8 characters"),
        "too_long": _("At most 64 characters"),
        "too_common": _("This password is easy to guess; please choose another"),
        "not_same": _("The two entries differ"),
    }


@table
def fields() -> dict[str, str]:
    """The fields of an account."""
    return {
        "account": _("Account"), "name": _("Name"), "role": _("Role"), "organisation": _("Organisation"),
    }  # fmt: skip


@table
def happened() -> dict[str, str]:
    """What the log of an account tells."""
    return {
        "created": _("Account made"), "changed": _("Changed"), "disabled": _("Disabled"), "enabled": _("Enabled again"),
        "link": _("Password link made"), "password": _("Password set with the link"),
    }  # fmt: skip
