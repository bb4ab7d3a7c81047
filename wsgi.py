"""The web process: `gunicorn wsgi:app`."""

from app import create_app
from app.start import refuse_if_unsafe

app = create_app()
refuse_if_unsafe(app)
