"""The configuration's section ``alerts``: who is told, and how. Addresses and passwords come from the environment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from forecastops.core.strict import StrictRecord

__all__ = ["AlertsConfig"]

_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
_MAILBOX = r"^[^\s@<>,;:\"]+@[^\s@<>,;:\"]+$"
_Mailbox = Annotated[str, Field(pattern=_MAILBOX)]


class AlertsConfig(StrictRecord):
    """Who is told when something moved or the data broke, and when all is clear again."""

    webhook: Literal["slack", "teams", "generic"] | None = Field(
        None,
        description="Whose body a webhook is sent: Slack's, Microsoft Teams' (a workflow), or plain JSON (generic); no "
        "webhook when null.",
    )
    webhook_variable: str = Field(
        "FORECASTOPS_WEBHOOK", pattern=_VARIABLE, description="Environment variable that holds the webhook's address."
    )
    webhook_key_variable: str = Field(
        "FORECASTOPS_WEBHOOK_KEY",
        pattern=_VARIABLE,
        description="Environment variable that holds the key by which the generic body is signed; unsigned without it.",
    )
    email_to: tuple[_Mailbox, ...] = Field((), description="Who gets an e-mail; none when empty.")
    email_from: _Mailbox | None = Field(None, description="Whom the e-mail comes from.")
    smtp_host: str | None = Field(None, min_length=1, description="The server that sends it.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_starttls: bool = Field(
        True, description="Whether the connection is encrypted by STARTTLS, which a server must then offer."
    )
    smtp_user: str | None = Field(None, description="Whom to log in as; null for no login.")
    smtp_password_variable: str = Field(
        "FORECASTOPS_SMTP_PASSWORD", pattern=_VARIABLE, description="Environment variable that holds the password."
    )
    seconds: float = Field(
        30.0, gt=0, le=600, description="How long telling by one channel may take, retries included."
    )

    @model_validator(mode="after")
    def _mail_can_be_sent(self) -> AlertsConfig:
        if self.email_to and not (self.email_from and self.smtp_host):
            raise ValueError("email_to is given: set email_from and smtp_host too")
        if self.smtp_user and not self.smtp_starttls:
            raise ValueError("smtp_user would send the password unencrypted: set smtp_starttls to true")
        return self
