"""The linter finds what the gateways and carriers refuse, and lets our own texts pass."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.sms_content import LONGEST, Finding, length, lint, parts, value_faults
from app.domain.sms_templates import PURPOSES

GOOD = PURPOSES["due_soon"].proposal


def found(text: str, driver: str = "aliyun", purpose: str = "due_soon", **more) -> dict[str, Finding]:
    given = {"signature": "快复", "signatures": ("快复",), "link_hosts": ("kf.example.com",), **more}
    return {finding.code: finding for finding in lint(text, purpose=purpose, driver=driver, **given)}


@pytest.mark.parametrize("driver", ["tencent", "aliyun"])
@pytest.mark.parametrize("purpose", ["due_soon", "overdue", "test"])
def test_our_own_proposals_pass_at_both_gateways_in_one_part(driver, purpose):
    assert found(PURPOSES[purpose].proposal, driver, purpose) == {}


def test_the_customers_link_passes_at_aliyun_once_its_host_is_approved_and_never_at_tencent():
    text = PURPOSES["result_link"].proposal
    assert found(text, purpose="result_link")["link"].detail == "kuaifu.example.com"
    approved = found(text, purpose="result_link", link_hosts=("kuaifu.example.com",))
    assert set(approved) == {"parts"} and not approved["parts"].serious
    assert "touching_variables" in found(text, "tencent", "result_link", link_hosts=("kuaifu.example.com",))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("【快复】" + GOOD, "brackets"),
        ("[通知]" + GOOD, "brackets"),
        (GOOD + "★", "odd_character"),
        (GOOD + "😀", "odd_character"),
        (GOOD + "\n", "control_character"),
        (GOOD + "\u200b", "control_character"),
        (GOOD + "{1}", "bad_placeholder"),
        (GOOD + "${COUNT}", "bad_placeholder"),
        (GOOD + "${name}", "unknown_variable"),
        (GOOD + "${count}", "repeated_variable"),
        ("${count}${left}", "only_variables"),
        ("请看${count}单", "only_variables"),
        (GOOD + "详见 www.example.net", "link"),
        (GOOD + "详见https://t.example.net/x", "link"),
        (GOOD + "详见ｗｗｗ.example.net", "link"),
        (GOOD + "详见http://192.0.2.1/x", "link"),
        (GOOD + "详见www.${left}.com", "variable_link"),
        (GOOD + "详见https://${left}.example.com", "variable_link"),
        (GOOD + "电话13812345678", "mobile_number"),
        (GOOD + "电话 138 1234 5678", "mobile_number"),
        (GOOD + "电话１３８１２３４５６７８", "mobile_number"),
        (GOOD + "电话+86-13812345678", "mobile_number"),
        (GOOD + "送到文三路478号", "address"),
        (GOOD + "联系王先生", "person"),
        (GOOD + "否则起诉", "banned_word"),
        (GOOD + "请尽快催 款", "banned_word"),
        (GOOD + "催-款", "banned_word"),
        (GOOD + "字" * 500, "too_long"),
        (GOOD + "字" * 60, "parts"),
    ],
)
def test_what_a_gateway_refuses_is_found(text, code):
    remarks = found(text)
    assert code in remarks
    assert remarks[code].serious == (code != "parts")


@pytest.mark.parametrize(
    "text", ["详见kf.example.com/a", "客服 0571-88888888", "客服4001234567", "客服95311", "12:30前"]
)
def test_what_is_allowed_passes(text):
    assert not {code for code, finding in found(GOOD + text).items() if finding.serious}


@pytest.mark.parametrize(
    ("signature", "signatures", "code"),
    [("", (), "no_signature"), ("快", ("快",), "bad_signature"), ("快复！", ("快复！",), "bad_signature"),
     ("快" * 13, ("快" * 13,), "bad_signature"), ("快复", ("别家",), "unregistered_signature")],
)  # fmt: skip
def test_a_signature_must_be_there_well_formed_and_approved(signature, signatures, code):
    assert set(found(GOOD, signature=signature, signatures=signatures)) == {code}


def test_two_variables_may_not_touch_at_tencent_only():
    text = GOOD.replace("剩${left}，${due_time}", "剩${left} ${due_time}")
    assert "touching_variables" in found(text, "tencent")
    assert "touching_variables" not in found(text, "aliyun")


def test_serious_remarks_come_first():
    order = [finding.serious for finding in lint("字" * 80 + "法院", purpose="test", driver="aliyun", signature="")]
    assert order == sorted(order, reverse=True) and {True, False} == set(order)


@pytest.mark.parametrize(
    ("characters", "n"), [(0, 1), (1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)]
)
def test_seventy_characters_are_one_part_and_longer_ones_are_billed_by_sixty_seven(characters, n):
    assert parts(characters) == n


def test_the_signature_counts_with_its_brackets_and_every_sign_counts_one():
    assert length("a${count}。", "快复", {"count": "12"}) == 4 + 1 + 2 + 1
    assert length("abc", "", {}) == 3


SAMPLES = PURPOSES["due_soon"].samples


def test_ordinary_values_may_leave():
    assert value_faults("due_soon", SAMPLES) == ()


@pytest.mark.parametrize(
    ("value", "code"),
    [("", "empty_value"), (" ", "empty_value"), ("1234567", "long_value"), ("【1】", "brackets"), ("a.cn", "link"),
     ("ａ.cn", "link"), ("13812345678", "mobile_number"), ("1\n2", "control_character"), ("\u202e1", "control_character")],
)  # fmt: skip
def test_a_value_that_must_not_leave_is_named(value, code):
    assert (code, "left") in {(f.code, f.detail) for f in value_faults("due_soon", {**SAMPLES, "left": value})}


@given(st.text(max_size=LONGEST), st.sampled_from(["tencent", "aliyun"]), st.sampled_from(sorted(PURPOSES)))
def test_no_text_breaks_the_linter(text, driver, purpose):
    for finding in lint(text, purpose=purpose, driver=driver, signature="快复", signatures=("快复",)):
        assert finding.code


def test_a_text_beyond_all_measure_is_too_long_at_once() -> None:
    started = time.perf_counter()
    found = lint("y" * 100_000, purpose="test", driver="tencent", signature="快复")
    assert [(one.code, one.serious) for one in found] == [("too_long", True)]
    assert time.perf_counter() - started < 1
