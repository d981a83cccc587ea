"""The configuration's section ``deployment``: where the champion serves."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from forecastops.core.strict import NAME, StrictRecord

__all__ = ["DeploymentConfig"]


class DeploymentConfig(StrictRecord):
    """Where the champion serves, through MLflow's deployments interface."""

    target: str = Field("forecastops-local", min_length=1, description="MLflow deployments target URI.")
    name: str | None = Field(None, pattern=NAME, description="Name of the deployment; the model's name when absent.")
    timeout_seconds: float = Field(
        120.0, gt=0, le=86_400, description="How long a deployment may take to become healthy."
    )
    on_hold: Literal["renew", "refit", "nothing"] = Field(
        "refit",
        description="What a champion that stays is given: the newest data with its own parameters (renew), its "
        "specification re-estimated on them (refit), or nothing.",
    )
    max_age_days: float | None = Field(
        None, gt=0, description="Age of the newest data served beyond which status calls production stale; off if null."
    )
    settings: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="Settings handed to the target as they are, e.g. port for forecastops-local."
    )
