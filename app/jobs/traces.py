"""The carrier's own trace service, where the settings name one."""

from __future__ import annotations

from collections.abc import Sequence

from flask import current_app

from app.integrations.platform.trace import PlatformError, TraceClient
from app.services.traces import Answer, Carrier


def carrier() -> Carrier | None:
    """What asks the service; None where the stored scans are all we have."""
    config = current_app.extensions["kuaifu"]
    if not config.trace_url:
        return None
    client = TraceClient(config.trace_url, config.trace_secret, config.trace_timeout)

    def ask(waybills: Sequence[str]) -> Answer:
        try:
            return Answer(client.fetch(waybills))
        except PlatformError as error:
            return Answer(fault=error.code, permanent=error.permanent)

    return ask
