"""HTML to PDF with WeasyPrint, which is imported here and only when a PDF is made.

The renderer reads no file and no address: its one font is handed to it, everything else is refused. Where the system's
libraries (Pango, HarfBuzz) are missing PdfError says so, and the browser's print is the way.
"""

from __future__ import annotations

import base64
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
    """Put PDF files together in their order; the number of pages. Memory holds one part at a time and the result."""
    from pypdf import PdfWriter

    writer = PdfWriter()
    for part in parts:
        writer.append(str(part), import_outline=True)
    writer.add_metadata({"/Title": title})
    with target.open("wb") as out:
        writer.write(out)
    return len(writer.pages)


def together(target: Path, rows: Iterable[Sequence[Any]], title: str) -> None:
    """Make one PDF of the chunks in a spool: rows whose first cell is a PDF in base 64, or empty."""
    parts = []
    for number, row in enumerate(rows):
        if row[0]:
            parts.append(target.parent / f"part-{number}.pdf")
            parts[-1].write_bytes(base64.b64decode(str(row[0])))
    merge(parts, target, title)


# --- several documents at once ---

WORKERS = 2
_pool: dict[str, Any] = {}


def render_all(documents: Sequence[tuple[str, str]], css: Sequence[str]) -> None:
    """Render (html, path) pairs side by side in processes of their own, which stay until `close`. Raises PdfError."""
    _library()
    if len(documents) == 1:
        render(documents[0][0], css, Path(documents[0][1]))
        return
    if "pool" not in _pool:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        _pool["pool"] = ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"))
    try:
        waiting = [_pool["pool"].submit(_render, html, list(css), path) for html, path in documents]
        for one in waiting:
            one.result()
    except BaseException:
        close()
        raise


def _render(html: str, css: list[str], path: str) -> int:
    return render(html, css, Path(path))


def close() -> None:
    """Let the processes go."""
    pool = _pool.pop("pool", None)
    if pool is not None:
        pool.shutdown(wait=False, cancel_futures=True)
