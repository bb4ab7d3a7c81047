"""The texts that may go out by SMS: what each is for, its variables, and their values (rulebook 4 "Reminders").

A gateway sends approved texts only. A text holds `${name}` where a value goes; Aliyun takes it like this, Tencent
wants the places numbered. No variable is a person, an address, a phone or a link; those of reminders need at most six
characters, which is what Tencent grants a new account.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

PLACEHOLDER = re.compile(r"\$\{([a-z_]{1,32})\}")
NO_TAIL = "无"  # a gateway refuses an empty value; a ticket may have no waybill
# A platform's waybill is kept as it came. What a gateway would refuse of it must not cost a desk the reminder of all
# the other tickets in the same message.
TAIL = re.compile(r"[0-9A-Za-z-]{1,4}", re.ASCII)
CLOCKS = {
    "accept": "受理", "first_reply": "首次回复", "resolve": "处理结果", "close": "完结", "party_reply": "责任方答复",
    "ruling": "裁决", "appeal": "申诉裁决", "objection": "客户确认", "platform": "平台时限", "legal": "法定时限",
    "promise": "承诺兑现", "consent": "类别更正",
}  # fmt: skip
# what a courier is asked to do, and what was promised to the customer: at most six characters each
REQUESTS = {
    "to_door": "送货上门", "redeliver": "重新派送", "call": "联系客户", "fetch_back": "取回快件", "explain": "说明情况",
}  # fmt: skip
PROMISES = {"redelivery": "重新派送", "call_back": "回电", "compensation": "赔付"}
COURIER = ("courier_delivery", "courier_promise")


@dataclass(frozen=True)
class Variable:
    """A place in a text. `longest` counts characters; `sample` is what a test message carries."""

    name: str
    longest: int
    sample: str


@dataclass(frozen=True)
class Purpose:
    """What a text is for, the variables it may use, and the wording we propose for approval."""

    code: str
    variables: tuple[Variable, ...]
    proposal: str

    @property
    def samples(self) -> dict[str, str]:
        """A value for each variable, as a test message carries them."""
        return {variable.name: variable.sample for variable in self.variables}


_COUNT, _TAIL = Variable("count", 4, "4"), Variable("waybill_tail", 4, "8821")
_CLOCK, _DUE, _DAY = Variable("clock", 6, "首次回复"), Variable("due_time", 5, "14:30"), Variable("day", 6, "11月18日")
PURPOSES = {
    purpose.code: purpose
    for purpose in (
        Purpose(
            "due_soon",
            (_COUNT, _TAIL, _CLOCK, Variable("left", 6, "12分钟"), _DUE),
            "您有${count}单投诉将到期，最急单号尾号${waybill_tail}，${clock}剩${left}，${due_time}到期。",
        ),
        Purpose(
            "overdue",
            (_COUNT, Variable("overdue", 4, "1"), _TAIL, _CLOCK, _DUE),
            "您有${count}单投诉待办，${overdue}单已超时，最急单号尾号${waybill_tail}，${clock}应在${due_time}前完成。",
        ),
        Purpose(
            "result_link",
            (Variable("token_head", 22, "AbCdEfGhIjKlMnOpQrStUv"), Variable("token_tail", 22, "WxYz0123456789-_AbCdE")),
            "您反映的快递问题已有处理结果，请查看并确认是否解决：https://kuaifu.example.com/r/${token_head}${token_tail}",
        ),
        Purpose(
            "survey_link",
            (Variable("token", 22, "AbCdEfGhIjKlMnOpQrStUv"),),
            "快递投诉已完结，请您打分：https://kuaifu.example.com/s/${token}",
        ),
        Purpose(
            "courier_delivery",
            (_TAIL, Variable("request", 6, "送货上门"), _DAY, _DUE),
            "您派送的快件尾号${waybill_tail}有投诉，请${request}，于${day}的${due_time}前办妥并回报站点。",
        ),
        Purpose(
            "courier_promise",
            (_TAIL, Variable("promise", 6, "重新派送"), _DAY, _DUE),
            "快件尾号${waybill_tail}已向客户承诺${promise}，请于${day}的${due_time}前兑现并回报站点。",
        ),
        Purpose(
            "site_urged",
            (_TAIL, _CLOCK, _DUE),
            "上级催办：单号尾号${waybill_tail}的投诉请尽快处理，${clock}应在${due_time}前完成。",
        ),
        Purpose("test", (Variable("time", 5, "14:30"),), "短信通道测试，发送时间${time}，收到说明通道正常。"),
    )
}


def purpose_of(template: str, variables: Mapping[str, object]) -> str:
    """The purpose of an outbox row: a reminder that covers something overdue has a text of its own."""
    return "overdue" if template == "due_soon" and variables.get("overdue") else template


def values_of(purpose: str, variables: Mapping[str, object]) -> dict[str, str]:
    """The values of a purpose's variables as the phone shows them. Raises KeyError where one is missing."""
    given = {name: str(value) for name, value in variables.items()}
    if "clock" in given:
        given["clock"] = CLOCKS.get(given["clock"], given["clock"])
    for name, table in (("request", REQUESTS), ("promise", PROMISES)):
        if name in given:
            given[name] = table.get(given[name], given[name])
    if "minutes" in given:
        given["left"] = span(int(given["minutes"]))
    if "waybill_tail" in given:
        given["waybill_tail"] = given["waybill_tail"] if TAIL.fullmatch(given["waybill_tail"]) else NO_TAIL
    return {variable.name: given[variable.name] for variable in PURPOSES[purpose].variables}


def span(minutes: int) -> str:
    """A time left in at most six characters: 12分钟, 3小时, 2天; always rounded down."""
    if minutes < 60:
        return f"{max(0, minutes)}分钟"
    return f"{minutes // 60}小时" if minutes < 48 * 60 else f"{minutes // 1440}天"


def placeholders(text: str) -> tuple[str, ...]:
    """The names of the variables in the order of the text."""
    return tuple(PLACEHOLDER.findall(text))


def ordered(text: str, values: Mapping[str, str]) -> dict[str, str]:
    """The values that the text asks for, in its order. Raises KeyError for a place without a value."""
    return {name: values[name] for name in placeholders(text)}


def numbered(text: str) -> str:
    """The text as Tencent's console wants it: {1}, {2} … in order."""
    numbers = iter(range(1, 100))
    return PLACEHOLDER.sub(lambda _match: f"{{{next(numbers)}}}", text)


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its values, as the phone shows it."""
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)
