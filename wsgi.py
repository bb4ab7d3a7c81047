"""The web process: `gunicorn wsgi:app`."""

import gc
import sys

from app import create_app
from app.start import begin, refuse_if_unsafe, settings

config = settings()
begin(config, web=True)
app = create_app(config)
refuse_if_unsafe(app)
# A page makes thousands of objects that go with it: looking for circles among every 700 of them took a twentieth.
gc.set_threshold(10_000, 10, 10)
# A page computes for ten milliseconds at most: let it, where by default threads would take turns every five.
sys.setswitchinterval(0.02)
