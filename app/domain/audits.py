"""What an auditor says of a result (稽核, rulebook 3.13)."""

from __future__ import annotations

from datetime import timedelta

TRUE, UNTRUTHFUL, INCOMPLETE = "true", "untruthful", "incomplete"
MARKS = (TRUE, UNTRUTHFUL, INCOMPLETE)  # keys 1, 2, 3
REASONS: dict[str, tuple[str, ...]] = {
    TRUE: (),
    UNTRUTHFUL: (
        "not_called", "false_signer", "not_delivered", "false_proof", "not_agreed", "not_done", "other_untrue",
    ),
    INCOMPLETE: ("no_signer", "no_proof", "no_answer", "no_remedy", "no_contact", "copied_text", "other_missing"),
}  # fmt: skip
LEASE = timedelta(minutes=10)  # how long an audit is one person's without a sign of life
TEXT_LENGTH = 500  # characters


def errors(mark: str, reason: str, text: str) -> dict[str, str]:
    """What is wrong with a mark, by field: a reason is needed for what is not true, words for a reason of one's own."""
    if mark not in MARKS:
        return {"mark": "choose"}
    found = {}
    if REASONS[mark] and reason not in REASONS[mark]:
        found["reason"] = "choose"
    if reason.startswith("other_") and mark != TRUE and not text.strip():
        found["text"] = "required"
    if len(text) > TEXT_LENGTH:
        found["text"] = "too_long"
    return found
