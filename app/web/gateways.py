"""SMS gateways: the administrator's page, and the address to which gateways send their receipts."""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask import Blueprint, abort, current_app, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock, failpoints
from app.domain import sms_content, sms_templates
from app.domain.errors import Invalid, NotAllowed
from app.extensions import csrf, db
from app.integrations.sms import SmsError
from app.jobs import gateways as jobs
from app.services import gateways, sms_receipts, sms_sends, sms_tests
from app.services.transaction import again
from app.web import admin, gateway_forms, queue_page, words, words_sms
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("gateways", __name__)
BODY_LIMIT = 256 * 1024  # bytes of one batch of receipts
MOBILE = re.compile(r"1[3-9]\d{9}")


# --- the page ---


@bp.get("/admin/sms")
@route_access("admin")
@requires("admin")
def index() -> ResponseReturnValue:
    """Which gateway sends, and one gateway's settings, texts and tests."""
    return page(request.args.get("driver", ""))


@bp.post("/admin/sms/<driver>/use")
@route_access("admin")
@requires("admin")
def choose(driver: str) -> ResponseReturnValue:
    """Let this gateway send from now on."""
    try:
        gateways.choose(actor=current_actor(), driver=driver, key=_key(), now=clock.now())
    except Invalid as wrong:
        return page(driver, error=words.word(words_sms.errors(), wrong.fields["driver"])), 422
    return redirect(url_for("gateways.index", driver=driver, done="chosen"), 303)


@bp.post("/admin/sms/<driver>/settings")
@route_access("admin")
@requires("admin")
def configure(driver: str) -> ResponseReturnValue:
    """Store settings and, where something was typed, keys and the receipts' address."""
    form = gateway_forms.settings_form(_known(driver), request.form)
    given = {name: form[name].data or "" for name in gateways.SETTINGS if name in form}
    keys = {name: form[name].data or "" for name in gateways.SECRETS[driver]}
    try:
        gateways.configure(
            actor=current_actor(), driver=driver, settings=given, secrets=keys, key=_key(), now=clock.now(),
            receipt_token=(form["receipt_token"].data or "").strip(),
        )  # fmt: skip
    except Invalid as wrong:
        gateway_forms.mark(form, wrong.fields)
        return page(driver, settings=form, error=_("Please check the marked fields")), 422
    return redirect(url_for("gateways.index", driver=driver, done="saved"), 303)


@bp.post("/admin/sms/<driver>/texts/<purpose>")
@route_access("admin")
@requires("admin")
def save_text(driver: str, purpose: str) -> ResponseReturnValue:
    """Store the text of a purpose; one that the gateway would refuse stays a draft."""
    if purpose not in sms_templates.PURPOSES:
        abort(404)
    form = gateway_forms.text_form(_known(driver), purpose, request.form)
    try:
        gateways.save_template(
            actor=current_actor(), driver=driver, purpose=purpose, code=(form.code.data or "").strip(),
            text=(form.text.data or "").strip(), state=form.state.data or "", now=clock.now(),
        )  # fmt: skip
    except Invalid as wrong:
        gateway_forms.mark(form, wrong.fields)
        return page(driver, texts={purpose: form}, error=_("Please check the marked fields")), 422
    return redirect(url_for("gateways.index", driver=driver, done="saved", _anchor=f"text-{purpose}"), 303)


@bp.post("/admin/sms/<driver>/test")
@route_access("admin")
@requires("admin")
def send_test(driver: str) -> ResponseReturnValue:
    """Send one message to the number typed in, and show what the gateway says."""
    form = gateway_forms.test_form(_known(driver), request.form)
    phone, purpose = re.sub(r"[\s-]", "", form.phone.data or ""), form.purpose.data or ""
    setup = gateways.setup(db.session(), driver, _key())
    meant = sms_templates.PURPOSES.get(purpose)
    if meant is None or not MOBILE.fullmatch(phone):
        gateway_forms.mark(form, {"phone": "bad_phone"} if meant else {"purpose": "required"})
        return page(driver, test=form, error=_("Please check the marked fields")), 422
    (code, values), problem, fault = sms_sends.fitted(db.session(), driver, purpose, meant.samples)
    if setup.problem or problem or fault:
        return page(driver, test=form, error=words_sms.explained(setup.problem or problem or fault, "")), 422
    try:
        test_id = sms_tests.begin(
            actor=current_actor(), driver=driver, purpose=purpose, phone=phone, now=clock.now()
        )  # fmt: skip
    except NotAllowed as wrong:
        return page(driver, test=form, error=words.word(words_sms.errors(), wrong.code)), 429, {"Retry-After": "600"}
    jobs.send_test(test_id=test_id, setup=setup, phone=phone, template=code, values=values)
    return redirect(url_for("gateways.index", driver=driver, test=test_id, _anchor="test"), 303)


def page(
    driver: str, *, settings: Any = None, texts: dict[str, Any] | None = None, test: Any = None, error: str = ""
) -> str:
    """The page for one gateway, with forms that were refused as they were typed."""
    session = db.session()
    rows, sends = gateways.rows(session), gateways.active(session)
    shown = driver if driver in gateways.SECRETS else sends if sends in gateways.SECRETS else "tencent"
    stored = gateways.templates(session, shown)
    tests = [_test_row(*pair) for pair in sms_tests.latest(session)]
    notices = {"saved": _("Saved"), "chosen": _("This gateway sends from now on")}
    return render_template(
        "admin_sms.html", tabs=admin.tabs(),
        rail={"queues": [], "others": queue_page.others(current_actor(), "admin.index")},
        gateways=[_gateway(name, rows, sends) for name in gateways.DRIVERS], driver=shown,
        driver_label=words_sms.drivers()[shown], error=error, notice=notices.get(request.args.get("done", ""), ""),
        order=gateway_forms.order(shown),
        form=settings or gateway_forms.settings_form(shown, row=rows.get(shown)),
        texts=[_text(shown, purpose, stored, (texts or {}).get(purpose)) for purpose in sms_templates.PURPOSES],
        test=test or gateway_forms.test_form(shown), tests=tests, outcome=_outcome(tests),
        receipt_address=url_for("gateways.receipts", driver=shown, token="TOKEN", _external=True),  # noqa: S106
        receipts_set=bool(rows.get(shown) and rows[shown].receipt_token), suggestion=secrets.token_urlsafe(24),
    )  # fmt: skip


def _gateway(name: str, rows: dict[str, Any], sends: str) -> dict[str, Any]:
    setup = gateways.setup(db.session(), name, _key())
    ways, row = words_sms.receipt_ways(), rows.get(name)
    return {
        "name": name, "label": words_sms.drivers()[name], "sends": name == sends,
        "problem": words_sms.explained(setup.problem, "") if setup.problem else "",
        "receipts": words.word(ways, row.settings.get("receipts", "")) if row and name in gateways.SECRETS else "",
        "href": url_for("gateways.index", driver=name) if name in gateways.SECRETS else "",
        "use_href": url_for("gateways.choose", driver=name),
    }  # fmt: skip


def _text(driver: str, purpose: str, stored: dict[str, Any], form: Any) -> dict[str, Any]:
    """One text with the gateway's likely objections to it, its length and how the gateway wants it written."""
    meant, row = sms_templates.PURPOSES[purpose], stored.get(purpose)
    form = form or gateway_forms.text_form(driver, purpose, row=row)
    text = form.text.data or ""
    found = gateways.findings(db.session(), driver, purpose, text) if text else ()
    longest = {variable.name: "口" * variable.longest for variable in meant.variables}
    n = sms_content.length(text, "", longest)
    return {
        "purpose": purpose, "label": words_sms.purposes()[purpose], "form": form, "stored": row is not None,
        "action": url_for("gateways.save_text", driver=driver, purpose=purpose),
        "findings": [{"text": words_sms.finding(f), "serious": f.serious} for f in found],
        "variables": " ".join(f"${{{variable.name}}}" for variable in meant.variables),
        "handed_in": sms_templates.numbered(text) if driver == "tencent" and text else "",
        "sample": sms_templates.filled(text, meant.samples), "characters": n, "proposal": meant.proposal,
    }  # fmt: skip


def _test_row(test: Any, receipt: Any) -> dict[str, Any]:
    return {
        "id": test.id, "time": g.fmt.full(test.at), "gateway": words.word(words_sms.drivers(), test.driver),
        "to": test.phone_masked, "purpose": words.word(words_sms.purposes(), test.purpose), "code": test.code,
        "result": words.word(words_sms.results(), test.state), "good": test.state == "sent",
        "advice": words_sms.explained(test.code, jobs.advice(test.code)),
        "delivery": words_sms.delivery(receipt.delivered, receipt.code) if receipt else "",
    }  # fmt: skip


def _outcome(tests: list[dict[str, Any]]) -> dict[str, Any] | None:
    asked = request.args.get("test", type=int)
    return next((row for row in tests if row["id"] == asked), None)


def _known(driver: str) -> str:
    return driver if driver in gateways.SECRETS else abort(404)


def _key() -> str:
    key: str = current_app.extensions["kuaifu"].secret_key
    return key


# --- receipts ---


@bp.post("/sms/receipts/<driver>/<token>")
@csrf.exempt
@route_access("platform")
def receipts(driver: str, token: str) -> ResponseReturnValue:
    """Take a batch of receipts. What is foreign, forged or broken is counted and changes nothing."""
    if driver not in gateways.SECRETS:
        return _refused("", "UNKNOWN_GATEWAY", 404)
    if not gateways.token_fits(db.session(), driver, token):
        return _refused(driver, "WRONG_ADDRESS", 404)
    if request.headers.get("Content-Encoding", "identity") not in ("identity", ""):
        return _refused(driver, "ENCODED_BODY", 400)
    body = request.stream.read(BODY_LIMIT + 1)
    if len(body) > BODY_LIMIT:
        return _refused(driver, "TOO_LARGE", 413)
    try:
        reports = jobs.parse(driver, body)
    except SmsError:
        return _refused(driver, "BROKEN_RECEIPT", 400)
    failpoints.reach("receipt.believed")
    taken = again(lambda: sms_receipts.take(driver=driver, reports=reports, key=_key(), now=clock.now()))
    failpoints.reach("receipt.taken")
    if not taken.new and not taken.known:
        return jsonify(error="UNKNOWN_RECEIPT"), 422
    return jsonify(jobs.answer(driver))


def _refused(driver: str, reason: str, status: int) -> ResponseReturnValue:
    if driver:
        sms_receipts.refuse(driver=driver, reason=reason, now=clock.now())
    return jsonify(error=reason), status
