"""Customer accounts as they are typed or imported, and by what a parcel is recognised as theirs (rulebook 1)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain import names
from app.domain.errors import Invalid
from app.domain.sheet_rows import Columns, named
from app.domain.waybills import normalise

# Limits that an emergency or a customer's contract may state; never the legal and the platform's own time.
LIMITS = ("accept", "first_reply", "resolve", "rework", "close", "party_reply")
PHONE, PREFIX, NAME = "phone", "prefix", "name"
COLUMNS: Columns = {  # the words that may stand above each: the Chinese first, the English last
    "code": ("客户编码", "编码", "code"), "name": ("客户名称", "名称", "name", "customer's name"),
    "tier": ("客户等级", "等级", "tier", "customer tier"), "phones": ("寄件电话", "phones", "sender's telephones"),
    "prefixes": ("运单前缀", "prefixes", "waybill prefixes"), "names": ("寄件人名称", "names", "sender's names"),
    "requirements": ("书面要求", "requirements", "written requirements"), "active": ("启用", "active", "in use"),
    "accept": ("受理时限（分钟）", "accept", "accept within (minutes)"),
    "first_reply": ("首次回复时限（分钟）", "first_reply", "first reply within (minutes)"),
    "resolve": ("处理时限（分钟）", "resolve", "result within (minutes)"),
    "rework": ("重办时限（分钟）", "rework", "rework within (minutes)"),
    "close": ("完结时限（分钟）", "close", "close within (minutes)"),
    "party_reply": ("责任方答复时限（分钟）", "party_reply", "party's answer within (minutes)"),
}  # fmt: skip
EXAMPLE = (
    "SHOP-1", "西湖服饰旗舰店", "vip", "13800000000;057188880000", "YT88|YT89", "西湖服饰", "破损当日回电", "是",
    "", "30", "720", "", "", "",
)  # fmt: skip
MOST_MINUTES = 30 * 24 * 60
MOST_ROWS, MOST_VALUES = 2000, 200
REQUIREMENTS_LIMIT, NAME_LIMIT = 4000, 80
_CODE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_TIER = re.compile(r"[A-Za-z0-9_-]{0,16}")
_PREFIX = re.compile(r"[A-Z0-9]{2,20}")
_SPLIT = re.compile(r"[\n,;，；、|]+")
_NO = frozenset({"0", "no", "false", "n", "否", "停用"})


@dataclass(frozen=True)
class AccountIn:
    """An account as typed; lists separated by commas or lines, limits in minutes as text."""

    code: str
    name: str
    tier: str = ""
    requirements: str = ""
    phones: str = ""
    prefixes: str = ""
    names: str = ""
    limits: Mapping[str, str] = field(default_factory=dict)
    active: bool = True

    def matches(self) -> list[tuple[str, str]]:
        """(kind, value) of everything that tells its parcels, each once."""
        found = [(PHONE, phone_of(one)) for one in _parts(self.phones)]
        found += [(PREFIX, normalise(one)) for one in _parts(self.prefixes)]
        found += [(NAME, one) for one in _parts(self.names)]
        return list(dict.fromkeys(found))

    def minutes(self) -> dict[str, int]:
        """The stated limits."""
        return {name: int(text) for name, text in self.limits.items() if text.strip()}


def phone_of(text: str) -> str:
    """A telephone number as it is compared: its digits without the country code."""
    digits = "".join(char for char in normalise(text) if char.isdigit())
    return re.sub(r"^(?:00)?86(?=\d{10,})", "", digits)


def faults(account: AccountIn) -> dict[str, str]:
    """What is wrong with an account, by field."""
    wrong = {}
    if not _CODE.fullmatch(account.code.strip()):
        wrong["code"] = "bad_code"
    if not account.name.strip() or len(account.name.strip()) > NAME_LIMIT:
        wrong["name"] = "too_long" if account.name.strip() else "required"
    if not _TIER.fullmatch(account.tier.strip()):
        wrong["tier"] = "bad_tier"
    if len(account.requirements) > REQUIREMENTS_LIMIT:
        wrong["requirements"] = "too_long"
    return wrong | _match_faults(account) | _limit_faults(account.limits)


def _match_faults(account: AccountIn) -> dict[str, str]:
    good = {
        PHONE: lambda value: 7 <= len(value) <= 20, PREFIX: lambda value: _PREFIX.fullmatch(value),
        NAME: lambda value: 0 < len(value) <= NAME_LIMIT,
    }  # fmt: skip
    fields = {PHONE: "phones", PREFIX: "prefixes", NAME: "names"}
    codes = {PHONE: "bad_phones", PREFIX: "bad_prefixes", NAME: "too_long"}
    wrong = {fields[kind]: codes[kind] for kind, value in account.matches() if not good[kind](value)}
    return wrong if len(account.matches()) <= MOST_VALUES else {**wrong, "phones": "too_long"}


def _limit_faults(limits: Mapping[str, str]) -> dict[str, str]:
    return {
        f"limit-{name}": "not_minutes" for name, text in limits.items()
        if name not in LIMITS or not good_minutes(text.strip())
    }  # fmt: skip


def good_minutes(text: str) -> bool:
    """Whole minutes of at most 30 days, or nothing."""
    return not text or (text.isascii() and text.isdecimal() and len(text) < 6 and 0 < int(text) <= MOST_MINUTES)


def read_csv(text: str) -> list[tuple[int, AccountIn]]:
    """The accounts of a CSV with the columns COLUMNS (code and name needed), each with the number of its line.

    Raises Invalid(text): "columns" where a needed one is missing or the file is no CSV, "required" without rows,
    "too_many_rows".
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""))
    try:
        reader.fieldnames = named(reader.fieldnames or (), COLUMNS)
        if not {"code", "name"} <= set(reader.fieldnames):
            raise Invalid({"text": "columns"})
        found = [(reader.line_num, _account(row)) for row in reader]
    except csv.Error:  # a field without end, above all
        raise Invalid({"text": "columns"}) from None
    if not found:
        raise Invalid({"text": "required"})
    if len(found) > MOST_ROWS:
        raise Invalid({"text": "too_many_rows"})
    return found


def prefixes_of(waybill: str) -> Sequence[str]:
    """Everything that a waybill begins with, from two characters on."""
    return [waybill[:n] for n in range(2, min(len(waybill), 20) + 1)]


def _account(row: Mapping[str, str | None]) -> AccountIn:
    words = {name: (row.get(name) or "").strip() for name in COLUMNS}
    words["name"] = names.plain(words["name"])
    texts = {name: words[name] for name in ("code", "name", "tier", "phones", "prefixes", "names", "requirements")}
    active = words["active"].lower() not in _NO
    return AccountIn(**texts, active=active, limits={name: words[name] for name in LIMITS if words[name]})


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _SPLIT.split(text) if part.strip()]
