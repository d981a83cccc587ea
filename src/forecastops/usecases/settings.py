"""What a configuration means for series of each usual frequency."""

from __future__ import annotations

from typing import Any

from forecastops.adapters.example_configs import read_example
from forecastops.config import Config
from forecastops.core.errors import ConfigError
from forecastops.data.frequency import family
from forecastops.forecasting.members import combination, logs_by_likelihood

__all__ = ["by_frequency", "example"]

_USUAL = {
    "hourly": "h",
    "daily": "D",
    "business days": "B",
    "weekly": "W-SUN",
    "monthly": "MS",
    "quarterly": "QS",
    "yearly": "YS",
}
_MANY_ROWS = 10_000


def by_frequency(config: Config) -> dict[str, dict[str, Any]]:
    """Return horizon, window, season and members (names of their orders) by name of the frequency, for a long series.

    The members are those of ``selection=combination``; none are named for another selection. ``log`` says whether the
    likelihood decides if logarithms are modelled.
    """
    found = {}
    for name, frequency in _USUAL.items():
        evaluation, step = config.evaluation.resolved(frequency), family(frequency)
        members = []
        if config.model.selection == "combination":
            members = [spec.name for spec in combination(config.model, evaluation.season_length, _MANY_ROWS, step)]
        log = "by likelihood" if logs_by_likelihood(config.model, step) else config.model.spec.log
        found[name] = {**evaluation.model_dump(mode="json"), "members": members, "log": log}
    return found


def example(name: str) -> str:
    """Return the text of an example configuration that comes with the package.

    Raises:
        ConfigError: when the installation has lost it.
    """
    try:
        return read_example(name)
    except OSError as error:
        reason = error.strerror or str(error)
        place = f"example configuration {name}"
        raise ConfigError(place, f"cannot be read: {reason}", "install forecastops again") from error
