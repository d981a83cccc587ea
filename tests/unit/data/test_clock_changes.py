"""Days and hours of a place, through both changes of its clock."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecastops.adapters.sources import read_series
from forecastops.config_file import load_config
from forecastops.core.errors import ForecastopsError
from forecastops.data.series import Series

YEAR = pd.date_range("2023-01-01", "2023-12-31 23:00", freq="h", tz="Europe/Berlin")
VALUES = np.round(500 + 100 * np.sin(2 * np.pi * np.arange(len(YEAR)) / 24), 1)
SPRING, AUTUMN = pd.Timestamp("2023-03-26 02:00"), pd.Timestamp("2023-10-29 02:00")


def read(path: Path, *settings: str) -> Series:
    return read_series([path], load_config(None, ["data.date_column=ds", "data.value_column=y", *settings]).data)


def written(folder: Path, dates: object, values: object = VALUES) -> Path:
    path = folder / "series.csv"
    pd.DataFrame({"ds": dates, "y": values}).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("form", ["offsets", "utc"])
@pytest.mark.parametrize("how", ["mean", "sum", "first", "last"])
def test_hours_with_offsets_become_local_ones(tmp_path: Path, form: str, how: str) -> None:
    dates = YEAR if form == "offsets" else YEAR.tz_convert("UTC")
    path = written(tmp_path, dates.map(lambda date: date.isoformat()))
    with pytest.raises(ForecastopsError, match="the hour that the clock goes back to"):
        read(path, "data.timezone=Europe/Berlin")
    series = read(path, "data.timezone=Europe/Berlin", f"data.duplicates={how}")
    assert (series.frequency, series.missing, series.rows) == ("h", 1, 24 * 365)
    assert np.isnan(series.values[SPRING])
    first, second = VALUES[YEAR.tz_localize(None) == AUTUMN]
    right = {"mean": (first + second) / 2, "sum": first + second, "first": first, "last": second}
    assert series.values[AUTUMN] == pytest.approx(right[how])


def test_without_a_zone_offsets_become_utc_and_no_hour_is_lost(tmp_path: Path) -> None:
    series = read(written(tmp_path, YEAR.map(lambda date: date.isoformat())))
    assert (series.frequency, series.missing, series.rows) == ("h", 0, len(YEAR))
    assert series.start == "2022-12-31T23:00:00"
    assert any("converted to UTC" in note for note in series.notes)


def test_local_hours_without_offset_repeat_one_and_skip_one(tmp_path: Path) -> None:
    """As energy markets publish them, and PJM's are posted: in the order of time, or of months turned around."""
    path = written(tmp_path, YEAR.tz_localize(None))
    with pytest.raises(ForecastopsError, match="1 of 8759 dates stand 2 times; the hour that the clock goes back to"):
        read(path)
    series = read(path, "data.duplicates=mean")
    assert (series.missing, series.rows) == (1, 24 * 365)
    frame = pd.read_csv(path)
    by_month = [part.iloc[::-1] for _, part in frame.groupby(frame["ds"].str[:7])]
    pd.concat(by_month).to_csv(tmp_path / "turned.csv", index=False)
    turned = read(tmp_path / "turned.csv", "data.duplicates=mean")
    pd.testing.assert_series_equal(turned.values, series.values)


def test_days_of_a_place_begin_at_its_midnight(tmp_path: Path) -> None:
    days = pd.date_range("2023-01-01", "2023-12-31", tz="Europe/Berlin")
    path = written(tmp_path, days.map(lambda date: date.isoformat()), np.arange(len(days)))
    with pytest.raises(ForecastopsError, match=r"data\.timezone"):
        read(path)
    series = read(path, "data.timezone=Europe/Berlin")
    assert (series.frequency, series.missing, series.start, series.end) == ("D", 0, "2023-01-01", "2023-12-31")
    np.testing.assert_array_equal(series.values, np.arange(365))


def test_hours_of_a_parquet_file_are_those_of_its_column(tmp_path: Path) -> None:
    pd.DataFrame({"ds": YEAR, "y": VALUES}).to_parquet(tmp_path / "series.parquet")
    series = read(tmp_path / "series.parquet", "data.timezone=Europe/Berlin", "data.duplicates=sum")
    assert (series.missing, series.rows) == (1, 24 * 365)
    assert series.values.sum() == pytest.approx(VALUES.sum())
