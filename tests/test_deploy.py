"""The files in deploy/ are what they say: each is read by its own rules, and every command and address in them exists."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from unittest.mock import Mock

import pytest
import yaml
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from gunicorn.http.wsgi import create
from sqlalchemy import text

from app.models.dialect import OF_A_SESSION
from app.web import attachments
from launcher.processes import die_with_parent
from launcher.redis import find_server, ping
from launcher.run import programs
from launcher.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
PYTHON = "/srv/kuaifu/.venv/bin/"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


class Plain(configparser.ConfigParser):
    """Keys as they are written; a key may come twice."""

    def optionxform(self, key: str) -> str:
        return key


def ini(path: Path) -> configparser.ConfigParser:
    made = Plain(strict=False, interpolation=None, comment_prefixes=("#", ";"), inline_comment_prefixes=None)
    made.read_string(path.read_text())
    return made


def words_of(path: Path) -> list[list[str]]:
    """The lines of a file of Redis or PostgreSQL in words, comments left out."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return [shlex.split(line) for line in lines if line and not line.startswith("#")]


# --- commands ---


def commands() -> list[tuple[str, list[str]]]:
    """Every command that starts a process of the portal: where it stands, and its words."""
    found = []
    for unit in UNITS:
        lines = re.findall(r"^ExecStart=(.+)$", unit.read_text(), re.MULTILINE)
        assert lines, unit
        found += [(unit.name, shlex.split(line)) for line in lines]
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    for name, service in services.items():
        if service.get("image") == "kuaifu":
            words = service["command"]
            parts = words[2].split(" && ") if words[:2] == ["sh", "-c"] else [shlex.join(words)]
            found += [(f"compose {name}", shlex.split(part)) for part in parts]
    last = re.findall(r"^CMD (\[.+\])$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    return [*found, ("Dockerfile", yaml.safe_load(last[-1]))]


@pytest.mark.parametrize(("place", "words"), commands(), ids=lambda one: one if isinstance(one, str) else one[0])
def test_each_command_is_one_that_the_portal_has(app, place, words):
    program, *rest = [word.removeprefix(PYTHON) for word in words]
    if (program, rest[0]) == ("python", "-m"):
        program, *rest = rest[1:]
    if program == "gunicorn":
        assert rest[-1] == "wsgi:app" and (ROOT / "wsgi.py").exists()
        assert (ROOT / ".venv" / "bin" / "gunicorn").exists() or shutil.which("gunicorn")
    elif program == "flask":
        assert rest[:2] == ["--app", "wsgi"]
        command = app.cli
        for word in rest[2:]:
            command = command.commands[word]
    else:
        assert (program, rest[0]) == ("python", "worker.py")
        assert all(f'"{flag}" in sys.argv' in (ROOT / "worker.py").read_text() for flag in rest[1:])


def web_servers() -> list[list[str]]:
    """The words after `gunicorn` of each command that starts it."""
    settings = Settings(Path("var"), 8000, "demo", "", "")
    started = [words for _place, words in commands()] + [programs(settings)["web"]]
    words_after = [words[i + 1 :] for words in started for i, word in enumerate(words) if word.endswith("gunicorn")]
    assert len(words_after) == 4
    return words_after


@pytest.mark.parametrize("words", web_servers(), ids=["systemd", "compose", "image", "make run"])
def test_no_header_of_a_client_on_loopback_moves_the_portals_address_or_its_scheme(words):
    config, peer = Config(), ("127.0.0.1", 40000)
    for name, value in vars(config.parser().parse_args(words)).items():
        if value is not None and name != "args":
            config.set(name, value)
    said = b"SCRIPT_NAME: /evil\r\nPATH_INFO: /metrics\r\nX-Forwarded-Proto: https\r\nX_Forwarded_For: 127.0.0.1\r\n"
    asked = next(RequestParser(config, iter([b"GET /evil/tickets HTTP/1.1\r\nHost: x\r\n" + said + b"\r\n"]), peer))
    _answer, told = create(asked, Mock(), peer, ("127.0.0.1", 8000), config)
    assert (told["SCRIPT_NAME"], told["PATH_INFO"], told["wsgi.url_scheme"]) == ("", "/evil/tickets", "http")
    assert "HTTP_X_FORWARDED_FOR" not in told


def test_systemd_and_compose_start_every_process_once():
    kinds = {"web", "worker", "exports", "scheduler", "upgrade"}
    assert {unit.stem.removeprefix("kuaifu-").rstrip("@") for unit in UNITS} == kinds
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert {name for name, one in services.items() if one.get("image") == "kuaifu"} == kinds
    wanted = ini(DEPLOY / "systemd" / "kuaifu.target")["Unit"]["Wants"].split()
    assert {re.sub(r"@\d+", "@", name) for name in wanted} == {unit.name for unit in UNITS} - {"kuaifu-upgrade.service"}


def test_units_have_time_to_stop_and_come_again_and_write_only_into_their_folder():
    for unit in UNITS:
        said = ini(unit)
        assert set(said.sections()) == {"Unit", "Service", "Install"}
        assert said["Service"]["ProtectSystem"] == "strict" and said["Service"]["StateDirectory"] == "kuaifu"
        if unit.name != "kuaifu-upgrade.service":
            assert said["Service"]["Restart"] == "always" and int(said["Service"]["TimeoutStopSec"]) > 30


def test_every_setting_named_in_the_files_is_one_that_the_portal_reads():
    known = (ROOT / "app" / "config.py").read_text()
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    named = set(services["x-portal"]["environment"])
    named |= set(re.findall(r"^([A-Z_]+)=", (DEPLOY / "kuaifu.env").read_text(), re.MULTILINE))
    named |= set(
        re.findall(r"\b([A-Z_]{6,})=", "".join(file.read_text() for file in DEPLOY.glob("*/*") if file.is_file()))
    )
    others = {"POSTGRES_PASSWORD", "MALLOC_ARENA_MAX"}  # what the server and the C library read
    assert {name for name in named - others if f'"{name}"' not in known} == set()


def test_every_file_of_the_folder_is_explained_to_operators():
    said = (ROOT / "docs" / "operators.md").read_text()
    files = [file for file in DEPLOY.rglob("*") if file.is_file()]
    assert [file.name for file in files if file.name not in said] == []


# --- web servers ---


@pytest.mark.parametrize("file", ["nginx/kuaifu.conf", "nginx/upstream.conf", "nginx/upstream-compose.conf"])
def test_every_line_of_nginx_ends_and_every_block_closes(file):
    depth = 0
    for number, line in enumerate((DEPLOY / file).read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        assert not line or line[-1] in ";{}", f"{file}:{number}"
        depth += line.count("{") - line.count("}")
        assert depth >= 0
    assert depth == 0


def test_the_addresses_that_the_web_servers_treat_apart_exist(app):
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    nginx, haproxy = (DEPLOY / "nginx/kuaifu.conf").read_text(), (DEPLOY / "haproxy/haproxy.cfg").read_text()
    for start in ("/r/", "/s/", "/password/", "/sms/receipts/"):
        assert any(rule.startswith(start) for rule in rules)
    assert "~^/(r|s|password)/ 0;" in nginx and "~^/sms/receipts/ 0;" in nginx
    assert {"/healthz", "/metrics"} <= rules
    assert "httpchk GET /healthz" in haproxy and "path /metrics" in haproxy and "location = /metrics" in nginx


def test_no_log_of_the_web_servers_has_what_was_searched_for():
    nginx, haproxy = (DEPLOY / "nginx/kuaifu.conf").read_text(), (DEPLOY / "haproxy/haproxy.cfg").read_text()
    assert re.findall(r"access_log (\S+) ?(\w*)", nginx) == [("off;", ""), ("/var/log/nginx/kuaifu.log", "kuaifu")]
    named = set(re.findall(r"\$(\w+)", re.search(r"^log_format kuaifu (.+);$", nginx, re.MULTILINE)[1]))
    assert "uri" in named and not named & {"request", "request_uri", "args", "query_string", "http_referer"}
    assert not re.search(r"^\s*(?:log|option httplog|log-format)\b", haproxy, re.MULTILINE), (
        "it writes no log of requests"
    )


def test_a_form_with_pictures_and_a_list_get_through_nginx_as_large_as_the_portal_takes_them(app):
    nginx = (DEPLOY / "nginx/kuaifu.conf").read_text()
    large = re.findall(r"location ~ (\S+) \{\s+client_max_body_size (\d+)m;", nginx)
    rooms = dict.fromkeys(attachments.TAKES_PICTURES, attachments.ROOM) | dict.fromkeys(
        attachments.TAKES_SHEETS, attachments.SHEET_ROOM
    )
    for rule in app.url_map.iter_rules():
        if rule.endpoint in rooms:
            taken = next((int(most) * 2**20 for begins, most in large if re.match(begins, rule.rule)), 0)
            assert taken >= rooms[rule.endpoint], rule.rule


def test_what_a_client_says_of_itself_is_never_passed_on():
    nginx, haproxy = (DEPLOY / "nginx/kuaifu.conf").read_text(), (DEPLOY / "haproxy/haproxy.cfg").read_text()
    assert "underscores_in_headers off;" in nginx and "option http-restrict-req-hdr-names delete" in haproxy
    assert "proxy_add_x_forwarded_for" not in nginx and "option forwardfor" not in haproxy
    for header in ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"):
        assert f"proxy_set_header {header} " in nginx and f"set-header {header} " in haproxy


def test_no_proxy_lets_a_slow_body_hold_a_web_process():
    nginx, haproxy = (DEPLOY / "nginx/kuaifu.conf").read_text(), (DEPLOY / "haproxy/haproxy.cfg").read_text()
    assert "proxy_request_buffering off" not in nginx and "proxy_buffering off" not in nginx
    defaults = haproxy.split("frontend ")[0]
    assert "\n    option http-buffer-request\n" in defaults and "timeout http-request " in defaults


def test_haproxy_sends_to_a_backend_that_it_has():
    lines = [line.split("#")[0].split() for line in (DEPLOY / "haproxy/haproxy.cfg").read_text().splitlines()]
    sections = {
        tuple(words[:2]) for words in lines if words and words[0] in ("global", "defaults", "frontend", "backend")
    }
    assert {("backend", words[1]) for words in lines if words[:1] == ["default_backend"]} <= sections
    assert sum(words[:1] == ["server"] for words in lines) >= 2


# --- database, pooler, Redis ---


@pytest.mark.postgresql_only
@pytest.mark.parametrize("file", ["postgresql.conf", "replica.conf"])
def test_postgresql_knows_every_setting_and_takes_its_value(database, file):
    rows = database.session.execute(text("SELECT name, vartype, enumvals FROM pg_settings")).all()
    known = {row.name: row for row in rows}
    for name, equals, value in words_of(DEPLOY / "postgresql" / file):
        assert equals == "=" and name in known
        kind = known[name].vartype
        if kind == "enum":
            assert value in known[name].enumvals
        elif kind != "string":
            assert re.fullmatch(r"on|off" if kind == "bool" else r"[\d.]+(MB|GB|s|min)?", value), name


def test_postgresql_has_what_the_portal_cannot_set_behind_a_pooler():
    said = {name: value for name, _equals, value in words_of(DEPLOY / "postgresql" / "postgresql.conf")}
    names = ("random_page_cost", "jit", "fsync", "synchronous_commit")
    assert [said[name] for name in names] == ["1.1", "off", "on", "on"]
    here = dict(one.split(" = ") for one in OF_A_SESSION)
    assert {name: said[name].removesuffix("s") for name in here if "keepalives" in name} == {
        name: value for name, value in here.items() if "keepalives" in name
    }
    assert said["tcp_user_timeout"] == "10s"


def test_the_pooler_hands_connections_out_for_a_transaction_and_gives_up_before_the_portal_does():
    said = ini(DEPLOY / "pgbouncer" / "pgbouncer.ini")
    assert set(said.sections()) == {"databases", "pgbouncer"} and "kuaifu" in said["databases"]
    assert said["pgbouncer"]["pool_mode"] == "transaction"
    assert int(said["pgbouncer"]["query_wait_timeout"]) <= 5  # seconds in which the portal has to answer 503
    waits = [int(said["pgbouncer"][name]) for name in ("tcp_keepidle", "tcp_keepintvl", "tcp_keepcnt")]
    assert waits[0] + waits[1] * waits[2] <= 15 and int(said["pgbouncer"]["tcp_user_timeout"]) == 10_000


@pytest.mark.parametrize("file", ["redis.conf", "sentinel.conf"])
def test_redis_starts_with_the_file(tmp_path, file):
    place = tmp_path / "redis.sock"
    kept = [words for words in words_of(DEPLOY / "redis" / file) if words[0] not in ("port", "bind")]
    lines = [" ".join(f'"{word}"' for word in words).replace("10.0.0.21", "127.0.0.1") for words in kept]
    lines += ["port 0", f'unixsocket "{place}"', f'dir "{tmp_path}"']
    (tmp_path / file).write_text("\n".join(lines))
    extra = ["--sentinel"] if file == "sentinel.conf" else []
    process = subprocess.Popen(
        [str(find_server()), str(tmp_path / file), *extra], stdout=subprocess.PIPE, preexec_fn=die_with_parent
    )
    try:
        end = time.monotonic() + 20
        while not ping(place) and time.monotonic() < end and process.poll() is None:
            time.sleep(0.05)
        assert ping(place), process.communicate(timeout=5)[0].decode()
    finally:
        process.kill()
        process.wait()


def test_the_queue_is_never_thrown_out_of_memory():
    assert ["maxmemory-policy", "noeviction"] in words_of(DEPLOY / "redis" / "redis.conf")
