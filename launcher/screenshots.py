"""`make screenshots`: pictures of the main pages at both sizes, from a portal with demo data of its own."""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import dataclass

from launcher import chromium, redis
from launcher.banner import PASSWORD
from launcher.run import NAMES, Portal, Signals, Stopped
from launcher.settings import ROOT, Settings, StartError

TARGET = ROOT / "docs" / "screenshots"
SIZES = {"desktop": (1366, 768), "phone": (390, 844)}
FIRST_PUSHES = 20.0  # seconds in which the simulator fills the queue


@dataclass(frozen=True)
class Shot:
    """One picture: who looks, and at what. `first` follows the first link of that shape on the page."""

    name: str
    account: str
    path: str
    first: str = ""


def shots() -> list[Shot]:
    """The pages worth a picture; the scorecard is last month's."""
    month = time.strftime("%Y-%m", time.localtime(time.time() - time.localtime().tm_mday * 86400))
    return [
        Shot("login", "", "/login"),
        Shot("queue", "site", "/tickets"),
        Shot("ticket", "site", "/tickets", r"^/tickets/KF"),
        Shot("province", "lcs", "/board"),
        Shot("appeals", "ccs", "/tickets"),
        Shot("scorecard", "site-manager", f"/scorecards/{month}/330106-01"),
    ]


def take(address: str, program: str) -> None:
    """All pictures into docs/screenshots/."""
    from playwright.sync_api import sync_playwright

    TARGET.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for size, (width, height) in SIZES.items():
            for shot in shots():
                context = browser.new_context(base_url=address, viewport={"width": width, "height": height})
                page = context.new_page()
                visit(page, shot)
                page.screenshot(path=TARGET / f"{shot.name}-{size}.png")
                print(f"docs/screenshots/{shot.name}-{size}.png", flush=True)
                context.close()
        browser.close()


def visit(page: object, shot: Shot) -> None:
    """Sign in and go to the page of a picture."""
    from playwright.sync_api import Page

    assert isinstance(page, Page)  # noqa: S101 - tells the type checker what the library gave us
    page.goto("/login")
    if not shot.account:
        return
    page.locator("input[type=text], input:not([type])").first.fill(shot.account)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("input[type=password]").press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto(shot.path)
    if shot.first:
        links = [link.get_attribute("href") or "" for link in page.locator("a[href]").all()]
        page.goto(next(link for link in links if re.search(shot.first, link)))


def main() -> int:
    """0 when all pictures were taken."""
    program = chromium.find()
    if program is None:
        print(chromium.MISSING, file=sys.stderr)
        return 1
    signals = Signals()
    env = {**os.environ, "DATA_DIR": str(ROOT / "var" / "screenshots"), "PORT": os.environ.get("SHOT_PORT", "8090")}
    portal = Portal(Settings.from_env(env), NAMES, signals)
    try:
        portal.open()
        signals.pause(FIRST_PUSHES)
        take(portal.settings.address, program)
    except Stopped:
        return 130
    except (StartError, redis.RedisError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        portal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
