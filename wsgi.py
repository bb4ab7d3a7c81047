"""The web process: `gunicorn wsgi:app`."""

from app import create_app
from app.config import Config
from app.start import begin, refuse_if_unsafe

config = Config.from_env()
begin(config, web=True)
app = create_app(config)
refuse_if_unsafe(app)
