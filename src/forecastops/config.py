"""The configuration: a frozen, strict record in which every field is described and unknown keys are errors.

Each section stands beside what reads it.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from forecastops.adapters.alerts.config import AlertsConfig
from forecastops.adapters.endpoint.config import DeploymentConfig
from forecastops.adapters.mlflow_store.config import RegistryConfig, TrackingConfig
from forecastops.core.errors import ConfigError
from forecastops.core.signing_config import SigningConfig
from forecastops.core.strict import StrictRecord
from forecastops.data.config import DataConfig
from forecastops.forecasting.config import Evaluation, EvaluationConfig, ModelConfig
from forecastops.gate.policy import GatePolicy
from forecastops.monitoring.config import MonitorConfig
from forecastops.panel.config import PanelConfig

__all__ = ["Config"]


class Config(StrictRecord):
    """Everything a command needs to know; each part is described at its own record."""

    data: DataConfig = Field(DataConfig(), description="How files become one regular series.")
    model: ModelConfig = Field(ModelConfig(), description="The ARIMA specification, and how it is chosen.")
    evaluation: EvaluationConfig = Field(EvaluationConfig(), description="Rolling-origin evaluation.")
    gate: GatePolicy = Field(GatePolicy(), description="What a challenger must show.")
    panel: PanelConfig = Field(PanelConfig(), description="How many series are decided together.")
    tracking: TrackingConfig = Field(TrackingConfig(), description="Where runs and models are kept.")
    registry: RegistryConfig = Field(RegistryConfig(), description="The model's name and its pointer.")
    deployment: DeploymentConfig = Field(DeploymentConfig(), description="Where the champion serves.")
    monitor: MonitorConfig = Field(MonitorConfig(), description="When the champion should be looked at again.")
    alerts: AlertsConfig = Field(AlertsConfig(), description="Who is told when something moved, or the data broke.")
    signing: SigningConfig = Field(SigningConfig(), description="Which key signs models, and whose signature counts.")

    @model_validator(mode="after")
    def _test_can_be_passed(self) -> Config:
        if self.evaluation.window is not None and self.evaluation.horizon is not None:
            self._require_origins(self.evaluation.window, self.evaluation.horizon)
        return self

    def evaluation_of(self, frequency: str) -> Evaluation:
        """Return horizon, window and season for a series of that frequency.

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
