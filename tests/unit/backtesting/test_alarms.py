"""The alarm of every day of a past is that of a renewal on that day."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecastops.backtesting.alarms import refused
from forecastops.backtesting.jobs import Fit, Job, carry_out
from forecastops.backtesting.stream import Stream
from forecastops.backtesting.version import State, Version
from forecastops.data.series import Series
from forecastops.forecasting.config import EvaluationConfig, ModelConfig
from forecastops.gate.data_checks import judge_data
from forecastops.gate.policy import GatePolicy

KNOWN, ROWS = 150, 166
WEEK = np.array([0.0, 3.0, 1.0, -2.0, 4.0, -7.0, 1.0])
MODEL = ModelConfig(order=(1, 0, 1), seasonal_order=(0, 1, 1, 7))
CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": lambda rows: rows,
    "a spike": lambda rows: np.where(np.arange(len(rows)) == 3, rows + 40, rows),
    "another level": lambda rows: rows + 9,
    "zeros": lambda rows: rows * 0,
    "stuck": lambda rows: np.full(len(rows), rows[0]),
    "three days late": lambda rows: np.concatenate([rows[3:], rows[4:7]]),
    "stuck, then good": lambda rows: np.where(np.arange(len(rows)) < 12, rows[0], rows),
    "wild, then good": lambda rows: rows + np.where(np.arange(len(rows)) < 12, 9 * (-1) ** np.arange(len(rows)), 0),
    "gaps": lambda rows: np.where(np.arange(len(rows)) % 3 == 1, np.nan, rows),
}


def stream_of(change: str) -> Stream:
    values = 100 + np.resize(WEEK, ROWS) + np.random.default_rng(0).normal(size=ROWS)
    values[KNOWN:] = CHANGES[change](values[KNOWN:])
    series = Series(pd.Series(values, pd.date_range("2013-01-01", periods=ROWS, freq="D"), name="value"))
    return Stream(series, EvaluationConfig().resolved("D"), MODEL, KNOWN, 1, 2)


@cache
def version() -> Version:
    return Version(carry_out(stream_of("none"), Fit(0, None)))


def answered(asked: Generator[Job, Any, bool], stream: Stream, known: dict[Job, Any]) -> bool:
    answer = None
    while True:
        try:
            job = asked.send(answer)
        except StopIteration as end:
            return bool(end.value)
        if job not in known:
            known[job] = carry_out(stream, job)
        answer = known[job]


@pytest.mark.parametrize("change", CHANGES)
def test_the_alarm_is_that_of_a_renewal(change: str) -> None:
    stream, known, raised = stream_of(change), dict[Job, Any](), 0
    for day in range(KNOWN + 1, ROWS + 1):
        for rows in {KNOWN, day - 1}:
            state = State(rows)
            found = answered(refused(stream, version(), state, day), stream, known)
            checks = judge_data(version().in_state(stream, state), stream.known(day), GatePolicy())
            assert found == (not all(check.passed for check in checks)), (change, rows, day)
            raised += found
    assert bool(raised) == (change not in ("none", "gaps"))
