"""Every setting, read once from the environment, with its default and meaning."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.domain import archive, hosts, retention, undo
from app.domain.stores import Address
from app.domain.stores import checked as checked_store

DEMO_CALLBACK = "http://127.0.0.1:8001/callback"  # the platform simulator


class ConfigError(Exception):
    """A setting that makes a start impossible; the message is one plain line."""


@dataclass(frozen=True)
class Config:
    """All settings of one process. Times are seconds unless the name says otherwise."""

    database_url: str = "sqlite:///var/kuaifu.sqlite3"
    read_database_url: str = ""  # a replica that reports, exports and analysis are read from; empty: the first one
    database_pooled: bool = False  # a pooler in between hands out a server connection for one transaction
    redis_url: str = ""  # empty: the queue's bell is off and the relay finds the work by itself
    data_dir: Path = field(default_factory=lambda: Path("var"))
    store: Address = field(default_factory=Address)  # where pictures and exported lists lie; empty: below data_dir
    secret_key: str = ""
    environment: str = "demo"  # demo | production | test
    replay_clock_file: str = ""  # only a replay instance reads "now" from a file
    platform_callback_url: str = DEMO_CALLBACK  # where the demo connection takes answers
    attachment_hosts: frozenset[str] = frozenset()  # "host" or "host:port" that platforms' pictures may come from
    push_body_limit: int = 1_000_000  # bytes; larger pushes are refused before they are read
    idle_minutes: int = 30  # a session without a click ends
    absolute_hours: int = 12  # a session ends whatever happens
    outbox_lease: int = 60  # how long a worker may hold a row before another takes it
    sweep_every: float = 2.0  # pause between two looks for due work
    most_parties: int = 2  # responsible parties that a ticket may have at once
    trace_url: str = ""  # a carrier's own trace service; empty: the stored scans are all we know
    trace_secret: str = ""  # what questions to it are signed with
    trace_timeout: float = 3.0  # within which its whole answer has to be here
    undo_seconds: int = undo.SECONDS  # for so long a result is held and can be taken back
    log_format: str = "text"  # json: one object a line, with a line for each request
    archive_months: int = 0  # so long after its last entry an ended ticket goes to the archive; 0: never
    retention_days: int = 0  # so long after its last entry an ended ticket keeps personal data; 0: for ever
    second_factor_required: bool = False  # of CCS and administrators; a demo's accounts sign in without one
    metrics_token: str = ""  # empty: only this machine itself may read /metrics
    trusted_proxies: int = 0  # how many reverse proxies of ours stand in front and name the client

    @property
    def production(self) -> bool:
        """True where the portal faces the network and cookies are Secure."""
        return self.environment == "production"

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Config:
        """Read the settings from `env` (default: the process environment). Raises ConfigError."""
        env = os.environ if env is None else env
        data_dir = Path(env.get("DATA_DIR", "var")).resolve()
        environment = env.get("KUAIFU_ENV", "demo")
        if environment not in ("demo", "production", "test"):
            raise ConfigError(f"KUAIFU_ENV must be demo, production or test, not {environment!r}")
        return cls(
            database_url=env.get("DATABASE_URL", f"sqlite:///{data_dir / 'kuaifu.sqlite3'}"),
            read_database_url=env.get("READ_DATABASE_URL", ""),
            database_pooled=_pooled(env),
            redis_url=_redis_url(env),
            data_dir=data_dir,
            store=_store(env),
            secret_key=_secret_key(env, data_dir, environment),
            environment=environment,
            replay_clock_file=_replay_clock(env, environment),
            platform_callback_url=env.get("PLATFORM_CALLBACK_URL", DEMO_CALLBACK),
            attachment_hosts=_attachment_hosts(env, environment),
            idle_minutes=int(env.get("IDLE_MINUTES", "30")),
            absolute_hours=int(env.get("ABSOLUTE_HOURS", "12")),
            outbox_lease=int(env.get("OUTBOX_LEASE", "60")),
            sweep_every=float(env.get("SWEEP_EVERY", "2")),
            most_parties=int(env.get("MOST_PARTIES", "2")),
            **_trace(env),
            undo_seconds=_undo_seconds(env),
            archive_months=_archive_months(env),
            retention_days=_retention_days(env),
            second_factor_required=_second_factor(env, environment),
            log_format=_log_format(env, environment),
            metrics_token=env.get("METRICS_TOKEN", ""),
            trusted_proxies=int(env.get("TRUSTED_PROXIES", "0")),
        )

    @classmethod
    def for_tests(cls, database_url: str, redis_url: str = "", data_dir: Path | None = None) -> Config:
        """Settings of a test run on its own database."""
        return cls(
            database_url=database_url,
            redis_url=redis_url,
            data_dir=data_dir or Path("var"),
            secret_key="test-secret-key-of-no-value",  # noqa: S106 - protects nothing
            environment="test",
            undo_seconds=0,
        )


def _secret_key(env: Mapping[str, str], data_dir: Path, environment: str) -> str:
    """The key from the environment or the file beside the data; a demo makes its own once."""
    if env.get("SECRET_KEY"):
        return env["SECRET_KEY"]
    path = data_dir / "secret_key"
    try:
        if path.exists():
            return path.read_text().strip()
        if environment == "production":
            raise ConfigError("SECRET_KEY is not set: put at least 32 random characters into it")
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = os.urandom(32).hex()
        path.touch(mode=0o600)
        path.write_text(key)
    except OSError as error:
        raise ConfigError(f"DATA_DIR {data_dir} cannot be used: {error.strerror}") from error
    return key


def _store(env: Mapping[str, str]) -> Address:
    """STORE with STORE_ACCESS_KEY and STORE_SECRET_KEY; the keys stand nowhere else."""
    try:
        return checked_store(Address(
            env.get("STORE", ""), env.get("STORE_ACCESS_KEY", ""), env.get("STORE_SECRET_KEY", "")
        ))  # fmt: skip
    except ValueError as error:
        raise ConfigError(f"STORE: {error}") from None


def _pooled(env: Mapping[str, str]) -> bool:
    """DATABASE_POOLER: none or transaction, as PgBouncer calls its pool_mode."""
    wanted = env.get("DATABASE_POOLER") or "none"
    if wanted not in ("none", "transaction"):
        raise ConfigError(f"DATABASE_POOLER must be none or transaction, not {wanted!r}")
    return wanted == "transaction"


def _redis_url(env: Mapping[str, str]) -> str:
    """REDIS_URL; one that asks Sentinels must say which master it wants."""
    url = env.get("REDIS_URL", "")
    if url.startswith("sentinel:") and not (urlsplit(url).netloc and urlsplit(url).path.strip("/")):
        raise ConfigError("REDIS_URL must be sentinel://host:port,host:port/name-of-the-master")
    return url


def _archive_months(env: Mapping[str, str]) -> int:
    """ARCHIVE_MONTHS: 0 moves nothing, and nothing is moved before its time."""
    text = env.get("ARCHIVE_MONTHS", "0")
    if not text.isascii() or not text.isdigit() or 0 < int(text) < archive.SHORTEST or int(text) > 1200:
        raise ConfigError(f"ARCHIVE_MONTHS must be 0 or at least {archive.SHORTEST}, not {text!r}")
    return int(text)


def _retention_days(env: Mapping[str, str]) -> int:
    """RETENTION_DAYS: 0 deletes nothing, and nothing is deleted before its time."""
    text = env.get("RETENTION_DAYS", "0")
    if not text.isascii() or not text.isdigit() or 0 < int(text) < retention.SHORTEST:
        raise ConfigError(f"RETENTION_DAYS must be 0 or at least {retention.SHORTEST}, not {text!r}")
    return int(text)


def _second_factor(env: Mapping[str, str], environment: str) -> bool:
    """SECOND_FACTOR: optional or required; the accounts of a demo have a published password and nothing to protect."""
    wanted = env.get("SECOND_FACTOR", "optional")
    if wanted not in ("optional", "required"):
        raise ConfigError(f"SECOND_FACTOR must be optional or required, not {wanted!r}")
    return wanted == "required" and environment != "demo"


def _log_format(env: Mapping[str, str], environment: str) -> str:
    """LOG_FORMAT; production writes JSON unless told otherwise."""
    form = env.get("LOG_FORMAT") or ("json" if environment == "production" else "text")
    if form not in ("json", "text"):
        raise ConfigError(f"LOG_FORMAT must be json or text, not {form!r}")
    return form


def _undo_seconds(env: Mapping[str, str]) -> int:
    """Seconds of UNDO_SECONDS; a hold that is too long would keep a platform waiting."""
    text = env.get("UNDO_SECONDS", str(undo.SECONDS))
    try:
        undo.hold(seconds := int(text))
    except ValueError as error:
        raise ConfigError(f"UNDO_SECONDS must be a number from 0 to {undo.LONGEST_SECONDS}, not {text!r}") from error
    return seconds


def _trace(env: Mapping[str, str]) -> dict[str, Any]:
    """TRACE_URL with its secret and time-out; a service that cannot be asked makes a start impossible."""
    url, text = env.get("TRACE_URL", ""), env.get("TRACE_TIMEOUT", "3")
    if not url:
        return {}
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ConfigError("TRACE_URL must be an http or https address")
    if hosts.kind_of(urlsplit(url).hostname or "") == hosts.FORBIDDEN:
        raise ConfigError("TRACE_URL must name a machine, not a link-local address or an oddly written number")
    if not env.get("TRACE_SECRET"):
        raise ConfigError("TRACE_SECRET is not set: questions to TRACE_URL are signed with it")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 10:
        raise ConfigError(f"TRACE_TIMEOUT must be a number of seconds from 0.1 to 10, not {text!r}")
    return {"trace_url": url, "trace_secret": env["TRACE_SECRET"], "trace_timeout": seconds}


def _attachment_hosts(env: Mapping[str, str], environment: str) -> frozenset[str]:
    """Hosts of ATTACHMENT_HOSTS, apart by commas. A demo lists the simulator; elsewhere nothing is fetched unlisted."""
    demo = urlsplit(env.get("PLATFORM_CALLBACK_URL", DEMO_CALLBACK)).netloc if environment == "demo" else ""
    listed = env.get("ATTACHMENT_HOSTS", demo)
    return frozenset(host.strip().lower() for host in listed.split(",") if host.strip())


def _replay_clock(env: Mapping[str, str], environment: str) -> str:
    """A stepped clock is for demo and test instances; a production start with one is a mistake."""
    path = env.get("REPLAY_CLOCK_FILE", "")
    if path and environment == "production":
        raise ConfigError("REPLAY_CLOCK_FILE is set: a production portal never takes its time from a file")
    return path
