"""Which key signs models, and whose signatures are asked for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from forecastops.core.strict import StrictRecord

__all__ = ["SigningConfig"]

_Path = Annotated[str, Field(min_length=1)]


class SigningConfig(StrictRecord):
    """Signatures of models, by the OpenSSF model-signing library (extra ``signing``); off unless set."""

    private_key: _Path | None = Field(
        None,
        description="PEM file of the elliptic-curve key with which train and renew sign; its password, if it has one, "
        "comes from FORECASTOPS_SIGNING_PASSWORD.",
    )
    public_key: _Path | tuple[_Path, ...] | None = Field(
        None,
        description="PEM file of a public key or a certificate, or several of them while keys are changed: with one "
        "set, nothing is loaded that none of them has signed.",
    )

    @property
    def public_keys(self) -> tuple[str, ...]:
        """The files of ``public_key``, as many as there are."""
        if self.public_key is None:
            return ()
        return (self.public_key,) if isinstance(self.public_key, str) else self.public_key
