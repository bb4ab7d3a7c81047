"""The console gateway: accepts everything, keeps the proof, tells nothing personal."""

import json
import logging
import subprocess
import sys
import threading

import pytest

from app.integrations.sms import Found, Sent, SmsDriver, SmsError
from app.integrations.sms.console import ConsoleSms


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "sms.jsonl"


def test_it_is_a_driver(path):
    driver: SmsDriver = ConsoleSms(path)
    assert isinstance(driver.send("13812345678", "reminder", {"count": "4"}, "o-1"), Sent)


def test_what_was_accepted_can_be_asked_for_also_from_another_process(path):
    driver = ConsoleSms(path)
    assert driver.query("o-1").state == "not_found"
    driver.send("13812345678", "reminder", {}, "o-1")
    assert driver.query("o-1") == Found("sent", "console-0")
    assert driver.query("o-").state == "not_found"
    script = (
        "import sys, pathlib; from app.integrations.sms.console import ConsoleSms\n"
        "print(ConsoleSms(pathlib.Path(sys.argv[1])).query('o-1').state)"
    )
    found = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "sent"


def test_a_second_send_is_a_second_line_so_that_the_file_is_proof(path):
    driver = ConsoleSms(path)
    first, second = (driver.send("13812345678", "reminder", {}, "o-1") for _ in range(2))
    assert first.external_id != second.external_id
    assert [line["out_id"] for line in driver.accepted()] == ["o-1", "o-1"]
    assert [line["external_id"] for line in driver.accepted()] == [first.external_id, second.external_id]


def test_phone_and_values_stand_masked_in_file_and_log(path, caplog):
    caplog.set_level(logging.INFO)
    ConsoleSms(path).send("13812345678", "reminder", {"who": "王小明"}, "o-1\nforged line")
    assert len(caplog.messages) == 1
    assert "\n" not in caplog.messages[0]
    for told in (caplog.text, path.read_text(encoding="utf-8")):
        assert "13812345678" not in told
        assert "王小明" not in told
        assert "138******78" in told


def test_a_line_torn_by_a_crash_was_never_accepted_and_harms_no_other(path):
    driver = ConsoleSms(path)
    driver.send("13812345678", "reminder", {}, "o-1")
    with path.open("ab") as file:
        file.write(b'{"out_id": "o-2", "pho')
    assert driver.query("o-2").state == "not_found"
    driver.send("13812345678", "reminder", {}, "o-3")
    assert [line["out_id"] for line in driver.accepted()] == ["o-1", "o-3"]


def test_many_senders_at_once_lose_no_line(path):
    def send(worker):
        for n in range(25):
            ConsoleSms(path).send("13812345678", "reminder", {}, f"{worker}-{n}")

    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({line["out_id"] for line in lines}) == len({line["external_id"] for line in lines}) == 100


def test_a_file_that_cannot_be_written_is_a_transient_error_and_one_that_cannot_be_read_unknown(tmp_path):
    driver = ConsoleSms(tmp_path)
    with pytest.raises(SmsError) as caught:
        driver.send("13812345678", "reminder", {}, "o-1")
    assert (caught.value.code, caught.value.permanent) == ("io", False)
    assert driver.query("o-1").state == "unknown"
