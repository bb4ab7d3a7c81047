"""What every template knows: one translator and one formatter, bound once a request, and who is looking."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, has_request_context, request, url_for
from flask_babel import force_locale, get_translations
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup, escape
from werkzeug.local import LocalProxy

from app import clock
from app.domain.roles import CAPABILITIES
from app.web import addresses, plural
from app.web.formatting import Formatter
from app.web.language import DEFAULT, locale, table

LOOKED_AT = 1.0  # seconds that a static file's address holds
_assets: dict[str, tuple[int, str]] = {}
_addresses: dict[str, tuple[float, str]] = {}


@dataclass(frozen=True)
class Words:
    """One language: its look-up, its code for the page, its formats."""

    translate: Callable[[str], str]
    locale: str
    fmt: Formatter

    def say(self, text: str, **values: object) -> str:
        """One text in this language; `%(name)s` takes values. A template escapes the outcome like any text."""
        found = self.translate(text)
        if not values:
            return found
        if self.locale == "en" and str(values.get("n")) == "1":
            found = plural.one(found)
        if any(hasattr(value, "__html__") for value in values.values()):
            return Markup(escape(found)) % values  # noqa: S704 - escaped right here
        return found % values


@dataclass(frozen=True)
class Me:
    """The signed-in person as templates see them. `can` holds the capabilities of the role."""

    account: str
    name: str
    role: str
    role_label: str
    organisation_name: str
    organisation_code: str
    theme: str
    density: str
    can: frozenset[str]
    off_duty: bool = False
    sound: bool = False
    home: str = ""


def init(app: Flask) -> None:
    """Give templates `_`, `locale`, `fmt`, `me` and `asset`, in macros too; views find `g.fmt`."""
    app.before_request_funcs.setdefault(None, []).insert(0, _bind)  # a refusal of CSRF needs words too
    globals_ = app.jinja_env.globals
    globals_.update(
        _=translate, gettext=translate, fmt=LocalProxy(lambda: words().fmt), me=LocalProxy(me), asset=asset,
        script=script, url_for=address,
    )  # fmt: skip
    app.context_processor(_page)


def _bind() -> None:
    if request.blueprint != "platform":  # nobody reads there
        g.fmt = words().fmt


def _page() -> dict[str, Any]:
    """The same names without a proxy in between: a page asks hundreds of times."""
    bound = words()
    return {"_": bound.say, "locale": bound.locale, "fmt": bound.fmt, "me": me()}


def words() -> Words:
    """The words of this request, made at the first call; `language.choose` throws them away."""
    bound = g.get("words")
    if bound is None:
        chosen = locale() if has_request_context() else DEFAULT
        look_up = get_translations().ugettext
        fmt = Formatter(english=chosen == "en", now=clock.now(), translate=look_up)
        bound = g.words = Words(look_up, "en" if chosen == "en" else "zh-CN", fmt)
        g.fmt = fmt
    return bound


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Everything inside is said in that person's language: work for somebody who is not asking right now."""
    before = {name: g.get(name) for name in ("words", "fmt")}
    with force_locale(language):
        look_up = get_translations().ugettext
        english = language == "en"
        g.fmt = Formatter(english=english, now=clock.now(), translate=look_up)
        g.words = Words(look_up, "en" if english else "zh-CN", g.fmt)
        try:
            yield
        finally:
            for name, value in before.items():
                setattr(g, name, value)


def translate(text: str, **values: object) -> str:
    """One text in the reader's language, as `Words.say` says it."""
    return words().say(text, **values)


def sentences(*parts: str) -> str:
    """Sentences one after the other: Chinese has no space between them."""
    return (" " if words().fmt.english else "").join(part for part in parts if part)


def me() -> Me | None:
    """Who is looking; None before the sign-in."""
    if not has_request_context() or not current_user.is_authenticated:
        return None
    known = g.get("me")
    if known is None or known.account != current_user.account:
        english = words().fmt.english
        person = current_user.person
        known = g.me = Me(
            account=person.account, name=person.name, role=person.role, role_label=role_label(person.role),
            organisation_name=person.organisation_name_en if english else person.organisation_name,
            organisation_code=person.organisation_code, theme=person.theme, density=person.density,
            can=CAPABILITIES.get(person.role, frozenset()), off_duty=person.off_duty, sound=person.sound,
            home=person.home,
        )  # fmt: skip
    return known


def script() -> dict[str, Any]:
    """What the page's script needs: the server's time and the words of the ticking countdowns."""
    return {"now": clock.now().isoformat(), "words": _script_words()}


@table
def _script_words() -> dict[str, str]:
    return {
        "left": _("%(time)s left"), "late": _("%(time)s overdue"), "d": _("%(n)s d"), "h": _("%(n)s h"),
        "hm": _("%(h)s h %(m)s min"), "min": _("%(n)s min"), "copied": _("Copied: %(what)s"),
        "notcopied": _("The browser did not let the page copy"),
        "failed": _("That did not work. What you typed is kept; try again."),
    }  # fmt: skip


def role_label(role: str) -> str:
    """The word for a role (rulebook 1)."""
    return _role_labels().get(role, role)


@table
def _role_labels() -> dict[str, str]:
    return {
        "site_clerk": _("Site clerk"),
        "site_manager": _("Site manager"),
        "lcs": _("Province service"),
        "lcs_manager": _("Province service manager"),
        "ccs": _("Headquarters service"),
        "ccs_manager": _("Headquarters service manager"),
        "admin": _("Administrator"),
    }


def address(endpoint: str, **values: Any) -> str:
    """`url_for` of templates; what takes nothing is built once a process."""
    return url_for(endpoint, **values) if values else addresses.page(endpoint)


def asset(name: str) -> str:
    """The address of a static file with its content's hash, so that browsers may keep it for ever. The file is looked
    at again after a second: a page names some thirty."""
    present, known = time.monotonic(), _addresses.get(name)
    if known is None or present - known[0] > LOOKED_AT:
        known = _addresses[name] = (present, _asset(name))
    return known[1]


def _asset(name: str) -> str:
    path = Path(current_app.static_folder or "") / name
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return url_for("static", filename=name)
    known = _assets.get(str(path))
    if known is None or known[0] != changed:
        known = _assets[str(path)] = (changed, hashlib.sha256(path.read_bytes()).hexdigest()[:12])
    return url_for("static", filename=name, v=known[1])
