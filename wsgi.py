"""The web process: `gunicorn wsgi:app`."""

from app import create_app
from app.start import begin, refuse_if_unsafe, settings

config = settings()
begin(config, web=True)
app = create_app(config)
refuse_if_unsafe(app)
