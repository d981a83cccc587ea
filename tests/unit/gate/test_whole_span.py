"""Rows that hide behind good ones: a run of equal values, or many wild rows, with a good row at the end."""

from __future__ import annotations

import numpy as np
import pytest
from test_season_phase import KNOWN, judged, model_of, renewed_daily, series

from forecastops.gate.whole_span import longest_run, wild_rows
from forecastops.reporting.sentences.checks import needed_of, reason_of


def test_a_dead_feed_that_has_recovered_is_refused() -> None:
    values = series()
    values.iloc[KNOWN : KNOWN + 30] = values.iloc[KNOWN - 1]
    values.iloc[KNOWN + 10] = np.nan  # what is missing ends no run
    check = judged(model_of(), values, KNOWN + 45)
    assert (check.passed, check.code, check.value, check.threshold) == (False, "constant_stretch", 30, 2)
    assert reason_of(check) == "30 values in a row, to 2013-11-26, are all the same; at most 2 are plausible"
    assert "--accept-data" in needed_of(check)


def test_wild_rows_that_each_could_be_right_are_refused_together() -> None:
    values = series()
    # Each 9 deviations off, on every second day; then good ones, so that the newest median is as ever.
    values.iloc[KNOWN : KNOWN + 10 : 2] += 9 * np.array([1, -1, 1, -1, 1])
    check = judged(model_of(), values, KNOWN + 30)
    assert (check.passed, check.code, check.threshold) == (False, "wild_rows", 3)
    assert "of as many values as the horizon has" in reason_of(check)
    assert "--accept-data" in needed_of(check)


def test_wild_rows_that_come_one_by_one_are_refused_after_a_few() -> None:
    values = series()
    values.iloc[KNOWN : KNOWN + 30 : 2] += 9 * np.resize([1, -1], 15)
    model, refused = renewed_daily(values.iloc[: KNOWN + 14], model_of())
    assert refused[0].code == "wild_rows"
    assert KNOWN + 6 <= len(model.values) <= KNOWN + 9


def test_three_wild_rows_are_let_in() -> None:
    values = series()
    for row in (2, 5, 9):
        values.iloc[KNOWN + row] += 8.0
    assert judged(model_of(), values, KNOWN + 20).passed


def test_a_history_that_is_delivered_anew_is_no_more_trusted_than_newer_rows() -> None:
    stuck = series()
    stuck.iloc[KNOWN - 20 : KNOWN - 10] = stuck.iloc[KNOWN - 20]
    check = judged(model_of(), stuck, KNOWN + 1)
    assert (check.passed, check.code, check.value) == (False, "constant_stretch", 10)
    wild = series()
    wild.iloc[KNOWN - 20 : KNOWN - 10 : 2] += 9 * np.array([1, -1, 1, -1, 1])
    assert judged(model_of(), wild, KNOWN + 1).code == "wild_rows"
    seen = model_of().with_data(stuck.iloc[:KNOWN])
    assert judged(seen, stuck, KNOWN + 1).passed  # a person has accepted it
    longer = stuck.copy()
    longer.iloc[KNOWN - 50 : KNOWN - 20] = stuck.iloc[KNOWN - 20]
    assert judged(seen, longer, KNOWN + 1).code == "constant_stretch"


def test_what_was_accepted_lets_twice_as_much_in() -> None:
    errors = np.zeros(80)
    errors[[10, 12, 14]] = 9
    errors[60:66] = 9
    assert wild_rows(errors, 40, 14) is None
    errors[66] = 9
    found = wild_rows(errors, 40, 14)
    assert found is not None
    assert tuple(found) == (7, 6, 66)
    assert wild_rows(errors, 67, 14) is None
    known = np.arange(80.0)
    known[10:16] = 1.0
    known[50:62] = 2.0
    assert longest_run(known, 40) is None
    known[62] = 2.0
    found = longest_run(known, 40)
    assert found is not None
    assert tuple(found) == (13, 12, 62)
    assert longest_run(known, 63) is None


@pytest.mark.parametrize(("rows", "refused"), [(2, False), (3, True)])
@pytest.mark.parametrize("value", [0.0, 5.5])
def test_where_no_value_ever_repeats_three_are_a_run(value: float, rows: int, *, refused: bool) -> None:
    known = np.concatenate([np.arange(300.0), np.full(rows, value)])
    assert (longest_run(known, 300) is not None) == refused


def test_where_values_repeat_by_chance_longer_runs_do() -> None:
    counts = np.random.default_rng(0).integers(0, 3, 300).astype(float)
    known = np.concatenate([counts, np.full(8, 1.0)])
    assert longest_run(known, 300) is None
    assert longest_run(np.concatenate([known, np.full(10, 1.0)]), 300) is not None
