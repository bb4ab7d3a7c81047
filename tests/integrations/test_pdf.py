"""The PDF renderer: pages, characters, and that it reads nothing from anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypdf import PdfReader

from app.integrations import card_book, pdf
from app.integrations.card_book import Section
from app.integrations.pdf import PdfError

CARD = '<article style="break-after: page"><p>浙江省区 考核表 2026年10月 ▲</p></article>'


def page(body: str) -> str:
    return f'<!doctype html><html lang="zh-CN"><body>{body}</body></html>'


def test_chinese_is_in_the_file_with_its_own_font(tmp_path: Path) -> None:
    target = tmp_path / "card.pdf"
    assert pdf.render(page(CARD * 2 + "<p>末页</p>"), ['body { font-family: "Kuaifu Sans"; }'], target) == 3
    reader = PdfReader(str(target))
    assert "浙江省区" in reader.pages[0].extract_text()
    fonts = {str(one.get_object()["/BaseFont"]) for one in reader.pages[0]["/Resources"]["/Font"].values()}  # type: ignore[index,union-attr]
    assert all("Kuaifu" in name or "Noto" in name for name in fonts), fonts


def test_files_are_put_together_in_their_order_and_the_outline_leads_to_the_pages(tmp_path: Path) -> None:
    parts = []
    for n, names in enumerate((("杭州", "宁波"), ("温州",))):
        parts.append(tmp_path / f"{n}.pdf")
        pdf.render(page("".join(f'<h1 style="break-before: page">{name}</h1>' for name in names)), [], parts[-1])
    assert pdf.merge(parts, tmp_path / "all.pdf", "浙江省区") == 3
    reader = PdfReader(str(tmp_path / "all.pdf"))
    marks = [(str(one.title), reader.get_destination_page_number(one)) for one in reader.outline]  # type: ignore[union-attr,arg-type]
    assert marks == [("杭州", 0), ("宁波", 1), ("温州", 2)]
    assert reader.metadata is not None and reader.metadata.title == "浙江省区"
    assert "温州" in reader.pages[2].extract_text()


@pytest.mark.parametrize(
    "address", ["file:///etc/hostname", "http://127.0.0.1:1/x.png", "data:text/css,p{}", "kuaifu:other"]
)
def test_neither_file_nor_address_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    asked: list[str] = []
    fetcher = type(pdf._fetcher())
    real = fetcher.fetch
    monkeypatch.setattr(
        fetcher, "fetch", lambda self, url, headers=None: (asked.append(url), real(self, url, headers))[1]
    )
    body = f'<img src="{address}"><link rel="stylesheet" href="{address}"><object data="{address}"></object>'
    assert (
        pdf.render(
            page(body + "<p>x</p>"), [f'@import "{address}"; p {{ background: url("{address}"); }}'], tmp_path / "x.pdf"
        )
        == 1
    )
    for url in asked:
        if url != pdf.FONT_URL:
            with pytest.raises(ValueError, match="refused"):
                real(pdf._fetcher(), url)


def test_a_machine_without_the_libraries_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import builtins

    real = builtins.__import__

    def missing(name: str, *rest: object) -> object:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest)  # type: ignore[arg-type]

    pdf._library.cache_clear()
    monkeypatch.setattr(builtins, "__import__", missing)
    try:
        assert not pdf.available()
        with pytest.raises(PdfError) as refused:
            pdf.render(page("x"), [], tmp_path / "x.pdf")
        assert refused.value.code == "libraries_missing"
    finally:
        pdf._library.cache_clear()


def test_numbers_are_numbers_and_texts_never_formulas(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    target = tmp_path / "card.xlsx"
    rows = [["=1+1", 12], ["", None]]
    card_book.write(
        target,
        [Section("汇总", ["项目", "数值"], rows, ["", "int"], [10, 10]), Section("空", ["a"], [], [""], [5])],
        "生成",
    )
    book = load_workbook(target)
    assert book.sheetnames == ["汇总", "空"]
    sheet = book["汇总"]
    assert (sheet["A4"].value, sheet["A4"].data_type, sheet["B4"].value, sheet.freeze_panes) == ("=1+1", "s", 12, "A4")
