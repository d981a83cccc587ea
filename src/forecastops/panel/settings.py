"""What the work on every series of a panel rests on beside its rows: the configuration, as far as it matters."""

from __future__ import annotations

from pydantic import Field

from forecastops.core.errors import ConfigError
from forecastops.core.strict import StrictRecord
from forecastops.data.config import DataConfig
from forecastops.forecasting.config import Evaluation, EvaluationConfig, ModelConfig
from forecastops.gate.policy import GatePolicy
from forecastops.monitoring.config import MonitorConfig

__all__ = ["PastSettings", "WorkSettings"]


class PastSettings(StrictRecord):
    """Where the past of a panel is cut, and what is lived through now."""

    every: int | None = Field(None, description="Rows from one retraining to the next, where it was asked for.")
    dates: tuple[str, ...] = Field((), description="ISO dates of the newest rows at each retraining, and at the end.")
    number: int = Field(0, description="The retraining after which is lived now.")
    rules: tuple[str, ...] = Field((), description="By which policies; the first one's champions are where fits start.")


class WorkSettings(StrictRecord):
    """The settings of one piece of work, the same for all series."""

    data: DataConfig = Field(description="How rows become a series.")
    model: ModelConfig = Field(description="What is estimated.")
    evaluation: EvaluationConfig = Field(description="What it is scored on.")
    gate: GatePolicy = Field(description="What a challenger must show.")
    renews: bool = Field(True, description="Whether champions that stay are given the newest data.")
    monitor: MonitorConfig = Field(MonitorConfig(), description="What a look at the champion rests on.")
    now: str | None = Field(None, description="Against which lateness counts; where none is given, it does not.")
    series_timeout: float | None = Field(None, description="Seconds that one series may take.")
    past: PastSettings | None = Field(None, description="Of a backtest, where it is.")

    def evaluation_of(self, frequency: str) -> Evaluation:
        """Return horizon, window and season for a series of that frequency.

        Raises:
            DataError: where a season is to be found and the frequency has no usual one.
            ConfigError: where what is configured does not go with the frequency's usual horizon or window.
        """
        found = self.evaluation.resolved(frequency)
        origins = found.window - found.horizon + 1
        needed = found.horizon if self.gate.alpha is not None else 0
        if origins <= needed:
            what = f"evaluation.window {found.window} has {max(origins, 0)} origins, too few for {found.horizon} steps"
            raise ConfigError(f"frequency {frequency}", what, "set both evaluation.horizon and evaluation.window")
        return found
