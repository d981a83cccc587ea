"""The pipeline through the days of AdventureWorks, one run a day, breaks included: which stages ran when.

The conditions are those of ``azure-pipelines.yml``, the looks, models and decisions the product's own; what is left out
are agents and endpoint, which the stories of ``test_pipeline.py`` have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecastops.config import Config
from forecastops.data.series import Series
from forecastops.forecasting.config import ModelConfig
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.training import fit
from forecastops.gate.comparison import compare
from forecastops.gate.decision import decide
from forecastops.monitoring.signal import Look
from forecastops.usecases.monitor import watch_champion
from pipeline_rehearsal.definition import load_pipeline
from pipeline_rehearsal.expressions import evaluate, parse
from pipeline_rehearsal.stories import RENEWAL, RETRAINING
from repository import ROOT

MODEL = ModelConfig(selection="fixed", order=(1, 0, 1), seasonal_order=(0, 1, 1, 7))
CONFIG = Config(model=MODEL)
FIRST, LAST = "2014-01-01", "2014-05-31"
WRONG = "2014-02-12"  # delivered a thousand times too large, and right a day later
DEAD = ("2014-03-18", "2014-03-23")  # nothing is delivered; all of it comes on the day after
SHIFT = "2014-04-21"  # a Monday, from which on values are larger by three deviations


@dataclass
class Day:
    """What ran, and why."""

    look: Look
    ran: tuple[str, ...]
    verdict: str | None = None


@dataclass
class Production:
    """The champion, and what happened on each day."""

    champion: Forecaster
    days: dict[str, Day] = field(default_factory=dict)


@cache
def stages(schedule: str) -> Mapping[str, str]:
    pipeline = load_pipeline(ROOT / "azure-pipelines.yml", {}, schedule)
    return {stage.name: stage.condition or "succeeded()" for stage in pipeline.stages}


def wanted(name: str, schedule: str, outputs: Mapping[str, Any]) -> bool:
    condition = stages(schedule).get(name)
    status = {"succeeded": lambda: True, "canceled": lambda: False}
    contexts = {"variables": {"Build.Reason": "Schedule"}, "dependencies": outputs}
    return condition is not None and evaluate(parse(condition), contexts, status) is True


def delivered(truth: pd.Series[float], today: pd.Timestamp) -> pd.Series[float]:
    """What the feed has on the morning of a day: all days before it, unless it is broken."""
    known = truth[truth.index < today]
    if pd.Timestamp(DEAD[0]) < today <= pd.Timestamp(DEAD[1]):
        known = known[known.index < pd.Timestamp(DEAD[0])]
    if known.index[-1] == pd.Timestamp(WRONG):
        known = known.copy()
        known.iloc[-1] *= 1000
    return known


def live(production: Production, truth: pd.Series[float], today: pd.Timestamp) -> None:
    """One run of the pipeline."""
    schedule = RETRAINING if today.dayofweek == 0 else RENEWAL
    data = delivered(truth, today)
    frame = data.rename("PaidAmount").rename_axis("TransactionDate").reset_index()
    look = watch_champion(CONFIG, production.champion, [frame], today).look
    told = {f"watch.monitor.{name}": str(getattr(look, name)).lower() for name in ("retrain", "broken", "too_old")}
    outputs: dict[str, Any] = {"Monitor": {"result": "Succeeded", "outputs": told}}
    ran, verdict = ["Monitor"], None
    series = Series(data.asfreq("D"))
    evaluation = CONFIG.evaluation_of("D")
    if wanted("Train", schedule, outputs):
        challenger = fit(series, MODEL, evaluation, production.champion).model
        evidence = compare(challenger, production.champion, evaluation, MODEL.max_iterations).evidence
        verdict = decide(evidence, CONFIG.gate).verdict
        ran += ["Train", "Promote" if verdict == "PROMOTE" else "Keep"]
        # A champion that stays is estimated anew on the data (deployment.on_hold), unless these were refused.
        production.champion = challenger
    if wanted("Refresh", schedule, outputs):
        production.champion = production.champion.with_data(series.values)
        ran.append("Refresh")
    production.days[today.date().isoformat()] = Day(look, tuple(ran), verdict)


@pytest.fixture(scope="module")
def year(shared_data: Path) -> dict[str, Day]:
    table = pd.read_csv(shared_data / "adventureworks" / "mlops_forecast_data.csv", parse_dates=["TransactionDate"])
    truth = table.set_index("TransactionDate")["PaidAmount"].asfreq("D")
    truth[truth.index >= pd.Timestamp(SHIFT)] += 3 * float(truth[: pd.Timestamp(FIRST)].std())
    before = Series(truth[truth.index < pd.Timestamp(FIRST)].asfreq("D"))
    production = Production(fit(before, MODEL, CONFIG.evaluation_of("D")).model)
    for today in pd.date_range(FIRST, LAST, freq="D")[1:]:
        live(production, truth, today)
    for date, day in production.days.items():
        why = ", ".join(day.look.moved) or ("broken" if day.look.broken else "too old" if day.look.too_old else "")
        print(f"{date} {pd.Timestamp(date):%a} {' '.join(day.ran):22} {day.verdict or '':8} {why}")  # noqa: T201
    return production.days


def test_mondays_retrain(year: dict[str, Day]) -> None:
    mondays = [day for date, day in year.items() if pd.Timestamp(date).dayofweek == 0]
    assert all("Train" in day.ran for day in mondays if not day.look.broken)
    assert all("Refresh" not in day.ran for day in mondays)


def test_other_days_renew_and_nothing_else_where_nothing_moved(year: dict[str, Day]) -> None:
    quiet = [
        day
        for date, day in year.items()
        if pd.Timestamp(date).dayofweek and not (day.look.broken or day.look.moved or day.look.too_old)
    ]
    assert len(quiet) > 60
    assert {day.ran for day in quiet} == {("Monitor", "Refresh")}


def test_broken_data_are_taken_for_nothing(year: dict[str, Day]) -> None:
    wrong = year[str((pd.Timestamp(WRONG) + pd.Timedelta(days=1)).date())]
    assert wrong.look.broken
    assert wrong.ran == ("Monitor",)
    after = year[str((pd.Timestamp(WRONG) + pd.Timedelta(days=2)).date())]
    assert not after.look.broken
    assert len(after.ran) > 1


def test_a_dead_feed_is_late_and_nothing_is_made_of_it(year: dict[str, Day]) -> None:
    late = [date for date, day in year.items() if any(s.name == "late" and not s.passed for s in day.look.signals)]
    assert late == ["2014-03-21", "2014-03-22", "2014-03-23"]
    assert {year[date].ran for date in late} == {("Monitor",)}
    assert not year["2014-03-24"].look.broken


def test_a_shift_retrains_on_a_day_that_is_no_monday(year: dict[str, Day]) -> None:
    moved = [
        date
        for date, day in year.items()
        if date > SHIFT and day.look.retrain and pd.Timestamp(date).dayofweek and "Train" in day.ran
    ]
    assert moved
    assert moved[0] <= "2014-05-06"
    false = [date for date, day in year.items() if date <= SHIFT and day.look.moved]
    assert len(false) <= 10
