"""The base of the records that are configured or logged: frozen, strict, and without unknown keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["NAME", "StrictRecord"]

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"  # of what MLflow and deployment targets keep by name


class StrictRecord(BaseModel):
    """A frozen record that takes no key it does not know, no value of another type, and no NaN or infinity."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)
