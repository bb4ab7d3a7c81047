"""A real portal in real processes and a real Chromium, at the two sizes that count, with scripting and without."""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from launcher import chromium
from launcher.run import healthy
from launcher.settings import HOST, ROOT
from simulator.server import Settings as PlatformSettings
from simulator.server import Simulator
from tests.browser.hands import hands

SIZES = {"desktop": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}
START_SECONDS = 150
__all__ = ["hands"]  # a fixture of every test here
PATIENCE_SECONDS = 8


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """A Chromium of this machine; without one the tests are skipped, or fail where REQUIRE_BROWSER=1."""
    found = chromium.find()
    if found is None and os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(chromium.MISSING)
    if found is None:
        pytest.skip(chromium.MISSING)
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(chromium_path: str) -> dict[str, Any]:
    """How pytest-playwright starts the browser."""
    return {"executable_path": chromium_path, "args": ["--no-sandbox", "--disable-dev-shm-usage"], "headless": True}


@pytest.fixture(params=list(SIZES))
def size(request: pytest.FixtureRequest) -> str:
    """`desktop` 1366x768 or `phone` 390x844: a test that asks for it runs at both."""
    return str(request.param)


@pytest.fixture(params=[True, False], ids=["scripting", "no-scripting"])
def scripting(request: pytest.FixtureRequest) -> bool:
    """A test that asks for it runs with JavaScript and without."""
    return bool(request.param)


@pytest.fixture
def browser_context_args(request: pytest.FixtureRequest, portal: str) -> dict[str, Any]:
    """What pytest-playwright's `page` is made with. A test without `size` or `scripting` gets desktop with scripting."""
    asked = request.fixturenames
    size = request.getfixturevalue("size") if "size" in asked else "desktop"
    return {
        "base_url": portal,
        "viewport": SIZES[size],
        "is_mobile": size == "phone",
        "has_touch": size == "phone",
        "java_script_enabled": request.getfixturevalue("scripting") if "scripting" in asked else True,
        "locale": "en-GB",  # the portal is Chinese whatever the browser says
        "timezone_id": "Asia/Shanghai",
    }


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest) -> None:
    """What a page does not show within these seconds it will not show."""
    if "page" in request.fixturenames:
        request.getfixturevalue("page").set_default_timeout(PATIENCE_SECONDS * 1000)


@pytest.fixture(scope="session")
def portal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the portal keeps its data."""
    return tmp_path_factory.mktemp("portal")


@pytest.fixture(scope="session")
def portal(chromium_path: str, portal_folder: Path) -> Iterator[str]:
    """The address of a portal with demo data, web, worker and scheduler; the simulator stays out, tests push themselves.
    Answers leave at once."""
    with running(portal_folder, UNDO_SECONDS="0") as address:
        yield address


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[str]:
    """A portal of its own in that folder, with these settings; its address."""
    port = free_port_pair()
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")}
    env |= {"DATA_DIR": str(folder / "data"), "PORT": str(port), "KUAIFU_ENV": "demo"} | settings
    told = folder / "launcher.log"
    command = [sys.executable, "-m", "launcher.run", "--without", "simulator"]
    with told.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT)
    try:
        wait_until_ready(process, port, told)
        yield f"http://{HOST}:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.fixture(scope="session")
def platform(portal: str) -> Iterator[Simulator]:
    """The platform beside the portal: takes its answers, pushes what a test asks for, and nobody reacts by himself."""
    with beside(portal) as simulator:
        yield simulator


@contextmanager
def beside(portal: str) -> Iterator[Simulator]:
    """The platform of a portal."""
    listen = f"{HOST}:{int(portal.rpartition(':')[2]) + 1}"
    simulator = Simulator(PlatformSettings(
        portal=portal, listen=listen, rate=0, reject=0, repeat=0, satisfied=0, urge=0, duplicate=0, reorder=0,
    ))  # fmt: skip
    simulator.generator.odd = 0
    simulator.start()
    yield simulator
    simulator.stop()


def wait_until_ready(process: subprocess.Popen[bytes], port: int, told: Path) -> None:
    """Until the launcher has said that it runs; a start that failed is shown."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if healthy(port) == 200 and re.search(r"http://\S+", told.read_text()):
            return
        time.sleep(0.1)
    pytest.fail(f"the portal did not start:\n{told.read_text()}")


def free_port_pair() -> int:
    """A port that is free together with the next one, where the platform's side listens only minutes later. Below those
    that the system hands to outgoing connections: one of them would take the second meanwhile."""
    for port in range(secrets.randbelow(5_000) * 2 + 20_000, 32_000, 2):
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind((HOST, port))
                second.bind((HOST, port + 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no two free ports side by side")
