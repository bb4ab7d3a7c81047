"""Pictures that complainants send: drawn on demand, behind addresses that expire, as platforms serve them."""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image, ImageDraw, ImageFilter

from simulator.complaints import Complaint, Generator
from simulator.protocol import stamp

LIVES = timedelta(minutes=10)
CHANCE = 0.5  # of a complaint in one of the categories below
SCENES = {
    "FALSE_SIGN": "door", "PROXY": "door", "NOT_TO_DOOR": "door", "LOCKER": "locker", "DAMAGED": "box", "SHORT": "box",
}  # fmt: skip
NAMES = {"door": "门口照片", "locker": "快递柜", "box": "包裹照片"}
SIZE = (900, 1200)
PATH = "/pictures/"


def hang(simulator: Any) -> None:
    """Let the simulator's complaints carry addresses, and its server answer them."""
    server = simulator.receiver.server
    server.RequestHandlerClass = type("WithPictures", (_Served, server.RequestHandlerClass), {})
    host = simulator.settings.listen.rpartition(":")[0] or "127.0.0.1"
    base = f"http://{host}:{simulator.receiver.port}"
    simulator.generator = _Illustrated(simulator.generator, base, simulator.settings.seed)


class _Illustrated:
    """A generator whose complaints sometimes come with pictures; its own chance leaves the other's stories alone."""

    def __init__(self, generator: Generator, base: str, seed: int) -> None:
        self.generator, self.base, self.random = generator, base, random.Random(seed + 7)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.generator, name)

    def complaint(self, now: datetime, **wish: Any) -> Complaint:
        """The next complaint, with its addresses in the body."""
        made = self.generator.complaint(now, **wish)
        scene = SCENES.get(made.body["category_code"])
        if scene and self.random.random() < CHANCE:
            made.body["attachments"] = [self._address(scene, now) for _ in range(self.random.randint(1, 3))]
        return made

    def _address(self, scene: str, now: datetime) -> dict[str, str]:
        ends, number = now + LIVES, self.random.randrange(10**6)
        url = f"{self.base}{PATH}{scene}-{number}.jpg?expires={int(ends.timestamp())}"
        return {"url": url, "name": f"{NAMES[scene]}.jpg", "expire_time": stamp(ends)}


class _Served(BaseHTTPRequestHandler):
    """GET /pictures/<scene>-<number>.jpg?expires=<epoch>; 403 afterwards, as signed addresses answer."""

    _answer: Any

    def do_GET(self) -> None:
        """A picture, or what the server answered before."""
        parts = urlsplit(self.path)
        if not parts.path.startswith(PATH):
            super().do_GET()
            return
        scene, _, number = parts.path.removeprefix(PATH).removesuffix(".jpg").partition("-")
        expires = parse_qs(parts.query).get("expires", ["0"])[0]
        if scene not in NAMES or not number.isdecimal() or not expires.isdecimal():
            self._answer(404, "text/plain", b"not found")
        elif int(expires) < time.time():
            self._answer(403, "text/plain", b"expired")
        else:
            self._answer(200, "image/jpeg", draw(scene, int(number)))


def draw(scene: str, number: int) -> bytes:
    """The picture of that scene and number as JPEG, always the same one."""
    chance = random.Random(f"{scene}-{number}")
    image = Image.new("RGB", SIZE, _shade(chance, (196, 190, 180)))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 820, *SIZE), fill=_shade(chance, (142, 134, 124)))
    {"door": _door, "locker": _locker, "box": _box}[scene](pen, chance)
    out = BytesIO()
    image.filter(ImageFilter.GaussianBlur(1.6)).save(out, "JPEG", quality=80)
    return out.getvalue()


def _shade(chance: random.Random, colour: tuple[int, int, int]) -> tuple[int, ...]:
    change = chance.randint(-22, 22)
    return tuple(max(0, min(255, part + change)) for part in colour)


def _door(pen: ImageDraw.ImageDraw, chance: random.Random) -> None:
    """A closed door with an empty mat before it."""
    left = chance.randint(210, 270)
    pen.rectangle((left, 90, left + 420, 860), fill=_shade(chance, (96, 62, 44)))
    pen.rectangle((left + 60, 160, left + 360, 470), outline=(70, 44, 30), width=8)
    pen.ellipse((left + 350, 500, left + 386, 536), fill=(214, 186, 110))
    pen.polygon(((left - 30, 1010), (left + 450, 1010), (left + 400, 890), (left + 20, 890)), fill=(84, 92, 84))


def _locker(pen: ImageDraw.ImageDraw, chance: random.Random) -> None:
    """A wall of locker doors, one of them open."""
    opened = chance.randrange(24)
    for place in range(24):
        column, row = place % 4, place // 4
        at = (70 + column * 195, 90 + row * 150)
        fill = (40, 44, 50) if place == opened else _shade(chance, (60, 120, 96))
        pen.rectangle((*at, at[0] + 180, at[1] + 135), fill=fill, outline=(230, 232, 230), width=4)


def _box(pen: ImageDraw.ImageDraw, chance: random.Random) -> None:
    """A cardboard box with a torn side."""
    left, top = chance.randint(150, 220), chance.randint(470, 560)
    card = _shade(chance, (178, 136, 88))
    pen.polygon(((left, top), (left + 500, top), (left + 560, top - 120), (left + 90, top - 120)), fill=card)
    pen.rectangle((left, top, left + 500, top + 400), fill=_shade(chance, (160, 118, 74)))
    pen.rectangle((left + 220, top, left + 280, top + 400), fill=(206, 190, 150))
    pen.rectangle((left + 310, top + 60, left + 460, top + 190), fill=(240, 240, 236))
    line = [(left + 20 + step * 34, top + 250 + chance.randint(-46, 46)) for step in range(7)]
    pen.line(line, fill=(52, 34, 20), width=14)
    pen.polygon((*line[1:5], (left + 120, top + 330)), fill=(70, 48, 30))
