"""What `data check` and `train` say of the newest rows before anybody relies on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from forecastops.commands.main import main

RNG = np.random.default_rng(7)
DATES = pd.date_range("2023-01-02", periods=200)
VALUES = np.round(1000 + 200 * np.sin(2 * np.pi * np.arange(200) / 7) + 30 * RNG.normal(size=200), 2)


def notes(folder: Path, values: Any, dates: pd.DatetimeIndex = DATES, *more: str) -> list[str]:
    path = folder / "series.csv"
    pd.DataFrame({"date": dates, "value": values}).to_csv(path, index=False)
    settings = ["--set", "data.date_column=date", "--set", "data.value_column=value"]
    result = CliRunner().invoke(main, ["data", "check", str(path), *settings, *more, "--json"])
    assert result.exit_code == 0, result.stderr
    return [str(note) for note in json.loads(result.stdout)["notes"]]


def changed(**rows: float) -> Any:
    values = VALUES.copy()
    for row, value in rows.items():
        values[-int(row[1:])] = value
    return values


def test_a_sound_series_raises_no_doubt(tmp_path: Path) -> None:
    assert notes(tmp_path, VALUES) == []


def test_a_newest_value_far_outside_its_interval_is_named(tmp_path: Path) -> None:
    (note, refused) = notes(tmp_path, changed(r1=180.0))
    assert "the newest value 180 of 2023-07-20 lies far outside its one-step interval" in note
    assert "data.drop_last=1" in note
    assert "plausible_data" in refused
    assert notes(tmp_path, changed(r1=180.0), DATES, "--set", "data.drop_last=1")[1:] == []


def test_a_high_newest_value_is_no_partial_period(tmp_path: Path) -> None:
    (note, *_) = notes(tmp_path, changed(r1=1900.0))
    assert "far outside its one-step interval" in note
    assert "drop_last" not in note


@pytest.mark.parametrize("length", [3, 5, 9])
def test_a_stuck_sensor_is_named(tmp_path: Path, length: int) -> None:
    values = VALUES.copy()
    values[-length:] = 1000.0
    found = notes(tmp_path, values)
    assert any(f"the last {length} values, to 2023-07-20, are all" in note for note in found), found


@pytest.mark.parametrize(("factor", "shown"), [(1000.0, "1000"), (0.001, "0.001"), (100.0, "100"), (10.0, "10")])
@pytest.mark.parametrize("length", [1, 4, 20])
def test_another_unit_is_named(tmp_path: Path, factor: float, shown: str, length: int) -> None:
    values = VALUES.copy()
    values[-length:] *= factor
    found = notes(tmp_path, values)
    begin = DATES[-length].strftime("%Y-%m-%d")
    assert any(f"from {begin} on, values are about {shown} times those before" in note for note in found), found


def test_real_series_raise_few_doubts(shared_data: Path, tmp_path: Path) -> None:
    for path in (shared_data / "series").glob("*.csv"):
        frame = pd.read_csv(path, parse_dates=["date"])
        found = [
            note for note in notes(tmp_path, frame["value"], pd.DatetimeIndex(frame["date"])) if "missing" not in note
        ]
        assert found == [] or path.stem.startswith("covid"), (path, found)


def test_a_window_with_too_few_observed_values_is_refused(tmp_path: Path) -> None:
    kept = np.ones(200, dtype=bool)
    kept[-40:-5] = False
    path = tmp_path / "series.csv"
    pd.DataFrame({"date": DATES[kept], "value": VALUES[kept]}).to_csv(path, index=False)
    settings = ["--set", "data.date_column=date", "--set", "data.value_column=value"]
    result = CliRunner().invoke(main, ["data", "check", str(path), *settings])
    assert result.exit_code == 1
    assert "only 21 of the newest 56 values were observed, and 28 are needed" in result.stderr
