"""What the system wrote into a case when it was begun, read in the reader's language: the words that the lines of its
story begin with, and the category as its headline. What its author wrote stays as it is."""

from __future__ import annotations

from flask import g
from sqlalchemy.orm import Session

from app.web import words_publications
from app.web.categories_shown import category_names
from app.web.context import speaking
from app.web.language import LANGUAGES


def begins(kind: str, text: str) -> str:
    """A line of a story that begins."""
    return f"{words_publications.told()[kind]}{_colon()}{text}"


def story(body: str) -> str:
    """A story whose lines begin with the reader's words, in whichever language it was begun."""
    ours = words_publications.told()
    known = {f"{label}{colon}": ours[kind] for kind, label, colon in _every_label()}
    return "\n".join(_relabelled(line, known) for line in body.split("\n"))


def headline(session: Session, title: str) -> str:
    """A case's headline; one that is a category's name and no more, as the reader calls the category."""
    for names in category_names(session):
        if title in names:
            return names[LANGUAGES.index("en" if g.fmt.english else "zh")]
    return title


def _relabelled(line: str, known: dict[str, str]) -> str:
    for label, ours in known.items():
        if line.startswith(label):
            return f"{ours}{_colon()}{line[len(label) :].lstrip()}"
    return line


def _every_label() -> list[tuple[str, str, str]]:
    """Kind, words and colon of every label in every language."""
    found = []
    for language in LANGUAGES:
        with speaking(language):
            told = list(words_publications.told().items())
        found += [(kind, label, colon) for kind, label in told for colon in (":", "：")]
    return found


def _colon() -> str:
    return ": " if g.fmt.english else "："
