"""The channels that are configured."""

from __future__ import annotations

from typing import Protocol

from forecastops.adapters.alerts.config import AlertsConfig
from forecastops.adapters.alerts.mail import Mail
from forecastops.adapters.alerts.message import AlertError, Message
from forecastops.adapters.alerts.webhook import Webhook

__all__ = ["AlertError", "Channel", "Message", "channels"]


class Channel(Protocol):
    """A way to tell somebody."""

    name: str

    def send(self, message: Message) -> None:
        """Tell it.

        Raises:
            AlertError: when it did not arrive.
        """


def channels(config: AlertsConfig) -> tuple[Channel, ...]:
    """Return what is configured, none by default."""
    found: list[Channel] = []
    if config.webhook is not None:
        found.append(Webhook(config))
    if config.email_to:
        found.append(Mail(config))
    return tuple(found)
