"""The portal of one run: its real processes twice each, their Redis and database, and the fake world around them."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests
from redis import Redis
from redis.exceptions import RedisError

from chaos import clock, keeper, plan
from chaos.keeper import Program, Start
from chaos.machine import Place
from chaos.postgres import Guest, Server
from launcher import run
from launcher.processes import fresh_log, spawn
from launcher.settings import CONNECTION, HOST, ROOT, SECRET, Settings, StartError, make_folders

SITES = ("330106-01", "330108-01", "330102-02", "330105-02", "440305-01", "440304-01")  # the first two have an agent
AGENTS = ",".join(f"clerk-{site}" for site in SITES[:2])
LEASE = 3  # seconds of ours, whatever the speed
LAST = ("redis", "sentinel")  # what ends after all the others
SETTLE = 30  # seconds of ours after which a message that the gateway does not list was never sent


@dataclass
class Wish:
    """What a run is asked for. `rate`: pushes a second; `speed`: the portal's seconds for one of ours."""

    seed: int
    seconds: float
    engine: str
    rate: float = 5.0
    speed: int = 30
    plant: str = ""  # a fault of the world around that the oracle must see
    drill: str = ""  # one of chaos.drills instead of a plan of everything
    pushes: int = 0  # that end the run once they are acknowledged; 0: the seconds do
    kills: int = 0  # of a worker, in the drill of workers
    programs: tuple[str, ...] = plan.PROGRAMS
    agents: bool = True
    reader: str = ""  # an account that looks at the analysis and exports it


@dataclass
class Stage:
    """Everything that runs."""

    wish: Wish
    folder: Path
    place: Place
    server: Server | Guest | None = None  # running already; None: SQLite
    env: dict[str, str] = field(default_factory=dict)
    programs: dict[str, Program] = field(default_factory=dict)
    begun: int = 0  # faults of the plan
    asked_at: float = 0.0
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def portals(self) -> list[str]:
        """The addresses of the two web processes."""
        return [f"http://{self.place.address(name)}" for name in plan.WEBS]

    @property
    def platform(self) -> str:
        """host:port of the fake platform."""
        return self.place.address("platform")

    @property
    def gateway(self) -> str:
        """host:port of the fake gateway."""
        return self.place.address("gateway")

    @property
    def complete(self) -> bool:
        """Whether everything runs that a portal has."""
        return set(plan.PROGRAMS) <= set(self.wish.programs)

    @property
    def clock_file(self) -> Path:
        """Where the portal's time is."""
        return self.folder / "clock"

    @property
    def database(self) -> str:
        """The address of the run's database."""
        if self.server is not None:
            return self.server.url
        return f"sqlite:///{self.folder / 'kuaifu.sqlite3'}"

    def log(self, name: str) -> Path:
        """One of the independent logs."""
        return self.folder / f"{name}.jsonl"

    # --- begin and end ---

    def open(self) -> None:
        """Folders, servers, database, processes; returns when both web processes answer. Raises StartError."""
        settings = self._settings(plan.WEBS[0])
        make_folders(settings)
        clock.write(self.clock_file, clock.BEGIN)
        self.place.open(self._keep)
        self.env = self._env(settings)
        self._prepare()
        for name in ("platform", "gateway"):
            self._keep(name, self._starter(name, self._world(name)))
        for name in self.wish.programs:
            self._keep(name, self._starter(name, self._portal(name)))
        self._keep("clock", self._starter("clock", [
            sys.executable, "-m", "chaos.clock", str(self.clock_file), clock.BEGIN.isoformat(), str(self.wish.speed),
        ]))  # fmt: skip
        self._wait_until_ready()

    def begin_agents(self) -> None:
        """Let the agents work, where the run has some."""
        if not self.wish.agents:
            self.log("agents").touch()
            return
        self._keep("agents", self._starter("agents", self._world("agents")))

    def close(self) -> None:
        """End everything that this run started."""
        last = [name for name in self.programs if name.startswith(LAST)]
        keeper.stop([one for name, one in self.programs.items() if name not in last])
        keeper.stop([self.programs[name] for name in last])
        if self.server is not None:
            self.server.remove()
        self.place.close()

    def check(self) -> None:
        """Start again what has ended."""
        for program in self.programs.values():
            program.check()

    def ready(self, fault: plan.Fault) -> bool:
        """Whether a drill may go on with this kill or stop: those of its kind have come back from the ones before."""
        if fault.kind not in ("kill", "stop"):
            return True
        webs = [name for name in plan.WEBS if name in self.programs]
        if fault.target in plan.WORKERS and fault.kind == "kill":
            return self._at_work(fault.target)
        workers = [name for name in plan.WORKERS if name in self.programs and fault.kind == "stop"]
        up = all(self._healthy(name) for name in webs)
        return up and all(self._at_work(name) for name in workers)

    def _at_work(self, worker: str) -> bool:
        """Whether the process of a worker has told the queue that it is there."""
        process = self.programs[worker].process
        asked = Redis.from_url(self.place.redis_url, socket_timeout=2)
        try:
            known = {asked.hget(name, "pid") for name in asked.smembers("rq:workers")}
        except RedisError:
            return False
        return process is not None and str(process.pid).encode() in known

    def end(self, name: str, seconds: float) -> bool:
        """End one program for good with SIGTERM; whether it ended by itself in time."""
        program = self.programs.pop(name)
        if program.process is None:
            return True
        program.signal(signal.SIGTERM)
        try:
            program.process.wait(seconds)
        except subprocess.TimeoutExpired:
            program.signal(signal.SIGKILL)
            return False
        return True

    # --- what is asked of the world around ---

    def tell(self, who: str, **wish: object) -> dict[str, object]:
        """POST /control of the platform or the gateway."""
        address = self.platform if who == "platform" else self.gateway
        told: dict[str, object] = _plain().post(f"http://{address}/control", json=wish, timeout=10).json()
        return told

    def state(self, who: str) -> dict[str, int]:
        """GET /state of the platform or the gateway."""
        address = self.platform if who == "platform" else self.gateway
        told: dict[str, int] = _plain().get(f"http://{address}/state", timeout=10).json()
        return told

    def backlog(self) -> int | None:
        """How many rows of the portal's outbox still have a try ahead; None when it does not say."""
        try:
            said = _plain().get(f"{self.portals[0]}/healthz", timeout=10).json()
        except (requests.RequestException, ValueError):
            return None
        found = said.get("outbox_backlog")
        return found if isinstance(found, int) else None

    # --- how it is started ---

    def _settings(self, web: str) -> Settings:
        port = int(self.place.address(web).rpartition(":")[2])
        return Settings(self.folder, port, "demo", "", "" if self.wish.engine == "sqlite" else self.database)

    def _env(self, settings: Settings) -> dict[str, str]:
        own = {
            "PLATFORM_CALLBACK_URL": f"http://{self.platform}/callback", "REPLAY_CLOCK_FILE": str(self.clock_file),
            "OUTBOX_LEASE": str(LEASE * self.wish.speed), "SWEEP_EVERY": "1", "IDLE_MINUTES": "5270400",
            "ABSOLUTE_HOURS": "87840",
        }  # fmt: skip
        base = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "KUAIFU_ENV")}
        if self.wish.engine != "sqlite":
            own["DATABASE_URL"] = self.database
        return settings.child_env({**base, **own}, self.place.redis_url)

    def _keep(self, name: str, start: Start) -> None:
        self.programs[name] = Program(name, start)
        self.programs[name].run()

    def _starter(self, name: str, command: list[str]) -> Start:
        words, log = self.place.command(name, command), self.folder / "log" / f"{name}.log"
        return lambda: spawn(words, self.place.env(name, self.env), fresh_log(log), ROOT)

    def _portal(self, name: str) -> list[str]:
        kind = name.partition("-")[0]
        settings = self._settings(name if kind == "web" else plan.WEBS[0])
        listens = f"{HOST}:{settings.port}"
        return [self.place.address(name) if word == listens else word for word in run.programs(settings)[kind]]

    def _world(self, name: str) -> list[str]:
        given: Mapping[str, str] = {
            "portal": ",".join(self.portals), "clock-file": str(self.clock_file), "log": str(self.log(name)),
        }  # fmt: skip
        more: dict[str, dict[str, str]] = {
            "platform": {"listen": self.platform, "connection": CONNECTION, "secret": SECRET, "sites": ",".join(SITES),
                         "seed": str(self.wish.seed), "rate": str(self.wish.rate)},
            "gateway": {"listen": self.gateway, "token": self.token},
            "agents": {"accounts": AGENTS, "seed": str(self.wish.seed), "reader": self.wish.reader},
        }  # fmt: skip
        words = [word for key, value in {**given, **more[name]}.items() for word in (f"--{key}", value)]
        return [sys.executable, "-m", f"chaos.{name}", *words]

    def _prepare(self) -> None:
        log = fresh_log(self.folder / "log" / "prepare.log")
        command = [sys.executable, "-m", "launcher.prepare", "db upgrade", "demo load --replay-clerks"]
        code = spawn(command, self.env, log, ROOT).wait(120)
        if code:
            raise StartError(f"The database could not be prepared; see {log}")

    def _healthy(self, web: str) -> bool:
        try:
            said = _plain().get(f"http://{self.place.address(web)}/healthz", timeout=10)
        except requests.RequestException:
            return False
        return said.status_code == requests.codes.ok

    def _wait_until_ready(self, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if all(self._healthy(name) for name in plan.WEBS):
                return
            time.sleep(0.1)
        raise StartError(f"The portal does not answer; see {self.folder / 'log'}")


def _plain() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session
