"""The connection that is polled: PDD's tickets for carriers (interfaces, section 1)."""

from __future__ import annotations

from app.domain.connections import FLAG, NUMBER, SECRET, Setting
from app.integrations.platform.driver import Driver
from app.integrations.platform.pdd.answers import answer
from app.integrations.platform.pdd.gateway import signature
from app.integrations.platform.pdd.tickets import page, read

SETTINGS = (
    Setting("client_id", required=True), Setting("access_token", SECRET, required=True), Setting("dealer_contact"),
    Setting("call_results", FLAG), Setting("task_hours", NUMBER), Setting("retreat_hours", NUMBER),
    Setting("every_seconds", NUMBER), Setting("look_back_hours", NUMBER), Setting("overlap_minutes", NUMBER),
    Setting("page_size", NUMBER),
)  # fmt: skip
DRIVER = Driver(read=read, answer=answer, signature=signature, page=page, states=True, settings=SETTINGS)
