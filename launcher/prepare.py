"""Run several `flask` commands in one Python process: `python -m launcher.prepare "db upgrade" "demo load"`.

Loading the portal costs about a second; three commands as three processes would cost three.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys

from launcher.settings import ROOT, Settings

STAMP = "prepared.json"
SEEDS = (
    "domain/categories.py", "domain/policies.py", "domain/penalty_rules.py", "services/seed.py",
    "services/calendars.py",
)  # fmt: skip


def fingerprint() -> str:
    """Changes whenever a migration, what every portal is seeded with, or the demo data changes."""
    digest = hashlib.sha256()
    demo = [file for file in (ROOT / "app").rglob("*demo*") if file.is_file() and file.suffix != ".pyc"]
    seeds = [ROOT / "app" / name for name in SEEDS]
    for file in sorted([*(ROOT / "migrations").rglob("*.py"), *demo, *seeds]):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def up_to_date(settings: Settings) -> bool:
    """True when this folder's own database was prepared by exactly this code. Never for a database elsewhere."""
    stamp = settings.data_dir / STAMP
    if settings.database_url or not stamp.exists() or not (settings.data_dir / "kuaifu.sqlite3").exists():
        return False
    try:
        return bool(json.loads(stamp.read_text())["fingerprint"] == fingerprint())
    except (ValueError, KeyError, TypeError):
        return False


def mark(settings: Settings) -> None:
    """Remember that the database is prepared."""
    (settings.data_dir / STAMP).write_text(json.dumps({"fingerprint": fingerprint()}) + "\n")


def commands(settings: Settings) -> tuple[list[str], bool]:
    """The `flask` commands of this start, and whether they must be through before the first page."""
    if settings.environment == "production":
        return ["db upgrade", "seed"], True
    if up_to_date(settings):
        return ["demo refresh"], False
    return ["db upgrade", "demo load", "demo refresh"], True


def run(lines: list[str]) -> None:
    """Run `flask` command lines one after another on one loaded portal; the first that fails ends the process."""
    from flask.cli import FlaskGroup, ScriptInfo

    sys.path.insert(0, str(ROOT))
    os.environ["FLASK_RUN_FROM_CLI"] = "true"  # these commands make the tables that a process of the portal asks for
    portal = ScriptInfo(app_import_path="wsgi").load_app()
    group = FlaskGroup(create_app=lambda: portal, add_default_commands=False, load_dotenv=False, set_debug_flag=False)
    for line in lines:
        try:
            group.main(args=shlex.split(line), prog_name="flask")
        except SystemExit as end:
            if end.code:
                raise


if __name__ == "__main__":
    run(sys.argv[1:])
