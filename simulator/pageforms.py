"""Reads HTML forms as a browser without scripts would: fields, defaults, hidden values, choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

UNSENT = frozenset({"submit", "button", "reset", "image", "file"})


@dataclass
class Input:
    """One control. `choices` are the values of a select or radio group; `checked` says whether a box is sent."""

    name: str
    kind: str
    value: str = ""
    checked: bool = True
    choices: list[str] = field(default_factory=list)


@dataclass
class PageForm:
    """One form of a page. `actions` are its own address and those of buttons that send it elsewhere."""

    actions: list[str]
    method: str
    inputs: list[Input] = field(default_factory=list)

    def named(self, name: str) -> Input | None:
        """The first control of that name."""
        return next((control for control in self.inputs if control.name == name), None)

    def filled(self, values: Mapping[str, str]) -> list[tuple[str, str]]:
        """What the browser would send: the defaults with `values` put in, each named field once where given.

        A value that a list of choices does not hold becomes the first real choice; a box that is ticked sends its own
        value; a name without a control is sent as it is.
        """
        pairs = [(c.name, c.value) for c in self.inputs if c.checked and c.name and c.name not in values]
        return pairs + [(name, self._fitting(name, value)) for name, value in values.items()]

    def _fitting(self, name: str, value: str) -> str:
        control = self.named(name)
        if control is None:
            return value
        if control.kind == "checkbox":
            return control.value or "on"
        choices = [choice for c in self.inputs if c.name == name for choice in c.choices if choice]
        return value if not choices or value in choices else choices[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[PageForm] = []
        self.links: list[str] = []
        self.open: PageForm | None = None
        self.by_id: dict[str, PageForm] = {}
        self.strays: list[tuple[str, Input]] = []
        self.select: Input | None = None
        self.text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "form":
            self._form(given)
        elif tag in ("input", "select", "textarea", "button"):
            self._control(tag, given)
        elif tag == "option" and self.select is not None:
            self._option(given)

    def _form(self, given: Mapping[str, str]) -> None:
        self.open = PageForm([given.get("action", "")], given.get("method", "get").lower())
        self.forms.append(self.open)
        if given.get("id"):
            self.by_id[given["id"]] = self.open

    def _control(self, tag: str, given: Mapping[str, str]) -> None:
        if given.get("formaction") and self.open is not None:
            self.open.actions.append(given["formaction"])
        kind = given.get("type", "text").lower() if tag == "input" else tag
        if tag == "button" or kind in UNSENT or "disabled" in given:
            return
        control = Input(given.get("name", ""), kind, given.get("value", ""))
        if kind in ("checkbox", "radio"):
            control.checked = "checked" in given
            control.choices = [control.value] if kind == "radio" else []
        if given.get("form"):
            self.strays.append((given["form"], control))
        elif self.open is not None:
            self.open.inputs.append(control)
        self.select = control if tag == "select" else self.select
        if tag == "textarea":
            self.text = []

    def _option(self, given: Mapping[str, str]) -> None:
        assert self.select is not None  # noqa: S101 - asked by the caller
        value = given.get("value", "")
        if not self.select.choices or "selected" in given:
            self.select.value = value
        self.select.choices.append(value)

    def handle_data(self, data: str) -> None:
        if self.text is not None:
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select":
            self.select = None
        elif tag == "textarea" and self.text is not None:
            self._end_text("".join(self.text))
            self.text = None

    def _end_text(self, text: str) -> None:
        controls = self.open.inputs if self.open is not None else [control for _id, control in self.strays]
        if controls and controls[-1].kind == "textarea":
            controls[-1].value = text.removeprefix("\r").removeprefix("\n")

    def finish(self) -> None:
        for target, control in self.strays:
            if target in self.by_id:
                self.by_id[target].inputs.append(control)


def read_page(html: str) -> tuple[list[PageForm], list[str]]:
    """Every form and every link address of a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.finish()
    return reader.forms, reader.links


def with_action(forms: list[PageForm], suffix: str) -> tuple[PageForm, str] | None:
    """The first form that posts to an address whose path ends so, and that address."""
    for form in forms:
        for action in form.actions:
            if form.method == "post" and urlsplit(action).path.rstrip("/").endswith(suffix):
                return form, action
    return None


def with_password(forms: list[PageForm]) -> PageForm | None:
    """The form that asks for a password: the sign-in."""
    return next((form for form in forms if any(control.kind == "password" for control in form.inputs)), None)
