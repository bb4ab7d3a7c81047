"""One form-urlencoded POST to a platform, every way to fail told apart; shared by all connections."""

from __future__ import annotations

import requests
import urllib3

from app.integrations import peers
from app.integrations.platform.errors import PlatformError

MAX_ANSWER = 64 * 1024  # bytes
TIMEOUT = (3.0, 10.0)  # seconds to connect, and for the whole answer
_STATUS_CODES = {401: "unauthorised", 403: "unauthorised", 404: "not_found", 408: "timeout", 429: "rate_limited"}


def post_form(
    endpoint: str, form: bytes, *, charset: str = "utf-8", timeout: tuple[float, float] = TIMEOUT,
    limit: int = MAX_ANSWER,
) -> bytes:  # fmt: skip
    """POST `form` and give the answer's bytes as sent, at most `limit` of them.

    Redirects are not followed, proxies and .netrc of the environment are not used, nothing is logged.

    Raises PlatformError. Worth another try: timeout, dns, connection, tls, rate_limited, server_error, redirect,
    unauthorised, not_found, answer_too_large. Permanent: bad_endpoint, bad_request.
    """
    headers = {
        "Content-Type": f"application/x-www-form-urlencoded; charset={charset}",
        "Accept": "application/json",
    }
    try:
        response = peers.post(endpoint, timeout=timeout, limit=limit, data=form, headers=headers)
    except (requests.RequestException, UnicodeError, peers.PeerRefused) as error:
        raise _as_platform_error(error) from None
    _check_status(response)
    return response.content


def _as_platform_error(error: Exception) -> PlatformError:
    """One code for each way in which no answer came at all."""
    if isinstance(error, peers.AnswerTooLarge):
        return PlatformError("answer_too_large")
    if isinstance(error, requests.Timeout):
        return PlatformError("timeout")
    if isinstance(error, requests.exceptions.SSLError):
        return PlatformError("tls")
    if isinstance(error, requests.ConnectionError):
        reason = getattr(error.args[0], "reason", None) if error.args else None
        return PlatformError("dns" if isinstance(reason, urllib3.exceptions.NameResolutionError) else "connection")
    if isinstance(error, ValueError):  # requests' InvalidURL, MissingSchema, InvalidSchema are ValueErrors
        return PlatformError("bad_endpoint", permanent=True)
    return PlatformError("connection")


def _check_status(response: requests.Response) -> None:
    """Raises for anything but 2xx. Only a 4xx that blames the request itself is permanent."""
    status = response.status_code
    if 200 <= status < 300:
        return
    wish = response.headers.get("Retry-After", "")
    retry_after = int(wish) if wish.isascii() and wish.isdigit() and len(wish) < 7 else None
    if status in _STATUS_CODES or status >= 500:
        raise PlatformError(_STATUS_CODES.get(status, "server_error"), retry_after=retry_after)
    if 300 <= status < 400:
        raise PlatformError("redirect")
    raise PlatformError("bad_request", permanent=True)
