"""PDF files made by processes of their own: what they know, what they leave, and what happens when one dies."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader

from app.integrations import pdf, pdf_processes
from app.integrations.pdf import PdfError

CSS = ['body { font-family: "Kuaifu Sans"; }']


def page(body: str) -> str:
    return f'<!doctype html><html lang="zh-CN"><body><p>{body}</p></body></html>'


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    yield
    pdf_processes.close()


def test_documents_are_rendered_by_processes_that_stay_and_go_when_told(tmp_path: Path) -> None:
    targets = [tmp_path / f"{n}.pdf" for n in range(3)]
    pdf_processes.render_all([(page(f"第{n}页"), target) for n, target in enumerate(targets)], CSS)
    working = [one.pid for one in pdf_processes._processes]
    pdf_processes.render_all([(page("又一页"), tmp_path / "more.pdf")], CSS)
    assert [one.pid for one in pdf_processes._processes] == working and len(working) == pdf_processes.WORKERS
    assert [PdfReader(one).pages[0].extract_text().strip() for one in targets] == ["第0页", "第1页", "第2页"]
    pdf_processes.close()
    for process in working:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_documents_are_put_together_in_their_order_and_nobody_who_rendered_stays_meanwhile(tmp_path: Path) -> None:
    rows: list[list[str]] = []
    for number in ("甲一", "乙二"):
        part = tmp_path / f"{number}.pdf"
        pdf_processes.render_all([(page(number), part)], CSS)
        rows += [[base64.b64encode(part.read_bytes()).decode()], [""]]
    (rendering,) = pdf_processes._processes
    pdf_processes.put_together(tmp_path / "all.pdf", rows, "合集")
    whole = PdfReader(tmp_path / "all.pdf")
    assert [one.extract_text().strip() for one in whole.pages] == ["甲一", "乙二"]
    assert whole.metadata is not None and whole.metadata.title == "合集"
    assert rendering.poll() is not None and pdf_processes._processes == []


def test_a_process_imports_nothing_of_the_portal(tmp_path: Path) -> None:
    program = f"import runpy, sys; runpy.run_path({str(pdf_processes.PROGRAM)!r}, run_name='__main__')"
    told = "print(sorted({name.partition('.')[0] for name in sys.modules} & {'app', 'flask', 'sqlalchemy', 'rq'}))"
    asked = json.dumps({"html": page("一"), "css": CSS, "target": str(tmp_path / "one.pdf")})
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"{program}; sys.stdout = sys.__stdout__; {told}"], input=f"{asked}\n", text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ['{"pages": 1}', "[]"]


def test_a_process_is_not_told_the_portals_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nosy = tmp_path / "nosy.py"
    nosy.write_text("import os, json\ninput()\nprint(json.dumps({'error': ' '.join(os.environ), 'permanent': True}))")
    monkeypatch.setattr(pdf_processes, "PROGRAM", nosy)
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "x")
    with pytest.raises(PdfError) as told:
        pdf_processes.render_all([(page("一"), tmp_path / "one.pdf")], CSS)
    known = set(told.value.code.split())
    assert "PATH" in known and not known & {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"}


def test_a_process_that_dies_is_an_error_that_may_be_over_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = tmp_path / "short.py"
    short.write_text("input()")
    monkeypatch.setattr(pdf_processes, "PROGRAM", short)
    with pytest.raises(PdfError) as refused:
        pdf_processes.render_all([(page("一"), tmp_path / "one.pdf")], CSS)
    assert (refused.value.code, refused.value.permanent) == ("process_ended", False)
    assert pdf_processes._processes == []


def test_a_process_ends_with_the_worker_that_was_killed() -> None:
    act = "from app.integrations import pdf_processes as p; import os, signal; print(p._start().pid, flush=True)"
    worker = subprocess.run(
        [sys.executable, "-c", f"{act}; os.kill(os.getpid(), signal.SIGKILL)"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    process = int(worker.stdout)
    for _look in range(200):
        if not _alive(process):
            return
        time.sleep(0.05)
    pytest.fail("still there")


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/status")
    return not status.exists() or "\nState:\tZ" not in status.read_text()


def test_what_the_libraries_lack_is_said_by_the_process_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise PdfError("libraries_missing")

    monkeypatch.setattr(pdf, "_library", missing)
    said = pdf._answer({"html": page("一"), "css": CSS, "target": str(tmp_path / "one.pdf")})
    assert said == {"error": "libraries_missing", "permanent": True}
