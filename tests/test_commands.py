"""The operator's commands are there under the names that the documents give them."""

from __future__ import annotations

import json

import pytest

from tests.cast import assemble


def test_the_scorecard_command_tells_numerators_and_denominators(app, database):
    assemble()
    told = app.test_cli_runner().invoke(args=["scorecards", "show", "2026-10", "330106-01", "--json"])
    measures = json.loads(told.output)["measures"]
    assert {name: measures["first_reply"][name] for name in ("numerator", "denominator")} == {
        "numerator": 0,
        "denominator": 0,
    }


def test_an_unknown_site_has_no_scorecard_and_the_command_says_so(app, database):
    assemble()
    told = app.test_cli_runner().invoke(args=["scorecards", "show", "2026-10", "999999-99", "--json"])
    assert told.exit_code == 1 and "not_found" in told.output


@pytest.mark.parametrize(
    "words",
    [
        ["scorecards", "facts"],
        ["demo", "sites"],
        ["demo", "load"],
        ["demo", "refresh"],
        ["seed"],
        ["search", "rebuild"],
        ["doctor"],
        ["backup"],
        ["restore"],
        ["retention", "due"],
        ["retention", "run"],
        ["second-factor", "reset"],
        ["accounts", "create-admin"],
        ["accounts", "link"],
    ],
)
def test_the_commands_that_the_launcher_calls_exist(app, words):
    assert app.test_cli_runner().invoke(args=[*words, "--help"]).exit_code == 0
