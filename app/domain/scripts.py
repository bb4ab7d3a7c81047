"""The questions of a call, one script a category, and what their answers fill in (rulebook 3.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

KINDS = ("choice", "yesno", "text")
# Where an answer goes in the result form: the finding, the measure, the words, a field of the platform's answer that
# has the question's own key, or nowhere but into the log.
TARGETS = ("signed_by", "action_taken", "text", "supplement", "log")
LABEL, ANSWER, MAX_QUESTIONS, MAX_OPTIONS = 80, 500, 12, 12
YES_NO = ("是", "否")


@dataclass(frozen=True)
class Question:
    """One question; `options` holds the choices of kind "choice"."""

    key: str
    label: str
    label_en: str
    kind: str
    target: str
    options: tuple[str, ...] = ()

    def as_data(self) -> dict[str, object]:
        """Plain JSON."""
        return {**asdict(self), "options": list(self.options)}


def parse(raw: Sequence[Mapping[str, object]]) -> tuple[Question, ...]:
    """Questions from JSON; unknown kinds and targets become text that is only logged."""
    return tuple(_question(place, row) for place, row in enumerate(raw[:MAX_QUESTIONS]))


def _question(place: int, row: Mapping[str, object]) -> Question:
    kind, target, options = str(row.get("kind", "")), str(row.get("target", "")), row.get("options")
    return Question(
        key=str(row.get("key") or f"q{place + 1}")[:40], label=str(row.get("label", ""))[:LABEL],
        label_en=str(row.get("label_en", ""))[:LABEL], kind=kind if kind in KINDS else "text",
        target=target if target in TARGETS else "log",
        options=tuple(str(one) for one in options[:MAX_OPTIONS]) if isinstance(options, list) else (),
    )  # fmt: skip


def errors(questions: Sequence[Question]) -> dict[str, str]:
    """What is wrong with an edited script, by "<place>-<field>"."""
    found: dict[str, str] = {}
    for place, question in enumerate(questions):
        if not question.label.strip():
            found[f"{place}-label"] = "required"
        if question.kind == "choice" and len(question.options) < 2:
            found[f"{place}-options"] = "two_options"
    return found


def answered(questions: Sequence[Question], typed: Mapping[str, str]) -> dict[str, str]:
    """The answers to these questions alone, trimmed; those of a choice only where the choice is offered."""
    found = {}
    for question in questions:
        value = str(typed.get(question.key, "")).strip()[:ANSWER]
        offered = YES_NO if question.kind == "yesno" else question.options if question.kind == "choice" else (value,)
        if value and value in offered:
            found[question.key] = value
    return found


def spoken(questions: Sequence[Question], answers: Mapping[str, str]) -> str:
    """The answers as lines to read, "是否本人签收：否"; a measure is a code and is shown by its own word elsewhere."""
    said = [q for q in questions if q.key in answers and q.target != "action_taken"]
    return "\n".join(f"{q.label}：{answers[q.key]}" for q in said)


def filled(questions: Sequence[Question], answers: Mapping[str, str]) -> dict[str, str]:
    """What the answers put into the result form, by its field's name; several texts are joined.

    Every answer that is not only logged is offered to a platform's field with the question's own key too.
    """
    found: dict[str, str] = {}
    for question in questions:
        value = answers.get(question.key, "")
        if not value or question.target == "log":
            continue
        if question.target == "text":
            found["text"] = "；".join(filter(None, [found.get("text"), _told(question, value)]))
        elif question.target != "supplement":
            found.setdefault({"signed_by": "finding_signed_by"}.get(question.target, question.target), value)
        found.setdefault(f"supplement-{question.key}", value)
    if "text" in found:
        found["text"] = f"经电话核实：{found['text']}。"
    return found


def _told(question: Question, value: str) -> str:
    """An answer in the reply: "是客户本人签收的吗" answered yes is told as "是客户本人签收的"."""
    yes = question.kind == "yesno" and value == YES_NO[0] and question.label.endswith("吗")
    return question.label.removesuffix("吗") if yes else f"{question.label}：{value}"
