"""How a complaint ends without its site, and what stands around complaints: closures, exemptions, incidents, rosters."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from simulator.server import Simulator
from tests.browser import steps
from tests.browser.steps import answer, enter_by_hand, finish, sheet
from tests.pictures import photo

# Each of these runs on a desk without scripting and on a phone with it.
CORNERS = pytest.mark.parametrize(("size", "scripting"), [("desktop", False), ("phone", True)])
pytestmark = pytest.mark.usefixtures("size", "scripting")
PROOF = {"name": "通话截图.jpg", "mimeType": "image/jpeg", "buffer": photo(400, 300)}
CLOSED_SITE = "330105-02"  # a site of the province that no other test works with
PAST_CLOSING = timedelta(hours=24 + 4)  # the close clock and the superior's waiting time


@pytest.fixture
def later(portal_folder: Path, portal: str) -> Callable[[str, timedelta], None]:
    """Lets a ticket's close clock and the urge since then lie that much further back."""

    def move(number: str, by: timedelta) -> None:
        back = f"-{int(by.total_seconds())} seconds"
        with closing(sqlite3.connect(portal_folder / "data" / "kuaifu.sqlite3", timeout=20)) as database, database:
            for table, columns, which in (
                ("clock", ("started_at", "due_at"), "kind = 'close' AND ticket_id"), ("ticket", ("urged_at",), "id"),
            ):  # fmt: skip
                aged = ", ".join(
                    f"{name} = strftime('%Y-%m-%d %H:%M:%f', {name}, '{back}') || '000'" for name in columns
                )
                found = "(SELECT id FROM ticket WHERE number = ?)"
                database.execute(f"UPDATE {table} SET {aged} WHERE {which} = {found}", (number,))

    return move


def by_phone(page: Page, platform: Simulator, text: str) -> str:
    """A complaint that the site took by telephone; its number."""
    steps.enter(page, "site")
    return enter_by_hand(page, steps.parcel(platform), text)


def at(page: Page, account: str, number: str) -> None:
    """The ticket as that desk sees it."""
    steps.enter(page, account)
    page.goto(f"/tickets/{number}")


def send(form: Locator, **typed: str) -> None:
    """Fill a form and press its main button."""
    for name, value in typed.items():
        steps.fill(form, name, value)
    steps.submit(form)


@CORNERS
def test_a_superior_closes_an_accepted_complaint_only_when_the_site_was_urged_and_its_time_is_over(
    page: Page, platform: Simulator, later: Callable[[str, timedelta], None]
) -> None:
    number = by_phone(page, platform, "放在驿站没有通知。")
    answer(page, "已取回送上门。")
    form = sheet(page, "已告知客户")
    steps.fill(form, "contact_outcome", "told")
    steps.fill(form, "text", "电话告知已送上门。")
    finish(page, form)
    expect(page.locator(".panel", has_text="本轮联系记录")).to_contain_text("已告知投诉人本人")
    form = sheet(page, "客户认可")
    steps.fill(form, "text", "客户说可以了。")
    finish(page, form)
    at(page, "lcs", number)
    expect(page.locator("details.more a", has_text="上级介入完结")).to_have_count(0)  # not before an urge
    finish(page, sheet(page, "催办站点"))
    form = sheet(page, "上级介入完结")
    expect(form).to_contain_text("起可介入")
    steps.fill(form, "root_cause", "courier")
    steps.fill(form, "text", "客户已认可，站点迟迟不完结。")
    form.locator(".foot button:not([formaction])").click()
    expect(page.locator("#ticket [role=alert]").first).to_contain_text("起上级方可介入完结")
    expect(form.locator("[name=text]")).to_have_value("客户已认可，站点迟迟不完结。")
    later(number, PAST_CLOSING)
    finish(page, form)
    expect(steps.state(page)).to_have_text("完结")
    expect(steps.posts(page).filter(has_text="站点迟迟不完结")).to_contain_text("上级介入完结")


@CORNERS
def test_a_complaint_is_withdrawn_only_with_a_screenshot(page: Page, platform: Simulator) -> None:
    by_phone(page, platform, "说是丢了。")
    form = sheet(page, "撤销投诉")
    steps.fill(form, "reason", "by_phone")
    steps.fill(form, "text", "客户来电说已找到。")
    form.locator(".foot button:not([formaction])").click()
    expect(page.locator("#sheet .tray .error")).to_have_text("请选择图片")
    form = page.locator("#sheet")
    expect(form.locator("[name=text]")).to_have_value("客户来电说已找到。")
    form.locator("input[type=file]").set_input_files([PROOF])
    finish(page, form)
    expect(steps.state(page)).to_have_text("已撤销")
    entry = steps.posts(page).filter(has_text="客户来电说已找到。")
    expect(entry).to_contain_text("凭证撤销")
    expect(entry.locator(".pictures img")).to_have_count(1)


@CORNERS
def test_a_customer_who_rejects_on_the_telephone_comes_before_headquarters(page: Page, platform: Simulator) -> None:
    number = by_phone(page, platform, "没送到就签收了。")
    answer(page, "已致歉说明。")
    form = sheet(page, "客户不认可")
    form.locator(".foot button:not([formaction])").click()
    expect(page.locator("#sheet-text-error")).to_have_text("请填写")
    steps.fill(page.locator("#sheet"), "text", f"客户说还是没收到。{number}")
    finish(page, page.locator("#sheet"))
    expect(steps.state(page)).to_have_text("客户申诉")
    steps.enter(page, "ccs")
    page.goto("/appeals")
    expect(page.locator("main", has_text=number)).to_be_visible()


@CORNERS
def test_a_closed_sites_new_tickets_go_to_its_deputy_until_it_opens_again(page: Page, platform: Simulator) -> None:
    steps.enter(page, "lcs")
    page.goto("/closures")
    form = page.locator("main form.sheetform")
    today = datetime.now(steps.SHANGHAI).date().isoformat()
    send(form, site_code=CLOSED_SITE, from_day=today, deputy_code=CLOSED_SITE, reason="power")
    expect(form.locator(".error").first).to_be_visible()  # nobody stands in for oneself
    send(form, deputy_code=steps.SITE)
    row = page.locator("main tbody tr", has_text=CLOSED_SITE)
    expect(row).to_contain_text("西湖文三站")
    code = steps.push(platform, site=CLOSED_SITE)
    steps.enter(page, "site")
    steps.find(page, code)
    expect(page.locator("#ticket form[action$='/claim'] button")).to_be_visible()
    expect(page.locator("#ticket .thread")).to_contain_text("代理歇业站点")  # why it has another site's parcel
    steps.enter(page, "lcs")
    page.goto("/closures")
    row.locator("form[action$='/end'] button").click()
    expect(row).to_have_count(0)
    code = steps.push(platform, site=CLOSED_SITE)
    steps.enter(page, "site")
    page.goto(f"/tickets?q={code}")
    expect(page.locator("#ticket > header")).to_have_count(0)


@CORNERS
def test_an_exemption_that_the_site_proves_and_the_province_grants_is_explained_by_the_clock(
    page: Page, platform: Simulator
) -> None:
    code = steps.push(platform)
    steps.enter(page, "site")
    number = steps.find(page, code)
    form = sheet(page, "申请考核剔除")
    form.locator("[name=clocks]").select_option(label="首次回复")
    steps.fill(form, "reason", "power_network")
    steps.fill(form, "text", "全镇停电，见供电局通知。")
    form.locator("input[type=file]").set_input_files([PROOF])
    finish(page, form)
    expect(steps.posts(page).filter(has_text="全镇停电").locator(".pictures img")).to_have_count(1)
    steps.enter(page, "lcs")
    page.goto("/exemptions?state=asked")
    card = page.locator(".card", has_text=number)
    expect(card).to_contain_text("全镇停电")
    card.locator("button[value=refuse]").click()
    expect(card.locator(".error")).to_be_visible()  # a refusal needs its reasons
    card.locator("button[value=grant]").click()
    expect(card).to_contain_text("已同意")
    at(page, "site", number)
    steps.reload_until(page, page.locator(".panel", has_text="考核剔除"), "已同意")
    page.locator("#ticket header a.chip", has_text="首次回复").click()
    expect(page.locator(".clockfacts")).to_contain_text("计时中 · 考核剔除")
    expect(page.locator(".clockpage")).to_contain_text("考核剔除 · 停电或断网")


@CORNERS
def test_an_incident_answers_each_of_its_tickets_once_and_asks_one_exemption(page: Page, platform: Simulator) -> None:
    codes = [steps.push(platform, category="DELAYED") for _ in range(2)]
    steps.enter(page, "site")
    numbers = [steps.find(page, code) for code in codes]
    steps.enter(page, "lcs")
    page.goto("/incidents")
    opener = page.locator("details.opener")
    if opener.get_attribute("open") is None:
        opener.locator("summary").click()
    send(opener.locator("form"), title=f"货车起火 {numbers[0]}", kind="fire")
    form = page.locator("form[action*='/add#']")
    steps.fill(form, "words", f"{' '.join(numbers)} KF000000-000000")
    form.locator("button").click()
    expect(page.locator("main ul.error")).to_contain_text("KF000000-000000")
    expect(page.locator("main ul.error")).to_be_in_viewport()
    expect(page.locator("#tickets tbody tr")).to_have_count(2)
    reply = page.locator("#tickets")
    for name, value in {"answer": "REDELIVER", "action_taken": "redelivered", "supplement-signer": "客户本人",
                        "text": "车辆起火，正在逐件核对并重新派送。"}.items():  # fmt: skip
        steps.fill(reply, name, value)
    steps.submit(reply)
    expect(page.locator(".leaving .said")).to_have_text("车辆起火，正在逐件核对并重新派送。")
    expect(page.locator(".leaving .said")).to_be_in_viewport()
    steps.submit(reply)
    expect(reply.locator("tbody .chip.good")).to_have_count(2)
    orders = [platform.ledger.orders[code] for code in codes]
    assert platform.ledger.wait(lambda: all(len(order.results) == 1 for order in orders), 15), "a callback is missing"
    ask = page.locator("form[action$='/exemption']")
    for name, value in {"reason": "force_majeure", "facts": "货车起火", "text": "见消防证明。"}.items():
        steps.fill(ask, name, value)
    ask.locator("button").click()
    expect(page.locator(".flash.ok")).to_be_visible()
    steps.enter(page, "lcs-manager")
    page.goto("/exemptions?state=asked")
    card = page.locator(".card", has_text=numbers[0])
    expect(card).to_contain_text(numbers[1])  # one request for both
    card.locator("button[value=grant]").click()
    expect(card).to_contain_text("已同意")
    for number in numbers:
        at(page, "lcs-manager", number)
        steps.reload_until(page, page.locator(".panel", has_text="考核剔除"), "已同意")


@CORNERS
def test_a_years_days_are_tried_out_each_bad_row_named_and_then_stored(page: Page, size: str) -> None:
    year = datetime.now(steps.SHANGHAI).year + 1
    steps.enter(page, "admin")
    page.goto(f"/admin/calendars/days/{year}")
    form = page.locator("#import")
    rows = [f"{year}-01-01,holiday,元旦", f"{year}-01-09,working,{size}调休"]
    steps.fill(form, "text", "\n".join([*rows, f"{year}-13-01,holiday,错行"]))
    form.locator("button[value=check]").click()
    expect(form.locator("[role=alert] li")).to_contain_text("错行")
    expect(form.locator("[role=alert]")).to_be_in_viewport()  # at the end of a long page, and seen at once
    steps.fill(form, "text", "\n".join(rows))
    form.locator("button[value=check]").click()
    expect(form.locator("[role=status]")).to_contain_text(f"{size}调休")
    form.locator("button[value=store]").click()
    expect(page.locator(".flash.ok")).to_be_visible()
    expect(page.locator("main tbody tr")).to_have_text([re.compile("元旦"), re.compile(f"{size}调休")])


@CORNERS
def test_an_imported_customer_is_known_by_its_waybills_with_tier_and_requirements(
    page: Page, platform: Simulator, size: str
) -> None:
    prefix = {"desktop": "IMA", "phone": "IMB"}[size]
    line = f"{prefix},进口旗舰店,vip,,{prefix},,先联系再派送，不放驿站,1"
    steps.enter(page, "admin")
    page.goto("/admin/customers-import")
    form = page.locator("main form")
    columns = "code,name,tier,phones,prefixes,names,requirements,active"
    steps.fill(form, "text", f"{columns}\n{line.replace('vip', 'v i p')}")
    form.locator("button[value='0']").click()
    expect(page.locator("main .stack tbody tr")).to_contain_text(prefix)
    expect(page.locator("main .stack tbody td.n")).to_be_visible()  # which line it is, on a phone too
    form.locator("input[type=file]").set_input_files(
        [{"name": "客户.csv", "mimeType": "text/csv", "buffer": f"{columns}\n{line}\n".encode("gb18030")}]
    )
    form.locator("button[value='0']").click()
    expect(page.locator(".flash.ok")).to_be_visible()
    form.locator("button[value='1']").click()
    expect(page.locator("main tbody tr", has_text=prefix)).to_contain_text("vip")
    steps.enter(page, "site")
    enter_by_hand(page, steps.parcel(platform, prefix), "没有收到。")
    expect(page.locator("#ticket header .chip", has_text="vip")).to_be_visible()
    expect(page.locator("#ticket")).to_contain_text("先联系再派送，不放驿站")


@CORNERS
def test_whoever_is_on_the_roster_is_told_when_the_province_urges(page: Page, platform: Simulator) -> None:
    steps.enter(page, "site-manager")
    page.goto("/duty")
    form = page.locator("form[action$='/duty/entries']")
    today = datetime.now(steps.SHANGHAI).date().isoformat()
    send(form, name="周末值班", phone="1391", when="day", day=today, from_time="00:00", until_time="23:59")
    expect(form.locator(".error").first).to_be_visible()
    expect(form.locator("[name=name]")).to_have_value("周末值班")
    send(form, phone="13911113333")
    expect(page.locator(".dutynow")).to_contain_text("周末值班")
    steps.enter(page, "site")
    number = steps.find(page, steps.push(platform))
    at(page, "lcs", number)
    finish(page, sheet(page, "催办站点"))
    expect(steps.posts(page).filter(has_text="上级催办").last).to_contain_text("139******33")
    steps.enter(page, "site-manager")
    page.goto("/duty")
    page.locator("main tbody tr", has_text="周末值班").locator("form[action$='/end'] button").click()
    expect(page.locator(".dutynow")).not_to_contain_text("周末值班")
