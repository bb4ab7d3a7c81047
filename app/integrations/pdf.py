"""HTML to PDF with WeasyPrint, which is imported here and only when a PDF is made.

The renderer reads no file and no address: its one font is handed to it, everything else is refused. Where the system's
libraries (Pango, HarfBuzz) are missing PdfError says so, and the browser's print is the way.

Run as a program this file is a process that does nothing else (`pdf_processes`): it imports nothing of the portal, so
that several of them stay small.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).resolve().parent.parent.parent / "assets"
FONT = ASSETS / "fonts" / "NotoSansSC-Regular.ttf"
FONT_URL = "kuaifu:font"
FACE = f'@font-face {{ font-family: "Kuaifu Sans"; src: url("{FONT_URL}"); }}'


class PdfError(Exception):
    """A PDF cannot be made on this machine; `permanent`: not before somebody installs what is missing."""

    def __init__(self, code: str, *, permanent: bool = True) -> None:
        super().__init__(code)
        self.code, self.permanent = code, permanent


@lru_cache(1)
def _library() -> Any:
    try:
        import weasyprint
    except (ImportError, OSError):
        raise PdfError("libraries_missing") from None
    from PIL import ImageFile

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint's import lets half a picture pass for one, everywhere
    return weasyprint


def available() -> bool:
    """Whether PDF files can be made on this machine."""
    try:
        _library()
    except PdfError:
        return False
    return True


@lru_cache(1)
def _fetcher() -> Any:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OneFont(URLFetcher):
        """Gives the font and refuses everything else."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            """The font's bytes. Raises ValueError for any other address."""
            if url != FONT_URL:
                raise ValueError("refused")
            return URLFetcherResponse(url, FONT.read_bytes(), {"Content-Type": "font/ttf"})

    return OneFont()


def render(html: str, css: Sequence[str], target: Path) -> int:
    """Write one document as a PDF; its number of pages. Raises PdfError."""
    library = _library()
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    sheets = [library.CSS(string=text, font_config=fonts, url_fetcher=_fetcher()) for text in (FACE, *css)]
    document = library.HTML(string=html, base_url=None, url_fetcher=_fetcher())
    made = document.render(stylesheets=sheets, font_config=fonts)
    made.write_pdf(str(target))
    return len(made.pages)


def merge(parts: Iterable[Path], target: Path, title: str) -> int:
    """Put PDF files together in their order, with their outlines; the number of pages."""
    import pikepdf

    with pikepdf.new() as whole:
        marks: list[tuple[str, int]] = []
        for part in parts:
            with pikepdf.open(part) as one:
                marks += [(name, len(whole.pages) + page) for name, page in _marks(one)]
                whole.pages.extend(one.pages)
        with whole.open_outline() as outline:
            outline.root.extend(pikepdf.OutlineItem(name, page) for name, page in marks)
        whole.docinfo["/Title"] = title
        whole.save(target)
        return len(whole.pages)


def _marks(document: Any) -> list[tuple[str, int]]:
    """The first level of an outline: what stands there, and the number of its page from 0 on."""
    import pikepdf

    with document.open_outline() as outline:
        return [(item.title, pikepdf.Page(item.destination[0]).index) for item in outline.root if item.destination]


# --- a process of its own ---


def serve() -> None:
    """Do what each line of the input asks, one line of answer each, until the input ends with whoever had it."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library has to say is no answer
    gc.disable()  # looking for cycles took a sixth of the work; it is done once a document instead
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)
        gc.collect()


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    target = Path(asked["target"])
    try:
        if "parts" in asked:
            return {"pages": merge(map(Path, asked["parts"]), target, asked["title"])}
        return {"pages": render(asked["html"], asked["css"], target)}
    except PdfError as error:
        return {"error": error.code, "permanent": error.permanent}


if __name__ == "__main__":
    serve()
