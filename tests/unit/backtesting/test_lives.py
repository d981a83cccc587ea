"""Policies live through a past side by side, and share what they ask alike."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecastops.backtesting.choices import YOURS, as_options, policies_for
from forecastops.backtesting.jobs import Fit, Job, Outcome, Score, job_of
from forecastops.backtesting.life import Lived
from forecastops.backtesting.plan import planned
from forecastops.backtesting.results import Backtest
from forecastops.backtesting.schedule import Here, live_side_by_side
from forecastops.backtesting.stream import Stream
from forecastops.backtesting.summary import first_errors, summarised
from forecastops.core.errors import DataError
from forecastops.data.series import Series
from forecastops.forecasting.config import EvaluationConfig, ModelConfig
from forecastops.gate.policy import GatePolicy

ONE_MODEL = ModelConfig(order=(1, 0, 1))


class Counting(Here):
    """Counts what is asked, and sends every job and outcome through JSON, as workers do."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(Stream.of(json.loads(json.dumps(stream.document()))))
        self.jobs: list[Job] = []

    def answer(self) -> tuple[Job, Outcome]:
        job, outcome = super().answer()
        self.jobs.append(job)
        again = job_of(json.loads(json.dumps(job.document())))
        assert again == job
        assert again.key == job.key
        return job, json.loads(json.dumps(outcome))


def daily(rows: int, shift: float = 0.0, at: int | None = None, seed: int = 1) -> Series:
    random = np.random.default_rng(seed)
    noise = np.zeros(rows)
    for row in range(1, rows):
        noise[row] = 0.5 * noise[row - 1] + random.normal()
    level = 100.0 + shift * (np.arange(rows) >= (rows if at is None else at))
    return Series(pd.Series(level + noise, pd.date_range("2020-01-01", periods=rows, freq="D"), name="value"))


def stream_of(series: Series, model: ModelConfig = ONE_MODEL, **cut: int) -> Stream:
    return planned(series, EvaluationConfig().resolved(series.frequency), model, **cut)


def lived(stream: Stream) -> tuple[dict[str, Lived], Mapping[Job, Outcome], Counting]:
    engine = Counting(stream)
    policies = policies_for(GatePolicy(), "refit")
    lives, outcomes = live_side_by_side(stream, policies, engine)
    return lives, outcomes, engine


def found(stream: Stream) -> Backtest:
    policies = policies_for(GatePolicy(), "refit")
    lives, outcomes, engine = lived(stream)
    job = first_errors(lives[YOURS])
    engine.ask(job)
    return summarised(stream, policies, lives, {**outcomes, job: engine.answer()[1]})


def test_each_date_is_fitted_once_and_equal_forecasts_are_made_once() -> None:
    stream = stream_of(daily(200), every=14, looks=4)
    lives, outcomes, engine = lived(stream)
    kinds = Counter(type(job) for job in engine.jobs)
    assert kinds[Fit] == 5
    assert len(set(engine.jobs)) == len(engine.jobs)
    asked = [period.served for life in lives.values() for period in life.periods]
    assert len(asked) == 8 * 5
    assert kinds[Score] < len(asked)
    assert set(asked) <= outcomes.keys()


def test_what_each_policy_is_by_its_name() -> None:
    result = found(stream_of(daily(230, shift=12, at=150), every=14, looks=6))
    by_name = {policy.name: policy for policy in result.policies}
    assert next(iter(by_name)) == YOURS
    assert (by_name["never"].promotions, by_name["never"].refits) == (0, 0)
    assert by_name["always"].promotions == result.looks == 6
    assert not by_name["always"].notices
    assert by_name["lower RMSE"].refits == 0
    assert all(len(policy.decisions) == 6 for policy in result.policies)
    assert all(policy.needless <= policy.promotions for policy in result.policies)
    assert result.days == 6 * 14
    assert by_name[YOURS].relative.estimate == 1.0
    assert by_name["never"].relative.estimate != 1.0


def test_a_shift_is_dated_and_noticed_after_it_and_not_before() -> None:
    result = found(stream_of(daily(230, shift=12, at=150), every=14, looks=6))
    assert any("2020-05-29" <= one.date <= "2020-06-03" for one in result.breaks), result.breaks
    for policy in result.policies:
        for one, noticed in zip(result.breaks, policy.noticed, strict=True):
            assert noticed is None or (noticed.date >= one.date and noticed.after >= 1)
    assert any(policy.alarms for policy in result.policies if policy.name != "always")


def test_rows_that_the_alarm_keeps_out_are_accepted_after_a_week() -> None:
    stream = stream_of(daily(200, shift=60, at=150), every=14, looks=4)
    lives, _, _ = lived(stream)
    states = [state.rows for period in lives["never"].periods for state in period.served.states]
    days = [day for period in lives["never"].periods for day in period.served.days]
    lags = [day - rows for day, rows in zip(days, states, strict=True)]
    (alarm,) = lives["never"].alarms
    assert alarm == 151
    assert max(lags) == 7
    assert lags[days.index(alarm + 7)] == 0
    assert {
        day - rows
        for period in lives["always"].periods
        for day, rows in zip(period.served.days, (state.rows for state in period.served.states), strict=True)
    } == {0}


@pytest.mark.parametrize(
    ("frequency", "rows", "every"), [("D", 200, 7), ("B", 200, 5), ("W-SUN", 320, 4), ("MS", 120, 1), ("2D", 200, 4)]
)
def test_how_often_by_frequency(frequency: str, rows: int, every: int) -> None:
    values = pd.Series(np.arange(rows) % 7 + 0.5, pd.date_range("2000-01-02", periods=rows, freq=frequency))
    evaluation = EvaluationConfig(season_length=7 if frequency == "2D" else None).resolved(frequency)
    stream = planned(Series(values), evaluation, ModelConfig())
    assert stream.every == every
    assert 1 <= stream.looks - 1 <= 26
    last = stream.days(stream.looks - 1)
    assert len(last) == every
    assert last[-1] + evaluation.horizon == rows


def test_too_short_a_past_says_how_long_it_must_be() -> None:
    with pytest.raises(DataError, match=r"has 120 rows, and 1\d\d are needed: 92 to train and judge a first model"):
        stream_of(daily(120), every=28)
    needed = 92 + 2 * 28 + 14 - 1
    assert stream_of(daily(needed), every=28).looks == 2


def test_variants_are_left_out_where_they_are_what_is_configured() -> None:
    names = [policy.name for policy in policies_for(GatePolicy(), "renew")]
    assert names == [
        YOURS,
        "never",
        "always",
        "recorded metrics",
        "lower RMSE",
        "yours, looser",
        "yours, stricter",
        "yours, refit on hold",
    ]
    looser = GatePolicy(min_improvement=0.0, same_spec_improvement=0.0, alpha=0.5)
    assert "yours, looser" not in [policy.name for policy in policies_for(looser, "renew")]


def test_settings_as_options() -> None:
    assert as_options({"gate.alpha": None, "gate.min_improvement": 0.05, "deployment.on_hold": "renew"}) == (
        "gate.alpha=null",
        "gate.min_improvement=0.05",
        "deployment.on_hold=renew",
    )


def test_a_stream_with_gaps_and_filled_days_goes_through_json() -> None:
    series = daily(60)
    values = series.values.copy()
    values.iloc[[10, 11, 59]] = np.nan
    stream = stream_of(daily(200), every=14, looks=2)
    gappy = Stream(Series(values, filled=("2020-01-05",)), stream.evaluation, ONE_MODEL, 30, 5, 3)
    again: Any = Stream.of(json.loads(json.dumps(gappy.document())))
    assert again.document() == gappy.document()
    assert again.known(60).end == "2020-02-28"
    assert again.known(12).rows == 10
    assert again.known(4).filled == ()
    assert again.known(6).filled == ("2020-01-05",)
