"""Each series of a panel is worked on as the commands of a single series do; an odd one costs itself alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecastops.adapters.panel_work import Work, carry_out
from forecastops.adapters.sources.read_series import read_series, read_tables
from forecastops.data.config import DataConfig
from forecastops.forecasting.config import EvaluationConfig, ModelConfig
from forecastops.forecasting.training import fit
from forecastops.gate.comparison import compare
from forecastops.gate.decision import decide
from forecastops.gate.evidence import Evidence
from forecastops.gate.policy import GatePolicy
from forecastops.panel.buckets import Bucket, in_buckets
from forecastops.panel.outcomes import chosen_rows, joined, with_column
from forecastops.panel.panel_forecaster import PanelForecaster
from forecastops.panel.series_work import work_on
from forecastops.panel.settings import WorkSettings

DATA = DataConfig(series_column=("shop",), date_column="day", value_column="sold")
CHEAP = ModelConfig(order=(0, 1, 1))
SETTINGS = WorkSettings(
    data=DATA, model=CHEAP, evaluation=EvaluationConfig(horizon=7, window=28), gate=GatePolicy(max_start_gap=None)
)
SERIES, AT_ONCE = 50, 20


def frame(count: int, rows: int, *, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(count):
        days = pd.date_range("2013-01-01", periods=rows + number % 3, freq="D")
        level = 50 + rng.normal(size=len(days)).cumsum() * rng.uniform(0.1, 2)
        season = rng.uniform(0, 8) * np.sin(2 * np.pi * np.arange(len(days)) / 7)
        sold = np.round(level + season + rng.normal(size=len(days)), 3)
        parts.append(pd.DataFrame({"shop": f"shop {number}", "day": days.strftime("%Y-%m-%d"), "sold": sold}))
    return pd.concat(parts)


def worked(data: pd.DataFrame, folder: Path, settings: WorkSettings = SETTINGS, **given: Any) -> pa.Table:
    buckets: list[Bucket] = in_buckets(read_tables([data], settings.data), settings.data, size=AT_ONCE, **given)
    paths = [carry_out(Work(bucket, settings.model_dump_json(), str(folder))) for bucket in buckets]
    return joined([pq.read_table(path) for path in paths])


def test_fifty_series_come_out_as_one_by_one(tmp_path: Path) -> None:
    newer, verdicts = frame(SERIES, 120), set[str]()
    first = newer.groupby("shop", sort=False).head(100)
    before = worked(first, tmp_path)
    champions = chosen_rows(before, np.ones(before.num_rows, dtype=bool))
    after = {row["unique_id"]: row for row in worked(newer, tmp_path, champions=champions).to_pylist()}
    evaluation = SETTINGS.evaluation_of("D")
    for row in before.to_pylist():
        name = row["unique_id"]
        one = DATA.model_copy(update={"series_column": (), "where": {"shop": name}})
        model = fit(read_series([first], one), CHEAP, evaluation).model
        ruling = decide(compare(model, None, evaluation, CHEAP.max_iterations).evidence, SETTINGS.gate)
        assert (row["verdict"], row["reason"]) == (ruling.verdict, ",".join(ruling.because))
        verdicts.add(row["verdict"])
        if ruling.verdict == "REJECT":
            assert row["challenger"]["default"] == ", ".join(ruling.because)
            continue
        rows = pa.Table.from_pylist([row["challenger"]], schema=champions.schema)
        found = PanelForecaster(rows, {"levels": [80, 95]}).forecast()
        for column, expected in model.forecast().drop(columns="date").items():
            np.testing.assert_allclose(found[str(column)].to_numpy(), expected, rtol=1e-12)
        challenger = fit(read_series([newer], one), CHEAP, evaluation, model).model
        evidence = compare(challenger, model, evaluation, CHEAP.max_iterations).evidence
        again = after[name]
        assert Evidence.model_validate_json(again["evidence"]) == evidence
        assert again["verdict"] == decide(evidence, SETTINGS.gate).verdict
        verdicts.add(again["verdict"])
    assert verdicts == {"PROMOTE", "HOLD", "REJECT"}


def test_a_first_look_tells_what_moved_and_leaves_to_a_fit_what_it_cannot_tell(tmp_path: Path) -> None:
    newer = frame(8, 120)
    first = newer.groupby("shop", sort=False).head(90)
    before = worked(first[first["shop"] != "shop 7"], tmp_path)
    champions = chosen_rows(before, np.ones(before.num_rows, dtype=bool))
    champions = with_column(champions, "default", [None] * champions.num_rows)
    rows = {name: np.flatnonzero(newer["shop"] == name) for name in newer["shop"].unique()}
    sold = newer["sold"].to_numpy()
    sold[rows["shop 0"][95:]] += 4 * np.random.default_rng(1).normal(size=len(rows["shop 0"]) - 95)
    sold[rows["shop 1"][110]] = 1e6  # implausible
    sold[rows["shop 2"][20]] += 1  # revised
    newer = newer.assign(sold=sold)
    newer = newer[newer["shop"] != "shop 3"]
    other_days = newer["day"].where(newer["day"].index < 110, newer["day"].str.replace("2013", "2113"))
    newer["day"] = newer["day"].where(newer["shop"] != "shop 4", other_days)  # too far ahead
    (bucket,) = in_buckets(read_tables([newer], DATA), DATA, champions)
    path = carry_out(Work(bucket, SETTINGS.model_dump_json(), str(tmp_path), kind="screen"))
    found = {row["unique_id"]: row for row in pq.read_table(path).to_pylist()}
    said = {name: (row["outcome"], row["state"], row["screening"]) for name, row in found.items()}
    assert said == {
        "shop 0": ("kept", "renewed", ""),
        "shop 1": ("rejected", "refused", "implausible"),
        "shop 2": ("kept", "unchanged", "revised"),
        "shop 3": ("failed", "unchanged", "unread"),
        "shop 4": ("kept", "unchanged", "unfit"),
        "shop 5": ("kept", "renewed", ""),
        "shop 6": ("kept", "renewed", ""),
        "shop 7": ("kept", "none", "new"),
    }
    assert found["shop 0"]["moved"] > max(found["shop 5"]["moved"], found["shop 6"]["moved"])
    assert (found["shop 5"]["age"], found["shop 6"]["age"]) == (32, 30)
    assert bucket.only({"shop 5"}).series == 1
    # What is renewed is renewed as by the filter over all of it.
    whole = {row["unique_id"]: row for row in worked(newer, tmp_path, champions=champions).to_pylist()}
    calm = [(found[name], whole[name]) for name in ("shop 5", "shop 6")]
    assert all(ours["state"] == theirs["state"] == "renewed" for ours, theirs in calm)
    ours, theirs = (
        pa.Table.from_pylist([pair[place]["champion"] for pair in calm], schema=champions.schema) for place in (0, 1)
    )
    first_look, all_of_it = [
        PanelForecaster(rows, {"levels": [80, 95]}).forecast().to_pandas() for rows in (ours, theirs)
    ]
    pd.testing.assert_frame_equal(first_look, all_of_it, rtol=1e-9)


ODD: dict[str, tuple[object, str]] = {
    # name: rows as (days, values), and part of what is said; empty where a model or the naive is made of it in silence
    "constant": (["5"] * 100, "on every date"),
    "zeros": (["0"] * 100, "on every date"),
    "nothing": ([""] * 100, "holds no value"),
    "one row": (["5"], "one date"),
    "two rows": (["5", "6"], "are needed"),
    "words": (["5"] * 50 + ["many"] + ["6"] * 49, "many"),
    "NaN": (["NaN"] * 100, ""),
    "infinite": (["5", "6"] * 49 + ["inf", "7"], "inf"),
    "tiny": ([f"{1e-9 * (5 + row % 7)}" for row in range(100)], ""),
    "huge": ([f"{1e12 * (5 + row % 7)}" for row in range(100)], ""),
    "negative": ([f"{-5 - row % 7}" for row in range(100)], ""),
    "a/slash": ([f"{5 + row % 7}" for row in range(100)], ""),
    "a 'quote\"": ([f"{5 + row % 7}" for row in range(100)], ""),
    "an emoji \U0001f600": ([f"{5 + row % 7}" for row in range(100)], ""),
    "=1+1": ([f"{5 + row % 7}" for row in range(100)], ""),
    "  ": ([f"{5 + row % 7}" for row in range(100)], ""),
    "spike": ([f"{5 + row % 7}" for row in range(99)] + ["1e9"], ""),
    "mostly missing": (["5"] + [""] * 97 + ["6", "7"], ""),  # zeros, as data.gaps says
    "duplicates": (None, "2013-01-01"),
    "bad dates": (None, "2013-13-45"),
    "weeks": (None, "7 steps of D apart"),
}


def odd() -> pd.DataFrame:
    parts = []
    for name, (sold, _) in ODD.items():
        given = list(sold) if isinstance(sold, list) else [f"{5 + row % 7}" for row in range(100)]
        days = pd.date_range("2013-01-01", periods=len(given), freq="D").strftime("%Y-%m-%d").tolist()
        if name == "duplicates":
            days[1] = days[0]
        if name == "bad dates":
            days[5] = "2013-13-45"
        if name == "weeks":
            days = pd.date_range("2013-01-01", periods=len(given), freq="7D").strftime("%Y-%m-%d").tolist()
        parts.append(pd.DataFrame({"shop": name, "day": days, "sold": given}))
    return pd.concat(parts)


def test_odd_series_are_named_and_cost_themselves_alone(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"data": DATA.model_copy(update={"frequency": "D", "gaps": "zero"})})
    good = frame(3, 100).astype({"sold": str})
    alone = worked(good, tmp_path, settings)
    found = worked(pd.concat([good, odd()]), tmp_path, settings)
    rows = {row["unique_id"]: row for row in found.to_pylist()}
    assert alone.to_pylist() == [row for name, row in rows.items() if name.startswith("shop")]
    for name, (_, said) in ODD.items():
        row = rows[name.strip()]
        assert said in row["why"], (name, row["why"])
        assert row["why"] or row["verdict"] in ("PROMOTE", "REJECT"), name
        assert row["challenger"] or row["outcome"] == "failed", name
    assert {name for name, row in rows.items() if row["challenger"] is None} <= {
        *("nothing", "one row", "words", "NaN", "infinite", "duplicates", "bad dates", "weeks", "mostly missing")
    }


def test_a_series_that_takes_too_long_costs_itself_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = work_on

    def hanging(name: str, *given: object) -> object:
        while name == "shop 1":
            time.sleep(0.1)
        return whole(name, *given)  # type: ignore[arg-type]

    monkeypatch.setattr("forecastops.adapters.panel_work.work_on", hanging)
    # The others, of a few hundredths, come to their end on a loaded machine, too.
    found = worked(frame(3, 60), tmp_path, SETTINGS.model_copy(update={"series_timeout": 5.0}))
    reasons = {row["unique_id"]: (row["outcome"], row["reason"]) for row in found.to_pylist()}
    assert reasons.pop("shop 1") == ("failed", "timeout")
    assert all(outcome != "failed" for outcome, _ in reasons.values())


def test_a_series_that_ends_its_worker_again_and_again_is_not_tried_any_more(tmp_path: Path) -> None:
    (bucket,) = in_buckets(read_tables([frame(3, 60)], DATA), DATA)
    work = Work(bucket, SETTINGS.model_dump_json(), str(tmp_path))
    for name in ("shop 1", "shop 1", "shop 2", "shop 1", "shop 1", "shop 1"):
        assert work.lost == ()
        work.mark.write_text(name)
        work = work.after_death()
    found = {row["unique_id"]: row for row in pq.read_table(carry_out(work)).to_pylist()}
    assert found["shop 1"]["why"] == "has ended the process that worked on it, 3 times"
    assert found["shop 0"]["outcome"] != "failed"
    assert work.is_done
