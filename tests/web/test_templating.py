"""The shorter way of our Jinja prints and finds what Jinja itself does."""

from __future__ import annotations

from typing import Any

import pytest
from flask.templating import Environment
from markupsafe import Markup

from app.web.templating import Templates

VALUES = [
    "<b>&'\"", Markup("<b>&amp;</b>"), 7, None, 1.5, True, [], {"a": "<"}, ("<",), Markup("<i>{}</i>").format("<"),
    type("Word", (str,), {})("<x>"), type("Own", (), {"__html__": lambda self: "<own>"})(),
]  # fmt: skip
TEMPLATES = [
    "{{ v }}", "{{ v ~ '<' }}", "{% set s %}<p>{{ v }}</p>{% endset %}{{ s }}|{{ s|length }}",
    "{% macro m(x) %}<i>{{ x }}</i>{{ caller() if caller }}{% endmacro %}{{ m(v) }}{% call m(v) %}{{ v }}{% endcall %}",
    "{% filter upper %}{{ v }}<{% endfilter %}", "{% autoescape false %}{{ v }}{% endautoescape %}{{ v|string|safe }}",
    "{% for x in [v, v] %}{{ x }}{{ loop.index }}{% endfor %}", "{{ v if v else '<' }}{{ v is none }}",
]  # fmt: skip
FOUND = ["d.name", "d.items", "d.copy", "d.gone", "d.name.gone", "d['items']", "d.get('name')", "o.real", "s.upper()"]


@pytest.fixture
def both(app: Any) -> list[Environment]:
    return [kind(app, autoescape=True) for kind in (Environment, Templates)]


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_value_is_printed_as_jinja_prints_it(both, template):
    for value in VALUES:
        theirs, ours = (one.from_string(template).render(v=value) for one in both)
        assert ours == theirs


@pytest.mark.parametrize("look", FOUND)
def test_what_a_template_looks_for_is_found_where_jinja_finds_it(both, look):
    values = {"d": {"name": "<n>", "items": [1]}, "o": 5, "s": "text"}
    theirs, ours = (one.from_string("{{ (" + look + ")|string }}") for one in both)
    assert ours.render(values).split(" at ")[0] == theirs.render(values).split(" at ")[0]


def test_the_compiled_templates_of_this_jinja_do_take_the_shorter_way(app):
    assert "environment.shown(" in app.jinja_env.compile("{{ a }}", "x.html", raw=True)
