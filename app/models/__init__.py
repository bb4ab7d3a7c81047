"""All tables, imported in one place so that migrations and `create_all` see them."""

from app.models.admin_log import AdminLog
from app.models.appeal import AppealLease
from app.models.archive import ArchivedTicket, ArchiveEntry, ArchiveHold
from app.models.assessment import Audit, AuditDraw, AuditPolicy, Penalty, RedFlag, Survey, SurveyCall
from app.models.attachment import Attachment, CustomerLink
from app.models.board import Inflow, SiteHelper, Standing
from app.models.calendar import CalendarDayBefore, CalendarHours, PolicyVersion
from app.models.case import EvidenceOrder, PartyCase, Pause, Transfer
from app.models.closure import Closure, HandoverNote
from app.models.contact import Alarm, Contact, Script
from app.models.customer import CustomerAccount, CustomerMatch, TicketContact
from app.models.day_fact import DayCounted, DayFact
from app.models.draft import Draft, PageDraft
from app.models.duty import Courier, DutyShift, Robot, SmsFallback
from app.models.emergency import Emergency
from app.models.exchange import (
    Connection,
    Inbox,
    MessageReveal,
    Outbox,
    PlatformOrder,
    PlatformPoll,
    PushKey,
    PushRefusal,
    Reminder,
    UnmappedCode,
)
from app.models.exemption import ExemptedClock, Exemption, ExemptionScope
from app.models.export import Export, ExportLog, ExportPage
from app.models.gateway import SmsGateway, SmsHandover, SmsReceipt, SmsTemplate, SmsTest
from app.models.history import ImportedFile, ImportedTicket
from app.models.incident import Incident, IncidentCount, IncidentTicket
from app.models.month import (
    Amendment,
    DeliveryVolume,
    FrozenCard,
    FrozenPeople,
    MonthAnalysis,
    MonthClose,
    ScoringScheme,
)
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
from app.models.parcel import InquiryRow, ProblemRow, ProblemType, TraceQuery
from app.models.password_link import AccountLog, PasswordLink
from app.models.penalty import PenaltyContest, PenaltyDue, PenaltyRule
from app.models.phone_query import PhoneQuery
from app.models.pin import Device, DeviceUser, Pin, SwitchLog
from app.models.publication import Publication, PublicationVersion, ReadReceipt
from app.models.rectification import Rectification, RectificationEntry, RectificationMonth, RectificationPolicy
from app.models.reveal import Reveal
from app.models.second_factor import RecoveryCode, SecondFactor, SecondFactorLog
from app.models.template import ReplyTemplate, TemplateUse
from app.models.ticket import (
    Appeal,
    Clock,
    Event,
    FreeText,
    Party,
    Person,
    Promise,
    Seal,
    Submission,
    Ticket,
)
from app.models.undo import ResultUndo
from app.models.work import Counter, ScopeVersion, ScopeVersionPart, WorkItem

__all__ = [
    "AccountLog",
    "AddressRule",
    "AdminLog",
    "Alarm",
    "Amendment",
    "Appeal",
    "AppealLease",
    "ArchiveEntry",
    "ArchiveHold",
    "ArchivedTicket",
    "Attachment",
    "Audit",
    "AuditDraw",
    "AuditPolicy",
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
    "DayCounted",
    "DayFact",
    "DeliveryVolume",
    "Device",
    "DeviceUser",
    "Draft",
    "DutyShift",
    "Emergency",
    "Event",
    "EvidenceOrder",
    "ExemptedClock",
    "Exemption",
    "ExemptionScope",
    "Export",
    "ExportLog",
    "ExportPage",
    "FreeText",
    "FrozenCard",
    "FrozenPeople",
    "HandoverNote",
    "Heartbeat",
    "ImportedFile",
    "ImportedTicket",
    "Inbox",
    "Incident",
    "IncidentCount",
    "IncidentTicket",
    "Inflow",
    "InquiryRow",
    "MessageReveal",
    "MonthAnalysis",
    "MonthClose",
    "Notice",
    "Organisation",
    "Outbox",
    "PageDraft",
    "Party",
    "PartyCase",
    "PasswordLink",
    "Pause",
    "Penalty",
    "PenaltyContest",
    "PenaltyDue",
    "PenaltyRule",
    "Person",
    "PhoneQuery",
    "Pin",
    "PlatformOrder",
    "PlatformPoll",
    "Policy",
    "PolicyVersion",
    "ProblemRow",
    "ProblemType",
    "Promise",
    "Publication",
    "PublicationVersion",
    "PushKey",
    "PushRefusal",
    "ReadReceipt",
    "RecoveryCode",
    "Rectification",
    "RectificationEntry",
    "RectificationMonth",
    "RectificationPolicy",
    "RedFlag",
    "Reminder",
    "ReplyTemplate",
    "ResultUndo",
    "Reveal",
    "Robot",
    "SavedView",
    "Scan",
    "ScopeVersion",
    "ScopeVersionPart",
    "ScoringScheme",
    "Script",
    "Seal",
    "SecondFactor",
    "SecondFactorLog",
    "SequenceRow",
    "SessionRow",
    "SignInFailure",
    "SiteHelper",
    "SmsFallback",
    "SmsGateway",
    "SmsHandover",
    "SmsReceipt",
    "SmsTemplate",
    "SmsTest",
    "Standing",
    "Submission",
    "Survey",
    "SurveyCall",
    "SwitchLog",
    "TemplateUse",
    "Ticket",
    "TicketContact",
    "TraceQuery",
    "Transfer",
    "UnmappedCode",
    "User",
    "WaybillLink",
    "WorkItem",
]
