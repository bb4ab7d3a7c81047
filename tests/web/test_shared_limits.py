"""A limit is one limit for all web processes as long as Redis is there, and one for each process while it is away."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from app.extensions import shared_limits

pytestmark = pytest.mark.engine_free  # small applications without a database


def process(url: str) -> FlaskClient:
    """One web process with a page that may be seen three times a minute."""
    app = Flask("process")
    app.config.from_mapping(shared_limits(url))
    limiter = Limiter(get_remote_address, app=app)
    app.get("/")(limiter.limit("3 per minute")(lambda: "seen"))
    return app.test_client()


def statuses(*processes: FlaskClient) -> list[int]:
    return [one.get("/").status_code for one in processes]


def test_two_processes_count_together_through_redis(redis_url):
    one, other = process(redis_url), process(redis_url)
    assert statuses(one, other, one, other, one) == [200, 200, 200, 429, 429]


def test_without_redis_each_process_counts_for_itself_and_answers_all_the_same():
    away = "redis://127.0.0.1:9/0"
    one, other = process(away), process(away)
    assert statuses(one, one, one, one) == [200, 200, 200, 429]
    assert statuses(other) == [200]


def test_a_portal_without_redis_counts_in_its_own_memory():
    assert shared_limits("") == {"RATELIMIT_STORAGE_URI": "memory://"}
