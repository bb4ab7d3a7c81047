"""What a healthy portal looks like and what to do where it does not: judgement on what `flask doctor` measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

OK, WARN, BAD = "ok", "warn", "BAD"
OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 35, 0)  # RETURNING
OLDEST_POSTGRESQL = 13
OLDEST_REDIS = {"redis": 5, "valkey": 7}
KEY_LENGTH, KEY_KINDS = 32, 8  # characters, and different ones among them
PLATFORM_SECRET_LENGTH = 16
KNOWN_SECRETS = frozenset({"demo-secret", "secret", "changeme", "change-me", "test-secret-key-of-no-value"})
GIGABYTE = 1024**3
STALE = timedelta(seconds=30)
CLOCK_WARN, CLOCK_BAD = 2.0, 30.0  # seconds; seals wait half a minute for machines whose clocks differ


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `level`: ok, warn or BAD; `advice` says what to do."""

    what: str
    level: str
    said: str
    advice: str = ""


def python(version: tuple[int, ...]) -> Finding:
    """The interpreter."""
    told = ".".join(map(str, version[:3]))
    if version[:2] < OLDEST_PYTHON:
        return Finding("Python", BAD, told, "install Python 3.11 or later and run `make venv`")
    return Finding("Python", OK, told)


def sqlite(version: tuple[int, ...], journal: str) -> Finding:
    """The embedded database: its version, and that readers do not wait for the writer (WAL)."""
    told = f"SQLite {'.'.join(map(str, version))}, journal {journal}"
    if version < OLDEST_SQLITE:
        return Finding("database", BAD, told, "SQLite 3.35 or later is needed: install a newer Python")
    if journal.lower() != "wal":
        return Finding("database", BAD, told, "DATA_DIR must lie on a local disk: WAL does not work on network folders")
    return Finding("database", OK, told)


def postgresql(version: int) -> Finding:
    """The server; `version` as PostgreSQL tells it (150020 is 15.20)."""
    told = f"PostgreSQL {version // 10000}.{version % 10000}"
    if version // 10000 < OLDEST_POSTGRESQL:
        return Finding("database", BAD, told, f"PostgreSQL {OLDEST_POSTGRESQL} or later is needed")
    return Finding("database", OK, told)


def months(here: bool, ahead: int, strays: int) -> Finding:
    """The partitions of the events: that the next month has one, and that no event lies outside of all."""
    if not here:
        return Finding("months of events", OK, "one table")
    advice = "run `flask --app wsgi partitions ahead`; the scheduler does it every hour"
    if strays:
        return Finding("months of events", WARN, f"{strays} events lie in no month", advice)
    told = f"{ahead} months made ahead"
    return Finding("months of events", OK if ahead else BAD, told, "" if ahead else advice)


def migrations(pending: bool) -> Finding:
    """Whether the tables are those of this version."""
    if pending:
        return Finding("migrations", BAD, "the tables are not those of this version", "run `make upgrade`")
    return Finding("migrations", OK, "at the newest")


def clock(apart: float | None) -> Finding:
    """How many seconds this machine is ahead of the database; None: it is the same machine."""
    if apart is None:
        return Finding("clock", OK, "the database is on this machine")
    told, advice = f"{apart:+.1f} s against the database", "let chrony or ntpd set the clocks of both machines"
    level = BAD if abs(apart) > CLOCK_BAD else WARN if abs(apart) > CLOCK_WARN else OK
    return Finding("clock", level, told, "" if level == OK else advice)


def store(fault: str, *, bucket: bool) -> Finding:
    """Where pictures and exports lie; `fault` is what it said to a trial, empty when all went well."""
    told = "a bucket" if bucket else "a folder"
    if fault:
        advice = "look at STORE, its keys and the service" if bucket else "look at the folder's rights and its disk"
        return Finding("store", BAD, f"{told} that keeps nothing ({fault})", f"{advice}: no picture can be taken")
    return Finding("store", OK, f"{told} that keeps, reads and forgets")


def disk(free: int, total: int) -> Finding:
    """Bytes that are free where DATA_DIR lies."""
    told = f"{free / GIGABYTE:.1f} GB of {total / GIGABYTE:.0f} GB free in DATA_DIR"
    if free < GIGABYTE // 2:
        return Finding("disk", BAD, told, "make room: uploads, exports and, on SQLite, every answer fail without it")
    if free < 5 * GIGABYTE and free < total // 10:
        return Finding("disk", WARN, told, "make room before it is full; exports older than a week go by themselves")
    return Finding("disk", OK, told)


def redis(info: Mapping[str, object] | None) -> Finding:
    """Version and memory policy from INFO; None: it does not answer, an empty mapping: none is configured."""
    if info is None:
        return Finding("Redis", BAD, "does not answer", "start it or mend REDIS_URL; until then sends are slower")
    if not info:
        return Finding("Redis", WARN, "none configured", "set REDIS_URL; the scheduler finds the work more slowly")
    kind = "valkey" if info.get("valkey_version") else "redis"
    version = str(info.get("valkey_version") or info.get("redis_version") or "0")
    policy, limit = str(info.get("maxmemory_policy", "noeviction")), int(str(info.get("maxmemory", 0)))
    told = f"{kind} {version}, {policy}, maxmemory {limit or 'unlimited'}"
    if int(version.split(".")[0]) < OLDEST_REDIS[kind]:
        return Finding("Redis", BAD, told, "Redis 5 or Valkey 7.2 or later is needed")
    if policy != "noeviction":
        level = BAD if limit else WARN
        return Finding("Redis", level, told, "set maxmemory-policy to noeviction: else it drops waiting jobs")
    return Finding("Redis", OK, told)


def secret_key(key: str, *, production: bool) -> Finding:
    """The key that signs cookies and seals gateways' keys. Its text is never told."""
    weak = len(key) < KEY_LENGTH or len(set(key)) < KEY_KINDS or key.casefold() in KNOWN_SECRETS
    if not weak:
        return Finding("SECRET_KEY", OK, f"{len(key)} characters")
    advice = 'make one: python3 -c "import secrets; print(secrets.token_hex(32))"'
    return Finding("SECRET_KEY", BAD if production else WARN, "too short or easy to guess", advice)


def demo_accounts(exist: bool, *, production: bool) -> Finding:
    """Accounts whose password stands in the README."""
    if not exist:
        return Finding("accounts", OK, "no demo accounts")
    if production:
        return Finding("accounts", BAD, "demo accounts exist", "begin with a new database")
    return Finding("accounts", OK, "demo accounts, as a demo has them")


def second_factor(required: bool, *, production: bool) -> Finding:
    """Whether who sees every province signs in with more than a password."""
    if required or not production:
        return Finding("second factor", OK, "required" if required else "optional")
    said, advice = "optional for CCS and administrators", "set SECOND_FACTOR=required once they have set theirs up"
    return Finding("second factor", WARN, said, advice)


def font(there: bool, renderer: bool) -> Finding:
    """Whether PDF files with Chinese characters can be made."""
    if not there:
        return Finding("PDF", BAD, "the Chinese font is missing", "put assets/fonts back from the release")
    if not renderer:
        packages = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        return Finding("PDF", WARN, "the system's libraries are missing", f"apt-get install {packages}")
    return Finding("PDF", OK, "renderer and Chinese font are there")


def gateway(driver: str, problem: str, missing: tuple[str, ...], *, production: bool) -> Finding:
    """The SMS gateway that sends: `problem` keeps it from sending at all, `missing` purposes have no approved text."""
    place = "Administration → SMS gateways"
    if driver == "console":
        said = "the console takes every SMS, nothing leaves the house"
        return Finding("SMS", WARN, said, f"choose one: {place}") if production else Finding("SMS", OK, said)
    if problem:
        return Finding("SMS", BAD, f"{driver}: {problem}", f"enter settings and keys anew: {place}")
    if missing:
        said = f"{driver}: no approved text for {', '.join(missing)}"
        return Finding("SMS", WARN, said, f"have them approved: {place}")
    return Finding("SMS", OK, f"{driver}, all texts approved")


@dataclass(frozen=True)
class Platform:
    """A connection as far as it is judged. `failed`: its answers that were given up in the last seven days."""

    code: str
    secrets: tuple[str, ...]
    callback_url: str
    failed: int = 0
    answers: bool = True  # a channel of our own gets none


def platform(one: Platform, *, production: bool) -> Finding:
    """A platform's connection: secrets, the address that takes answers, and answers that did not arrive."""
    what = f"platform {one.code}"
    if not one.secrets:
        return Finding(what, BAD, "no secret: every push is refused", "agree on a secret with the platform")
    if not one.callback_url and one.answers:
        return Finding(what, BAD, "no address for answers", "enter the address that takes answers")
    if production and any(len(s) < PLATFORM_SECRET_LENGTH or s.casefold() in KNOWN_SECRETS for s in one.secrets):
        advice = f"agree on a new one of at least {PLATFORM_SECRET_LENGTH} random characters; two are valid meanwhile"
        return Finding(what, BAD, "a secret is too short or well known", advice)
    if production and one.callback_url and not one.callback_url.startswith("https://"):
        return Finding(what, WARN, "answers travel over plain http", "ask the platform for an https address")
    if one.failed:
        said = f"{one.failed} answers could not be delivered in seven days"
        return Finding(what, WARN, said, "page Failed callbacks: see why, then send them again")
    return Finding(what, OK, f"{len(one.secrets)} secret{'s' if len(one.secrets) > 1 else ''}, answers arrive")


def process(name: str, last: datetime | None, now: datetime, advice: str) -> Finding:
    """The heartbeat of a process; silent for more than 30 s is gone."""
    if last is None:
        return Finding(name, WARN, "was never seen", advice)
    silent = abs(now - last)
    if silent > STALE:
        return Finding(name, WARN, f"silent for {int(silent.total_seconds())} s", advice)
    return Finding(name, OK, "alive")
