"""docs/personal-data.md names every table; a column that looks like a person's stands in the part on people."""

from __future__ import annotations

import re
from pathlib import Path

from app import models  # noqa: F401 - the tables
from app.extensions import db

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "personal-data.md").read_text()
PERSONAL = re.compile(
    r"^(phone|address|courier|body|text|terms|password_hash|duty_phone|manager_phone|account|payload)$"
)
NOT_A_PERSONS = {  # the same words for other things
    ("reply_template", "text"), ("sms_template", "text"), ("reminder", "phone"), ("export_log", "address"),
    ("handover_note", "text"), ("sms_test", "phone"), ("frozen_card", "body"), ("scoring_scheme", "body"),
}  # fmt: skip


def test_every_table_stands_in_the_map() -> None:
    named = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert not {table.name for table in db.metadata.sorted_tables} - named


def test_a_column_that_holds_something_of_a_person_is_said_so_by_its_table() -> None:
    people = PAGE.split("## Nothing of a person")[0]
    silent = [
        f"{table.name}.{column.name}"
        for table in db.metadata.sorted_tables
        for column in table.columns
        if PERSONAL.match(column.name) and f"`{table.name}`" not in people
        and (table.name, column.name) not in NOT_A_PERSONS
    ]  # fmt: skip
    assert not silent
