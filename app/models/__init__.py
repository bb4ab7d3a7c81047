"""All tables, imported in one place so that migrations and `create_all` see them."""

from app.models.attachment import Attachment, CustomerLink
from app.models.calendar import CalendarDayBefore, CalendarHours, PolicyVersion
from app.models.case import EvidenceOrder, PartyCase, Pause, Transfer
from app.models.customer import CustomerAccount, CustomerMatch, TicketContact
from app.models.duty import Courier, DutyShift, Robot, SmsFallback
from app.models.emergency import Emergency
from app.models.exchange import Connection, Inbox, Outbox, PlatformOrder, PushKey, PushRefusal, Reminder
from app.models.exemption import ExemptedClock, Exemption
from app.models.gateway import SmsGateway, SmsHandover, SmsReceipt, SmsTemplate, SmsTest
from app.models.history import ImportedFile, ImportedTicket
from app.models.incident import Incident
from app.models.organisation import (
    CalendarDay,
    Category,
    Claim,
    Heartbeat,
    Organisation,
    Policy,
    Scan,
    SequenceRow,
    SessionRow,
    SignInFailure,
    User,
)
from app.models.ticket import (
    Appeal,
    Clock,
    Counter,
    Event,
    FreeText,
    Party,
    Person,
    Promise,
    Reveal,
    ScopeVersion,
    Seal,
    Submission,
    Ticket,
    WorkItem,
)

__all__ = [
    "Appeal",
    "Attachment",
    "CalendarDay",
    "CalendarDayBefore",
    "CalendarHours",
    "Category",
    "Claim",
    "Clock",
    "Connection",
    "Counter",
    "Courier",
    "CustomerAccount",
    "CustomerLink",
    "CustomerMatch",
    "DutyShift",
    "Emergency",
    "Event",
    "EvidenceOrder",
    "ExemptedClock",
    "Exemption",
    "FreeText",
    "Heartbeat",
    "ImportedFile",
    "ImportedTicket",
    "Inbox",
    "Incident",
    "Organisation",
    "Outbox",
    "Party",
    "PartyCase",
    "Pause",
    "Person",
    "PlatformOrder",
    "Policy",
    "PolicyVersion",
    "Promise",
    "PushKey",
    "PushRefusal",
    "Reminder",
    "Reveal",
    "Robot",
    "Scan",
    "ScopeVersion",
    "Seal",
    "SequenceRow",
    "SessionRow",
    "SignInFailure",
    "SmsFallback",
    "SmsGateway",
    "SmsHandover",
    "SmsReceipt",
    "SmsTemplate",
    "SmsTest",
    "Submission",
    "Ticket",
    "TicketContact",
    "Transfer",
    "User",
    "WorkItem",
]
