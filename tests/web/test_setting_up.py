"""An administrator brings organisations and connections in over HTTP: files of all sorts, errors beside fields, a
secret that is shown once, and a push that is believed afterwards."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from app.domain import organisation_rows as rows_rule
from app.integrations import sheets_in
from app.integrations.sheets_in import BadSheet
from app.models import Connection, Organisation
from app.models.ids import new_id
from app.services.transaction import write
from tests.web.pushing import envelope, issue
from tests.web.stage import Stage

HEADS = [words[0] for words in rows_rule.COLUMNS.values()]
ROW = ["330199-01", "站点", "新站", "33", "", "", "13800000777", "", "", "", ""]
ADDRESS = {"name": "菜鸟", "callback_url": "http://127.0.0.1:9/x", "routing_rule": "delivery", "active": "y"}


def workbook(*rows: list[Any], merged: str = "") -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if merged:
        book.active.merge_cells(merged)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text(*rows: list[str], charset: str = "utf-8-sig") -> bytes:
    return "\r\n".join(",".join(row) for row in rows).encode(charset)


def post(stage: Stage, path: str, **data: Any) -> Any:
    return stage.browsers["admin"].post(path, data={"csrf_token": stage.csrf, **data})


def upload(stage: Stage, data: bytes | None, **more: str) -> Any:
    given: dict[str, Any] = {"file": (io.BytesIO(data), "list")} if data is not None else {}
    return post(stage, "/admin/organisations-import", **given, **more)


def there(stage: Stage, code: str) -> Organisation | None:
    with stage.session() as session:
        return session.scalars(select(Organisation).where(Organisation.code == code)).one_or_none()


def carried(answer: Any) -> str:
    return re.search(r'name="carried" value="([^"]+)"', answer.text)[1]


@pytest.mark.parametrize("n", range(3))
def test_a_file_is_tried_out_first_and_stored_by_the_second_press(stage: Stage, n: int) -> None:
    code = f"33019{n}-09"
    row = [code, *ROW[1:]]
    data = [workbook(HEADS, row), text(HEADS, row), text(HEADS, row, charset="gb18030")][n]
    tried = upload(stage, data)
    assert tried.status_code == 200 and "将新增 1 个" in tried.text and there(stage, code) is None
    done = upload(stage, None, carried=carried(tried), confirmed="1")
    assert done.status_code == 303 and there(stage, code).name == "新站"
    again = upload(stage, data)
    assert "1 个不变" in again.text and 'value="1">' not in again.text


def test_two_lists_that_are_tried_out_at_once_do_not_mix(stage: Stage) -> None:
    pages = [upload(stage, text(HEADS, [f"33018{n}-01", *ROW[1:]])) for n in (1, 2)]
    assert upload(stage, None, carried=carried(pages[0]), confirmed="1").status_code == 303
    assert there(stage, "330181-01") and there(stage, "330182-01") is None


def test_each_bad_row_is_named_with_what_was_typed(stage: Stage) -> None:
    answer = upload(
        stage, text(HEADS, ROW, ["330177-01", "店", "站", "33", "", "", "一二三", *[""] * 4]), confirmed="1"
    )
    assert answer.status_code == 422 and 'name="carried"' not in answer.text
    found = re.findall(
        r'<td class="n"[^>]*>3</td><td>([^<]+)</td><td>([^<]+)</td><td class="mono">([^<]+)</td>', answer.text
    )
    assert {(column, typed) for column, _why, typed in found} == {("类型", "店"), ("值班电话", "一二三")}
    assert there(stage, "330199-01") is None


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "请选择文件"),
        (b"\xff\xfe\x00\x01 no text", "GB 18030"),
        (b"PK\x03\x04 broken", "Excel"),
        (text(["a", "b"], ["1", "2"]), "首行没有这一列"),
        (workbook(HEADS, [*ROW[:2], "=1+1", *ROW[3:]]), "公式"),
        (workbook(HEADS, ROW, merged="A2:B2"), "合并单元格"),
        (text(HEADS, *[["1"]] * 20_002), "行数"),
    ],
)
def test_a_file_that_cannot_be_taken_is_told_in_words(stage: Stage, data: bytes, word: str) -> None:
    answer = upload(stage, data)
    assert answer.status_code == 422 and word in answer.text


def test_too_many_rows_and_a_zip_bomb_end_early() -> None:
    with pytest.raises(BadSheet) as many:
        sheets_in.table_of(workbook(HEADS, *[["1"]] * 30_000), 20_001)
    assert many.value.code == "too_many_rows"
    with pytest.raises(BadSheet) as bomb:
        sheets_in.table_of(workbook(["x" * 32_000 for _ in range(40)], *[["x" * 32_000] * 40] * 60), 20_001)
    assert bomb.value.code == "too_large"


def test_the_templates_can_be_read_again(stage: Stage) -> None:
    for kind in ("xlsx", "csv"):
        answer = stage.browsers["admin"].get(f"/admin/organisations-import/template.{kind}")
        rows = [row[: len(HEADS)] for row in sheets_in.table_of(answer.data, 50)]
        assert rows == [HEADS, *(list(row) for row in rows_rule.EXAMPLES)]


def test_a_form_keeps_what_was_typed_beside_its_errors(stage: Stage) -> None:
    cells = dict(zip(rows_rule.COLUMNS, ROW, strict=True)) | {"duty_phone": "一二三", "onboarded_from": "bald"}
    answer = post(stage, "/admin/organisations", **cells)
    assert answer.status_code == 422 and 'value="一二三"' in answer.text and 'value="bald"' in answer.text
    assert answer.text.count('class="error"') == 2
    good = post(stage, "/admin/organisations", **{**cells, "duty_phone": "", "onboarded_from": "", "code": "330155-01"})
    assert good.status_code == 303
    page = stage.browsers["admin"].get(good.headers["Location"]).text
    assert page.count('href="/admin/organisations/330155-01"') == 1
    changed = post(
        stage, "/admin/organisations/330155-01", **{**cells, "duty_phone": "", "onboarded_from": "", "name": "改名"}
    )
    assert changed.status_code == 303 and there(stage, "330155-01").name == "改名"
    assert "改名" in stage.browsers["admin"].get("/admin/log?subject=330155-01").text


@pytest.mark.both_engines  # pages by key, in the order of the engine
def test_organisations_are_searched_and_paged_by_code(stage: Stage) -> None:
    rows = [[f"P{n:03d}", "部门", f"部门{n}", "HQ", *[""] * 7] for n in range(103)]
    upload(stage, None, carried=carried(upload(stage, text(HEADS, *rows))), confirmed="1")
    get = stage.browsers["admin"].get
    first = get("/admin/organisations?q=P").text
    assert first.count('class="mono nowrap"') == 100
    more = html.unescape(re.search(r'class="more" href="([^"]+)"', first)[1])
    assert "P102" in get(more).text and "P000" not in get(more).text
    assert "P077" in get("/admin/organisations?q=部门77").text
    assert get("/admin/organisations?q=%25").text.count('class="mono nowrap"') == 0


def test_a_connection_is_added_gets_a_secret_that_is_shown_once_and_believes_a_push(stage: Stage) -> None:
    bad = post(stage, "/admin/connections", code="cai niao", **ADDRESS | {"callback_url": "ftp://x"})
    assert bad.status_code == 422 and 'value="ftp://x"' in bad.text and bad.text.count('class="error"') >= 2
    added = post(stage, "/admin/connections", code="cainiao", driver="link", charset="utf-8", **ADDRESS)
    assert added.status_code == 303
    page = "/admin/connections/cainiao"
    assert "尚无密钥" in stage.browsers["admin"].get(page).text
    made = post(stage, f"{page}/secrets", make="1").text
    secret = html.unescape(re.search(r'id="new-secret">([^<]+)<', made)[1])
    assert secret not in stage.browsers["admin"].get(page).text
    push = stage.app.test_client().post(
        "/platform/link/cainiao", data=envelope(issue("NEW-1"), secret=secret),
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert push.json["success"], push.text


def test_secrets_are_two_at_most_and_never_in_a_page(stage: Stage) -> None:
    page = "/admin/connections/demo"
    assert post(stage, f"{page}/secrets", secret="short").status_code == 422
    assert post(stage, f"{page}/secrets", secret="a-typed-secret-of-ours").status_code == 303
    shown = stage.browsers["admin"].get(page).text
    assert "a-typed-secret-of-ours" not in shown and "demo-secret" not in shown and 'name="make"' not in shown
    assert post(stage, f"{page}/secrets/0/retire", of="1").status_code == 409
    assert post(stage, f"{page}/secrets/1/retire", of="2").status_code == 303


def test_answers_go_over_https_in_production(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    config = replace(stage.app.extensions["kuaifu"], environment="production")
    monkeypatch.setitem(stage.app.extensions, "kuaifu", config)
    answer = post(stage, "/admin/connections/demo/settings", **ADDRESS)
    assert answer.status_code == 422 and "https://" in answer.text
    with stage.session() as session:
        assert (
            session.scalars(select(Connection.callback_url).where(Connection.code == "demo")).one()
            != ADDRESS["callback_url"]
        )


def test_a_connection_that_only_tells_where_history_came_from_has_nothing_to_set_up(stage: Stage) -> None:
    with stage.app.app_context(), write() as session:
        session.add(Connection(id=new_id(), code="old", name="旧系统", driver="import", secrets=[], active=False))
    page = stage.browsers["admin"].get("/admin/connections/old").text
    assert "/secrets" not in page and "/settings" not in page


def large(bytes_: int) -> tuple[io.BytesIO, str]:
    return io.BytesIO(b"a," * (bytes_ // 2)), "list.csv"


@pytest.mark.parametrize("path", ["/admin/organisations-import", "/admin/users-import", "/admin/customers-import"])
def test_a_list_beyond_two_megabytes_is_told_beside_its_field_and_what_was_typed_stays(stage: Stage, path: str) -> None:
    typed = {"csrf_token": stage.csrf, "text": "手工粘贴的行", "file": large(2_500_000)}
    page = stage.browsers["admin"].post(path, data=typed, content_type="multipart/form-data")
    assert page.status_code == 422 and 'aria-describedby="import-file-error"' in page.text
    assert re.search(r'id="import-file-error" role="alert">文件超过 2 MB', page.text)
    assert "organisations" in path or "手工粘贴的行</textarea>" in page.text


def test_what_no_page_takes_names_the_limit_and_leads_back_to_the_form(stage: Stage) -> None:
    form = "http://localhost/admin/users-import"
    page = stage.browsers["admin"].post(
        "/admin/users-import", data={"csrf_token": stage.csrf, "file": large(7_000_000)},
        content_type="multipart/form-data", headers={"Referer": form},
    )  # fmt: skip
    assert page.status_code == 413 and "超过 6 MB" in page.text
    assert '<a class="btn main" href="/admin/users-import">返回表单</a>' in page.text


def test_no_room_is_made_for_lists_of_those_who_may_not_send_them(stage: Stage) -> None:
    typed = {"csrf_token": stage.csrf, "file": large(2_500_000)}
    page = stage.browsers["site"].post("/admin/users-import", data=typed, content_type="multipart/form-data")
    assert page.status_code == 413


def test_in_english_a_column_is_named_in_both_languages(stage: Stage) -> None:
    admin = stage.browser("admin")
    admin.post("/language", data={"csrf_token": stage.csrf, "lang": "en"})
    page = admin.get("/admin/organisations-import").text
    admin.post("/language", data={"csrf_token": stage.csrf, "lang": "zh"})
    assert "Name (名称)" in page and "Deputy&#39;s code (代理编码)" in page and "Title (" not in page


LISTS = {"admin": ("/admin/users-import", "/admin/customers-import"), "ccs-manager": ("/months/volumes",)}
LIST_PAGES = [(who, path) for who, paths in LISTS.items() for path in paths]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("who", "path"), LIST_PAGES)
def test_a_list_names_its_columns_with_their_codes_and_takes_its_own_template_back(
    stage: Stage, who: str, path: str, lang: str
) -> None:
    client = stage.browser(who)
    client.post("/language", data={"csrf_token": stage.csrf, "lang": lang})
    shown = re.findall(
        r'<tr><td>([^<]+?)(?: <span class="chip">[^<]+</span>)?</td><td class="mono">(\w+)</td>', client.get(path).text
    )
    book = client.get(f"{path}/template.xlsx")
    rows = sheets_in.rows_of(book.data, 10)
    assert [one for one in rows[0] if one] == [html.unescape(label) for label, _code in shown] and len(rows) == 2
    assert all(ord(label[0]) > 0x2E80 for label, _code in shown) is (lang == "zh")
    typed = {"csrf_token": stage.csrf, "confirmed": "0", "file": (io.BytesIO(book.data), "list.xlsx")}
    answer = client.post(path, data=typed, content_type="multipart/form-data")
    assert answer.status_code == 200 and 'name="confirmed" value="1"' in answer.text  # good, and may be stored


def test_a_file_under_the_codes_is_read_as_before_and_one_that_is_no_excel_file_is_told_beside_its_field(
    stage: Stage,
) -> None:
    client = stage.browsers["admin"]
    for heads in ("account,name,role,organisation", "账号,姓名,角色,所属机构", "Account,Name,Role,Organisation code"):
        typed = {"csrf_token": stage.csrf, "confirmed": "0", "text": f"{heads}\nnobody-1,某人,lcs,33"}
        assert client.post("/admin/users-import", data=typed).status_code == 200, heads
    typed = {"csrf_token": stage.csrf, "file": (io.BytesIO(b"PK\x03\x04 no book"), "list.xlsx")}
    page = client.post("/admin/users-import", data=typed, content_type="multipart/form-data")
    assert page.status_code == 422 and re.search(r'id="import-file-error" role="alert">[^<]*Excel', page.text)
