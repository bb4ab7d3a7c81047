"""Accounts as an administrator types or imports them: what an account may be called, which role sits in which kind of
organisation, and how long a link for a new password opens (rulebook 1)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.domain import names
from app.domain.errors import Invalid
from app.domain.roles import CCS_ROLES, LCS_ROLES, ROLES, SITE_ROLES
from app.domain.sheet_rows import Columns, named

RESET, INVITE = timedelta(minutes=30), timedelta(days=7)  # for who lost a password; for who never had one
COLUMNS: Columns = {  # the words that may stand above each: the Chinese first, the English last
    "account": ("账号", "account"), "name": ("姓名", "name"), "role": ("角色", "role"),
    "organisation": ("所属机构", "所属机构编码", "机构编码", "organisation", "organisation code"),
}  # fmt: skip
EXAMPLE = ("zhangwei", "张伟", "site_clerk", "330106-01")
MOST_ROWS = 20_000
NAME_LIMIT = 60
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{1,63}")
_AT_SITES = frozenset({"site", "hub", "department"})
_PLACES = {
    **dict.fromkeys(SITE_ROLES, _AT_SITES),
    **dict.fromkeys(LCS_ROLES, frozenset({"province"})),
    **dict.fromkeys(CCS_ROLES | {"admin"}, frozenset({"headquarters"})),
}


@dataclass(frozen=True)
class AccountIn:
    """An account as typed; `organisation` is a code."""

    account: str
    name: str
    role: str
    organisation: str


def places_of(role: str) -> frozenset[str]:
    """The kinds of organisation in which a role sits; none for a word that is no role."""
    return _PLACES.get(role, frozenset())


def link_life(*, has_password: bool) -> timedelta:
    """How long a link opens: half an hour in place of a password that is there, a week for the first one."""
    return RESET if has_password else INVITE


def faults(typed: AccountIn, kind: str | None) -> dict[str, str]:
    """What is wrong, by field; `kind` is the kind of the named organisation, None where there is none."""
    wrong = {}
    if not _ACCOUNT.fullmatch(typed.account):
        wrong["account"] = "bad_account"
    if not typed.name or len(typed.name) > NAME_LIMIT:
        wrong["name"] = "too_long" if typed.name else "required"
    if typed.role not in ROLES:
        wrong["role"] = "required" if not typed.role else "unknown_role"
    if kind is None:
        wrong["organisation"] = "unknown_organisation" if typed.organisation else "required"
    elif typed.role in ROLES and kind not in places_of(typed.role):
        wrong["organisation"] = "not_for_role"
    return wrong


def read_csv(text: str) -> list[tuple[int, AccountIn]]:
    """The accounts of a CSV with the columns COLUMNS, each with the number of its line.

    Raises Invalid(text): "account_columns" where one is missing, "required" without rows, "too_many_accounts",
    "not_csv".
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""))
    try:
        reader.fieldnames = named(reader.fieldnames or (), COLUMNS)
        if not set(COLUMNS) <= set(reader.fieldnames):
            raise Invalid({"text": "account_columns"})
        found = [(reader.line_num, _account(row)) for row in reader]
    except csv.Error:
        raise Invalid({"text": "not_csv"}) from None
    if not found:
        raise Invalid({"text": "required"})
    if len(found) > MOST_ROWS:
        raise Invalid({"text": "too_many_accounts"})
    return found


def cleaned(typed: AccountIn) -> AccountIn:
    """As one line each, without blanks around and without signs that cannot be seen."""
    return AccountIn(*(names.plain(value) for value in vars(typed).values()))


def _account(row: Mapping[str, str | None]) -> AccountIn:
    words = {(name or "").strip(): value for name, value in row.items()}
    return cleaned(AccountIn(*(str(words.get(name) or "") for name in COLUMNS)))
