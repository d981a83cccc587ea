"""The base of the records that are configured or logged: frozen, strict, and without unknown keys."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from forecastops.core.plain import as_field_wants

__all__ = ["NAME", "StrictRecord"]

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"  # of what MLflow and deployment targets keep by name


class StrictRecord(BaseModel):
    """A frozen record that takes no key it does not know, no value of another type, and no NaN or infinity.

    What Python users write for a value is no other type: a list for a tuple, NumPy's numbers, a date or path for text.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _as_python_users_write(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        fields = cls.model_fields
        return {
            name: as_field_wants(value, fields[name].annotation if name in fields else None)
            for name, value in given.items()
        }
