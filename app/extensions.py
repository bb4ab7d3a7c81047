"""The libraries' objects, created bare; `create_app` binds them. Imports nothing of ours, which breaks every cycle."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from flask import current_app, has_request_context
from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from sqlalchemy import MetaData
from sqlalchemy.engine.base import OptionEngine
from sqlalchemy.orm import DeclarativeBase, scoped_session

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

HELD = "held"  # of a session: it stands in a transaction, and all its statements belong there
READS = "kuaifu_reads"  # the engines for what a request only reads, by the engine that writes


class RequestSession(Session):
    """What a request asks outside of a write transaction needs none: on PostgreSQL a statement sees what is committed
    at its beginning with one around it, too. That saves BEGIN and ROLLBACK, and with each ROLLBACK psycopg throws away
    all prepared statements of a connection."""

    def get_bind(self, *arguments: Any, **named: Any) -> Any:
        """The engine for a statement."""
        engine = super().get_bind(*arguments, **named)
        return self.reader(engine) or engine

    def reader(self, engine: Any) -> Any:
        """The engine that reads without a transaction, where what is asked next needs none."""
        return None if self.info.get(HELD) or not has_request_context() else current_app.extensions[READS].get(engine)


@contextmanager
def connected(session: Any) -> Iterator[Any]:
    """A connection for one statement that is read whole: the session's own where it has one or must have one, else
    one that is free for somebody else right after. Few connections are warmer than many."""
    engine = reading(session)
    if engine is None:
        yield session.connection()
    else:
        with engine.connect() as connection:
            yield connection


def reading(session: Any) -> Any:
    """The engine for a statement that needs none of the session's connections; None where it has one or must."""
    own = session() if isinstance(session, scoped_session) else session
    engine = None if own.in_transaction() else own.get_bind()
    return engine if isinstance(engine, OptionEngine) else None


db = SQLAlchemy(metadata=MetaData(naming_convention=NAMES), session_options={"class_": RequestSession})
if TYPE_CHECKING:

    class Model(DeclarativeBase):
        """What the type checker sees of `db.Model`."""
else:
    Model = db.Model
READER = "reader"  # the bind of the second database, where there is one
migrate = Migrate()
login = LoginManager()
csrf = CSRFProtect()
htmx = Htmx()
babel = Babel()
limiter = Limiter(get_remote_address, default_limits=[])

ASKED = 0.5  # seconds for a Sentinel; the next one knows as much
# How a machine is missed that went away without a word, by an end of a connection that only waits: seconds until it is
# asked whether it lives, between two such questions, and how many of them; in all 7 s.
MISSED = {"TCP_KEEPIDLE": 3, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 2, "TCP_USER_TIMEOUT": 7000}

_redis: dict[str, Any] = {}


def redis_client(url: str) -> Any:
    """One client a process and address; None when no Redis is configured. It tries once more, for a connection that was
    closed since: whoever asks can do without, and the library's ten tries held a request for a minute."""
    if not url:
        return None
    if url not in _redis:
        _redis[url] = connect_redis(url, socket_timeout=1, retry=_tries(1), health_check_interval=30)
    return _redis[url]


def connect_redis(url: str, **options: Any) -> Any:
    """A client for an address: `redis://`, `unix://`, or `sentinel://host:port,host:port/name` and optionally
    `/number` of the database, which asks the Sentinels anew for the master before each connection. A user and password
    in front of the hosts are the master's; `?sentinel_password=` is the Sentinels'."""
    from redis import Redis, Sentinel

    if url.startswith("unix:"):
        return Redis.from_url(url, **options)
    watched = {getattr(socket, name): value for name, value in MISSED.items() if hasattr(socket, name)}
    options = {"socket_connect_timeout": 1, "socket_keepalive_options": watched, **options}
    if not url.startswith("sentinel:"):
        return Redis.from_url(url, **options)
    address = urlsplit(url)
    who, _at, hosts = address.netloc.rpartition("@")
    user, _colon, password = who.partition(":")
    name, _slash, number = address.path.strip("/").partition("/")
    asked = dict(parse_qsl(address.query))
    own = {"socket_timeout": ASKED, "socket_connect_timeout": ASKED, "retry": _tries(0)}
    own |= {"password": asked.get("sentinel_password")}
    sentinel = Sentinel([_host(one) for one in hosts.split(",")], sentinel_kwargs=own)
    secrets = {"username": unquote(user) or None, "password": unquote(password) or None}
    return sentinel.master_for(name, db=int(number or 0), **secrets, **options)


def _tries(more: int) -> Any:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Retry(NoBackoff(), more)


def shared_limits(url: str) -> dict[str, object]:
    """Settings of the request limits: all web processes count in one Redis, each by itself while it is away."""
    client = redis_client(url)
    if client is None:
        return {"RATELIMIT_STORAGE_URI": "memory://"}
    pool = {"connection_pool": client.connection_pool}  # knows the Sentinels too; the address below is only its kind
    return {
        "RATELIMIT_STORAGE_URI": "redis://", "RATELIMIT_STORAGE_OPTIONS": pool,
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
    }  # fmt: skip


def _host(text: str) -> tuple[str, int]:
    host, _colon, port = text.partition(":")
    return host, int(port or 26379)


def queue(url: str, name: str = "sends") -> Any:
    """The RQ queue of that name (JSON, never pickle); None when no Redis is configured."""
    client = redis_client(url)
    if client is None:
        return None
    from rq import Queue
    from rq.serializers import JSONSerializer

    return Queue(name, connection=client, serializer=JSONSerializer)
