"""The script of a category: standard until an administrator edits it."""

from __future__ import annotations

import pytest

from app.domain import scripts as rule
from app.domain.categories import CATEGORIES
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.services import scripts
from tests.cast import NOON, Cast

OWN = rule.parse([{"label": "谁签的", "label_en": "Who signed", "kind": "text", "target": "signed_by"}])


def test_an_edited_script_holds_until_it_is_taken_back(cast: Cast, db_session) -> None:
    scripts.save(actor=cast["admin"], category="LOCKER", questions=OWN, now=NOON)
    assert scripts.of(db_session, "LOCKER") == OWN and scripts.edited(db_session) == {"LOCKER": NOON}
    assert scripts.of(db_session, "LOST") == scripts.standard("LOST")
    scripts.save(actor=cast["admin"], category="LOCKER", questions=(), now=NOON)
    assert scripts.of(db_session, "LOCKER") == scripts.standard("LOCKER")


def test_only_the_administrator_edits_and_only_what_exists(cast: Cast) -> None:
    for name in ("site", "site-manager", "lcs", "lcs-manager", "ccs", "ccs-manager"):
        with pytest.raises(NotAllowed):
            scripts.save(actor=cast[name], category="LOCKER", questions=OWN, now=NOON)
    with pytest.raises(NotFound):
        scripts.save(actor=cast["admin"], category="NOTHING", questions=OWN, now=NOON)
    with pytest.raises(Invalid):
        scripts.save(actor=cast["admin"], category="LOCKER", questions=rule.parse([{"label": ""}]), now=NOON)


def test_every_category_of_the_catalogue_has_a_script_and_the_biggest_are_thorough() -> None:
    codes = [category.code for category in CATEGORIES if category.kind == "complaint"]
    book = scripts._book()
    assert set(codes) == set(book)
    for code in codes:
        asked = scripts.standard(code)
        assert not rule.errors(asked) and len({q.key for q in asked}) == len(asked)
        assert all(q.label_en and q.kind in rule.KINDS and q.target in rule.TARGETS for q in asked)
        assert len(asked) >= (10 if code in ("FALSE_SIGN", "LOCKER", "PROXY") else 4)
    assert scripts.standard("SOMETHING_ELSE") == scripts.standard("OTHER")
