"""On a phone a list has no heading: each cell names its column."""

from __future__ import annotations

import re

import pytest

from tests.web.stage import Stage

LISTS = (("site-manager", "/penalties"), ("lcs", "/penalties"), ("admin", "/admin/organisations"), ("lcs", "/problems"),
         ("lcs-manager", "/switches"))  # fmt: skip


@pytest.mark.parametrize(("who", "path"), LISTS)
def test_every_cell_but_those_that_speak_for_themselves_names_its_column(stage: Stage, who: str, path: str) -> None:
    with open(f"templates/{TEMPLATES[path]}.html") as file:
        row = re.search(r"<tbody>\{% for r in rows %\}<tr>(.*?)</tr>", file.read(), re.S)
    assert row is not None and stage.browsers[who].get(path).status_code == 200
    cells = re.findall(r"<td[^>]*?(?:\{\{.*?\}\}[^>]*?)*>", row[1])
    bare = [cell for cell in cells[1:] if "data-label" not in cell]
    assert len(bare) <= 1, bare  # the state's chip


TEMPLATES = {
    "/penalties": "penalties", "/admin/organisations": "admin_organisations", "/problems": "problems",
    "/switches": "switches",
}  # fmt: skip
