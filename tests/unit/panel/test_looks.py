"""Each series of a panel is watched as one by itself; all are decided on together, at the rate of one."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecastops.adapters.sources.read_series import read_series, read_tables
from forecastops.data.config import DataConfig
from forecastops.forecasting.config import EvaluationConfig, ModelConfig
from forecastops.forecasting.model import joined
from forecastops.forecasting.training import fit
from forecastops.gate.policy import GatePolicy
from forecastops.monitoring.config import MonitorConfig
from forecastops.monitoring.quality import Given
from forecastops.monitoring.watch import Watch, watch
from forecastops.panel.looks import decide_looks
from forecastops.panel.rows import row_of
from forecastops.panel.settings import WorkSettings
from forecastops.panel.watched_series import watch_on

DATA = DataConfig(date_column="day", value_column="sold")
ORDER: dict[str, Any] = {"order": (1, 0, 1), "seasonal_order": (0, 1, 1, 7)}
SETTINGS = WorkSettings(
    data=DATA,
    model=ModelConfig(selection="fixed", **ORDER),
    evaluation=EvaluationConfig(horizon=14, window=56),
    gate=GatePolicy(),
)
TRAINED, LIVE = 200, 90
CHANGES = ("none", "level", "spread", "season", "independent")


def frame(change: str) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    days = np.arange(TRAINED + LIVE)
    noise = rng.normal(size=len(days))
    later = days >= TRAINED + 20
    if change == "spread":
        noise[later] *= 2
    week = np.where(later & (change == "season"), 0.0, 2 * np.cos(2 * np.pi * days / 7))
    shock = np.zeros(len(days))
    for day in days[1:]:
        shock[day] = 0.5 * shock[day - 1] + noise[day]
    values = 200 + 10 * (shock + week) + np.where(later & (change == "level"), 60, 0)
    dates = pd.date_range("2013-01-01", periods=len(days), freq="D")
    return pd.DataFrame({"day": dates, "sold": np.round(values, 2)})


def both(change: str, settings: WorkSettings = SETTINGS) -> tuple[Watch, dict[str, Any]]:
    """Return the look of `monitor` of a single series, and that at the same series as a row of a panel."""
    whole = read_series([frame(change)], DATA)
    first = read_series([frame(change).head(TRAINED)], DATA)
    evaluation = settings.evaluation_of("D")
    champion = fit(first, settings.model, evaluation, None).model
    given = Given(joined(champion, whole), whole, evaluation.season_length)
    alone = watch(champion, given, evaluation, settings.gate, settings.monitor)
    found = watch_on("one", list(read_tables([frame(change)], DATA)), row_of("one", champion, 7), settings)
    return alone, json.loads(found.evidence)


@pytest.mark.parametrize("change", CHANGES)
def test_a_series_of_a_panel_is_watched_as_one_by_itself(change: str) -> None:
    alone, found = both(change)
    signals = {one["name"]: one for one in found["signals"]}
    assert list(signals) == [one.name for one in alone.look.signals]
    for signal in alone.look.signals:
        same = signals[signal.name]
        assert same["passed"] == signal.passed
        if signal.value is None:
            assert same["value"] is None
        else:
            assert same["value"] == pytest.approx(signal.value, rel=1e-9, abs=1e-12)
        assert same["since"] == signal.since
        if signal.name in alone.rarities:
            rare = alone.rarities[signal.name] <= SETTINGS.monitor.false_alarms_a_year
            assert rare != signal.passed, signal.name


@pytest.mark.parametrize("rate", [0.001, 0.2])
def test_a_signal_passes_its_threshold_where_it_is_rarer_than_is_allowed(rate: float) -> None:
    alone, _ = both("spread", SETTINGS.model_copy(update={"monitor": MonitorConfig(false_alarms_a_year=rate)}))
    for signal in alone.look.signals:
        if signal.name in alone.rarities:
            assert (alone.rarities[signal.name] <= rate) != signal.passed, signal.name


def look(rarity: float) -> dict[str, Any]:
    return {"state": "watched", "rarities": {"level": rarity, "spread": 1.0}, "signals": []}


@pytest.mark.simulation
def test_where_nothing_moved_a_thousand_series_raise_one_false_alarm_in_twenty_years() -> None:
    rng = np.random.default_rng(1)
    years = [
        decide_looks([(str(name), look(float(p))) for name, p in enumerate(rng.uniform(size=1000))], 0.05).moved > 0
        for _ in range(400)
    ]
    assert np.mean(years) < 0.09


def test_those_that_moved_are_found_among_all_others() -> None:
    rng = np.random.default_rng(1)
    found = [(f"quiet {number}", look(float(p))) for number, p in enumerate(rng.uniform(size=970))]
    found += [(f"moved {number}", look(1e-5)) for number in range(30)]
    found += [("broken", {"state": "broken", "by": ["late"], "rarities": {"level": 1e-9}}), ("new", {"state": "new"})]
    panel = decide_looks(found, 0.05)
    named = panel.table.loc[panel.table["moved"], "unique_id"]
    assert {f"moved {number}" for number in range(30)} <= set(named)
    assert panel.moved <= 33
    assert "broken" not in set(named)
    assert panel.states == {"watched": 1000, "broken": 1, "new": 1}
    assert panel.broken_by == {"late": 1}
