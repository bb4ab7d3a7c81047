"""What the bench's server runs: the portal as it is served, with the limits beside it."""

from __future__ import annotations

from bench import limits
from wsgi import app

app.register_blueprint(limits.bp)
