"""The past of a panel lived through: each series as by itself, decided together, and told to people."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import forecastops as fo
from browser import DESKTOP, PHONE, Browser, axe_violations, open_page, outside, screenshot
from command import Command, new_command
from local_endpoint_support import stop_endpoints

COLUMNS = {"data.date_column": "day", "data.value_column": "sold", "model.order": [1, 0, 1]}
# Whatever the others come to, each series is decided as by itself.
ALONE = {"panel.decision": "independent", "panel.max_rejected_share": None, "panel.max_total_ratio": None}
PANEL = COLUMNS | ALONE | {"data.series_column": ["region", "shop"], "panel.bucket_size": 2, "panel.workers": 2}
EVERY, LOOKS = 14, 2
ODD = ("north/late", "north/constant", "south/broken", "south/ended", "south/two")


def walk(seed: int, rows: int = 180, *, shift: float = 0.0) -> pd.Series[float]:
    random = np.random.default_rng(seed)
    noise = np.zeros(rows)
    for row in range(1, rows):
        noise[row] = 0.5 * noise[row - 1] + random.normal()
    values = 100 + shift * (np.arange(rows) >= 130) + 2 * np.sin(np.arange(rows) * 2 * np.pi / 7) + noise
    return pd.Series(values.round(4), pd.date_range(end="2020-06-28", periods=rows, freq="D"), name="sold")


def usual() -> dict[str, pd.Series[float]]:
    """Series that can be lived through by themselves: one longer, one with a shift that raises the alarm."""
    return {"north/long": walk(1, 200), "north/shifted": walk(2, shift=40.0), "south/calm": walk(3)}


def long_table() -> pd.DataFrame:
    """A panel of these and of odd ones, of which each costs itself alone."""
    series: dict[str, pd.Series[Any]] = dict(usual())
    series["north/late"] = walk(4).iloc[125:]
    series["north/constant"] = walk(5) * 0 + 7
    series["south/broken"] = walk(6).astype(str)
    series["south/broken"].iloc[50] = "x"
    series["south/ended"] = walk(7).iloc[:165]
    series["south/two"] = walk(8).iloc[:2]
    parts = []
    for name, values in series.items():
        region, _, shop = name.partition("/")
        days = pd.DatetimeIndex(values.index).strftime("%Y-%m-%d")
        parts.append(pd.DataFrame({"region": region, "shop": shop, "day": days, "sold": values.astype(str).to_numpy()}))
    return pd.concat(parts)


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Command]:
    folder = tmp_path_factory.mktemp("panel-backtest")
    long_table().to_csv(folder / "long.csv", index=False)
    yield new_command(folder, empty_database)
    stop_endpoints(folder / "home")


def words_of(settings: dict[str, Any]) -> list[str]:
    return [word for key, value in settings.items() for word in ("--set", f"{key}={_text(value)}")]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


ARGS = ["--data", "long.csv", *words_of(PANEL), "--every", str(EVERY), "--looks", str(LOOKS)]


@pytest.fixture(scope="module")
def whole(command: Command) -> dict[str, Any]:
    """What it comes to, with its page and its table."""
    done = command("backtest", *ARGS, "--output", "page.html", "--table", "series.parquet", "--json")
    assert done.code == 0, done.stderr
    found: dict[str, Any] = done.json
    return found


@pytest.fixture(scope="module")
def table(command: Command, whole: dict[str, Any]) -> pd.DataFrame:
    assert whole["data"]["series"] == len(usual()) + len(ODD)
    frame: pd.DataFrame = pq.read_table(command.folder / "series.parquet").to_pandas()
    return frame.set_index("unique_id")


@pytest.mark.parametrize("name", sorted(usual()))
def test_each_series_fares_as_by_itself(command: Command, table: pd.DataFrame, name: str) -> None:
    """Under `independent` as under the gate of one series, and so for never, always and the seasonal naive."""
    alone = fo.load_config(overrides=COLUMNS | {"deployment.on_hold": "renew"})
    one = fo.backtest(usual()[name], alone, every=EVERY, looks=LOOKS, work=command.folder / "alone")
    policies = {policy["name"]: policy for policy in one.policies}
    row = table.loc[name]
    for rule, policy in (("independent", "your policy"), ("never", "never"), ("always", "always")):
        then = policies[policy]
        assert row[f"{rule}_rmse"] == pytest.approx(then["rmse"]["estimate"], rel=1e-12)
        for figure in ("promotions", "needless", "changes"):
            assert row[f"{rule}_{figure}"] == then[figure], (rule, figure)
        assert row[f"{rule}_alarms"] == len(then["alarms"])
    assert row["seasonal_naive_rmse"] == pytest.approx(one.seasonal_naive["rmse"], rel=1e-12)


def test_odd_series_cost_themselves_alone(table: pd.DataFrame, whole: dict[str, Any]) -> None:
    outcomes = table["outcome"].to_dict()
    assert {name: outcomes[name] for name in ODD} == {
        "north/late": "scored",
        "north/constant": "unscored",
        "south/broken": "left_out",
        "south/ended": "scored",
        "south/two": "unscored",
    }
    assert all(outcomes[name] == "scored" for name in usual())
    rows: dict[Any, dict[Any, Any]] = table.to_dict("index")
    assert "'x'" in rows["south/broken"]["why"]
    assert rows["north/late"]["entered"] > 0
    assert whole["data"]["later"] == 1
    assert sum(whole["unscored"].values()) == 3


def test_the_figures_are_those_of_the_table(table: pd.DataFrame, whole: dict[str, Any]) -> None:
    scored = table[table["outcome"] == "scored"]
    weight = scored["volume"].to_numpy(dtype=float)
    columns = {"your policy": "independent"}
    for policy in whole["policies"]:
        rule = columns.get(policy["name"], policy["name"]).replace(" ", "_")
        errors = scored[f"{rule}_rmsse"].to_numpy(dtype=float)
        assert policy["error"]["rmsse"] == pytest.approx(weight @ errors / weight.sum(), rel=1e-12)
        assert policy["mean"]["mean"] == pytest.approx(errors.mean(), rel=1e-12)
        assert policy["median"]["median"] == pytest.approx(np.median(errors), rel=1e-12)
        assert policy["error"]["low"] <= policy["error"]["rmsse"] <= policy["error"]["high"]
        if policy["name"] != "seasonal naive":
            assert policy["promotions"] == scored[f"{rule}_promotions"].sum()
            assert policy["promotions"] == sum(one["changed"] for one in policy["decisions"])
            assert len(policy["decisions"]) == LOOKS
    segments = {one["segment"]: one for one in whole["segments"]}
    assert set(segments) == {"north", "south"}
    part = scored[scored["segment"] == "north"]
    mean = np.average(part["independent_rmsse"].astype(float), weights=part["volume"].astype(float))
    assert segments["north"]["policies"]["your policy"]["error"] == pytest.approx(mean, rel=1e-12)


def test_a_guardrail_of_the_panel_stops_every_series(command: Command) -> None:
    """What one series would have by itself, the whole does not let it have."""
    config = fo.load_config(overrides=PANEL | {"panel.max_changed_share": 0.0})
    found = fo.backtest(
        long_table().assign(sold=lambda rows: pd.to_numeric(rows["sold"], errors="coerce")),
        config,
        every=EVERY,
        looks=1,
        work=command.folder / "stopped",
    )
    yours, *_ = found.policies
    assert yours["promotions"] == 0
    assert [one["because"] for one in yours["decisions"]] in ([""], ["changed_share"])


def test_killed_it_goes_on_where_it_was(command: Command, whole: dict[str, Any]) -> None:
    work = command.folder / "killed"
    args = [*ARGS, "--work", str(work), "--json"]
    begun = subprocess.Popen(
        [sys.executable, "-m", "forecastops", "backtest", *args],
        cwd=command.folder,
        env=command.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 300
    while len(list(work.glob("*.parquet"))) < 6 and begun.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.02)
    begun.kill()
    begun.wait()
    before = {path: path.stat().st_mtime_ns for path in work.glob("*.parquet")}
    assert before
    again = command.ok("backtest", *args[:-1])
    assert again == whole
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize(("width", "dark"), [(PHONE, False), (DESKTOP, True)])
def test_the_page(browser: Browser, command: Command, whole: dict[str, Any], width: int, dark: bool) -> None:
    with open_page(browser, (command.folder / "page.html").as_uri(), width=width, dark=dark) as page:
        assert whole["note"].split(". To have it")[0] in page.get_by_role("main").inner_text()
        assert page.get_by_role("img").count() >= 2
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert axe_violations(page) == []
        assert outside(page) == []
        screenshot(page, f"panel-backtest-{width}-{'dark' if dark else 'light'}")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--table", "series.txt"], 2, "neither Parquet nor CSV"),
        (["--looks", "40"], 1, "too few for a first model, 41 periods of 14"),
        (["--set", "data.series_column=[]", "--table", "series.parquet"], 2, "is for panels"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(command: Command, words: list[str], code: int, said: str) -> None:
    done = command("backtest", *ARGS, *words)
    assert (done.code, said in done.stderr) == (code, True), done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
