"""GET /metrics for Prometheus: request times of all web processes, and what the database and the queue hold.

Loopback may ask, and whoever has METRICS_TOKEN; for everybody else the address does not exist. No label holds anything
that a person wrote.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from flask import Blueprint, Flask, abort, current_app, g, request
from flask.wrappers import Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.extensions import csrf, db, queue, redis_client
from app.jobs import exports
from app.services import metrics
from app.web.access import route_access

bp = Blueprint("metrics", __name__)
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
SECONDS = Histogram(
    "kuaifu_request_seconds", "Time of an answer by view and kind of status", ["view", "status"], buckets=BUCKETS
)
LANES = ("sends", exports.LANE)


def init(app: Flask) -> None:
    """Measure every request."""
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.after_request(_end)


def _begin() -> None:
    g.begun = time.perf_counter()


def _end(response: Response) -> Response:
    begun = g.get("begun")
    if begun is not None:
        view = request.endpoint or "none"  # the view's name and never the address, which may hold a secret
        SECONDS.labels(view, f"{response.status_code // 100}xx").observe(time.perf_counter() - begun)
    return response


@bp.get("/metrics")
@csrf.exempt
@route_access("public")
def show() -> Response:
    """The text exposition."""
    if not _may_ask():
        abort(404)
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)
        body = generate_latest(registry)
    else:
        body = generate_latest(REGISTRY)
    own = CollectorRegistry()
    own.register(Portal())
    return Response(body + generate_latest(own), content_type=CONTENT_TYPE_LATEST)


def _may_ask() -> bool:
    token = current_app.extensions["kuaifu"].metrics_token
    if token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    if "X-Forwarded-For" in request.headers and not current_app.extensions["kuaifu"].trusted_proxies:
        return False  # a proxy of this machine brought it, from wherever
    with suppress(ValueError):
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    return False


class Portal:
    """What is counted when it is asked for; a database or queue that is away shows as such and as nothing else."""

    def collect(self) -> Iterator[Metric]:
        """Everything as gauges."""
        yield from _database()
        yield from _queues()


def _gauge(name: str, text: str, labels: Iterable[str], values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(f"kuaifu_{name}", text, labels=list(labels))
    for labelled, value in values:
        family.add_metric(labelled, value)
    return family


def _database() -> Iterator[Metric]:
    session = db.session()
    try:
        found = metrics.figures(session, clock.now())
    except SQLAlchemyError as error:
        current_app.logger.error("metrics: database unusable (%s)", type(error).__name__)
        yield _gauge("database_up", "1 when the database answers", (), [((), 0)])
        return
    finally:
        with suppress(SQLAlchemyError):
            session.rollback()
    yield _gauge("database_up", "1 when the database answers", (), [((), 1)])
    yield from _families(found)


def _families(found: metrics.Figures) -> Iterator[Metric]:
    by_kind = [((kind,), age) for kind, age in found.oldest_seconds.items()]
    yield _gauge("outbox_rows", "Rows that still have a next try", ("kind", "state"), found.outbox.items())
    yield _gauge("outbox_oldest_seconds", "Age of the oldest row that still has a next try", ("kind",), by_kind)
    failed = [((kind,), n) for kind, n in found.failed_day.items()]
    yield _gauge("outbox_failed_day", "Rows of the last 24 hours that were given up", ("kind",), failed)
    outcomes = [((state,), n) for state, n in found.sms_hour.items()]
    yield _gauge("sms_last_hour", "SMS of the last hour by outcome", ("outcome",), outcomes)
    plain = {
        "clocks_due": ("Clocks whose next stage has come and was not swept yet", found.clocks_due),
        "sweep_lag_seconds": ("How long the clock that is due first has been waiting", found.sweep_lag_seconds),
        "tickets_open": ("Open tickets", found.open_tickets),
        "tickets_overdue": ("Open tickets with a clock that is late", found.overdue_tickets),
        "exports_waiting": ("Exports that are not ready", found.exports_waiting),
        "event_months_ahead": ("Months to come that have their partition of events", found.months.ahead),
        "event_strays": ("Events that lie in no month's partition", found.months.strays),
    }
    for name, (text, value) in plain.items():
        yield _gauge(name, text, (), [((), value)])
    if found.clock_jumped_seconds is not None:
        text = "Since the clock of the scheduler's machine was set by a minute or more"
        yield _gauge("clock_jumped_seconds", text, (), [((), found.clock_jumped_seconds)])
    silent = [((process,), age) for process, age in found.silent_seconds.items()]
    yield _gauge("process_silent_seconds", "Since the process was last heard of", ("process",), silent)


def _queues() -> Iterator[Metric]:
    url = current_app.extensions["kuaifu"].redis_url
    client = redis_client(url)
    if client is None:
        return
    try:
        lengths = [((lane,), queue(url, lane).count) for lane in LANES]
    except Exception:
        yield _gauge("redis_up", "1 when Redis answers", (), [((), 0)])
        return
    yield _gauge("redis_up", "1 when Redis answers", (), [((), 1)])
    yield _gauge("queue_length", "Jobs that wait in Redis", ("queue",), lengths)
