"""The portal. `create_app` only wires: it opens no connection and reads no file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.engine import make_url
from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import Config
from app.extensions import READER, READS, babel, csrf, db, htmx, limiter, login, migrate, shared_limits
from app.web.templating import Templates

ROOT = Path(__file__).resolve().parent.parent
# How a database server is missed that went away without a word: seconds to connect, to be asked whether it lives when
# it lets somebody wait, and milliseconds for what it does not confirm. Without them that took a quarter of an hour.
MISSED = {
    "connect_timeout": 4, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}  # fmt: skip


def create_app(config: Config | None = None) -> Flask:
    """The Flask application for `config` (default: the environment)."""
    config = config or Config.from_env()
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.jinja_environment = Templates  # before anybody tells it something
    app.config.from_mapping(_flask_settings(config))
    app.extensions["kuaifu"] = config
    if n := config.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    _bind(app)
    from app import cli, web

    web.register(app)
    cli.register(app)
    return app


def _flask_settings(config: Config) -> dict[str, object]:
    return {
        "SECRET_KEY": config.secret_key,
        "SQLALCHEMY_DATABASE_URI": config.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(config.database_url, pooled=config.database_pooled),
        "SQLALCHEMY_BINDS": _second(config),
        "TESTING": config.environment == "test",
        "REPLAY_CLOCK_FILE": config.replay_clock_file,
        "BABEL_DEFAULT_LOCALE": "zh",
        "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
        "WTF_CSRF_TIME_LIMIT": None,
        "SESSION_COOKIE_NAME": "__Host-session" if config.production else "session",
        "SESSION_COOKIE_SECURE": config.production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "RATELIMIT_ENABLED": config.environment != "test",
        **shared_limits("" if config.environment == "test" else config.redis_url),
    }


def _engine_options(url: str, *, pooled: bool) -> dict[str, object]:
    """Few connections, a plain 503 in five seconds when all are busy, and no personal data in an error's text. Behind
    a pooler the next transaction has another server connection, which knows no statement that was prepared before."""
    if url.startswith("sqlite"):
        queued = {"pool_timeout": 5} if url.startswith("sqlite:///") else {}  # in memory there is one connection
        return {"connect_args": {"timeout": 15}, "hide_parameters": True, **queued}
    told = make_url(url).query  # what the address says itself counts
    arguments: dict[str, object] = {name: value for name, value in MISSED.items() if name not in told}
    arguments |= {"prepare_threshold": None} if pooled else {}
    pool = {"pool_size": 8, "max_overflow": 2, "pool_timeout": 5, "pool_use_lifo": True}
    return {"hide_parameters": True, **pool, "connect_args": arguments}


def _second(config: Config) -> dict[str, object]:
    """The replica: fewer connections, and one that does not answer at once is done without, a connection that was made
    before it went away, too."""
    url = config.read_database_url
    if not url:
        return {}
    options: dict[str, Any] = _engine_options(url, pooled=False)
    if not url.startswith("sqlite"):
        told, soon = make_url(url).query, {"connect_timeout": 2, "tcp_user_timeout": 4_000}
        arguments = options["connect_args"] | {name: value for name, value in soon.items() if name not in told}
        options |= {"connect_args": arguments, "pool_size": 4}
    return {READER: {**options, "url": url}}


def _bind(app: Flask) -> None:
    from app import models  # noqa: F401 - the tables must be known to migrations
    from app.models.dialect import prepare_engine
    from app.models.dialect_pool import reading

    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    csrf.init_app(app)
    htmx.init_app(app)
    login.init_app(app)
    limiter.init_app(app)
    babel.init_app(app, locale_selector=_locale, default_translation_directories=str(ROOT / "app" / "translations"))
    with app.app_context():
        for second in set(db.engines.values()) - {db.engine}:
            prepare_engine(second)
        prepare_engine(db.engine, pooled=app.extensions["kuaifu"].database_pooled)
        app.extensions[READS] = reading(db.engine)


def _locale() -> str:
    from app.web.language import locale

    return locale()
