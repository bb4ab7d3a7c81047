"""Which role gets what: one line for each endpoint and method. A route that is not here fails the matrix.

`{own}`, `{promise}` and `{row}` stand for a ticket, a promise and a callback inside the scope of whoever asks; forms
are sent empty, so 422 and 409 mean "let in, and told what is missing". "login" is 303 to the sign-in.
"""

from __future__ import annotations

from dataclasses import dataclass

ROLES = ("anonymous", "site_clerk", "site_manager", "lcs", "lcs_manager", "ccs", "ccs_manager", "admin")


@dataclass(frozen=True)
class Line:
    """One endpoint and method with an address, and the answer to each of ROLES in their order."""

    endpoint: str
    method: str
    path: str
    answers: tuple[int | str, ...]

    def answer(self, role: str) -> int | str:
        """A status, or "login"."""
        return self.answers[ROLES.index(role)]


def _line(endpoint: str, method: str, path: str, *answers: int | str) -> Line:
    assert len(answers) == len(ROLES), endpoint
    return Line(endpoint, method, path, answers)


L = "login"
LINES = (
    #                                                                       anon clerk mgr  lcs lcs+ ccs ccs+ admin
    _line("static", "GET", "/static/app.css",                               200, 200, 200, 200, 200, 200, 200, 200),
    _line("auth.index", "GET", "/",                                         303, 303, 303, 303, 303, 303, 303, 303),
    _line("auth.login", "GET", "/login",                                    200, 200, 200, 200, 200, 200, 200, 200),
    _line("auth.login", "POST", "/login",                                   422, 422, 422, 422, 422, 422, 422, 422),
    _line("auth.logout", "POST", "/logout",                                 L,   303, 303, 303, 303, 303, 303, 303),
    _line("auth.account", "GET", "/account",                                L,   200, 200, 200, 200, 200, 200, 200),
    _line("auth.save_account", "POST", "/account",                          L,   422, 422, 422, 422, 422, 422, 422),
    _line("auth.change_password", "POST", "/account/password",              L,   422, 422, 422, 422, 422, 422, 422),
    _line("auth.set_language", "POST", "/language",                         422, 422, 422, 422, 422, 422, 422, 422),
    _line("health.healthz", "GET", "/healthz",                              200, 200, 200, 200, 200, 200, 200, 200),
    _line("platform.push", "POST", "/platform/link/demo",                   400, 400, 400, 400, 400, 400, 400, 400),
    _line("entry.new", "GET", "/tickets/new",                               L,   200, 200, 200, 200, 200, 200, 403),
    _line("entry.new", "POST", "/tickets/new",                              L,   422, 422, 422, 422, 422, 422, 403),
    _line("tickets.index", "GET", "/tickets",                               L,   200, 200, 200, 200, 200, 200, 403),
    _line("tickets.news", "GET", "/tickets/news?version=-1",                L,   204, 204, 204, 204, 204, 204, 403),
    _line("tickets.show", "GET", "/tickets/{own}",                          L,   200, 200, 200, 200, 200, 200, 403),
    _line("tickets.claim", "POST", "/tickets/{own}/claim",                  L,   409, 409, 409, 409, 409, 409, 403),
    _line("tickets.follow_up", "POST", "/tickets/{own}/follow-up",          L,   422, 422, 422, 422, 422, 422, 403),
    _line("tickets.result", "POST", "/tickets/{own}/result",                L,   422, 422, 422, 422, 422, 422, 403),
    _line("tickets.note", "POST", "/tickets/{own}/note",                    L,   422, 422, 422, 422, 422, 422, 403),
    _line("tickets.close", "POST", "/tickets/{own}/close",                  L,   422, 422, 422, 422, 422, 422, 403),
    _line("closing.told", "POST", "/tickets/{own}/told",                    L,   422, 422, 422, 422, 422, 422, 403),
    _line("closing.customer_accepts", "POST", "/tickets/{own}/customer-accepts", L, 422, 422, 422, 422, 422, 422, 403),
    _line("closing.customer_rejects", "POST", "/tickets/{own}/customer-rejects", L, 422, 422, 422, 422, 422, 422, 403),
    _line("closing.withdraw", "POST", "/tickets/{own}/withdraw",            L,   422, 422, 422, 422, 422, 422, 403),
    _line("closing.intervene", "POST", "/tickets/{own}/intervene",          L,   422, 422, 422, 422, 422, 422, 403),
    _line("closing.link_waybill", "POST", "/tickets/{own}/link-waybill",    L,   422, 422, 422, 422, 422, 422, 403),
    _line("tickets.ruling", "POST", "/tickets/{own}/ruling",                L,   403, 403, 403, 403, 422, 422, 403),
    _line("tickets.assign", "POST", "/tickets/{own}/assign",                L,   403, 403, 409, 409, 409, 409, 403),
    _line("calls.start", "POST", "/tickets/{own}/call",                     L,   409, 409, 409, 409, 409, 409, 403),
    _line("calls.end", "POST", "/tickets/{own}/contact",                    L,   422, 422, 422, 422, 422, 422, 403),
    _line("calls.wait", "POST", "/tickets/{own}/wait",                      L,   409, 409, 409, 409, 409, 409, 403),
    _line("calls.resume", "POST", "/tickets/{own}/resume",                  L,   409, 409, 409, 409, 409, 409, 403),
    _line("calls.correct_category", "POST", "/tickets/{own}/category",      L,   422, 422, 422, 422, 422, 422, 403),
    _line("calls.consent_category", "POST", "/tickets/{own}/category/consent", L, 403, 403, 422, 422, 422, 422, 403),
    _line("promises.make", "POST", "/tickets/{own}/promises",               L,   422, 422, 422, 422, 422, 422, 403),
    _line("promises.kept", "POST", "/tickets/{own}/promises/1/kept",        L,   422, 422, 422, 422, 422, 422, 403),
    _line("promises.anew", "POST", "/tickets/{own}/promises/1/anew",        L,   422, 422, 422, 422, 422, 422, 403),
    _line("alarms.index", "GET", "/alarms",                                 L,   403, 200, 200, 200, 403, 200, 200),
    _line("alarms.seen", "POST", "/alarms/1/seen",                          L,   403, 404, 404, 404, 403, 404, 404),
    _line("scripts.index", "GET", "/admin/scripts",                         L,   403, 403, 403, 403, 403, 403, 200),
    _line("scripts.show", "GET", "/admin/scripts/LOCKER",                   L,   403, 403, 403, 403, 403, 403, 200),
    _line("scripts.save", "POST", "/admin/scripts/LOCKER",                  L,   403, 403, 403, 403, 403, 403, 422),
    _line("tickets.reveal", "POST", "/tickets/{own}/reveal",                L,   200, 200, 200, 200, 200, 200, 403),
    _line("help.ask", "POST", "/tickets/{own}/help",                        L,   422, 422, 422, 422, 422, 422, 403),
    _line("help.recall", "POST", "/tickets/{own}/help/recall",              L,   409, 409, 409, 409, 409, 409, 403),
    _line("help.answer", "POST", "/tickets/{own}/help/answer",              L,   422, 422, 422, 422, 422, 422, 403),
    _line("help.act", "POST", "/tickets/{own}/act-for",                     L,   409, 409, 409, 409, 409, 409, 403),
    _line("help.stop", "POST", "/tickets/{own}/stop-acting",                L,   409, 409, 409, 409, 409, 409, 403),
    _line("help.urge", "POST", "/tickets/{own}/urge-site",                  L,   409, 409, 409, 409, 409, 409, 403),
    _line("help.priority", "POST", "/tickets/{own}/priority",               L,   422, 422, 422, 422, 422, 422, 403),
    _line("closures.index", "GET", "/closures",                             L,   403, 200, 200, 200, 403, 403, 403),
    _line("closures.announce", "POST", "/closures",                         L,   403, 422, 422, 422, 403, 403, 403),
    _line("closures.end", "POST", "/closures/1/end",                        L,   403, 404, 404, 404, 403, 403, 403),
    _line("handover.show", "GET", "/handover",                              L,   200, 200, 200, 200, 200, 200, 403),
    _line("handover.leave", "POST", "/handover",                            L,   422, 422, 422, 422, 422, 422, 403),
    _line("handover.read", "POST", "/handover/notes/1/read",                L,   404, 404, 404, 404, 404, 404, 403),
    _line("ownership.take", "POST", "/tickets/{own}/take",                  L,   409, 409, 409, 409, 409, 409, 403),
    _line("ownership.give_back", "POST", "/tickets/{own}/give-back",        L,   409, 409, 409, 409, 409, 409, 403),
    _line("ownership.hand_over", "POST", "/tickets/{own}/hand-over",        L,   422, 422, 422, 422, 422, 422, 403),
    _line("transfers.give_up", "POST", "/tickets/{own}/return",             L,   422, 422, 422, 422, 422, 422, 403),
    _line("transfers.rule", "POST", "/tickets/{own}/return/ruling",         L,   422, 422, 422, 422, 422, 422, 403),
    _line("address_rules.index", "GET", "/address-rules",                   L,   403, 403, 200, 200, 403, 403, 403),
    _line("address_rules.end", "POST", "/address-rules/1/end",              L,   403, 403, 404, 404, 403, 403, 403),
    _line("team.index", "GET", "/team",                                     L,   403, 200, 403, 403, 403, 403, 403),
    _line("team.auto_assign", "POST", "/team/auto-assign",                  L,   403, 303, 403, 403, 403, 403, 403),
    _line("team.skills", "POST", "/team/1/skills",                          L,   403, 404, 403, 403, 403, 403, 403),
    _line("team.duty", "POST", "/team/1/duty",                              L,   403, 404, 403, 403, 403, 403, 403),
    _line("team.own_duty", "POST", "/account/duty",                         L,   303, 303, 303, 303, 303, 303, 403),
    _line("attachments.upload", "POST", "/tickets/{own}/attachments",       L,   422, 422, 422, 422, 422, 422, 403),
    _line("attachments.remove", "POST", "/tickets/{own}/attachments/remove", L,  404, 404, 404, 404, 404, 404, 403),
    _line("attachments.show", "GET", "/attachments/1",                      L,   404, 404, 404, 404, 404, 404, 403),
    _line("attachments.thumb", "GET", "/attachments/1/thumb",               L,   404, 404, 404, 404, 404, 404, 403),
    _line("parties.add", "POST", "/tickets/{own}/parties",                  L,   422, 422, 422, 422, 422, 422, 403),
    _line("parties.remove", "POST", "/tickets/{own}/parties/remove",        L,   422, 422, 422, 422, 422, 422, 403),
    _line("parties.urge", "POST", "/tickets/{own}/parties/urge",            L,   409, 409, 409, 409, 409, 409, 403),
    _line("parties.answer", "POST", "/tickets/{own}/parties/answer",        L,   422, 422, 422, 422, 422, 422, 403),
    _line("parties.dispute", "POST", "/tickets/{own}/parties/dispute",      L,   422, 422, 422, 422, 422, 422, 403),
    _line("parties.agree", "POST", "/tickets/{own}/parties/agree",          L,   409, 409, 409, 409, 409, 409, 403),
    _line("parties.reject", "POST", "/tickets/{own}/parties/reject",        L,   422, 422, 422, 422, 422, 422, 403),
    _line("parties.arbitrate", "POST", "/tickets/{own}/parties/arbitrate",  L,   409, 409, 409, 409, 409, 409, 403),
    _line("parties.court", "GET", "/tickets/{own}/court",                   L,   200, 200, 200, 200, 200, 200, 403),
    _line("parties.rule", "POST", "/tickets/{own}/court",                   L,   422, 422, 422, 422, 422, 422, 403),
    _line("parties.order", "POST", "/tickets/{own}/evidence",               L,   422, 422, 422, 422, 422, 422, 403),
    _line("parties.deliver", "POST", "/tickets/{own}/evidence/deliver",     L,   422, 422, 422, 422, 422, 422, 403),
    _line("customer.show", "GET", "/r/nobody",                              404, 404, 404, 404, 404, 404, 404, 404),
    _line("customer.answer", "POST", "/r/nobody",                           404, 404, 404, 404, 404, 404, 404, 404),
    _line("courier.send", "POST", "/tickets/{own}/courier-sms",             L,   422, 422, 422, 422, 422, 422, 403),
    _line("duty.index", "GET", "/duty",                                     L,   200, 200, 200, 200, 200, 200, 403),
    _line("duty.add", "POST", "/duty/entries",                              L,   403, 422, 422, 422, 422, 422, 403),
    _line("duty.end", "POST", "/duty/entries/1/end",                        L,   403, 404, 404, 404, 404, 404, 403),
    _line("duty.set_manager", "POST", "/duty/manager",                      L,   403, 422, 422, 422, 422, 422, 403),
    _line("duty.add_courier", "POST", "/duty/couriers",                     L,   403, 422, 403, 403, 403, 403, 403),
    _line("duty.end_courier", "POST", "/duty/couriers/1/end",               L,   403, 404, 403, 403, 403, 403, 403),
    _line("duty.add_robot", "POST", "/duty/robots",                         L,   403, 422, 403, 422, 403, 422, 403),
    _line("duty.end_robot", "POST", "/duty/robots/1/end",                   L,   403, 404, 403, 404, 403, 404, 403),
    _line("duty.test_robot", "POST", "/duty/robots/1/test",                 L,   403, 404, 403, 404, 403, 404, 403),
    _line("exemptions.index", "GET", "/exemptions",                         L,   200, 200, 200, 200, 200, 200, 200),
    _line("exemptions.ask", "POST", "/tickets/{own}/exemption",             L,   422, 422, 422, 422, 422, 422, 403),
    _line("exemptions.late", "GET", "/exemptions/late",                     L,   403, 403, 200, 200, 200, 200, 403),
    _line("exemptions.late", "POST", "/exemptions/late",                    L,   403, 403, 422, 422, 422, 422, 403),
    _line("exemptions.area", "GET", "/exemptions/area",                     L,   403, 403, 403, 200, 200, 200, 403),
    _line("exemptions.area", "POST", "/exemptions/area",                    L,   403, 403, 403, 422, 422, 422, 403),
    _line("exemptions.decide", "POST", "/exemptions/1/decide",              L,   403, 403, 422, 422, 403, 422, 403),
    _line("exemptions.confirm", "POST", "/exemptions/1/confirm",            L,   403, 403, 403, 403, 403, 403, 422),
    _line("exemptions.revoke", "POST", "/exemptions/1/revoke",              L,   403, 403, 403, 403, 403, 422, 403),
    _line("incidents.index", "GET", "/incidents",                           L,   403, 403, 200, 200, 200, 200, 403),
    _line("incidents.index", "POST", "/incidents",                          L,   403, 403, 422, 422, 422, 422, 403),
    _line("incidents.show", "GET", "/incidents/INC0",                       L,   403, 403, 404, 404, 404, 404, 403),
    _line("incidents.add", "POST", "/incidents/INC0/add",                   L,   403, 403, 404, 404, 404, 404, 403),
    _line("incidents.add_matching", "POST", "/incidents/INC0/add-matching", L,   403, 403, 404, 404, 404, 404, 403),
    _line("incidents.reply", "POST", "/incidents/INC0/reply",               L,   403, 403, 404, 404, 404, 404, 403),
    _line("incidents.exemption", "POST", "/incidents/INC0/exemption",       L,   403, 403, 404, 404, 404, 404, 403),
    _line("incidents.close", "POST", "/incidents/INC0/close",               L,   403, 403, 404, 404, 404, 404, 403),
    _line("emergencies.index", "GET", "/emergencies",                       L,   200, 200, 200, 200, 200, 200, 403),
    _line("emergencies.new", "GET", "/emergencies/new",                     L,   403, 403, 403, 200, 403, 200, 403),
    _line("emergencies.new", "POST", "/emergencies/new",                    L,   403, 403, 403, 422, 403, 422, 403),
    _line("emergencies.end", "POST", "/emergencies/1/end",                  L,   403, 403, 403, 404, 403, 404, 403),
    _line("emergencies.tick", "POST", "/emergencies/1/tick",                L,   403, 403, 404, 404, 404, 404, 403),
    _line("scorecards.index", "GET", "/scorecards",                         L,   403, 200, 200, 200, 200, 200, 403),
    _line("scorecards.show", "GET", "/scorecards/2026-11/{site}",           L,   403, 200, 200, 200, 200, 200, 403),
    _line("scorecards.cases", "GET", "/scorecards/2026-11/{site}/tickets",  L,   403, 200, 200, 200, 200, 200, 403),
    _line("admin.sms_outbox", "GET", "/sms-outbox",                         L,   403, 403, 200, 200, 200, 200, 200),
    _line("admin.callbacks", "GET", "/callbacks",                           L,   403, 403, 200, 200, 200, 200, 200),
    _line("admin.resend", "POST", "/callbacks/{sent}/resend",               L,   403, 403, 303, 303, 303, 303, 303),
    _line("admin.index", "GET", "/admin",                                   L,   403, 403, 403, 403, 403, 403, 200),
    _line("admin.organisations", "GET", "/admin/organisations",             L,   403, 403, 403, 403, 403, 403, 200),
    _line("admin.users", "GET", "/admin/users",                             L,   403, 403, 403, 403, 403, 403, 200),
    _line("customers.index", "GET", "/admin/customers",                     L,   403, 403, 403, 403, 403, 403, 200),
    _line("customers.index", "POST", "/admin/customers",                    L,   403, 403, 403, 403, 403, 403, 422),
    _line("customers.edit", "GET", "/admin/customers/NOBODY",               L,   403, 403, 403, 403, 403, 403, 404),
    _line("customers.edit", "POST", "/admin/customers/NOBODY",              L,   403, 403, 403, 403, 403, 403, 404),
    _line("customers.take_in", "GET", "/admin/customers-import",            L,   403, 403, 403, 403, 403, 403, 200),
    _line("customers.take_in", "POST", "/admin/customers-import",           L,   403, 403, 403, 403, 403, 403, 422),
    _line("clocks.show", "GET", "/tickets/{own}/clocks/1",                  L,   404, 404, 404, 404, 404, 404, 403),
    _line("policies.index", "GET", "/admin/policies",                       L,   403, 403, 403, 403, 403, 403, 200),
    _line("policies.draft", "GET", "/admin/policies/draft",                 L,   403, 403, 403, 403, 403, 403, 200),
    _line("policies.save", "POST", "/admin/policies/draft",                 L,   403, 403, 403, 403, 403, 403, 422),
    _line("calendars.index", "GET", "/admin/calendars",                     L,   403, 403, 403, 403, 403, 403, 200),
    _line("calendars.add", "POST", "/admin/calendars",                      L,   403, 403, 403, 403, 403, 403, 422),
    _line("calendars.show", "GET", "/admin/calendars/service",              L,   403, 403, 403, 403, 403, 403, 200),
    _line("calendars.change", "POST", "/admin/calendars/service",           L,   403, 403, 403, 403, 403, 403, 422),
    _line("calendars.days", "GET", "/admin/calendars/days/2027",            L,   403, 403, 403, 403, 403, 403, 200),
    _line("calendars.put_day", "POST", "/admin/calendars/days/2027",        L,   403, 403, 403, 403, 403, 403, 422),
    _line("calendars.drop_day", "POST", "/admin/calendars/days/2027/remove", L,  403, 403, 403, 403, 403, 403, 422),
    _line("calendars.import_days", "POST", "/admin/calendars/days/2027/import", L, 403, 403, 403, 403, 403, 403, 422),
    _line("gateways.index", "GET", "/admin/sms",                            L,   403, 403, 403, 403, 403, 403, 200),
    _line("gateways.choose", "POST", "/admin/sms/aliyun/use",               L,   403, 403, 403, 403, 403, 403, 422),
    _line("gateways.configure", "POST", "/admin/sms/aliyun/settings",       L,   403, 403, 403, 403, 403, 403, 422),
    _line("gateways.save_text", "POST", "/admin/sms/aliyun/texts/test",     L,   403, 403, 403, 403, 403, 403, 422),
    _line("gateways.send_test", "POST", "/admin/sms/aliyun/test",           L,   403, 403, 403, 403, 403, 403, 422),
    _line("gateways.receipts", "POST", "/sms/receipts/aliyun/x",            404, 404, 404, 404, 404, 404, 404, 404),
)  # fmt: skip
TABLE = {(line.endpoint, line.method): line for line in LINES}
