"""The configuration: a frozen, strict record in which every field is described and unknown keys are errors."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from forecastops.core.errors import ConfigError
from forecastops.core.model_spec import ModelConfig, ModelSpec
from forecastops.core.signing_config import SigningConfig
from forecastops.core.strict import StrictRecord
from forecastops.data.config import DataConfig

__all__ = [
    "Config",
    "DataConfig",
    "DeploymentConfig",
    "Evaluation",
    "EvaluationConfig",
    "GatePolicy",
    "ModelConfig",
    "ModelSpec",
    "RegistryConfig",
    "SigningConfig",
    "TrackingConfig",
]

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"


class Evaluation(StrictRecord):
    """The rolling-origin evaluation of one series, in numbers."""

    horizon: int = Field(ge=1, description="Steps forecast from every origin, in observations.")
    window: int = Field(ge=2, description="Newest observations held back from estimation and forecast by all.")
    season_length: int = Field(ge=1, description="Season of the seasonal naive, in observations; 1 for none.")
    levels: tuple[int, ...] = Field((80, 95), description="Levels of the forecast intervals, in percent.")


class EvaluationConfig(StrictRecord):
    """The rolling-origin evaluation on which a decision rests."""

    horizon: int | None = Field(
        None, ge=1, description="Steps forecast from every origin, in observations; by frequency when null (daily 14)."
    )
    window: int | None = Field(
        None,
        ge=2,
        description="Newest observations held back from estimation and forecast by all; by frequency when null "
        "(daily 56).",
    )
    season_length: int | None = Field(
        None, ge=1, description="Season of the seasonal naive, in observations; by frequency when absent (daily 7)."
    )
    levels: tuple[Annotated[int, Field(ge=1, le=99)], ...] = Field(
        (80, 95), min_length=1, description="Levels of the forecast intervals, in percent."
    )

    @model_validator(mode="after")
    def _window_holds_origins(self) -> EvaluationConfig:
        if self.horizon is not None and self.window is not None and self.window < self.horizon:
            raise ValueError(f"window {self.window} is shorter than horizon {self.horizon}: it would hold no origin")
        if len(set(self.levels)) != len(self.levels):
            raise ValueError(f"levels {self.levels} name a level twice")
        return self

    def resolved(self, frequency: str) -> Evaluation:
        """What it means for a series of that frequency.

        Raises:
            DataError: where a season is to be found and the frequency has no usual one.
        """
        # Frequencies are pandas', which takes ten times as long to import as all that a schema needs.
        from forecastops.data.frequency import horizon_and_window, season_length

        horizon, window = horizon_and_window(frequency)
        return Evaluation(
            horizon=self.horizon or horizon,
            window=self.window or window,
            season_length=self.season_length or season_length(frequency),
            levels=self.levels,
        )


class GatePolicy(StrictRecord):
    """What a challenger must show. A check whose bound is null is switched off."""

    min_improvement: float | None = Field(
        0.01,
        ge=0,
        lt=1,
        description="Share by which the RMSE of a challenger of another specification must lie below the champion's, "
        "origins weighed by half_life.",
    )
    same_spec_improvement: float | None = Field(
        0.001,
        ge=0,
        lt=1,
        description="The same share where the challenger is the champion's own specification, estimated on newer data: "
        "no test is asked of it then. Null judges it like any other.",
    )
    half_life: float | None = Field(
        15,
        ge=3,
        description="Origins by which one must be older than another to weigh half as much in min_improvement and in "
        "the test; null weighs all alike.",
    )
    alpha: float | None = Field(
        0.40,
        gt=0,
        le=0.5,
        description="Level of the one-sided Diebold-Mariano test: how often a challenger no better than the champion "
        "may pass it.",
    )
    max_revised_share: float | None = Field(
        0.05,
        ge=0,
        lt=1,
        description="Share of the dates common with the champion's data on which values may differ by more than "
        "revision_tolerance.",
    )
    revision_tolerance: float = Field(
        0.5,
        ge=0,
        description="How much a value may be revised before it counts, in typical one-step errors of the champion.",
    )
    plausible_data: bool = Field(
        True, description="Whether data are refused whose newest rows cannot be what the champion forecast."
    )
    max_start_gap: float | None = Field(
        None,
        gt=0,
        description="Largest log-likelihood by which the estimation's starts may end apart; off unless set.",
    )
    beat_seasonal_naive: bool = Field(True, description="Whether the RMSE must not exceed the seasonal naive's.")
    incumbent: Literal["seasonal_naive", "hold"] = Field(
        "seasonal_naive",
        description="What replaces a champion that cannot be scored, as it is no forecastops model or its files are "
        "gone: a challenger that passes the guardrails and is not above the seasonal naive, or (hold) none without "
        "--force.",
    )
    max_coverage_shortfall: float | None = Field(
        0.15,
        ge=0,
        lt=1,
        description="How far an interval's coverage may fall below its level, as a share, unless the champion's falls "
        "further still.",
    )
    max_step_ratio: float | None = Field(
        1.25,
        gt=0,
        description="Largest RMSE at any one step, relative to the champion's (to the seasonal naive's without one).",
    )
    max_weekday_ratio: float | None = Field(
        None, gt=0, description="Largest RMSE on any one weekday, relative to the champion's; off unless set."
    )
    max_recent_ratio: float | None = Field(
        1.25, gt=0, description="Largest RMSE from the newest origins (recent_origins), relative to the champion's."
    )
    recent_origins: int = Field(7, ge=1, description="How many origins, the newest of the window, count as recent.")
    max_bias_share: float | None = Field(
        0.50,
        gt=0,
        description="Largest bias as a share of the RMSE; a larger one is a warning, and blocks where the bias grew.",
    )
    max_bias_growth: float = Field(
        1.25, ge=1, description="How many times the champion's bias a large one may be before it has grown."
    )


class TrackingConfig(StrictRecord):
    """Where runs and models are kept. Null means what MLflow's own environment variables say."""

    tracking_uri: str | None = Field(None, description="MLflow tracking URI; else MLFLOW_TRACKING_URI, else SQLite.")
    registry_uri: str | None = Field(None, description="MLflow registry URI, where it differs from the tracking URI.")
    experiment: str | None = Field(
        None,
        min_length=1,
        description="MLflow experiment that holds the runs; else MLFLOW_EXPERIMENT_NAME or _ID, else forecastops.",
    )
    artifact_location: str | None = Field(
        None, description="Where the experiment keeps artifacts, should it have to be created; MLflow's choice if null."
    )


class RegistryConfig(StrictRecord):
    """The registered model and the pointer to its champion."""

    model_name: str = Field("transactions-forecast", pattern=_NAME, description="Name of the registered model.")
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
        if alias.lower() == "latest" or re.fullmatch(r"[vV]\d+", alias):
            raise ValueError(f"MLflow reserves the alias {alias!r}")
        return alias


class DeploymentConfig(StrictRecord):
    """Where the champion serves, through MLflow's deployments interface."""

    target: str = Field("forecastops-local", min_length=1, description="MLflow deployments target URI.")
    name: str | None = Field(None, pattern=_NAME, description="Name of the deployment; the model's name when absent.")
    timeout_seconds: float = Field(120.0, gt=0, description="How long a deployment may take to become healthy.")
    on_hold: Literal["renew", "refit", "nothing"] = Field(
        "refit",
        description="What a champion that stays is given: the newest data with its own parameters (renew), its "
        "specification estimated anew on them (refit), or nothing.",
    )
    max_age_days: float | None = Field(
        None, gt=0, description="Age of the newest data served beyond which status calls production stale; off if null."
    )
    settings: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="Settings handed to the target as they are, e.g. port for forecastops-local."
    )


class Config(StrictRecord):
    """Everything a command needs to know; each part is described at its own record."""

    data: DataConfig = Field(DataConfig(), description="How files become one regular series.")
    model: ModelConfig = Field(ModelConfig(), description="The ARIMA specification, and how it is chosen.")
    evaluation: EvaluationConfig = Field(EvaluationConfig(), description="Rolling-origin evaluation.")
    gate: GatePolicy = Field(GatePolicy(), description="What a challenger must show.")
    tracking: TrackingConfig = Field(TrackingConfig(), description="Where runs and models are kept.")
    registry: RegistryConfig = Field(RegistryConfig(), description="The model's name and its pointer.")
    deployment: DeploymentConfig = Field(DeploymentConfig(), description="Where the champion serves.")
    signing: SigningConfig = Field(SigningConfig(), description="Which key signs models, and whose signature counts.")

    @model_validator(mode="after")
    def _test_can_be_passed(self) -> Config:
        if self.evaluation.window is not None and self.evaluation.horizon is not None:
            self._require_origins(self.evaluation.window, self.evaluation.horizon)
        return self

    def evaluation_of(self, frequency: str) -> Evaluation:
        """Horizon, window and season for a series of that frequency.

        Raises:
            DataError: where a season is to be found and the frequency has no usual one.
            ConfigError: where what is configured does not go with the frequency's usual horizon or window.
        """
        found = self.evaluation.resolved(frequency)
        try:
            self._require_origins(found.window, found.horizon)
        except ValueError as error:
            remedy = "set both evaluation.horizon and evaluation.window"
            raise ConfigError(f"configuration, for frequency {frequency}", str(error), remedy) from error
        return found

    def _require_origins(self, window: int, horizon: int) -> None:
        origins = window - horizon + 1
        if origins < 1:
            raise ValueError(f"window {window} is shorter than horizon {horizon}: it would hold no origin")
        if self.gate.alpha is not None and origins <= horizon:
            raise ValueError(
                f"evaluation.window {window} has {origins} origins, too few for the gate's test of "
                f"{horizon}-step forecasts: take a window of at least {2 * horizon}, "
                "or switch the test off with gate.alpha null"
            )

    @property
    def deployment_name(self) -> str:
        """The deployment's name: as configured, else the model's."""
        return self.deployment.name or self.registry.model_name
