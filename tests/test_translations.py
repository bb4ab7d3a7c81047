"""Chinese first: every text of pages and programs has a Chinese translation with the same placeholders."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


@cache
def texts() -> dict[str, str]:
    """Every message id of templates/ and app/, and the first place that uses it."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found: dict[str, str] = {}
    for folder in ("app", "templates"):
        for name, line, message, _comments, _context in extract_from_dir(
            str(ROOT), methods, options, directory_filter=lambda path, top=folder: _below(path, top)
        ):
            found.setdefault(message if isinstance(message, str) else message[0], f"{name}:{line}")
    return found


def _below(path: str, top: str) -> bool:
    return Path(path).relative_to(ROOT).parts[:1] == (top,)


@cache
def catalogue(language: str) -> Catalog:
    """The catalogue as it stands in the repository."""
    with (ROOT / "app" / "translations" / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def test_every_text_has_a_chinese_translation():
    chinese = catalogue("zh")
    missing = []
    for text, place in texts().items():
        message = chinese.get(text)
        if message is None or not message.string or not all(message.string) or message.fuzzy:
            missing.append(f"{place}: {text!r}")
    assert not missing, f"{len(missing)} texts without Chinese:\n" + "\n".join(missing)


def test_no_translation_is_left_over():
    used = texts()
    left = [m.id for m in catalogue("zh") if m.id and (m.id if isinstance(m.id, str) else m.id[0]) not in used]
    assert not left


def test_placeholders_survive_the_translation():
    for message in catalogue("zh"):
        if message.id:
            english = message.id if isinstance(message.id, str) else message.id[-1]
            chinese = message.string if isinstance(message.string, str) else message.string[0]
            assert set(PLACEHOLDER.findall(english)) == set(PLACEHOLDER.findall(chinese)), message.id


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_catalogue_compiles(language):
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    assert Translations(compiled).ugettext("Saved") == ("已保存" if language == "zh" else "Saved")
