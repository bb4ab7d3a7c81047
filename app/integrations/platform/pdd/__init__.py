"""The connection that is polled: PDD's tickets for carriers (interfaces, section 1)."""

from __future__ import annotations

from app.integrations.platform.driver import Driver
from app.integrations.platform.pdd.answers import answer
from app.integrations.platform.pdd.gateway import signature
from app.integrations.platform.pdd.tickets import page, read

DRIVER = Driver(read=read, answer=answer, signature=signature, page=page, states=True)
