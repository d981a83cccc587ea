"""An alert by e-mail, over SMTP with STARTTLS."""

from __future__ import annotations

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from forecastops.adapters.alerts.config import AlertsConfig
from forecastops.adapters.alerts.deadline import within
from forecastops.adapters.alerts.message import AlertError, Message

__all__ = ["Mail"]

_ONE_STEP = 10.0  # seconds without an answer


class Mail:
    """The mailboxes that the configuration names."""

    name = "email"

    def __init__(self, config: AlertsConfig) -> None:
        self._config = config

    def send(self, message: Message) -> None:
        """Hand the message to the server.

        Raises:
            AlertError: when it did not take it.
        """
        config = self._config
        place = f"the e-mail by {config.smtp_host}:{config.smtp_port}"
        password = os.environ.get(config.smtp_password_variable, "")
        if config.smtp_user and not password:
            remedy = f"set the variable {config.smtp_password_variable}"
            raise AlertError(place, "has no password", remedy)
        try:
            within(config.seconds, place, lambda: _send(config, _mail(config, message), password))
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise AlertError(place, _why(error), "look at its server and at the section alerts") from error


def _send(config: AlertsConfig, mail: EmailMessage, password: str) -> None:
    with smtplib.SMTP(config.smtp_host or "", config.smtp_port, timeout=min(_ONE_STEP, config.seconds)) as server:
        if config.smtp_starttls:
            server.starttls(context=ssl.create_default_context())
        if config.smtp_user:
            server.login(config.smtp_user, password)
        server.send_message(mail)


def _mail(config: AlertsConfig, message: Message) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.subject.split())
    mail["From"] = config.email_from or ""
    mail["To"] = ", ".join(config.email_to)
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain="forecastops.invalid")
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n\n".join(message.lines) + "\n")
    return mail


def _why(error: Exception) -> str:
    """Return what the server refused, without what it repeats of a login."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"was not sent: the login was refused ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"was not sent: the server answers {error.smtp_code}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"was not sent: {len(error.recipients)} recipients were refused"
    return f"was not sent ({type(error).__name__}: {error})"
