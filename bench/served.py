"""What the bench's server runs: the portal, with the limits beside it."""

from __future__ import annotations

from app import create_app
from bench import limits

app = create_app()
app.register_blueprint(limits.bp)
