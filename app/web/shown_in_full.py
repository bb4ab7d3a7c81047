"""How often one person may be shown personal data in full, through whichever door: far more than a day at the
telephone needs, and far less than it takes to carry all of them away."""

from __future__ import annotations

from flask_login import current_user

from app.extensions import limiter

limit = limiter.shared_limit(
    "30 per minute;240 per hour", scope="reveals", key_func=lambda: f"reveals:{current_user.get_id()}"
)
