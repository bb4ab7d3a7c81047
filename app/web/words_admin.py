"""The words of what an administrator keeps: organisations, connections, and the log of changes."""

from __future__ import annotations

from app.web.context import translate as _
from app.web.language import table


@table
def kinds() -> dict[str, str]:
    """What an organisation is."""
    return {
        "headquarters": _("Kind: headquarters"),
        "province": _("Province"),
        "district": _("District"),
        "site": _("Site"),
        "hub": _("Hub"),
        "department": _("Department"),
    }


@table
def fields() -> dict[str, str]:
    """The fields of an organisation, as form, sheet and log call them."""
    return {
        "code": _("Code"),
        "kind": _("Kind of organisation"),
        "name": _("Name (of a thing)"),
        "name_en": _("English name"),
        "superior": _("Superior's code"),
        "address_prefix": _("Addresses of its area begin with"),
        "duty_phone": _("Duty phone"),
        "manager_phone": _("Manager's phone"),
        "deputy": _("Deputy's code"),
        "onboarded_from": _("Assessed from"),
        "closed_from": _("Closed from"),
    }


@table
def connection_fields() -> dict[str, str]:
    """The fields of a connection; below them those that only one driver has."""
    return {
        "code": _("Code"),
        "name": _("Name (of a thing)"),
        "driver": _("Protocol"),
        "charset": _("Charset"),
        "callback_url": _("Answers go to"),
        "routing_rule": _("Routing"),
        "active": _("In use"),
        "category_map": _("Categories"),
        "message_map": _("Message types"),
        "field_map": _("Fields"),
        "risk_minutes": _("At risk before the deadline (minutes)"),
        "client_id": "client_id",
        "access_token": "access_token",
        "dealer_contact": _("Our contact number that the platform is told"),
        "call_results": _("Tell the platform of each call to the customer"),
        "task_hours": _("Hours until an answer is due (usually 48)"),
        "retreat_hours": _("Hours after an answer was sent back (usually 24)"),
        "every_seconds": _("Seconds between two looks"),
        "look_back_hours": _("Hours that the first look goes back"),
        "overlap_minutes": _("Minutes that are read twice"),
        "page_size": _("Rows of one page"),
    }


@table
def protocols() -> dict[str, str]:
    """The drivers to choose from."""
    return {
        "link": _("Cainiao LINK: pushes to us"),
        "pdd": _("Pinduoduo open platform: is asked by us"),
        "channel": _("A channel of our own that asks about parcels"),
    }


@table
def whats() -> dict[str, str]:
    """What was changed."""
    return {
        "organisation_added": _("Organisation added"),
        "organisation_changed": _("Organisation changed"),
        "organisations_imported": _("Organisations imported"),
        "connection_added": _("Connection added"),
        "connection_changed": _("Connection changed"),
        "maps_changed": _("Maps of a connection changed"),
        "secret_added": _("Secret added"),
        "secret_retired": _("Secret retired"),
    }


@table
def details() -> dict[str, str]:
    """What an entry of the log may say beside the fields."""
    return {
        "added": _("added"),
        "changed": _("changed"),
        "unchanged": _("as before"),
        "made_here": _("made here"),
        "valid": _("valid now"),
    }


@table
def errors() -> dict[str, str]:
    """What is wrong with an organisation or a connection."""
    return {
        "bad_place_code": _("1 to 32 letters, digits and -"),
        "place_code_taken": _("Another organisation has this code"),
        "connection_code_taken": _("Another connection has this code"),
        "unknown_kind": _("There is no such kind"),
        "second_headquarters": _("There is one headquarters already"),
        "kind_in_use": _("It has accounts, tickets or inferiors: its kind stays"),
        "no_superior": _("Headquarters have no superior"),
        "unknown_superior": _("There is no organisation with this code, here or in the file"),
        "bad_superior": _("This kind does not stand under that one"),
        "superior_closed": _("Its superior is closed by then"),
        "open_below": _("Something below it is still open by then"),
        "open_tickets": _("It would change the province while tickets are open: let them end or pass them on first"),
        "never_closed": _("Headquarters are never closed"),
        "ends_before_it_begins": _("Before the day it is assessed from"),
        "no_deputy_here": _("Only sites and hubs have a deputy"),
        "deputy_elsewhere": _("A deputy belongs to the same province"),
        "bad_address": _("This is no address such as https://gateway.example.com/callback"),
        "https_only": _("Answers hold personal data: the address must begin with https://"),
        "bad_secret": _("Up to 64 letters, digits and signs, without blanks"),
        "weak_secret": _("At least 16 characters that nobody else uses"),
        "same_secret": _("This one is valid already"),
        "two_secrets": _("Two are valid already: retire one first"),
        "secrets_changed": _("Somebody changed the secrets meanwhile. Please look again."),
        "last_secret": _("Without a secret every message would be refused: add the new one first, or end its use"),
        "formulas": _("The sheet has formulas: copy it and paste its values only"),
        "merged": _("The sheet has merged cells: please split them"),
        "not_text": _("The file is neither Excel (.xlsx) nor a CSV in UTF-8 or GB 18030"),
        "not_excel": _("The file cannot be read as Excel (.xlsx)"),
        "too_many_rows": _("There are too many rows: please split the list"),
    }  # fmt: skip
