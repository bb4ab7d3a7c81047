"""Where a start puts its data, on which ports it listens, and what its programs find in their environment."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
CONNECTION = "demo"
SECRET = "demo-secret"  # noqa: S105 - of the demo connection, printed in the README


class StartError(Exception):
    """The portal cannot be started; the message is one plain line."""


@dataclass(frozen=True)
class Settings:
    """One start. The simulator listens one port above the portal."""

    data_dir: Path
    port: int
    environment: str
    redis_url: str  # empty: the embedded one
    database_url: str  # empty: SQLite in the data folder

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read DATA_DIR, PORT, KUAIFU_ENV, REDIS_URL and DATABASE_URL. Raises StartError."""
        return cls(
            data_dir=(ROOT / (env.get("DATA_DIR") or "var")).resolve(),
            port=_port(env.get("PORT") or "8000"),
            environment=env.get("KUAIFU_ENV") or "demo",
            redis_url=env.get("REDIS_URL", ""),
            database_url=env.get("DATABASE_URL", ""),
        )

    @property
    def address(self) -> str:
        """The portal, as typed into a browser."""
        return f"http://{HOST}:{self.port}"

    @property
    def simulator(self) -> str:
        """Where the platform simulator listens: host:port."""
        return f"{HOST}:{self.port + 1}"

    def log(self, name: str) -> Path:
        """The log file of one program."""
        return self.data_dir / "log" / f"{name}.log"

    def child_env(self, env: Mapping[str, str], redis_url: str) -> dict[str, str]:
        """The environment of the portal's processes. A proxy of the machine never stands between two of them."""
        spared = ",".join(part for part in (env.get("NO_PROXY") or env.get("no_proxy"), HOST, "localhost") if part)
        given = {
            **env,
            "DATA_DIR": str(self.data_dir),
            "KUAIFU_ENV": self.environment,
            "NO_PROXY": spared,
            "PLATFORM_CALLBACK_URL": env.get("PLATFORM_CALLBACK_URL") or f"http://{self.simulator}/callback",
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            "REDIS_URL": redis_url,
            "no_proxy": spared,
        }
        if not self.database_url:
            given.pop("DATABASE_URL", None)
        return given


def make_folders(settings: Settings) -> None:
    """The data folder with its logs, a new one for its owner's eyes only, and the secret key that signs cookies."""
    key = settings.data_dir / "secret_key"
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)  # SQLite's file has everybody's name in it
        (settings.data_dir / "log").mkdir(exist_ok=True)
        if not key.exists():
            descriptor = os.open(key, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32))
    except OSError as error:
        raise StartError(f"DATA_DIR {settings.data_dir} cannot be made or written: {error.strerror}") from error
    if not os.access(settings.data_dir, os.W_OK | os.X_OK):
        raise StartError(
            f"DATA_DIR {settings.data_dir} cannot be written: give its rights to whoever starts the portal"
        )


def require_free(port: int, what: str) -> None:
    """Raises StartError when something listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise StartError(
                f"Port {port} ({what}) is in use: stop what runs there, or choose another: PORT=8010 make run"
            ) from error


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65534:
        raise StartError(f"PORT must be a number from 1 to 65534, not {text!r}")
    return int(text)
