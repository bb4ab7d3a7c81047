"""All tables, imported in one place so that migrations and `create_all` see them."""

from app.models.appeal import AppealLease
from app.models.assessment import Audit, Penalty, Survey
from app.models.attachment import Attachment, CustomerLink
from app.models.calendar import CalendarDayBefore, CalendarHours, PolicyVersion
from app.models.case import EvidenceOrder, PartyCase, Pause, Transfer
from app.models.closure import Closure, HandoverNote
from app.models.contact import Alarm, Contact, Script
from app.models.customer import CustomerAccount, CustomerMatch, TicketContact
from app.models.duty import Courier, DutyShift, Robot, SmsFallback
from app.models.emergency import Emergency
from app.models.exchange import Connection, Inbox, Outbox, PlatformOrder, PushKey, PushRefusal, Reminder
from app.models.exemption import ExemptedClock, Exemption
from app.models.export import Export, ExportLog, ExportPage
from app.models.gateway import SmsGateway, SmsHandover, SmsReceipt, SmsTemplate, SmsTest
from app.models.history import ImportedFile, ImportedTicket
from app.models.incident import Incident
from app.models.notice import Notice, SavedView
from app.models.organisation import (
    AddressRule,
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
    WaybillLink,
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
    "AddressRule",
    "Alarm",
    "Appeal",
    "AppealLease",
    "Attachment",
    "Audit",
    "CalendarDay",
    "CalendarDayBefore",
    "CalendarHours",
    "Category",
    "Claim",
    "Clock",
    "Closure",
    "Connection",
    "Contact",
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
    "Export",
    "ExportLog",
    "ExportPage",
    "FreeText",
    "HandoverNote",
    "Heartbeat",
    "ImportedFile",
    "ImportedTicket",
    "Inbox",
    "Incident",
    "Notice",
    "Organisation",
    "Outbox",
    "Party",
    "PartyCase",
    "Pause",
    "Penalty",
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
    "SavedView",
    "Scan",
    "ScopeVersion",
    "Script",
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
    "Survey",
    "Ticket",
    "TicketContact",
    "Transfer",
    "User",
    "WaybillLink",
    "WorkItem",
]
