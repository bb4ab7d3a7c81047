"""A telephone number in any text that somebody can write is masked on every page that shows the text (rulebook 8)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select, update

from app.domain.customers import AccountIn
from app.models import Clock, Contact, Exemption, Outbox, Ticket
from app.services import callbacks, customers, scans
from app.services.scans import ScanIn
from app.services.transaction import write
from tests import cast
from tests.pictures import photo
from tests.web.access_table import LINES
from tests.web.stage import NOON, NOW, Stage, words_of

# A text is masked where it is shown: no engine gives it back as another one. Every page asks its database in the matrix.
pytestmark = [pytest.mark.engine_free, pytest.mark.thorough]
HERE, SIBLING, LATER = "330106-01", "330108-01", "2026-11-25T10:00"
PARCEL = "YT9980000000001"
READERS = ("site", "site-2", "lcs", "ccs", "admin")
SHEETS = ("", "?sheet=consent_category", "?sheet=deliver_evidence", "/court")
FIELD = {"field_name": "tel", "field_label": "电话", "require": "true"}
ANSWERS = [{"reply_value": "DONE", "reply_label": "已处理", "operate_type": "A", "reply_supplement": [FIELD]}]


class Numbers:
    """Telephone numbers, each handed out once for the text that it stands in."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def one(self, where: str) -> str:
        """A number of its own, bare."""
        number = f"1398765{len(self.of):04d}"
        self.of[number] = where
        return number

    def text(self, where: str) -> str:
        """A sentence with a number of its own."""
        return f"请打 {self.one(where)} 找我"


@pytest.fixture(scope="module")
def told(stage: Stage) -> Iterator[tuple[Numbers, list[str]]]:
    """A company in which everybody has written a telephone number into every text, and the pages that show them."""
    numbers = Numbers()
    with stage.app.app_context():
        account = AccountIn("ACME", "Acme", "vip", numbers.text("requirements"), limits={}, prefixes="YT998")
        customers.save(actor=stage.cast["admin"], account=account, now=NOON)
        scan = ScanIn(PARCEL, "DELIVER", NOON, HERE, f"王五{numbers.one('courier scan')}", numbers.text("scan note"))
        scans.store_scans(scans=[scan], now=NOON)
        first = cast.push(stage.cast, "M1", waybill=PARCEL, text=numbers.text("complaint"), answers=ANSWERS)
        names = ("returned", "accepted", "ruled", "incident")
        others = {name: cast.push(stage.cast, name, text=numbers.text(name)) for name in names}
    write_on_one(stage, numbers, f"/tickets/{first}")
    write_on_others(stage, numbers, others)
    write_elsewhere(stage, numbers, others["incident"])
    yield numbers, [first, *others.values()]


def do(stage: Stage, who: str, path: str, *files: str, status: int = 303, **fields: str) -> Any:
    """Post a form with a picture under each of these file names."""
    data: dict[str, Any] = {"csrf_token": stage.csrf, **fields, "file": [(BytesIO(photo()), name) for name in files]}
    answer = stage.browsers[who].post(path, data=data, content_type="multipart/form-data")
    assert answer.status_code == status, (path, re.findall(r'class="[^"]*(?:bad|err)[^"]*"[^>]*>([^<]+)', answer.text))
    return answer


def newest(stage: Stage, statement: Any) -> int:
    with stage.session() as session:
        return int(session.scalars(statement.limit(1)).one())


def write_on_one(stage: Stage, numbers: Numbers, path: str) -> None:
    """Reply, parties, dispute, evidence, help, owner, call, promise, category, exemption, result, appeal."""
    say, number = numbers.text, path.rsplit("/", 1)[1]
    do(stage, "site", f"{path}/follow-up", text=say("follow-up"), contact_outcome="reached_accepts",
       next_update_at=LATER)  # fmt: skip
    do(stage, "site", f"{path}/note", f"{numbers.one('file name')}.jpg", text=say("note"))
    do(stage, "site", f"{path}/parties", code=SIBLING, text=say("party asked"))
    do(stage, "site-2", f"{path}/parties/dispute", "a.jpg", reason="not_our_scan", text=say("dispute"))
    do(stage, "site", f"{path}/parties/reject", party=SIBLING, text=say("rejection"))
    do(stage, "site-2", f"{path}/parties/arbitrate", party=SIBLING, text=say("arbitration"))
    do(stage, "lcs-manager", f"{path}/evidence", code=SIBLING, text=say("evidence order"), due_at=LATER)
    do(stage, "lcs", f"{path}/court", text=say("court"), **{f"share-{HERE}": "50", f"share-{SIBLING}": "50"})
    do(stage, "site", f"{path}/help", text=say("help"))
    do(stage, "lcs-manager", f"{path}/help/answer", text=say("advice"))
    do(stage, "site", f"{path}/give-back", text=say("given back"))
    me = str(stage.cast["site-manager"].user_id)
    do(stage, "site-manager", f"{path}/hand-over", colleague=me, text=say("handed over"))
    do(stage, "site", f"{path}/call", status=200)
    call = str(newest(stage, select(Contact.id).where(Contact.outcome == "")))
    said = {f"answer-{key}": say(key) for key in ("signed_by", "who", "where", "remark")}
    do(stage, "site", f"{path}/contact", contact=call, outcome="reached_accepts", **said)
    do(stage, "site", f"{path}/promises", promise_what="call_back", promise_due_at=LATER,
       promise_who=numbers.one("promiser"), promise_courier=numbers.one("promise's courier"),
       promise_text=say("promise"))  # fmt: skip
    do(stage, "site", f"{path}/courier-sms", template="courier_delivery", request="call", due_at=LATER,
       name=f"张{numbers.one('courier name')}", phone=numbers.one("courier"))  # fmt: skip
    do(stage, "site", f"{path}/category", category="OTHER", text=say("category"))
    run = select(Clock.id).join(Ticket, Ticket.id == Clock.ticket_id).where(Clock.kind == "first_reply")
    do(stage, "site", f"{path}/exemption", "p.jpg", reason="other", facts=say("facts"), text=say("exemption"),
       clocks=str(newest(stage, run.where(Ticket.number == number))))  # fmt: skip
    do(stage, "site", f"{path}/result", confirmed="1", text=say("result"), contact_outcome="reached_accepts",
       finding_signed_by=numbers.one("signer"), answer="DONE", **{"supplement-tel": numbers.one("extra field")})  # fmt: skip
    do(stage, "site", f"{path}/told", contact_outcome="told", text=say("told"))
    do(stage, "site", f"{path}/customer-rejects", text=say("customer rejects"))


def write_on_others(stage: Stage, numbers: Numbers, others: dict[str, str]) -> None:
    """A refused return; a result accepted by telephone that the platform refuses; a ruling."""
    say, path = numbers.text, {name: f"/tickets/{number}" for name, number in others.items()}
    do(stage, "site", f"{path['returned']}/return", reason="outside_area", text=say("return"))
    do(stage, "lcs", f"{path['returned']}/return/ruling", decision="refuse", text=say("return ruling"))
    for name in ("accepted", "ruled"):
        do(stage, "site", f"{path[name]}/result", confirmed="1", text=say("answer"), contact_outcome="reached_accepts")
    do(stage, "site", f"{path['accepted']}/customer-accepts", text=say("customer accepts"))
    with stage.app.app_context():
        cast.tell(stage.cast, "REJECT", "ruled")
        with write() as session:
            mine = select(Ticket.id).where(Ticket.number == others["accepted"])
            row = session.scalars(select(Outbox).where(Outbox.ticket_id == mine.scalar_subquery())).one()
            callbacks.refused(session, row, "E1", say("refusal"), NOW)
            broken = {"state": "failed", "error": f"E1: {say('refusal in the outbox')}"}
            session.execute(update(Outbox).where(Outbox.id == row.id).values(**broken))
    do(stage, "ccs", f"{path['ruled']}/ruling", ruling="rejected_close", text=say("ruling"))


def write_elsewhere(stage: Stage, numbers: Numbers, number: str) -> None:
    """Incident, emergency, hand-over note, duty roster, couriers, the decision on the exemption."""
    say = numbers.text
    opened = do(stage, "lcs", "/incidents", title=say("incident"), kind="fire", province="33", text=say("more of it"))
    do(stage, "lcs", f"{opened.location}/add", words=number)
    do(stage, "ccs-manager", "/emergencies/new", confirmed="1", name=say("emergency"), area="33", duty_list=say("duty"),
       from_at="2026-11-18T14:00", until_at="2026-11-19T14:00", checklist=say("checklist"))  # fmt: skip
    do(stage, "site", "/handover", text=say("hand-over note"))
    do(stage, "site-manager", "/duty/entries", name=f"李{numbers.one('duty name')}", phone=numbers.one("duty phone"),
       when="daily", from_time="08:00", until_time="20:00")  # fmt: skip
    do(stage, "site-manager", "/duty/couriers", name=f"赵{numbers.one('list')}", phone=numbers.one("listed"),
       kind="courier")  # fmt: skip
    do(stage, "site-manager", "/duty/manager", manager_phone=numbers.one("manager"))
    asked = newest(stage, select(Exemption.id).order_by(Exemption.id.desc()))
    do(stage, "ccs-manager", f"/exemptions/{asked}/decide", verdict="refuse", decision=say("decision"))


@pytest.mark.parametrize("who", READERS)
def test_no_page_shows_a_telephone_number_out_of_a_text(
    stage: Stage, told: tuple[Numbers, list[str]], who: str
) -> None:
    numbers, tickets = told
    shown: dict[str, set[str]] = {}
    for path in addresses(stage, tickets):
        answer = stage.browsers[who].get(path)
        page = unicodedata.normalize("NFKC", f"{answer.headers} {words_of(answer)}")
        for number in set(re.findall(r"1398765\d{4}", page)) & numbers.of.keys():
            shown.setdefault(numbers.of[number], set()).add(path)
    assert shown == {}


def addresses(stage: Stage, tickets: list[str]) -> Iterator[str]:
    """Every page once, and those of the tickets with the sheets that quote somebody."""
    for line in LINES:
        if line.method == "GET" and not line.endpoint.startswith(("static", "health")):
            yield line.path.format(own=tickets[0], site=HERE)
    yield from (f"/tickets/{number}{part}" for number in tickets for part in SHEETS)
    yield from ("/tickets?queue=all", f"/tickets?q={PARCEL}", "/handover?all=1", f"/duty?site={HERE}")
