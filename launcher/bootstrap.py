"""Make the virtual environment, also where the system's Python came without ensurepip (Debian without python3-venv).

Runs under the system's Python, before anything is installed: standard library only.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import venv
from pathlib import Path

PIP_INDEX = "https://pypi.org/simple/pip/"
PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


def make(folder: Path) -> None:
    """An empty virtual environment with pip in `folder`; what was there is cleared. Raises SystemExit."""
    has_pip = importlib.util.find_spec("ensurepip") is not None
    venv.EnvBuilder(clear=True, symlinks=True, with_pip=has_pip).create(folder)
    if not has_pip:
        install_pip(folder / "bin" / "python")


def install_pip(python: Path) -> None:
    """Fetch the one pip whose checksum stands above and let it install itself."""
    with tempfile.TemporaryDirectory() as temporary:
        wheel = Path(temporary) / PIP_WHEEL
        wheel.write_bytes(pip_wheel())
        subprocess.run([python, f"{wheel}/pip", "install", "--quiet", "--no-index", wheel], check=True)


def pip_wheel() -> bytes:
    """The wheel, found through the package index and refused unless the checksum matches."""
    page = fetch(PIP_INDEX).decode()
    link = re.search(rf'href="([^"#]*{re.escape(PIP_WHEEL)})', page)
    content = fetch(urllib.parse.urljoin(PIP_INDEX, link.group(1))) if link else b""
    if hashlib.sha256(content).hexdigest() != PIP_SHA256:
        raise SystemExit(f"{PIP_INDEX} did not give the {PIP_WHEEL} that was expected; nothing was installed.")
    return content


def fetch(address: str) -> bytes:
    """The bytes behind `address`."""
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            content: bytes = answer.read()
    except OSError as error:
        raise SystemExit(
            f"This Python has no ensurepip and pip could not be fetched ({error}). "
            "Either install the package python3-venv or let this machine reach pypi.org."
        ) from error
    return content


if __name__ == "__main__":
    make(Path(sys.argv[1]))
