"""A long table with series of every odd kind: each is kept, defaulted or refused by name, and costs no other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from command import Command, new_command

SETTINGS = {
    "data.series_column": "shop",
    "data.date_column": "day",
    "data.value_column": "sold",
    "model.selection": "fixed",
    "model.order": "[0,1,1]",
    "evaluation.horizon": "7",
    "evaluation.window": "28",
    "gate.max_coverage_shortfall": "null",
    "gate.beat_seasonal_naive": "false",
}
OPTIONS = tuple(word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}"))
DAYS = pd.date_range("2013-01-01", periods=160, freq="D").strftime("%Y-%m-%d").tolist()
GOOD = [
    "plain",
    "a/slash",
    'it\'s "quoted"',
    "emoji \U0001f600",
    "new\nline",
    "<b>bold</b>",
    "1e-9",
    "1e12",
    "negative",
    "",
]
KEPT = [*GOOD, "the same row twice", "40,000 rows", "mostly zero"]
DEFAULTED = ["constant", "zeros", "two rows", "short", "weekly", "nothing lately"]
REFUSED = ["all missing", "one row", "two values a day", "a word", "infinite", "no such day", "a long gap"]


def walk(rng: np.random.Generator, rows: int = 160) -> list[float]:
    return list(50 + np.round(rng.normal(size=rows).cumsum() + rng.normal(size=rows), 3))


def odd_series() -> dict[str, tuple[Sequence[str], Sequence[object]]]:
    rng = np.random.default_rng(5)
    found: dict[str, tuple[Sequence[str], Sequence[object]]] = {name: (DAYS, walk(rng)) for name in GOOD}
    found["1e-9"] = (DAYS, [value * 1e-9 for value in walk(rng)])
    found["1e12"] = (DAYS, [value * 1e12 for value in walk(rng)])
    found["negative"] = (DAYS, [value - 60 for value in walk(rng)])
    twice = walk(rng)
    found["the same row twice"] = ([*DAYS, DAYS[50]], [*twice, twice[50]])
    found["two values a day"] = ([*DAYS, DAYS[50]], [*twice, twice[50] + 7])
    long = pd.date_range("1905-01-01", periods=40_000, freq="D").strftime("%Y-%m-%d").tolist()
    found["40,000 rows"] = (long, walk(rng, 40_000))
    found["mostly zero"] = (DAYS, list(np.where(rng.random(160) < 0.7, 0, rng.integers(1, 5, 160))))
    found["constant"], found["zeros"] = (DAYS, [5.0] * 160), (DAYS, [0] * 160)
    found["short"], found["two rows"] = (DAYS[:20], walk(rng, 20)), (DAYS[:2], walk(rng, 2))
    weeks = pd.date_range("2013-01-06", periods=60, freq="W-SUN").strftime("%Y-%m-%d").tolist()
    found["weekly"] = (weeks, walk(rng, 60))
    found["nothing lately"] = ([*DAYS[:130], DAYS[-1]], walk(rng, 131))
    found["all missing"], found["one row"] = (DAYS, [None] * 160), (DAYS[:1], [50.0])
    found["a word"] = (DAYS, [*walk(rng, 159), "n.a.?"])
    found["infinite"] = (DAYS, [*walk(rng, 159), "inf"])
    found["no such day"] = ([*DAYS[:159], "2013-13-45"], walk(rng))
    found["a long gap"] = ([*DAYS[:40], *DAYS[120:]], walk(rng, 80))
    return found


def long_table(names: Sequence[str]) -> pd.DataFrame:
    series = odd_series()
    parts = [pd.DataFrame({"shop": name, "day": series[name][0], "sold": series[name][1]}) for name in names]
    return pd.concat(parts)


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Command:
    return new_command(tmp_path_factory.mktemp("odd"), empty_database)


def table_of(command: Command, run_id: str, names: Sequence[str]) -> pa.Table:
    client = mlflow.MlflowClient(command.environment["MLFLOW_TRACKING_URI"])
    folder = Path(client.download_artifacts(run_id, "panel"))
    table = pq.read_table(folder)
    rows = [table.column("unique_id").to_pylist().index(name) for name in names]
    return table.take(pa.array(rows)).select(["unique_id", "outcome", "share", "ours", "evidence"])


def test_each_odd_series_is_kept_defaulted_or_refused_by_name(command: Command) -> None:
    data, alone = command.folder / "odd.csv", command.folder / "good.csv"
    long_table([*KEPT, *DEFAULTED, *REFUSED]).to_csv(data, index=False)
    long_table(GOOD).to_csv(alone, index=False)

    checked = command.ok("data", "check", str(data), *OPTIONS)
    assert checked["series"] == len(KEPT) + len(DEFAULTED) + len(REFUSED)
    assert checked["fates"] == {"kept": len(KEPT), "defaulted": len(DEFAULTED), "refused": len(REFUSED)}
    for fate, names in (("refused", REFUSED), ("defaulted", DEFAULTED)):
        named = {name for one in checked["problems"] if one["fate"] == fate for name in one["examples"]}
        assert named == set(names)
    assert checked["frequencies"]["W-SUN"] == 1
    assert any("several frequencies" in note for note in checked["notes"])

    trained = command.ok("train", "--data", str(data), *OPTIONS)
    assert trained["series"] == len(KEPT) + len(DEFAULTED)
    assert trained["counts"]["failed"] == len(DEFAULTED) + len(REFUSED)
    decided = command.ok("evaluate", "--run-id", trained["run_id"], *OPTIONS)
    assert decided["actions"] == {"new": len(KEPT), "naive": len(DEFAULTED), "none": len(REFUSED)}

    good = command.ok("train", "--data", str(alone), *OPTIONS)
    with_odd, without = (table_of(command, one["run_id"], GOOD) for one in (trained, good))
    assert with_odd.equals(without)


def test_weeks_among_days_are_refused_by_name_where_days_are_asked_for(command: Command) -> None:
    data = command.folder / "weeks.parquet"
    long_table(["plain", "negative", "weekly"]).to_parquet(data, index=False)
    checked = command.ok("data", "check", str(data), *OPTIONS, "--set", "data.frequency=D")
    (problem,) = (one for one in checked["problems"] if one["fate"] == "refused")
    assert problem["examples"] == ["weekly"]
    assert "W-SUN" in problem["reason"]


def test_the_rows_of_one_day_are_a_newest_part(command: Command) -> None:
    parts = command.folder / "parts"
    parts.mkdir()
    for name in ("plain", "negative"):
        long_table([name]).tail(1).to_parquet(parts / f"{name}.parquet", index=False)
    checked = command.ok("data", "check", str(parts), "--newest-part", *OPTIONS)
    assert (checked["fates"]["kept"], checked["rows"], checked["end"]) == (2, 2, DAYS[-1])
    refused = command("data", "check", str(parts), *OPTIONS)
    assert refused.code == 1
    assert "none of 2 series can be read" in refused.error
