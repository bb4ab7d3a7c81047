"""Makes static/bell.wav, the bell's quiet sound: two soft tones that fade, a quarter of a second, a few kilobytes."""

from __future__ import annotations

import math
import struct
import wave
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "static" / "bell.wav"
RATE, SECONDS = 11_025, 0.32
TONES = ((880.0, 0.0), (1174.7, 0.09))  # hertz, and the second at which it begins
LOUDNESS = 0.3


def sample(at: float) -> float:
    """The wave at a second, between -1 and 1."""
    heard = 0.0
    for hertz, begin in TONES:
        if at >= begin:
            age = at - begin
            heard += math.sin(2 * math.pi * hertz * age) * math.exp(-14 * age) * min(1.0, age / 0.005)
    return LOUDNESS * heard


def main() -> None:
    """Write the file."""
    frames = [int(32_767 * sample(n / RATE)) for n in range(int(RATE * SECONDS))]
    with wave.open(str(FILE), "wb") as out:
        out.setparams((1, 2, RATE, len(frames), "NONE", ""))
        out.writeframes(struct.pack(f"<{len(frames)}h", *frames))


if __name__ == "__main__":
    main()
