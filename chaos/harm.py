"""What each fault does to the stage, and how it ends."""

from __future__ import annotations

import os
import resource
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from redis import Redis
from redis.exceptions import RedisError

from chaos.hosts import Hosts
from chaos.keeper import Program
from chaos.lines import Lines
from chaos.plan import Fault
from chaos.postgres import Server
from chaos.stage import Stage
from launcher.settings import ROOT

DOWN = 1.0  # seconds that a killed program stays away
FULL = 32_768  # bytes of a file after which nothing can be written
JUNK = 20

End = Callable[[], None]


class Harm:
    """Begins and ends faults; each is one line of `faults.jsonl` with its begin, and one with its end."""

    def __init__(self, stage: Stage, log: Lines) -> None:
        self.stage, self.log = stage, log
        self.going: list[tuple[float, Fault, End]] = []
        self.does: dict[str, Callable[[Fault], End | None]] = {
            "kill": self.kill, "kill child": self.kill_child, "pause": self.pause, "stop": self.stop,
            "redis killed": self.redis_killed, "redis wiped": self.redis_wiped, "redis junk": self.redis_junk,
            "gateway": self.mood, "platform": self.mood, "database locked": self.locked, "disk full": self.full,
            "host cut": self.cut, "redis master killed": self.master_killed, "redis master cut": self.master_cut,
            "database restarted": self.restarted, "database crashed": self.crashed, "database down": self.down,
        }  # fmt: skip

    def begin(self, fault: Fault) -> None:
        """Let it happen."""
        self.log.write("begin", kind=fault.kind, target=fault.target, seconds=fault.seconds)
        end = self.does[fault.kind](fault)
        if end is None:
            self.log.write("end", kind=fault.kind, target=fault.target)
        else:
            self.going.append((time.monotonic() + fault.seconds, fault, end))

    def check(self, *, all_of_them: bool = False) -> None:
        """End what has lasted long enough."""
        for entry in list(self.going):
            until, fault, end = entry
            if all_of_them or time.monotonic() >= until:
                self.going.remove(entry)
                end()
                self.log.write("end", kind=fault.kind, target=fault.target)

    # --- processes ---

    def program(self, fault: Fault) -> Program:
        """The program that a fault names."""
        return self.stage.programs[fault.target]

    def kill(self, fault: Fault) -> None:
        """SIGKILL for it and all that it started."""
        self.program(fault).signal(signal.SIGKILL, DOWN)

    def stop(self, fault: Fault) -> None:
        """SIGTERM: an orderly end, as at a deployment."""
        self.program(fault).signal(signal.SIGTERM, DOWN)

    def kill_child(self, fault: Fault) -> None:
        """SIGKILL for one of the web workers, not for their parent."""
        children = self.program(fault).members()[1:]
        if children:
            with suppress(ProcessLookupError):
                os.kill(children[0], signal.SIGKILL)

    def pause(self, fault: Fault) -> End:
        """SIGSTOP for longer than a lease, then SIGCONT."""
        program = self.program(fault)
        program.signal(signal.SIGSTOP)
        return lambda: program.signal(signal.SIGCONT)

    def full(self, fault: Fault) -> End:
        """No file of it can grow any more: what the kernel says is what it says on a full disk."""
        meant = self.program(fault).members()

        def limit(size: int) -> None:
            for pid in meant:
                with suppress(OSError):
                    _soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size < 0 else size, hard))

        limit(FULL)
        return lambda: limit(-1)

    # --- Redis ---

    def queue(self) -> Redis:
        """A client of the run's Redis."""
        return Redis.from_url(self.stage.place.redis_url, socket_timeout=2)

    def redis_killed(self, fault: Fault) -> End:
        """Gone for some seconds."""
        self.stage.programs["redis"].signal(signal.SIGKILL, fault.seconds)
        return lambda: None

    def redis_wiped(self, _fault: Fault) -> None:
        """Everything in it is gone, queues and workers' registrations too."""
        with suppress(RedisError):
            self.queue().flushall()

    def redis_junk(self, _fault: Fault) -> None:
        """Jobs in the queue that are none."""
        with suppress(RedisError):
            for _n in range(JUNK):
                name = secrets.token_hex(8)
                self.queue().rpush("rq:queue:sends", name)
                if secrets.randbelow(2):
                    self.queue().hset(f"rq:job:{name}", mapping={"data": b"\x00junk", "created_at": "never"})

    # --- hosts ---

    def cut(self, fault: Fault) -> End:
        """Nothing comes from a host and nothing gets there."""
        return self._cut(fault.target)

    def master_cut(self, _fault: Fault) -> End:
        """The same of the host that has the Redis master at the moment."""
        return self._cut(self._hosts().redis.master())

    def master_killed(self, fault: Fault) -> End:
        """Dead at once, and back some seconds later, when another is the master."""
        self.stage.programs[self._hosts().redis.master()].signal(signal.SIGKILL, fault.seconds)
        return lambda: None

    def _cut(self, host: str) -> End:
        network = self._hosts().network
        network.cut(host)
        return lambda: network.join(host)

    def _hosts(self) -> Hosts:
        assert isinstance(self.stage.place, Hosts)  # noqa: S101 - only its own drill has these faults
        return self.stage.place

    # --- database ---

    def locked(self, fault: Fault) -> End:
        """Somebody outside holds the SQLite file."""
        command = [sys.executable, "-m", "chaos.locker", str(self.stage.folder / "kuaifu.sqlite3"), str(fault.seconds)]
        locker = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)

        def end() -> None:
            with suppress(subprocess.TimeoutExpired):
                locker.wait(1)
            locker.kill()
            locker.wait()

        return end

    def restarted(self, _fault: Fault) -> None:
        """An orderly restart: connections are cut."""
        self._server("fast")

    def crashed(self, _fault: Fault) -> None:
        """The server dies at once and recovers."""
        self._server("immediate")

    def down(self, _fault: Fault) -> End:
        """Away for some seconds."""
        server = self._own()
        server.stop("immediate")
        return server.start

    def _server(self, how: str) -> None:
        server = self._own()
        server.stop(how)
        server.start()

    def _own(self) -> Server:
        assert isinstance(self.stage.server, Server)  # noqa: S101 - the plan has these faults only then
        return self.stage.server

    # --- the world around ---

    def mood(self, fault: Fault) -> End:
        """The platform or the gateway answers in another way."""
        seconds = min(8.0, fault.seconds) if fault.kind == "gateway" else 5.0
        self.stage.tell(fault.kind, mood=fault.target, seconds=seconds)

        def end() -> None:
            self.stage.tell(fault.kind, mood="ok")

        return end
