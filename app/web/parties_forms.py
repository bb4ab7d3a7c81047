"""The forms and sheets of responsible parties, disputes, arbitration and evidence orders."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    Form,
    IntegerField,
    MultipleFileField,
    SelectField,
    StringField,
    TextAreaField,
)

from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.models import Organisation
from app.services.ticket_view import View
from app.web import attachments, sheets, words_parties
from app.web.context import translate as _
from app.web.forms import TIME_FORMATS
from app.web.party_panel import overview
from app.web.words_parties import place_name

ON_THE_ROAD = {"list": "sheet-places"}  # the sheet's datalist of organisations that the parcel has seen


class AddPartyForm(Form):
    """Whom to ask, and what."""

    code = StringField(render_kw=ON_THE_ROAD)
    text = TextAreaField()
    file = MultipleFileField()


class OnePartyForm(Form):
    """Something about one of the parties."""

    party = SelectField(validate_choice=False)
    text = TextAreaField()
    file = MultipleFileField()


class AgreeForm(Form):
    """Agree with a dispute; the one that it names can be asked instead."""

    party = SelectField(validate_choice=False)
    add_named = BooleanField()
    text = TextAreaField()


class AnswerForm(Form):
    """A party's answer."""

    text = TextAreaField()
    file = MultipleFileField()


class DisputeForm(Form):
    """Why the own organisation is not liable."""

    reason = SelectField(validate_choice=False)
    other_code = StringField(render_kw=ON_THE_ROAD)
    text = TextAreaField()
    file = MultipleFileField()


class OrderForm(Form):
    """Which evidence, from whom, by when."""

    code = StringField(render_kw=ON_THE_ROAD)
    due_at = DateTimeLocalField(format=TIME_FORMATS)
    text = TextAreaField()


class DeliverForm(Form):
    """Evidence that was ordered."""

    order = SelectField(validate_choice=False)
    text = TextAreaField()
    file = MultipleFileField()


class ReasonsForm(Form):
    """A ruling's reasons; the shares are added, one for each side."""

    text = TextAreaField()


def add_form(data: Any = None) -> AddPartyForm:
    """The form for a new party."""
    return _labelled(AddPartyForm(data), code=_("Code or name of the organisation"), text=_("What is asked"))


def party_form(view: View, actor: Actor, action: str, data: Any = None) -> Any:
    """The form for an action on one of the parties that are in the state for it; `?party=` chooses one."""
    form = AgreeForm(data) if action == "agree_dispute" else OnePartyForm(data)
    sides = overview(view).about(action, actor)
    form.party.choices = [(side.organisation.code, place_name(side.organisation)) for side in sides]
    if data is None and request.args.get("party"):
        form.party.data = request.args["party"][:32]
    _labelled(form, party=_("Responsible party"), text=_("Reasons"))
    if isinstance(form, AgreeForm):
        _name_instead(form, [side.named for side in sides if side.named], fresh=data is None)
    elif action not in ("reject_dispute", "arbitrate"):
        del form.file
    return form


def _name_instead(form: AgreeForm, named: list[Organisation], *, fresh: bool) -> None:
    if not named:
        del form.add_named
        form.text.label.text = _("Remark")
        return
    names = "、".join(dict.fromkeys(place_name(place) for place in named))
    _labelled(form, add_named=_("Ask %(name)s instead", name=names), text=_("What is asked of it"))
    form.add_named.data = True if fresh else form.add_named.data


def answer_form(data: Any = None) -> AnswerForm:
    """The form of a party's answer."""
    return _labelled(AnswerForm(data), text=_("What happened on our side"))


def dispute_form(data: Any = None) -> DisputeForm:
    """The form of a dispute."""
    form = DisputeForm(data)
    form.reason.choices = [("", _("Please choose")), *words_parties.reasons().items()]
    return _labelled(
        form,
        reason=_("Why we are not liable"),
        other_code=_("Code or name of who is, if known"),
        text=_("Evidence in words"),
    )


def order_form(data: Any = None) -> OrderForm:
    """The form of an evidence order."""
    return _labelled(
        OrderForm(data), code=_("Code or name of the organisation"), due_at=_("To be here by"), text=_("Which evidence")
    )


def deliver_form(view: View, actor: Actor, data: Any = None) -> DeliverForm:
    """The form for one of the actor's open orders."""
    form = DeliverForm(data)
    mine = [
        w for w in overview(view).orders if w.organisation.id == actor.organisation_id and w.order.state != "delivered"
    ]
    form.order.choices = [(str(w.order.id), f"{mask_text(w.text)[:40]} · {g.fmt.time(w.order.due_at)}") for w in mine]
    return _labelled(form, order=_("Ordered evidence"), text=_("What is delivered"))


def rule_form(view: View, data: Any = None) -> Form:
    """The form of a ruling: a share for the handling site and for each party, and the reasons."""
    fields = {f"share-{place.code}": _share(place) for place in sharers(view)}
    form: Form = type("BoundReasonsForm", (ReasonsForm,), fields)(data)
    return _labelled(form, text=_("Reasons"))


def sharers(view: View) -> list[Organisation]:
    """Who gets a share, whoever handles the ticket first."""
    handler = view.site or overview(view).desk
    return [*([handler] if handler else []), *overview(view).sharers]


def shares_of(view: View, form: Form) -> dict[str, int | None]:
    """The shares as typed, by organisation code; None for what is no whole number."""
    return {place.code: form[f"share-{place.code}"].data for place in sharers(view)}


def _share(place: Organisation) -> IntegerField:
    label = _("%(name)s, duty in percent", name=place_name(place))
    return IntegerField(label, render_kw={"min": 0, "max": 100, "inputmode": "numeric", "data-share": "1"})


def _labelled(form: Any, **labels: str) -> Any:
    for name, label in labels.items():
        form[name].label.text = label
    return form


def _places(view: View) -> list[tuple[str, str]]:
    """Organisations on the parcel's road, which come into question first."""
    seen = {scan.site_code: scan.organisation_name or scan.site_code for scan in view.trace if scan.site_code}
    own = view.site.code if view.site else ""
    return [(code, name) for code, name in seen.items() if code != own]


def _add(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    return sheets.sheet(
        _("Add a responsible party"), "parties.add", view, bound or add_form(), _("Ask this party"),
        intro=_("It sees the ticket, masked, and has the time of its own clock to answer or to dispute."),
        tray=attachments.tray(view, "add_party"), options=_places(view),
    )  # fmt: skip


def _remove(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    form = bound or party_form(view, actor, "remove_party")
    intro = _("Its clock is void. What is disputed cannot be removed, only decided.")
    return sheets.sheet(_("Remove a party"), "parties.remove", view, form, _("Remove party"), intro=intro, danger=True)


def _answer(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    return sheets.sheet(
        _("Answer as responsible party"), "parties.answer", view, bound or answer_form(), _("Send the answer"),
        intro=_("It stays in the house: the customer and the platform never see it."),
        tray=attachments.tray(view, "party_answer"),
    )  # fmt: skip


def _dispute(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    return sheets.sheet(
        _("Dispute the liability"), "parties.dispute", view, bound or dispute_form(), _("Send the dispute"),
        intro=_("The handling site agrees or rejects within one working day; then either side can go to arbitration."),
        tray=attachments.tray(view, "dispute"), options=_places(view),
    )  # fmt: skip


def _agree(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    form = bound or party_form(view, actor, "agree_dispute")
    intro = _("The party is not liable. After three hops headquarters decides.")
    return sheets.sheet(_("Agree with a dispute"), "parties.agree", view, form, _("Agree"), intro=intro)


def _reject(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    return sheets.sheet(
        _("Reject a dispute"), "parties.reject", view, bound or party_form(view, actor, "reject_dispute"), _("Reject"),
        intro=_("With counter-evidence. A rejection that arbitration overturns is charged."),
        tray=attachments.tray(view, "counter"),
    )  # fmt: skip


def _arbitrate(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    form = bound or party_form(view, actor, "arbitrate")
    return sheets.sheet(
        _("Report to arbitration"), "parties.arbitrate", view, form, _("Report it"),
        intro=_("The province service rules inside one province, headquarters otherwise. Headquarters is final."),
        tray=attachments.tray(view, "arbitrate"),
    )  # fmt: skip


def _rule(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    return sheets.sheet(
        _("Rule on the responsibility"), "parties.rule", view, bound or rule_form(view), _("Give the ruling"),
        intro=_("Whole percent, exactly 100 in all."), note="_court_link.html",
        court_href=url_for("parties.court", number=view.ticket.number),
    )  # fmt: skip


def _order(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    return sheets.sheet(
        _("Order evidence"), "parties.order", view, bound or order_form(), _("Order"),
        intro=_("Silence counts against whoever it is ordered from."), options=_places(view),
    )  # fmt: skip


def _deliver(view: View, actor: Actor, bound: Any) -> sheets.Sheet:
    return sheets.sheet(
        _("Deliver ordered evidence"), "parties.deliver", view, bound or deliver_form(view, actor), _("Deliver"),
        intro=_("It stays in the house: the customer and the platform never see it."),
        tray=attachments.tray(view, "evidence"),
    )  # fmt: skip


SHEETS = {
    "add_party": _add, "remove_party": _remove, "answer_as_party": _answer, "dispute": _dispute,
    "agree_dispute": _agree, "reject_dispute": _reject, "arbitrate": _arbitrate, "rule_dispute": _rule,
    "order_evidence": _order, "deliver_evidence": _deliver,
}  # fmt: skip
