"""The gateways' signatures, written from the vendors' descriptions with hmac and hashlib alone."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote


def digest(data: bytes) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def tc3(headers: dict[str, str], body: bytes, secret: str, service: str = "sms") -> str:
    """Tencent's signature of a POST to `/` whose signed headers are content-type and host."""
    canonical = (
        f"POST\n/\n\ncontent-type:{headers['content-type'].lower()}\nhost:{headers['host'].lower()}\n\n"
        f"content-type;host\n{digest(body)}"
    )
    stamp = int(headers["x-tc-timestamp"])
    day = datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d")
    text = f"TC3-HMAC-SHA256\n{stamp}\n{day}/{service}/tc3_request\n{digest(canonical.encode())}"
    signing = _mac(_mac(_mac(f"TC3{secret}".encode(), day), service), "tc3_request")
    return hmac.new(signing, text.encode(), hashlib.sha256).hexdigest()


def acs3(headers: dict[str, str], query: str, body: bytes, secret: str, signed: list[str]) -> str:
    """Aliyun's signature of a POST to `/` over the `signed` headers."""
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(query, keep_blank_values=True))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in signed)
    canonical = "\n".join(["POST", "/", "&".join(f"{k}={v}" for k, v in pairs), lines, ";".join(signed), digest(body)])
    return hmac.new(
        secret.encode(), f"ACS3-HMAC-SHA256\n{digest(canonical.encode())}".encode(), hashlib.sha256
    ).hexdigest()
