"""The categories of rulebook 2, by kind of ticket: the one place of their codes and labels. Every portal begins with
them."""

from typing import NamedTuple

from app.domain import problems
from app.domain.kinds import COMPLAINT, EXPEDITE, INQUIRY, PROBLEM


class Category(NamedTuple):
    """A code, its two labels, and whether tickets of it carry the legal note."""

    code: str
    name: str
    name_en: str
    legal_note: bool = False
    kind: str = COMPLAINT


NOTHING_TO_SOLVE = frozenset({"SUGGESTION", "PRAISE"})  # whoever says it is thanked, and not asked whether it is solved
CATEGORIES = (
    Category("FALSE_SIGN", "虚假签收", "Falsely signed for", legal_note=True),
    Category("LOCKER", "擅自放柜/驿站", "Left in a locker or station", legal_note=True),
    Category("PROXY", "他人代收", "Given to somebody else", legal_note=True),
    Category("NOT_TO_DOOR", "未按约上门", "Did not come as agreed"),
    Category("LOST", "遗失", "Lost"),
    Category("DAMAGED", "破损", "Damaged"),
    Category("SHORT", "内件短少", "Contents missing"),
    Category("DELAYED", "延误", "Delayed"),
    Category("ATTITUDE", "服务态度", "Attitude"),
    Category("CHARGE", "违规收费", "Improper charge"),
    Category("WRONG_INFO", "信息错误", "Wrong information"),
    Category("OTHER", "其他", "Other"),
    Category("PARCEL_QUERY", "催查件/催派", "Parcel query", kind=EXPEDITE),
    Category("ORDER", "催揽收", "Collection wanted", kind=EXPEDITE),
    Category("CONSULT", "咨询", "Question", kind=INQUIRY),
    Category("SUGGESTION", "建议", "Suggestion", kind=INQUIRY),
    Category("PRAISE", "表扬", "Praise", kind=INQUIRY),
    *(Category(one.code, one.name, one.name_en, kind=PROBLEM) for one in problems.TYPES),
)
