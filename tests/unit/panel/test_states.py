"""A row without a series forecasts what the full filter does; moved on by newer rows, still."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from forecastops.data.series import Series
from forecastops.forecasting.config import EvaluationConfig, ModelConfig
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.training import fit
from forecastops.panel.artifact import panel_files
from forecastops.panel.panel_forecaster import MANIFEST, PanelForecaster, moved_on
from forecastops.panel.rows import ROW, forecaster_of, row_of

ROWS, KNOWN = 180, 170
DAYS = pd.date_range("2013-01-01", periods=ROWS, freq="D", name="date")
EVALUATION = EvaluationConfig().resolved("D")
MODELS: dict[str, dict[str, Any]] = {
    "default": {},
    "airline": {"order": (1, 1, 1), "seasonal_order": (0, 1, 1, 7)},
    "drift": {"order": (0, 1, 0), "trend": "t"},
    "logs": {"order": (1, 0, 1), "log": True},
}


def values() -> pd.Series[float]:
    rng = np.random.default_rng(3)
    season = 10 * np.sin(2 * np.pi * np.arange(ROWS) / 7)
    found = pd.Series(100 + season + rng.normal(size=ROWS).cumsum() * 0.2 + rng.normal(size=ROWS), DAYS, name="value")
    found.iloc[50:53] = np.nan
    found.iloc[-4] = np.nan
    return found


@pytest.fixture(scope="module")
def models() -> dict[str, Forecaster]:
    known = Series(values().iloc[:KNOWN])
    return {name: fit(known, ModelConfig(**given), EVALUATION).model for name, given in MODELS.items()}


@pytest.fixture(scope="module")
def panel(models: dict[str, Forecaster]) -> PanelForecaster:
    rows = pa.Table.from_pylist([row_of(name, model, 7) for name, model in models.items()], schema=ROW)
    return PanelForecaster(rows, {"levels": [80, 95], "sample": ["default", "drift"]})


def of_series(table: pa.Table, name: str) -> pa.Table:
    return table.filter(pc.equal(table.column("unique_id"), name))


@pytest.mark.parametrize("name", MODELS)
def test_a_state_forecasts_as_the_whole_series_does(
    models: dict[str, Forecaster], panel: PanelForecaster, name: str
) -> None:
    expected, found = models[name].forecast(), of_series(panel.forecast(), name)
    assert [str(date.date()) for date in found["date"].to_pylist()] == expected["date"].tolist()
    for column in expected.columns.drop("date"):
        np.testing.assert_allclose(found[column].to_numpy(), expected[column], rtol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_a_state_moved_on_is_that_of_the_longer_series(
    models: dict[str, Forecaster], panel: PanelForecaster, name: str
) -> None:
    newer = values()
    moved = moved_on(panel.table, {name: newer.iloc[KNOWN - 3 :]})
    assert not moved.refused
    expected = models[name].with_data(newer).forecast()
    found = of_series(PanelForecaster(moved.table, panel.manifest).forecast(), name)
    for column in expected.columns.drop("date"):
        np.testing.assert_allclose(found[column].to_numpy(), expected[column], rtol=1e-12)
    row = of_series(moved.table, name).to_pylist()[0]
    again = row_of(name, models[name].with_data(newer), 7)
    assert {key: row[key] for key in ("rows", "block_digests", "run", "longest_run", "trained_through")} == {
        key: again[key] for key in ("rows", "block_digests", "run", "longest_run", "trained_through")
    }


def test_a_row_and_the_data_make_the_forecaster_again(models: dict[str, Forecaster], panel: PanelForecaster) -> None:
    for row in panel.table.to_pylist():
        found = forecaster_of(row, Series(values()), (80, 95))
        assert found.forecast().equals(models[row["unique_id"]].forecast())


@pytest.mark.parametrize("rows", [[3], [90], [3, 4, 5]])
def test_what_was_revised_is_told_from_sums(panel: PanelForecaster, rows: list[int]) -> None:
    revised = values()
    for place in rows:
        revised.iloc[place] = round(3 * float(revised.iloc[place]), 2)
    row = of_series(panel.table, "drift").to_pylist()[0]
    found = forecaster_of(row, Series(revised), (80, 95)).values
    known = values().iloc[:KNOWN]
    if len(rows) == 1:
        np.testing.assert_allclose(found, known, rtol=1e-9)
    block = slice(rows[0] // 28 * 28, rows[0] // 28 * 28 + 28)
    assert np.isclose(np.nansum(found.iloc[block]), np.nansum(known.iloc[block]))
    assert np.isclose(np.nansum(found.iloc[block] ** 2), np.nansum(known.iloc[block] ** 2))


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"far": 1e4}, "standard deviations from the one-step forecast"),
        ({"zero": 0.0}, "is 0, which none was before"),
        ({"stuck": 0.0}, "are all the same"),
    ],
)
def test_implausible_rows_move_no_state(panel: PanelForecaster, what: dict[str, float], said: str) -> None:
    ((kind, value),) = what.items()
    rows = 9 if kind == "stuck" else 1
    name, place = ("drift", 2) if kind == "stuck" else ("airline", 1)
    value = value if kind != "stuck" else float(panel.table.column("tail")[place].as_py()[-1])
    newer = pd.Series(value, pd.date_range(DAYS[KNOWN], periods=rows, freq="D"))
    moved = moved_on(panel.table, {name: newer})
    assert said in moved.refused[place]
    assert moved.table.equals(panel.table)
    assert not moved_on(panel.table, {name: newer}, guarded=False).refused


def test_the_files_bind_what_they_hold(panel: PanelForecaster) -> None:
    files = panel_files(panel.table, (80, 95), {})
    again = PanelForecaster.from_files(files)
    assert again.predict()["unique_id"].unique().tolist() == again.manifest["sample"]
    part = next(name for name in files if name != MANIFEST)
    with pytest.raises(ValueError, match="is not the one it was written with"):
        PanelForecaster.from_files(files | {part: files[part][:-1] + b"x"})


def test_a_request_names_series_and_newer_observations(panel: PanelForecaster) -> None:
    asked = pd.DataFrame({"unique_id": ["drift"], "date": ["2013-06-20"], "value": [100.0], "horizon": [2]})
    assert panel.predict(asked)["date"].tolist() == ["2013-06-21", "2013-06-22"]
    with pytest.raises(ValueError, match="'nobody' is none of this panel's 4"):
        panel.predict(pd.DataFrame({"unique_id": ["nobody"]}))
    with pytest.raises(ValueError, match="unknown columns 'name'"):
        panel.predict(pd.DataFrame({"name": ["drift"]}))
