"""What commands, a cycle, a request and a model cost, each beside what one would use without forecastops.

Run by `make bench`, which writes the table to docs/speed.md. All are measured in turn in one run, as CPU seconds with
those of children, so that a busy machine is busy for both. The peers are MLflow and statsmodels as they are locked for
the package itself, used as in `benchmarks/plain`.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from measuring import Cost, cost, interleaved, process_seconds
from scoring import score, wait_for

ROUNDS = 3
OURS = [sys.executable, "-m", "forecastops"]
PLAIN = Path(__file__).parent / "plain"
PAST, NOW = "data/transaction_ts2013.csv", "data/transaction_ts2014.csv"
BOTH = ["--data", PAST, "--data", NOW]
IMPORTS = "import mlflow, statsmodels.tsa.arima.model"
MODEL = ["--set", "registry.model_name=bench"]
BEGIN, END = "<!-- product -->", "<!-- end of product -->"


class Row(NamedTuple):
    """One line of the table: theirs over ours is how many times as fast or small ours is."""

    what: str
    ours: float
    theirs: float
    unit: str
    peer: str


def start_up(folder: Path, run_id: str) -> Iterator[Row]:
    """Commands with nothing to compute, beside importing MLflow and statsmodels and doing nothing."""
    commands = {
        "status": [*OURS, "status", *MODEL],
        "forecast": [*OURS, "forecast", "--horizon", "14", *MODEL],
        "evaluate --replay": [*OURS, "evaluate", "--replay", run_id, *MODEL],
        "renew, nothing new": [*OURS, "renew", *BOTH, *MODEL],
    }
    found = interleaved({**commands, "import": [sys.executable, "-c", IMPORTS]}, folder, ROUNDS)
    for name in commands:
        yield Row(name, found[name].seconds, found["import"].seconds, "s", f"`{IMPORTS}`")
    mlflow = [sys.executable, "-m", "mlflow", "--help"]
    quick = {"help": [*OURS, "--help"], "usage": [*OURS, "--wrong"], "mlflow": mlflow}
    found = interleaved(quick, folder, ROUNDS, accepted=(0, 2))
    yield Row("--help", found["help"].seconds, found["mlflow"].seconds, "s", "`mlflow --help`")
    yield Row("wrong usage", found["usage"].seconds, found["mlflow"].seconds, "s", "`mlflow --help`")


def cycles(folder: Path) -> Iterator[Row]:
    """train, evaluate, promote: the second model against a champion, endpoint included."""
    separate, whole, plain = [], [], []
    for number in range(ROUNDS):
        name = ["--set", f"registry.model_name=three-{number}"]
        cost([*OURS, "retrain", "--data", PAST, *name], folder)
        trained = cost([*OURS, "train", *BOTH, "--json", *name], folder)
        run = ["--run-id", json.loads(trained.output)["run_id"]]
        rest = [cost([*OURS, command, *run, *name], folder) for command in ("evaluate", "promote")]
        separate.append(trained.seconds + sum(one.seconds for one in rest) + served_seconds())
        stop_endpoints()
        again = ["--set", f"registry.model_name=whole-{number}"]
        cost([*OURS, "retrain", "--data", PAST, *again], folder)
        whole.append(cost([*OURS, "retrain", *BOTH, *again], folder).seconds + served_seconds())
        stop_endpoints()
        plain.append(plain_cycle(folder, [PAST]))
        plain.append(plain_cycle(folder, [PAST, NOW]))
    theirs = statistics.median(plain[1::2])
    peer = "three plain MLflow scripts, `mlflow models serve`"
    yield Row("train, evaluate, promote: three processes", statistics.median(separate), theirs, "s", peer)
    yield Row("the same in one (`retrain`)", statistics.median(whole), theirs, "s", peer)


def plain_cycle(folder: Path, data: list[str]) -> float:
    """Run the three plain scripts; their CPU seconds, the server's start included."""
    trained = cost([sys.executable, str(PLAIN / "train.py"), *data], folder)
    run_id = trained.output.split()[-1]
    evaluated = cost([sys.executable, str(PLAIN / "evaluate.py"), run_id, *data], folder)
    promoted = cost([sys.executable, str(PLAIN / "promote.py"), run_id, str(free_port())], folder)
    server = int(promoted.output.split()[-1])
    seconds = trained.seconds + evaluated.seconds + promoted.seconds + process_seconds(server)
    end(server)
    return seconds


def requests(folder: Path) -> Iterator[Row]:
    """Forecasts of two weeks from the endpoint and from `mlflow models serve`, each alone on the machine."""
    cost([*OURS, "retrain", *BOTH, *MODEL], folder)
    ours = endpoint()
    ours_same = score(ours["port"], ours["pid"], lambda _: {"inputs": [], "params": {"horizon": 14}})
    ours_other = score(ours["port"], ours["pid"], lambda n: {"inputs": [], "params": {"horizon": 1 + n}})
    ours_memory = memory(ours["pid"])
    stop_endpoints()
    print("the endpoint:", ours_same, ours_other, f"{ours_memory:.0f} MiB", sep="\n", flush=True)
    with plain_server(folder) as (port, pid):
        theirs_same = score(port, pid, lambda _: {"dataframe_split": frame(14)})
        theirs_other = score(port, pid, lambda n: {"dataframe_split": frame(1 + n)})
        theirs_memory = memory(pid)
    peer = "`mlflow models serve`, statsmodels flavor"
    for what, mine, other in (("the same", ours_same, theirs_same), ("another", ours_other, theirs_other)):
        yield Row(f"a request, {what} each time: CPU", mine.cpu, other.cpu, "ms", peer)
        yield Row(f"a request, {what} each time: p50", mine.median, other.median, "ms", peer)
        yield Row(f"a request, {what} each time: p99", mine.tail, other.tail, "ms", peer)
        yield Row(f"{what} each time: 1 connection", 1000 / mine.alone, 1000 / other.alone, "ms a request", peer)
        yield Row(f"{what} each time: 8 connections", 1000 / mine.eight, 1000 / other.eight, "ms a request", peer)
    yield Row("memory of the server", ours_memory, theirs_memory, "MiB", peer)


def frame(horizon: int) -> dict[str, object]:
    """Ask statsmodels' flavor for as many days."""
    from datetime import date, timedelta

    first = date(2014, 6, 1)
    return {"columns": ["start", "end"], "data": [[str(first), str(first + timedelta(days=horizon - 1))]]}


def artifact(folder: Path) -> Iterator[Row]:
    """Size of a model's files, and loading them proven, beside the pickle of the same fit: one ARIMA each."""
    from statsmodels.tsa.arima.model import ARIMA

    from forecastops.core.signatures import Trusted
    from forecastops.forecasting.artifact import digest_of, read_files, verified_model

    warnings.simplefilter("ignore")
    orders = ["--set", "model.order=[1,0,1]", "--set", "model.seasonal_order=[1,0,1,7]"]
    run_id = json.loads(cost([*OURS, "train", *BOTH, "--json", *MODEL, *orders], folder).output)["run_id"]
    (place,) = folder.glob(f"**/{run_id}/artifacts/model")
    files = read_files(place, "the model")
    sha256, size = digest_of(files), sum(map(len, files.values())) / 1024
    model = verified_model(place, sha256, Trusted(), None, "the model")
    fitted = ARIMA(model.values, order=(1, 0, 1), seasonal_order=(1, 0, 1, 7)).fit()
    pickled = pickle.dumps(fitted)
    ours, theirs = timed_in_turn(
        lambda: verified_model(place, sha256, Trusted(), None, "the model").forecast(),
        lambda: pickle.loads(pickled).forecast(14),
    )
    yield Row("model: all its files", size, len(pickled) / 1024, "KiB", "statsmodels' pickle")
    yield Row("model: loaded, proven, asked once", 1000 * ours, 1000 * theirs, "ms", "unpickled, asked once, unproven")
    yield Row("a forecast of a loaded model", *forecasts(model, fitted), "ms", "statsmodels' `forecast`")


def forecasts(model: object, fitted: object) -> tuple[float, float]:
    """Milliseconds of a forecast of two weeks, again and again."""
    ours, theirs = timed_in_turn(lambda: model.forecast(14), lambda: fitted.forecast(14))  # type: ignore[attr-defined]
    return 1000 * ours, 1000 * theirs


def timed_in_turn(*calls: Callable[[], object]) -> list[float]:
    """CPU seconds of each, the median of eleven turns after one that does not count."""
    found: list[list[float]] = [[] for _ in calls]
    for turn in range(12):
        for call, times in zip(calls, found, strict=True):
            began = time.process_time()
            call()
            if turn:
                times.append(time.process_time() - began)
    return [statistics.median(times) for times in found]


@contextmanager
def plain_server(folder: Path) -> Iterator[tuple[int, int]]:
    """Serve a plain model."""
    trained = cost([sys.executable, str(PLAIN / "train.py"), PAST, NOW], folder)
    port = free_port()
    promoted = cost([sys.executable, str(PLAIN / "promote.py"), trained.output.split()[-1], str(port)], folder)
    pid = int(promoted.output.split()[-1])
    wait_for(port)
    try:
        yield port, pid
    finally:
        end(pid)


def endpoint() -> dict[str, int]:
    """Port and server process of the one deployment there is."""
    from mlflow.deployments import get_deploy_client

    client = get_deploy_client("forecastops-local")
    (name,) = [one["name"] for one in client.list_deployments()]
    found = client.get_deployment(name)
    return {"port": int(found["url"].rpartition(":")[2]), "pid": found["pid"]}


def served_seconds() -> float:
    """CPU seconds that supervisors and servers have taken."""
    from mlflow.deployments import get_deploy_client

    client = get_deploy_client("forecastops-local")
    found = [client.get_deployment(one["name"]) for one in client.list_deployments()]
    return sum(process_seconds(one["supervisor_pid"]) for one in found)


def stop_endpoints() -> None:
    """Delete the deployments, which would otherwise use memory and time."""
    from mlflow.deployments import get_deploy_client

    client = get_deploy_client("forecastops-local")
    for deployment in client.list_deployments():
        client.delete_deployment(deployment["name"])


def memory(pid: int) -> float:
    """Resident MiB of a process and its children."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    (own,) = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return own / 1024 + sum(memory(int(child)) for child in children)


def end(pid: int) -> None:
    """End a process that was left running, with its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    for child in children:
        end(int(child))
    os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def table(rows: list[Row]) -> str:
    """Return the rows in Markdown."""
    lines = ["| what | forecastops | against | it | times |", "|---|---|---|---|---|"]
    for row in rows:
        times = row.theirs / row.ours if row.ours else float("inf")
        lines.append(
            f"| {row.what} | {row.ours:.3g} {row.unit} | {row.peer} | {row.theirs:.3g} {row.unit} | {times:.2g} |"
        )
    return "\n".join(lines)


def write(page: Path, text: str) -> None:
    """Put the table where the page has its place."""
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")


def main() -> None:
    """Everything, in a folder that is removed afterwards; with a page's path, the table is written there."""
    folder = Path(tempfile.mkdtemp(prefix="forecastops-bench-"))
    os.environ["FORECASTOPS_HOME"] = str(folder / "home")
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
    parts = sys.argv[2:]
    try:
        cost([*OURS, "data", "sample", "transactions", "--out", "data"], folder)
        trained: Cost = cost([*OURS, "retrain", *BOTH, "--json", *MODEL], folder)
        run_id = json.loads(trained.output)["train"]["run_id"]
        rows: list[Row] = []
        measured: dict[str, Callable[[], Iterator[Row]]] = {
            "artifact": lambda: artifact(folder),
            "start": lambda: start_up(folder, run_id),
            "scoring": lambda: requests(folder),
            "cycle": lambda: cycles(folder),
        }
        for name, measure in measured.items():
            if not parts or name in parts:
                rows += measure()
                print(table(rows), flush=True)
        if len(sys.argv) > 1 and sys.argv[1] != "-":
            write(Path(sys.argv[1]), table(rows))
    finally:
        stop_endpoints()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
