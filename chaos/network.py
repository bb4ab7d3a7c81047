"""Hosts as network namespaces: each with one cable to a switch, which is a bridge in a namespace of its own. Neither
the machine's own network nor another run is touched, so that every run may use the same addresses."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from chaos import leftovers

NET = "10.89.0"
FOLDER = Path("/run/netns")
SWITCH, BRIDGE, CABLE = "switch", "switch", "eth0"
CLONE_NEWNET = 0x40000000


class NoNetwork(Exception):
    """No hosts can be made here; the message says why, in one line."""


class Network:
    """The hosts of one run. `hosts`: name and last number of the address."""

    def __init__(self, hosts: dict[str, int]) -> None:
        self.hosts = hosts
        self.home: int | None = None  # the namespace that this process came from

    def ip(self, host: str) -> str:
        """The address of a host."""
        return f"{NET}.{self.hosts[host]}"

    def within(self, host: str) -> list[str]:
        """What is put before a command so that it runs on that host."""
        return ["ip", "netns", "exec", leftovers.named(host)]

    # --- begin and end ---

    def open(self) -> None:
        """Switch, hosts and cables. Raises NoNetwork."""
        require()
        clear_stale()
        self._add(SWITCH)
        switch = ["-n", leftovers.named(SWITCH)]
        _ip(*switch, "link", "add", "name", BRIDGE, "type", "bridge", "forward_delay", "0")
        _ip(*switch, "link", "set", "dev", BRIDGE, "up")
        for host in self.hosts:
            self._add(host)
            self._plug(host)

    def close(self) -> None:
        """Come home; every host goes, with what still runs there."""
        self.leave()
        for host in (*self.hosts, SWITCH):
            remove(leftovers.named(host))

    def enter(self, host: str) -> None:
        """From now on this process, and what it starts, stands on that host."""
        self.home = self.home if self.home is not None else os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(FOLDER / leftovers.named(host), os.O_RDONLY)
        try:
            _move(there)
        finally:
            os.close(there)

    def leave(self) -> None:
        """Go back to where this process came from."""
        if self.home is not None:
            _move(self.home)
            os.close(self.home)
            self.home = None

    # --- cables ---

    def cut(self, host: str) -> None:
        """Pull its plug out of the switch: nothing passes, and neither side is told."""
        _ip("-n", leftovers.named(SWITCH), "link", "set", "dev", f"to-{host}", "nomaster")

    def join(self, host: str) -> None:
        """Put it back."""
        _ip("-n", leftovers.named(SWITCH), "link", "set", "dev", f"to-{host}", "master", BRIDGE)

    def _add(self, host: str) -> None:
        _ip("netns", "add", leftovers.named(host))
        _ip("-n", leftovers.named(host), "link", "set", "dev", "lo", "up")

    def _plug(self, host: str) -> None:
        switch, own = ["-n", leftovers.named(SWITCH)], ["-n", leftovers.named(host)]
        _ip(*switch, "link", "add", "name", f"to-{host}", "type", "veth", "peer", "name", CABLE,
            "netns", leftovers.named(host))  # fmt: skip
        _ip(*own, "addr", "add", f"{self.ip(host)}/24", "dev", CABLE)
        _ip(*own, "link", "set", "dev", CABLE, "up")
        _ip(*switch, "link", "set", "dev", f"to-{host}", "up")
        self.join(host)


def require() -> None:
    """Raises NoNetwork where no namespace can be made."""
    if shutil.which("ip") is None:
        raise NoNetwork("several hosts need `ip` (Debian: iproute2), which is not on the PATH")
    if os.getuid() != 0:
        raise NoNetwork("several hosts are network namespaces, which only root may make")
    name = leftovers.named("trial")
    _ip("netns", "add", name)
    remove(name)


def clear_stale() -> list[str]:
    """Remove the hosts of runs that were killed; their names."""
    found = leftovers.stale(sorted(entry.name for entry in FOLDER.iterdir()) if FOLDER.is_dir() else [])
    for name in found:
        remove(name)
    return found


def remove(name: str) -> None:
    """End what runs in a namespace, and take the namespace away with its cables; one that is not there is no fault."""
    told = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout
    for pid in set(map(int, told.split())) - {os.getpid()}:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoNetwork(f"`ip {' '.join(words)}` says: {(done.stderr or done.stdout).strip()[-200:]}")


def _move(namespace: int) -> None:
    """The thread that calls goes into a namespace; Python has no name for it before 3.12."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(namespace, CLONE_NEWNET):
        raise NoNetwork(f"this process cannot go to another host: {os.strerror(ctypes.get_errno())}")
