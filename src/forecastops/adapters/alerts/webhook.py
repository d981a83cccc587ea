"""An alert to a webhook: Slack's, Teams' or plain JSON.

The address is a secret: whoever has it can post. So it comes from the environment, and stands in no log, error or
record; urllib3, which writes paths into its own log, is silenced meanwhile.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import ipaddress
import json
import logging
import os
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from forecastops.adapters.alerts.config import AlertsConfig
from forecastops.adapters.alerts.deadline import within
from forecastops.adapters.alerts.message import AlertError, Message

__all__ = ["SIGNATURE", "TIMESTAMP", "Webhook", "signature"]

PLACE = "the webhook"
TIMESTAMP, SIGNATURE = "X-Forecastops-Timestamp", "X-Forecastops-Signature"
_FIRST_PAUSE, _SLOWER = 0.5, 2.0
_ONE_TRY = 10.0  # seconds without an answer
_AGAIN = frozenset({408, 425, 429, *range(500, 600)})
_LONGEST = 3000  # characters, as Slack takes them
_LOGGERS = ("urllib3", "urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "requests")


class Webhook:
    """The webhook that the configuration names."""

    name = "webhook"

    def __init__(self, config: AlertsConfig) -> None:
        self._config = config

    def send(self, message: Message) -> None:
        """Post the message; again where the server is busy or out of reach, until time is up. Follows no redirect.

        Raises:
            AlertError: when it did not arrive.
        """
        config = self._config
        address = _address(config)
        body = _body(config.webhook or "generic", message)
        key = os.environ.get(config.webhook_key_variable, "") if config.webhook == "generic" else ""
        deadline = time.monotonic() + config.seconds
        with _silenced():
            within(config.seconds, PLACE, lambda: _post_until(deadline, address, body, key))


def signature(key: str, timestamp: str, body: bytes) -> str:
    """Return what the header says of a body that was sent at a time: HMAC-SHA256 of ``timestamp.body``."""
    digest = hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


def _address(config: AlertsConfig) -> str:
    address = os.environ.get(config.webhook_variable, "").strip()
    remedy = f"set {config.webhook_variable} to the address that its settings show"
    if not address:
        raise AlertError(PLACE, f"has no address: {config.webhook_variable} is not set", remedy)
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or parts.scheme not in ("http", "https"):
        raise AlertError(PLACE, f"has no address: what {config.webhook_variable} holds is none", remedy)
    if parts.scheme == "http" and not _is_here(host):
        what = "would be sent unencrypted: its address begins with http://"
        raise AlertError(PLACE, what, f"give {config.webhook_variable} an https:// address")
    return address


def _is_here(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _post_until(deadline: float, address: str, body: bytes, key: str) -> None:
    pause = _FIRST_PAUSE
    while True:
        failure, again = _post(address, body, key, min(_ONE_TRY, max(0.1, deadline - time.monotonic())))
        if failure is None:
            return
        if not again or time.monotonic() + pause >= deadline:
            raise AlertError(PLACE, failure, "look at its address and its server; the next look tells it again")
        time.sleep(pause)
        pause *= _SLOWER


def _post(address: str, body: bytes, key: str, seconds: float) -> tuple[str | None, bool]:
    """Return what failed, None where nothing did, and whether it may work later."""
    import requests

    headers = {"Content-Type": "application/json; charset=utf-8"}
    if key:
        stamp = str(int(time.time()))
        headers |= {TIMESTAMP: stamp, SIGNATURE: signature(key, stamp, body)}
    try:
        # The answer's body is not read: it may be of any size, and says nothing that is needed.
        with requests.post(
            address, data=body, headers=headers, timeout=seconds, allow_redirects=False, stream=True
        ) as answer:
            status = answer.status_code
    except requests.RequestException as error:
        later = isinstance(error, requests.ConnectionError | requests.Timeout)
        return f"cannot be reached ({type(error).__name__})", later  # its own words hold the address
    except ValueError as error:  # of addresses that only fail when they are used
        return f"has no address that can be used ({type(error).__name__})", False
    if 200 <= status < 300:
        return None, False
    if 300 <= status < 400:
        return f"answers with a redirect ({status}), which is not followed", False
    return f"answers with status {status}", status in _AGAIN


def _body(kind: str, message: Message) -> bytes:
    document: dict[str, Any] = dict(message.document)
    if kind == "slack":
        document = {"text": _slack(message)[:_LONGEST]}
    elif kind == "teams":
        document = _card(message)
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode()


def _slack(message: Message) -> str:
    """Return text in which nothing is a mention or a link."""
    text = "\n".join([message.subject, *(f"- {line}" for line in message.lines)])
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _card(message: Message) -> dict[str, Any]:
    blocks = [{"type": "TextBlock", "text": _plain(message.subject), "weight": "Bolder", "wrap": True}]
    blocks += [{"type": "TextBlock", "text": _plain(line), "wrap": True} for line in message.lines]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def _plain(text: str) -> str:
    """Return text that a card, which reads Markdown, shows as it is."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#" else char for char in text)[:_LONGEST]


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Let nothing write addresses into logs, however talkative they are set."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
