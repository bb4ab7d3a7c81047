"""The gateway for machines without one: accepts everything and keeps a list of what it accepted."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from app.domain.masking import mask_phone
from app.integrations.sms import Found, Pending, Receipt, Sent, SmsError

log = logging.getLogger(__name__)


class ConsoleSms:
    """A gateway in a file of JSON lines, shared by every process that names the same path.

    Like a real gateway it does not recognise repetitions: a second send is a second line, so that the file proves
    what was accepted. Phones stand in it masked.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, phone: str, template: str, variables: Mapping[str, str], out_id: str) -> Sent:
        """Accept one message: a line in the file, then a masked one in the log. Raises SmsError("io")."""
        line = {"out_id": out_id, "phone": mask_phone(phone), "template": template, "variables": sorted(variables)}
        try:
            external_id = self._append(line)
        except OSError:
            raise SmsError("io") from None
        log.info("sms accepted: template=%s phone=%s out_id=%r", template, line["phone"], out_id)
        return Sent(external_id)

    def query(self, out_id: str, phone: str = "", at: datetime | None = None, ours: Collection[str] = ()) -> Found:
        """ "sent" when a line with that id was written completely, by whatever process; our id is enough here."""
        try:
            lines = [line for line in self.accepted() if line.get("out_id") == out_id]
        except OSError:
            return Found("unknown")
        return Found("sent", lines[0].get("external_id", "")) if lines else Found("not_found")

    def receipts(self, awaited: Sequence[Pending]) -> list[Receipt]:
        """None: nothing is delivered to a phone."""
        return []

    def accepted(self) -> Iterator[dict[str, str]]:
        """Every accepted message in order; a line torn by a crash was never accepted and is left out."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file, _locked(file.fileno(), fcntl.LOCK_SH):
            lines = file.read().splitlines()
        for raw in lines:
            try:
                yield json.loads(raw)
            except ValueError:
                continue

    def _append(self, line: Mapping[str, object]) -> str:
        """Write one line under the lock; its position in the file is the gateway's id."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            with _locked(handle, fcntl.LOCK_EX):
                end = os.lseek(handle, 0, os.SEEK_END)
                torn = end > 0 and os.pread(handle, 1, end - 1) != b"\n"
                external_id = f"console-{end}"
                text = json.dumps({**line, "external_id": external_id}, ensure_ascii=False)
                _write_all(handle, (b"\n" if torn else b"") + text.encode("utf-8") + b"\n")
                return external_id
        finally:
            os.close(handle)


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


@contextmanager
def _locked(handle: int, kind: int) -> Iterator[None]:
    fcntl.flock(handle, kind)
    try:
        yield
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)
