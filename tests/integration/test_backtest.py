"""The gate on a series' own past: as the product would have done it, resumable, and told to people."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecastops as fo
from browser import DESKTOP, PHONE, Browser, axe_violations, open_page, outside, screenshot
from command import Command, hear_interrupts, new_command
from forecastops.adapters.samples import transactions
from forecastops.backtesting.choices import YOURS, policies_for
from forecastops.backtesting.plan import planned
from forecastops.backtesting.schedule import Here, live_side_by_side
from forecastops.data.series import Series
from forecastops.gate.policy import GatePolicy
from forked_processes import fork_endpoints_for
from local_endpoint_support import stop_endpoints

COLUMNS = ["--set", "data.date_column=date", "--set", "data.value_column=value"]
SMALL = ["--set", "model.order=[1,0,1]", *COLUMNS]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Command]:
    folder = tmp_path_factory.mktemp("backtest")
    yield new_command(folder, empty_database)
    stop_endpoints(folder / "home")


def sample() -> pd.Series[float]:
    table = transactions()
    values = table["PaidAmount"].to_numpy(dtype=float)
    return pd.Series(values, pd.DatetimeIndex(table["TransactionDate"], freq="D"), name="PaidAmount")


def shifted(rows: int = 200, at: int = 140, by: float = 12.0) -> pd.Series[float]:
    random = np.random.default_rng(1)
    noise = np.zeros(rows)
    for row in range(1, rows):
        noise[row] = 0.5 * noise[row - 1] + random.normal()
    values = 100 + by * (np.arange(rows) >= at) + noise
    return pd.Series(values, pd.date_range("2020-01-01", periods=rows, freq="D"), name="value")


def written(command: Command, name: str, series: pd.Series[float]) -> str:
    series.rename_axis("date").to_csv(command.folder / name)
    return name


@pytest.mark.parametrize(
    ("series", "model", "every"),
    [(sample(), {}, 28), (shifted(by=40, at=150), {"model.order": [1, 0, 1]}, 14)],
    ids=["the default on the sample", "an alarm in between"],
)
def test_your_policy_does_what_the_product_does(
    series: pd.Series[float],
    model: dict[str, Any],
    every: int,
    tmp_path: Path,
    empty_database: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same verdicts, specifications and live forecasts, from runs, registry and endpoint."""
    command = new_command(tmp_path, empty_database)
    for name in ("FORECASTOPS_HOME", "MLFLOW_TRACKING_URI"):
        monkeypatch.setenv(name, command.environment[name])
    monkeypatch.chdir(tmp_path)
    fork_endpoints_for(monkeypatch)
    columns = {"data.date_column": "date", "data.value_column": str(series.name), "registry.model_name": "lived"}
    config = fo.load_config(overrides=columns | model)
    stream = planned(Series(series), config.evaluation_of("D"), config.model, every=every, looks=3)
    policies = policies_for(config.gate, config.deployment.on_hold)[:1]
    lives, outcomes = live_side_by_side(stream, policies, Here(stream))
    life = lives[YOURS]
    refused_on: int | None = None
    try:
        for number, day in enumerate(stream.retrainings):
            trained = fo.train(series.iloc[:day], config)
            decision = fo.evaluate(trained.run_id, config)
            first = number == 0
            moved = fo.promote(trained.run_id, config, force=first, reason="begins" if first else None)
            if not first:
                look = life.looks[number - 1]
                assert (decision.verdict, moved.promoted) == (look.verdict, look.promoted)
            assert spec_names(trained.spec) == life.periods[number].version.name.removeprefix("mean of ")
            refused_on = day if moved.refused and refused_on is None else refused_on
            means = outcomes[life.periods[number].served]["mean"]
            states = life.periods[number].served.states
            for place, today in enumerate(stream.days(number)):
                if place:
                    accepts = refused_on is not None and today - refused_on >= 7
                    reason = "looked into" if accepts else None
                    if place in (1, 5) or refused_on is not None or states[place].rows < today:
                        renewed = fo.renew(series.iloc[:today], config, accept_data=accepts, reason=reason)
                        refused_on = None if renewed.renewed else today if refused_on is None else refused_on
                    else:
                        continue
                late = today - states[place].rows
                served = fo.forecast(14 + late, config).to_frame()
                at = served.index if isinstance(served.index, pd.DatetimeIndex) else pd.to_datetime(served["date"])
                assert at[late] == series.index[today - 1] + pd.Timedelta(days=1)
                assert served["mean"].to_numpy()[late:] == pytest.approx(means[place], rel=1e-9, abs=1e-9)
    finally:
        stop_endpoints(tmp_path / "home")
    assert len(life.alarms) == (1 if model else 0)


def spec_names(spec: dict[str, Any]) -> str:
    names = []
    for one in spec.get("members", [spec]):
        seasonal = f"{tuple(one['seasonal_order'])}" if one["seasonal_order"][3] else ""
        names.append(f"ARIMA{tuple(one['order'])}{seasonal}")
    return ", ".join(names)


def run(command: Command, *args: str, **options: Any) -> subprocess.Popen[str]:
    """The command as a process of its own, in a session that can be counted."""
    return subprocess.Popen(
        [sys.executable, "-m", "forecastops", "backtest", *args],
        cwd=command.folder,
        env=command.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def workers_of(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(one) for one in found.stdout.split()]


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists() and " Z " not in _stat(pid)]


def _stat(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return " Z "


def wait_for(what: Any, seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture(scope="module")
def whole(command: Command) -> Any:
    """What it comes to when nothing interrupts it, with its page."""
    path = written(command, "shifted.csv", shifted())
    done = command(
        "backtest", "--data", path, *SMALL, "--looks", "4", "--every", "10", "--output", "page.html", "--json"
    )
    assert done.code == 0, done.stderr
    return done.json


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_interrupted_it_leaves_no_process_and_goes_on_where_it_was(
    command: Command, whole: Any, number: signal.Signals
) -> None:
    work = command.folder / f"work-{number.name}"
    args = ["--data", "shifted.csv", *SMALL, "--looks", "4", "--every", "10", "--work", str(work), "--json"]
    hear_interrupts()
    begun = run(command, *args)
    wait_for(lambda: len(list(work.glob("*/*.json"))) >= 5)
    workers = workers_of(begun.pid)
    assert workers
    begun.send_signal(number)
    said, told = begun.communicate(timeout=300)
    assert begun.returncode == (-9 if number == signal.SIGKILL else 130)
    assert said == ""
    if number == signal.SIGINT:
        assert "Traceback" not in told
        assert told.splitlines()[-1].startswith("forecastops: error: interrupted")
    wait_for(lambda: not alive(workers), 30)
    before = {path: path.stat().st_mtime_ns for path in work.glob("*/*.json")}
    victim = min(before)
    victim.write_text(victim.read_text()[:40])  # as a full disk may leave it
    left = victim.with_name(f".{victim.name}.draft")  # as a killed process leaves what it was writing
    left.touch()
    os.utime(left, (0, 0))
    again = command.ok("backtest", *args[:-1])
    assert again == whole
    assert all(path.stat().st_mtime_ns == when for path, when in before.items() if path != victim)
    assert not left.exists()


def test_what_is_told(command: Command, whole: Any) -> None:
    assert [*whole][:2] == ["policies", "suggestion"]
    names = [policy["name"] for policy in whole["policies"]]
    assert names[:4] == [YOURS, "never", "always", "recorded metrics"]
    yours = whole["policies"][0]
    assert yours["rmse"]["low"] < yours["rmse"]["estimate"] < yours["rmse"]["high"]
    assert len(yours["decisions"]) == whole["plan"]["looks"] == 4
    again = command("backtest", "--data", "shifted.csv", *SMALL, "--looks", "4", "--every", "10")
    assert again.code == 0
    assert whole["note"] in again.stdout
    assert all(f"\n{name} " in again.stdout for name in names)
    assert not list(command.folder.glob("mlruns/*/*"))


def test_a_better_policy_is_suggested_with_settings_that_make_it(command: Command) -> None:
    """A configuration that never promotes, on a series whose noise comes to depend on the day before."""
    random = np.random.default_rng(5)
    rows, noise = 330, np.zeros(330)
    for row in range(1, rows):
        noise[row] = (0.0 if row < 110 else 0.9) * noise[row - 1] + random.normal()
    series = pd.Series(50 + noise, pd.date_range("2020-01-01", periods=rows, freq="D"), name="value")
    path = written(command, "persistent.csv", series)
    stubborn = ["--set", "gate.min_improvement=0.9", "--set", "gate.same_spec_improvement=0.9"]
    stubborn += ["--set", "evaluation.horizon=3", "--set", "evaluation.window=28"]
    options = ["--data", path, *SMALL, *stubborn, "--set", "deployment.on_hold=renew", "--looks", "10", "--every", "20"]
    found = command.ok("backtest", *options)
    suggestion = found["suggestion"]
    assert suggestion is not None, found["note"]
    assert suggestion["relative"]["high"] < 1
    settings = [word for option in suggestion["options"] for word in ("--set", option)]
    assert all(f"--set {option}" in found["note"] for option in suggestion["options"])
    policy = next(one for one in found["policies"] if one["name"] == suggestion["policy"])
    shown = command.ok("config", "show", *SMALL, *stubborn, "--set", "deployment.on_hold=renew", *settings)
    for key, value in policy["settings"].items():
        section, name = key.split(".")
        assert shown[section][name] == value
    assert GatePolicy(**shown["gate"])
    as_yours = command.ok("backtest", *options, *settings)
    assert as_yours["policies"][0]["rmse"]["estimate"] == pytest.approx(policy["rmse"]["estimate"], rel=1e-6)
    assert as_yours["policies"][0]["promotions"] == policy["promotions"]


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("dark", [False, True])
def test_the_page(browser: Browser, command: Command, whole: Any, width: int, dark: bool) -> None:
    with open_page(browser, (command.folder / "page.html").as_uri(), width=width, dark=dark) as page:
        assert whole["note"].split(". To have it")[0] in page.get_by_role("main").inner_text()
        assert page.get_by_role("img").count() >= 2
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert axe_violations(page) == []
        assert outside(page) == []
        screenshot(page, f"backtest-{width}-{'dark' if dark else 'light'}")


NAMES = ["<script>alert(1)</script>", '$x^2$ & "quotes"', "значение\u202e"]


@pytest.mark.parametrize("frequency", ["W-SUN", "MS", "h"])
def test_other_frequencies_gaps_and_hostile_names(command: Command, frequency: str) -> None:
    rows, name = {"W-SUN": 260, "MS": 110, "h": 700}[frequency], NAMES[["W-SUN", "MS", "h"].index(frequency)]
    time_of = np.arange(rows)
    values = 100 + 5 * np.sin(time_of / 6) + np.random.default_rng(2).normal(size=rows)
    series = pd.Series(values, pd.date_range("2001-01-01", periods=rows, freq=frequency), name=name)
    series.iloc[[30, 31, 32, 60]] = np.nan
    path = written(command, f"{frequency}.csv", series.dropna())
    config = {
        "data": {"value_column": name, "date_column": "date", "frequency": frequency},
        "model": {"order": [1, 0, 1]},
    }
    (command.folder / f"{frequency}.yaml").write_text(json.dumps(config), "utf-8")
    page = command.folder / f"{frequency}.html"
    found = command.ok(
        "backtest", "--data", path, "--config", f"{frequency}.yaml", "--looks", "1", "--output", str(page)
    )
    assert found["plan"]["looks"] == 1
    assert found["data"]["frequency"] == frequency
    assert "<script" not in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        (100, [], "needed"),
        (60, [], "needed"),
        (200, ["--looks", "26"], "give a longer past, or set --every or --looks lower"),
        (200, ["--output", "shifted.csv/page.html"], "cannot be written"),
        (200, ["--output", "shifted.csv"], "is no HTML page"),
        (200, ["--work", "shifted.csv"], "--work"),
    ],
)
def test_what_cannot_be_is_one_line_with_the_way_out(
    command: Command, whole: Any, rows: int, options: list[str], said: str
) -> None:
    path = written(command, f"{rows}.csv", shifted(rows))
    done = command("backtest", "--data", path, *SMALL, *options)
    assert done.code in (1, 2)
    assert said in done.error


def test_a_constant_series_is_refused_and_a_nearly_constant_one_lived_through(command: Command) -> None:
    series = shifted(180, by=0.0) * 0 + 5
    done = command("backtest", "--data", written(command, "constant.csv", series), *SMALL)
    assert (done.code, "leaves nothing to forecast" in done.error) == (1, True)
    series.iloc[20] = 6.0
    done = command("backtest", "--data", written(command, "nearly.csv", series), *SMALL, "--looks", "2", "--json")
    assert done.code == 0 or done.error
    assert os.linesep.join(done.stderr.splitlines()).count("Traceback") == 0


def test_from_python(command: Command, whole: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECASTOPS_HOME", command.environment["FORECASTOPS_HOME"])
    done: list[tuple[int, int]] = []
    config = {"data.date_column": "date", "data.value_column": "value", "model": {"order": [1, 0, 1]}}
    found = fo.backtest(shifted(), config, every=np.int64(10), looks=4, progress=lambda now, of: done.append((now, of)))
    assert found.note == whole["note"]
    assert [one["name"] for one in found.policies] == [one["name"] for one in whole["policies"]]
    assert done[-1] == (40, 40)
    assert "<table>" in found._repr_html_()
    with pytest.raises(fo.ConfigError, match="every"):
        fo.backtest(shifted(), config, every=0)
