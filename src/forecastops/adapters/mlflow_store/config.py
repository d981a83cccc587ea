"""The configuration's sections ``tracking`` and ``registry``: where runs and models are kept."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from forecastops.core.strict import NAME, StrictRecord

__all__ = ["RegistryConfig", "TrackingConfig"]


class TrackingConfig(StrictRecord):
    """Where runs and models are kept. Null means what MLflow's own environment variables say."""

    tracking_uri: str | None = Field(None, description="MLflow tracking URI; else MLFLOW_TRACKING_URI, else SQLite.")
    registry_uri: str | None = Field(None, description="MLflow registry URI, where it differs from the tracking URI.")
    experiment: str | None = Field(
        None,
        min_length=1,
        description="MLflow experiment that holds the runs; else MLFLOW_EXPERIMENT_NAME or _ID, else the model's name.",
    )
    artifact_location: str | None = Field(
        None, description="Where the experiment keeps artifacts, should it have to be created; MLflow's choice if null."
    )


class RegistryConfig(StrictRecord):
    """The registered model and the pointer to its champion."""

    model_name: str = Field("transactions-forecast", pattern=NAME, description="Name of the registered model.")
    alias: str = Field("champion", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$", description="Alias of the champion.")
    pointer: Literal["auto", "alias", "stage"] = Field(
        "auto",
        description="What names the champion: the alias, or stage Production; auto asks the registry for aliases.",
    )
    keep_renewals: int = Field(
        30, ge=1, description="How many renewals of the champion are kept, the newest; older ones nobody needs go."
    )

    @field_validator("alias")
    @classmethod
    def _alias_is_free(cls, alias: str) -> str:
        if alias.lower() == "latest" or re.fullmatch(r"[vV][0-9]+", alias):
            raise ValueError(f"MLflow reserves the alias {alias!r}")
        return alias
