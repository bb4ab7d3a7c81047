"""The form reader: what a browser without scripts would send."""

from simulator.pageforms import read_page, with_action, with_password

PAGE = """
<a href="/tickets/KF260101-000001">one</a>
<form action="/tickets/KF1/claim" method="post"><input type="hidden" name="csrf_token" value="t1"><button>领取</button></form>
<form action="/tickets/KF1/result" method="post" id="r">
  <input type="hidden" name="csrf_token" value="a&amp;b"><input type="hidden" name="version" value="4">
  <select name="answer"><option value="">请选择</option><option value="A">a</option><option value="B" selected>b</option></select>
  <select name="contact_outcome"><option value="">-</option><option value="yes">y</option></select>
  <input type="radio" name="kind" value="x"><input type="radio" name="kind" value="y" checked>
  <input type="checkbox" name="verified" value="y">
  <input name="off" value="1" disabled><input type="submit" name="go" value="1">
  <textarea name="text">
 old &lt;b&gt;</textarea>
  <button formaction="/tickets/KF1/note">note</button>
</form>
<input name="outside" value="o" form="r">
"""


def form(suffix):
    forms, _links = read_page(PAGE)
    return with_action(forms, suffix)


def test_defaults_are_kept_and_fields_filled():
    found, address = form("/result")
    sent = found.filled({"text": "新", "contact_outcome": "yes", "verified": "1", "confirmed": "1"})
    assert address == "/tickets/KF1/result"
    assert dict(sent) == {
        "csrf_token": "a&b", "version": "4", "answer": "B", "kind": "y", "outside": "o", "text": "新",
        "contact_outcome": "yes", "verified": "y", "confirmed": "1",
    }  # fmt: skip


def test_untouched_values_are_those_of_the_page():
    sent = dict(form("/result")[0].filled({}))
    assert sent["text"] == " old <b>"
    assert "verified" not in sent and "off" not in sent and "go" not in sent


def test_an_unknown_choice_becomes_the_first_real_one():
    assert dict(form("/result")[0].filled({"answer": "Z"}))["answer"] == "A"
    assert dict(form("/result")[0].filled({"kind": "x"}))["kind"] == "x"


def test_a_button_may_send_the_form_elsewhere():
    assert form("/note")[1] == "/tickets/KF1/note"
    assert form("/close") is None


def test_links_and_the_sign_in_form():
    forms, links = read_page(PAGE + '<form method="post"><input name="a"><input type="password" name="p"></form>')
    assert links == ["/tickets/KF260101-000001"]
    assert [control.name for control in with_password(forms).inputs] == ["a", "p"]
