"""Copies of databases and folders: SQLite's online backup, PostgreSQL's pg_dump and pg_restore. They run beside the
portal's own work."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from app.integrations.store import DirectoryStore, Store, StoreError


class DumpError(Exception):
    """A copy could not be made or read; the message is one plain line."""


def copy_sqlite(source: Path, target: Path) -> None:
    """One consistent copy while others read and write; the copy is a single file. Raises DumpError."""
    try:
        closing, connect = contextlib.closing, sqlite3.connect
        with closing(connect(source, timeout=15)) as here, closing(connect(target)) as there:
            here.backup(there)  # all pages in one go: one picture, and writers do not make it begin again
            there.execute("PRAGMA journal_mode=DELETE")
            said = there.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise DumpError(f"the database cannot be copied: {error}") from None
    if said != "ok":
        raise DumpError(f"the copy is damaged: {said}")


def dump_postgresql(url: str, password: str, schema: str, snapshot: str, target: Path) -> None:
    """pg_dump of one schema as `snapshot` sees it, in the custom format. Raises DumpError."""
    options = [f"--schema={schema}", f"--snapshot={snapshot}", f"--file={target}"]
    _run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", *options, f"--dbname={url}"], password)


def restore_postgresql(url: str, password: str, source: Path) -> None:
    """pg_restore of such a dump, all or nothing; its schema exists and is empty. Raises DumpError."""
    listed = _run("pg_restore", ["--list", str(source)], "")
    wanted = [line for line in listed.splitlines() if " SCHEMA - " not in line]
    contents = source.with_name(f"{source.name}.list")
    contents.write_text("\n".join(wanted) + "\n")
    options = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", f"--use-list={contents}"]
    try:
        _run("pg_restore", [*options, f"--dbname={url}", str(source)], password)
    finally:
        contents.unlink()


def _run(program: str, words: Sequence[str], password: str) -> str:
    """Run one of PostgreSQL's programs; the password goes through the environment, where no process list shows it."""
    env: Mapping[str, str] = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    try:
        done = subprocess.run([program, *words], env=env, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        raise DumpError(f"{program} is missing: install the client of the server's version") from None
    if done.returncode:
        raise DumpError(f"{program}: {(done.stderr.strip() or 'failed').splitlines()[-1]}")
    return done.stdout


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_folder(source: Path, target: Path) -> list[tuple[str, str, int]]:
    """Copy every file of a store, half-written ones left out; (digest, name, bytes) of each. Raises DumpError."""
    done = []
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in _files(source):
            name = path.relative_to(source).as_posix()
            there = target / name
            there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                shutil.copy2(path, there)
            except FileNotFoundError:  # deleted by policy meanwhile
                continue
            done.append((digest(there), name, there.stat().st_size))
    except OSError as error:
        raise DumpError(f"{target}: {error.strerror}") from None
    return done


def copy_out(kept: Store, names: Iterable[str], target: Path) -> list[tuple[str, str, int]]:
    """Fetch what a store has under these names into a folder; (digest, name, bytes) of each. Raises DumpError.

    What is not there (any more) is left out.
    """
    done, there = [], DirectoryStore(target)
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in names:
        try:
            data = kept.get(name)
            there.put(name, data)
        except StoreError as error:
            if error.code == "missing":
                continue
            raise DumpError(f"the store of pictures does not answer ({error.code})") from None
        done.append((hashlib.sha256(data).hexdigest(), f"{name[:2]}/{name}", len(data)))
    return done


def copy_in(source: Path, kept: Store) -> None:
    """Put every file of a folder that `copy_out` or `copy_folder` made into a store. Raises DumpError."""
    for path in _files(source):
        try:
            kept.put(path.name, path.read_bytes())
        except StoreError as error:
            raise DumpError(f"the store of pictures does not take {path.name} ({error.code})") from None


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield path


def damaged(folder: Path, listing: Path) -> list[str]:
    """Names in a list as `sha256sum` writes it whose file is missing or another."""
    wrong = []
    for line in listing.read_text().splitlines():
        wanted, _gap, name = line.partition("  ")
        path = folder / name
        if not path.is_file() or digest(path) != wanted:
            wrong.append(name)
    return wrong
