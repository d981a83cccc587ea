"""From a file to a forecast with the names of two columns alone, at each frequency; and what a broken feed comes to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command import Command, new_command
from local_endpoint_support import stop_endpoints

COLUMNS = ("--set", "data.date_column=ds", "--set", "data.value_column=y")


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Command]:
    """The command, with a database that the tests of this module share."""
    folder = tmp_path_factory.mktemp("frequencies")
    yield new_command(folder, empty_database)
    stop_endpoints(folder / "home")


def series(dates: pd.DatetimeIndex, season: int) -> pd.DataFrame:
    rows = np.arange(len(dates))
    values = (
        1000
        + rows / 5
        + 150 * np.sin(2 * np.pi * rows / season)
        + 20 * np.random.default_rng(7).normal(size=len(dates))
    )
    return pd.DataFrame({"ds": dates, "y": np.round(values, 2)})


KINDS = {
    # frequency: dates, season, horizon, the date after the last
    "MS": (pd.date_range("2015-01-01", periods=96, freq="MS"), 12, 6),
    "QS-OCT": (pd.date_range("2003-10-01", periods=60, freq="QS-OCT"), 4, 4),
    "B": (pd.bdate_range("2023-01-02", periods=160), 5, 10),
    "h": (pd.date_range("2023-01-02", periods=24 * 14, freq="h"), 24, 24),
}


@pytest.mark.parametrize("frequency", KINDS)
def test_a_file_is_forecast_with_the_names_of_its_columns_alone(command: Command, frequency: str) -> None:
    dates, season, horizon = KINDS[frequency]
    path = command.folder / f"{frequency}.csv"
    series(dates, season).to_csv(path, index=False)
    options = (*COLUMNS, "--set", f"registry.model_name=model-{frequency}", "--set", f"deployment.name=d-{frequency}")
    done = command("retrain", "--data", str(path), *options, "--json")
    assert done.code == 0, done.stderr
    assert done.json["evaluate"]["verdict"] == "PROMOTE", done.json["evaluate"]
    assert done.json["evaluate"]["window"]["horizon"] == horizon
    ahead = command("forecast", "--horizon", "3", *options, "--json")
    assert ahead.code == 0, ahead.stderr
    found = [pd.Timestamp(one["date"]) for one in ahead.json["forecast"]]
    assert found == list(pd.date_range(dates[-1], periods=4, freq=dates.freq))[1:]

    # A few rows show no frequency of their own: Friday and Monday lie three days apart.
    longer = series(pd.date_range(dates[0], periods=len(dates) + 1, freq=dates.freq), season)
    newest = command.folder / f"{frequency}-newest.csv"
    for rows in (1, 2):
        longer.tail(rows).to_csv(newest, index=False)
        after = command("forecast", "--data", str(newest), "--horizon", "1", *options, "--json")
        assert after.code == 0, after.stderr
        assert pd.Timestamp(after.json["forecast"][0]["date"]) == found[1]
    if frequency == "B":
        renewed = command("renew", "--data", str(newest), *options, "--json")
        assert (renewed.code, renewed.json["renewed"]) == (0, True), renewed.stdout


def daily() -> pd.DataFrame:
    return series(pd.date_range("2023-01-02", periods=200), 7)


def stuck(frame: pd.DataFrame) -> None:
    frame.loc[frame.index[-9:], "y"] = frame["y"].iloc[-9]


def another_unit(frame: pd.DataFrame) -> None:
    frame.loc[frame.index[-2:], "y"] *= 1000


def partial(frame: pd.DataFrame) -> None:
    frame.loc[frame.index[-1], "y"] *= 0.2


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (stuck, "the last 9 values, to 2023-07-20, are all|equal"),
        (another_unit, "values are about 1000 times those before: another unit?"),
        (partial, "is its period complete? data.drop_last=1 leaves it out"),
    ],
    ids=["stuck", "x1000", "partial"],
)
def test_a_broken_feed_is_not_promoted(command: Command, broken: Any, said: str) -> None:
    """A first model is not, where there is no champion to compare it with; `train` has said why before."""
    frame = daily()
    broken(frame)
    path = command.folder / f"{broken.__name__}.csv"
    frame.to_csv(path, index=False)
    options = (*COLUMNS, "--set", f"registry.model_name={broken.__name__}")
    done = command("retrain", "--data", str(path), *options, "--json")
    assert done.code == 0, done.stderr
    assert done.json["evaluate"]["verdict"] == "REJECT"
    failed = [check["name"] for check in done.json["evaluate"]["checks"] if not check["passed"]]
    assert "plausible_data" in failed
    assert done.json["promote"] is None
    assert any(part in done.stderr for part in said.split("|")), done.stderr
