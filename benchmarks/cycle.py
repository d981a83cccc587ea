"""What the cycle costs on 305 days: time and peak memory of each command, evaluation, decision, help.

Run by `make bench`. Commands are timed as whole processes, one after the other; each figure is the median of the runs.
Everything is measured side by side in one run; nothing here asserts.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

RUNS = 3
COMMAND = [sys.executable, "-m", "forecastops"]


def measure(arguments: list[str], folder: Path) -> tuple[float, float, str]:
    """Wall seconds, peak MiB and stdout of one process."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"{arguments} failed with {status}")
    return seconds, usage.ru_maxrss / 1024, output


def row(name: str, values: list[tuple[float, float]]) -> None:
    """Print medians over runs."""
    seconds, memory = (statistics.median(column) for column in zip(*values, strict=True))
    print(f"{name:32}{seconds:8.2f} s{memory:8.0f} MiB")


def commands(folder: Path) -> None:
    """train, evaluate, promote and retrain, the champion being 2013's each time."""
    past, now = "data/transaction_ts2013.csv", "data/transaction_ts2014.csv"
    measure(["data", "sample", "transactions", "--out", "data"], folder)
    # First, while this process is small: a child's peak includes what it was forked from.
    found = {"--help": [measure(["--help"], folder)[:2] for _ in range(11)]}
    for number in range(RUNS):
        name = ["--set", f"registry.model_name=bench-{number}"]
        measure(["retrain", "--data", past, *name], folder)
        seconds, memory, output = measure(["train", "--data", past, "--data", now, "--json", *name], folder)
        found.setdefault("train", []).append((seconds, memory))
        run = ["--run-id", json.loads(output)["run_id"]]
        for command in ("evaluate", "promote"):
            found.setdefault(command, []).append(measure([command, *run, *name], folder)[:2])
        measure(["retrain", "--data", past, "--set", f"registry.model_name=again-{number}"], folder)
        again = ["--set", f"registry.model_name=again-{number}"]
        found.setdefault("retrain", []).append(measure(["retrain", "--data", past, "--data", now, *again], folder)[:2])
        stop_endpoints()
    for command, values in found.items():
        row(f"forecastops {command}", values)


PICTURES = """
import sys, time
from forecastops.config_file import load_config
from forecastops.usecases import evaluate, illustrate

def timed(*given):
    started = time.process_time()
    drawn(*given)
    print(time.process_time() - started)

drawn = evaluate.illustrate
evaluate.illustrate = timed
evaluate.evaluate(load_config(None, sys.argv[2:]), sys.argv[1])
"""


def pictures(folder: Path) -> None:
    """CPU of drawing and logging a decision's pictures, importing matplotlib included, in a new process each."""
    daily = folder / "ten-years.csv"
    chance = random.Random(1)
    rows = (
        f"{day:%Y-%m-%d},{800 + 30 * (number % 7) + chance.gauss(0, 40):.1f}" for number, day in enumerate(ten_years())
    )
    daily.write_text("\n".join(["TransactionDate,PaidAmount", *rows]))
    series = {"305 days": "data/transaction_ts2013.csv,data/transaction_ts2014.csv", "ten years of days": str(daily)}
    for name, data in series.items():
        settings = [f"registry.model_name=pictures-{len(data)}", "model.selection=fixed"]
        options = [word for setting in settings for word in ("--set", setting)]
        run_id = json.loads(measure(["train", "--data", data, "--json", *options], folder)[2])["run_id"]
        found = [
            float(subprocess.check_output([sys.executable, "-c", PICTURES, run_id, *settings], cwd=folder, text=True))
            for _ in range(RUNS)
        ]
        print(f"{'pictures, ' + name:32}{statistics.median(found):8.2f} s of CPU")


def ten_years() -> list[date]:
    return [date(2014, 1, 1) + timedelta(days=number) for number in range(3652)]


def stop_endpoints() -> None:
    """Delete the deployments, which would otherwise use memory and time."""
    from mlflow.deployments import get_deploy_client

    client = get_deploy_client("forecastops-local")
    for deployment in client.list_deployments():
        client.delete_deployment(deployment["name"])


def median_seconds(call: Callable[[], object], runs: int) -> float:
    """The median time of one call, after one that is not counted."""
    call()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def evaluation() -> None:
    """91 origins by 14 steps: one Kalman pass, filtering and intervals included, against the loop over apply."""
    import pandas as pd
    from statsmodels.tsa.arima.model import ARIMA

    from forecastops.adapters.samples import transactions
    from forecastops.data.series import Series
    from forecastops.forecasting.config import EvaluationConfig, ModelConfig
    from forecastops.forecasting.rolling_origin import rolling_forecasts, window_origins
    from forecastops.forecasting.training import fit
    from forecastops.gate.comparison import compare
    from forecastops.gate.decision import decide
    from forecastops.gate.policy import GatePolicy

    warnings.simplefilter("ignore")
    frame = transactions()
    index = pd.DatetimeIndex(pd.to_datetime(frame["TransactionDate"]), freq="D")
    values = pd.Series(frame["PaidAmount"].to_numpy(dtype=float), index=index, name="value")
    settings = EvaluationConfig(window=104, horizon=14).resolved("D")
    model = ModelConfig(order=(2, 0, 2))
    challenger = fit(Series(values), model, settings).model
    champion = fit(Series(values.iloc[:202]), model, settings).model
    origins, levels = window_origins(len(values), 104, 14), settings.levels
    results = ARIMA(values, order=(2, 0, 2)).filter(list(challenger.judged.members[0].params.values()))

    def loop() -> object:
        return [results.apply(values.iloc[:origin]).get_forecast(14).se_mean for origin in origins]

    one_pass = median_seconds(lambda: rolling_forecasts(challenger.as_judged(), origins, 14, levels), 15)
    looped = median_seconds(loop, 3)
    print(f"{'91 origins x 14 steps, one pass':32}{one_pass * 1000:8.1f} ms")
    print(f"{'the same, loop over apply':32}{looped * 1000:8.1f} ms{looped / one_pass:8.0f} times slower")
    comparison = compare(challenger, champion, settings, 500)
    spent = median_seconds(lambda: decide(comparison.evidence, GatePolicy()), 15)
    print(f"{'the decision alone':32}{spent * 1000:8.1f} ms")
    scored = median_seconds(lambda: compare(challenger, champion, settings, 500), 15)
    print(f"{'three models scored and compared':32}{scored * 1000:8.1f} ms")


def main() -> None:
    """Everything, in a folder that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="forecastops-bench-"))
    os.environ["FORECASTOPS_HOME"] = str(folder / "home")
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
    try:
        commands(folder)
        pictures(folder)
        evaluation()
    finally:
        stop_endpoints()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
