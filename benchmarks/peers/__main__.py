"""Estimation, rolling origins, filter and the choice of orders, each beside what others do: `make bench`.

Usage: peers PYTHON [PAGE] [PART ...], PYTHON being that of the environment of `requirements-peers.lock`. Both are
measured in turn, as CPU seconds of one process each, on the same simulated series; a peer that fails, or takes longer
than two minutes, has a row that says so. The table is written to the page.
"""

from __future__ import annotations

import json
import math
import selectors
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "numerics")]
from cases import simulated

from forecastops.data.series import Series
from forecastops.forecasting.config import EvaluationConfig, ModelConfig, ModelSpec
from forecastops.forecasting.estimation import estimate
from forecastops.forecasting.forecaster import Arima, Fit, Forecaster, arima
from forecastops.forecasting.rolling_origin import rolling_forecasts, window_origins
from forecastops.forecasting.training import fit

BEGIN, END = "<!-- peers -->", "<!-- end of peers -->"
PATIENCE = 120.0
HORIZON, ORIGINS = 14, 91
Given = dict[str, Any]


class Row(NamedTuple):
    """One comparison: CPU seconds, and what else there is to say."""

    what: str
    ours: float
    peer: str
    theirs: float | None
    note: str


class Peers:
    """A process that has the other libraries; a new one where it took too long."""

    def __init__(self, python: str) -> None:
        self._python, self._process = python, None

    def ask(self, call: str, given: Given, runs: int = 3) -> Given:
        """Return what it answers: ``seconds`` and ``found``, or ``error``."""
        try:
            process = self._running()
        except OSError as error:
            return {"error": f"no environment of peers: {error}"}
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"call": call, "given": given, "runs": runs}) + "\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as waiting:
            waiting.register(process.stdout, selectors.EVENT_READ)
            if not waiting.select(PATIENCE):
                self.end()
                return {"error": f"more than {PATIENCE:g} s"}
        line = process.stdout.readline()
        found: Given = json.loads(line) if line else {"error": "its process ended"}
        return found

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            script = str(Path(__file__).with_name("theirs.py"))
            pipe, silent = subprocess.PIPE, subprocess.DEVNULL
            self._process = subprocess.Popen([self._python, script], stdin=pipe, stdout=pipe, stderr=silent, text=True)
        return self._process

    def end(self) -> None:
        """End it, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def least(call: Callable[[], object], runs: int = 3) -> float:
    """Least CPU seconds of a call, after one that does not count."""
    call()
    found = []
    for _ in range(runs):
        began = time.process_time()
        call()
        found.append(time.process_time() - began)
    return min(found)


def beside(what: str, call: Callable[[], object], peer: str, asked: Callable[[], Given], note: str = "") -> Row:
    """Measure ours, theirs, and ours again."""
    first, theirs, second = least(call), asked(), least(call)
    version = f" {theirs['version']}" if "version" in theirs else ""
    return Row(what, min(first, second), peer + version, theirs.get("seconds"), theirs.get("error", note))


def days(rows: int, season: int = 7) -> pd.Series[float]:
    return pd.Series(simulated(rows, season), pd.date_range("2010-01-01", periods=rows, freq="D"), name="value")


def origins(peers: Peers) -> Iterator[Row]:
    """Rolling origins of fitted parameters, on a year and on ten."""
    spec = ModelSpec(order=(0, 1, 1), seasonal_order=(0, 1, 1, 7))
    for name, rows in (("305 days", 305), ("ten years of days", 3650)):
        values = days(rows)
        params = estimate(values.iloc[:-104], spec).params
        model = Forecaster(
            Fit((Arima(spec.order, spec.seasonal_order, None, False, params),), "2010-12-31", True), values
        )
        asked = window_origins(rows, ORIGINS + HORIZON - 1, HORIZON)
        what = f"{ORIGINS} origins x {HORIZON}, {name}"

        def ours(model: Forecaster = model, asked: Any = asked) -> object:
            return rolling_forecasts(model, asked, HORIZON, (80, 95))

        def looped(values: pd.Series[float] = values, asked: Any = asked, params: Any = params) -> object:
            filtered = arima(values, spec.order, spec.seasonal_order, None).filter(list(params.values()))
            few = asked[:: len(asked) // 4]
            began = time.process_time()
            for origin in few:
                filtered.apply(values.iloc[:origin]).get_forecast(HORIZON).conf_int(alpha=0.05)
            return (time.process_time() - began) * len(asked) / len(few)

        loop: Any = looped()
        yield Row(what, least(ours), "statsmodels, a loop of `apply`", loop, "the loop's time from every 22nd origin")
        given = {"values": values.tolist(), "order": spec.order, "seasonal": spec.seasonal_order, "params": params}
        given |= {"origins": ORIGINS, "horizon": HORIZON}
        for library, how in (
            ("statsforecast", "`cross_validation(refit=False)`, parameters given"),
            ("skforecast", "`backtesting_stats(refit=False)`, its one fit included"),
            ("sktime", "`evaluate(strategy='no-update_params')`, its one fit included"),
        ):
            yield beside(what, ours, library, lambda: peers.ask(f"{library} origins", given, 1), how)  # noqa: B023


def fits(peers: Peers) -> Iterator[Row]:
    """Estimation, the product's several starts included, with the likelihoods that are reached."""
    for rows in (249, 731, 1800):
        for order, seasonal in (((0, 1, 1), (0, 1, 1, 7)), ((1, 0, 1), (1, 0, 1, 7))):
            values, spec = days(rows), ModelSpec(order=order, seasonal_order=seasonal, trend="n")
            what = f"fit {spec.name}, {rows} days"
            exact: Any = arima(values, order, seasonal, "n", concentrate_scale=True)

            def at(params: Given, exact: Any = exact) -> float:
                return float(exact.loglike([params[name] for name in exact.param_names]))

            def ours(values: pd.Series[float] = values, spec: ModelSpec = spec) -> Given:
                return dict(estimate(values, spec).params)

            best = at(ours())
            given = {"values": values.tolist(), "order": order, "seasonal": seasonal}
            answer = peers.ask("statsforecast fit", given)
            note = "" if "error" in answer else f"log-likelihood {at(answer['found']) - best:+.2f} of ours"
            yield beside(what, ours, "statsforecast", lambda: answer, note)  # noqa: B023

            def theirs(values: pd.Series[float] = values, spec: ModelSpec = spec) -> Given:
                found = arima(values, spec.order, spec.seasonal_order, "n").fit()
                return dict(zip(found.param_names, map(float, found.params), strict=True))

            reached = f"its default fit; log-likelihood {at(theirs()) - best:+.2f} of ours"
            yield beside(what, ours, "statsmodels", lambda: {"seconds": least(theirs, 1)}, reached)


def filters(_: Peers) -> Iterator[Row]:
    """One pass of the filter over long series with long seasons."""
    for name, rows, season in (("a year of hours, season 24", 8760, 24), ("834 weeks, season 52", 834, 52)):
        values = days(rows, season)
        params = {"ma.L1": -0.6, f"ma.S.L{season}": -0.8, "sigma2": 100.0}
        member = Arima((0, 1, 1), (0, 1, 1, season), None, False, params)

        def theirs(values: pd.Series[float] = values, season: int = season, params: Given = params) -> object:
            return arima(values, (0, 1, 1), (0, 1, 1, season), None).filter(list(params.values()))

        def ours(member: Arima = member, values: pd.Series[float] = values) -> object:
            return member.filtered(values)

        what = f"filter (0,1,1)(0,1,1,{season}), {name}"
        yield beside(what, ours, "statsmodels", lambda: {"seconds": least(theirs, 1)}, "its default `filter`")


def searches(peers: Peers) -> Iterator[Row]:
    """The choice of orders, both estimations of a training included, with the error over a held-out horizon."""
    for rows, season, horizon in ((731, 7, 28), (260, 52, 13)):
        values = days(rows + horizon, season)
        known, after = values.iloc[:-horizon], values.iloc[-horizon:].to_numpy()
        evaluation = EvaluationConfig(window=2 * horizon, horizon=horizon, season_length=season).resolved("D")

        def ours(known: pd.Series[float] = known, evaluation: Any = evaluation) -> Forecaster:
            return fit(Series(known), ModelConfig(selection="candidates"), evaluation).model

        error = rmse(ours().forecast(horizon)["mean"].to_numpy(), after)
        for library in ("statsforecast", "pmdarima"):
            given = {"values": known.tolist(), "season": season, "horizon": horizon}
            answer = peers.ask(f"{library} search", given, 1)
            note = "" if "error" in answer else f"our error {error / rmse(np.array(answer['found']), after):.2f} of its"
            name = {"statsforecast": "AutoARIMA of statsforecast", "pmdarima": "`auto_arima` of pmdarima"}[library]
            yield beside(f"orders chosen, {rows} rows, season {season}", ours, name, lambda: answer, note)  # noqa: B023


def rmse(forecast: np.ndarray[Any, Any], actual: np.ndarray[Any, Any]) -> float:
    return math.sqrt(float(np.mean((forecast - actual) ** 2)))


def table(rows: list[Row]) -> str:
    """Return the rows in Markdown."""
    lines = ["| what | forecastops | against | it | times | how |", "|---|---|---|---|---|---|"]
    for row in rows:
        theirs = "-" if row.theirs is None else f"{1000 * row.theirs:.3g} ms"
        times = "-" if row.theirs is None else f"{row.theirs / row.ours:.2g}"
        lines.append(f"| {row.what} | {1000 * row.ours:.3g} ms | {row.peer} | {theirs} | {times} | {row.note} |")
    return "\n".join(lines)


def main() -> None:
    """Measure everything, or the parts named."""
    warnings.simplefilter("ignore")
    peers, page, parts = Peers(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "-", sys.argv[3:]
    rows: list[Row] = []
    try:
        for name, measure in {"origins": origins, "fits": fits, "filters": filters, "searches": searches}.items():
            if not parts or name in parts:
                rows += measure(peers)
                print(table(rows), flush=True)
    finally:
        peers.end()
    if page != "-":
        text = Path(page).read_text("utf-8")
        before, _, rest = text.partition(BEGIN)
        Path(page).write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    main()
