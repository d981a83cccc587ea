"""Requests that are scored without MLflow's web framework are answered as it answers them, to the byte."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.models import Model
from mlflow.pyfunc import PyFuncModel, scoring_server

from forecastops.adapters.model_artifact import save_model
from forecastops.forecasting.forecaster import Arima, Fit, Forecaster
from forecastops_local.guard import _CollectedAnswer
from forecastops_local.invocations import Invocations
from forecastops_local.scoring import GuardedModel

JSON = "application/json"
AFTER = {"D": "2024-01-01", "h": "2023-01-16T00:00:00", "YS-JAN": "2024-01-01"}
START = {"h": ("2023-01-01", 360), "D": ("2023-01-01", 365), "YS": ("1954-01-01", 70)}
ODD: tuple[Any, ...] = (0, -1, 1001, 2**70, 3.0, 3.5, "3", None, [3], [], {})
REQUESTS: list[dict[str, Any]] = [
    *({"inputs": [], "params": {"horizon": steps}} for steps in (1, 2, 14, 63, 64, 65, 200, 1000, 3)),
    {"inputs": []},
    {"instances": []},
    {"dataframe_records": []},
    {"dataframe_split": {"columns": [], "data": []}},
    {"dataframe_split": {"data": []}},
    {"dataframe_split": {}},
    {"inputs": {}},
    {"inputs": [], "params": None},
    {"inputs": [], "params": {}},
    *(
        {"inputs": [], "params": {"horizon": 5, "levels": levels}}
        for levels in ([50], [95, 80], [80, 80], [1, 99, 5, 7])
    ),
    *({"inputs": [], "params": {"levels": levels}} for levels in ([], 80, [0], [100], [80.0], ["80"], [None], [[80]])),
    *({"inputs": [], "params": {"horizon": odd}} for odd in ODD),
    {"inputs": [], "params": {"horizont": 3}},
    {"inputs": [], "params": {"horizon": 3, "more": 1}},
    {"inputs": [{"horizon": 3}]},
    {"inputs": {"horizon": [3]}},
    {"dataframe_records": [{"horizon": 3}]},
    {"dataframe_records": [{"horizon": 3}, {"horizon": 4}]},
    {"dataframe_split": {"columns": ["horizon"], "data": [[3]]}, "params": {"levels": [80]}},
    {"inputs": [{"date": "AFTER", "value": 101.5}], "params": {"horizon": 3}},
    {"dataframe_records": [{"date": "AFTER", "value": None}]},
    {"dataframe_split": {"columns": ["date", "value"], "data": [["AFTER", 99]]}},
    {"dataframe_records": [{"date": "AFTER", "value": 1e9}]},
    {"dataframe_records": [{"date": "2001-01-01", "value": 1.0}]},
    {"dataframe_records": [{"date": "AFTER"}]},
    {"inputs": [[1]]},
]


@pytest.fixture(scope="module", params=["days", "hours", "logarithms", "years"])
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> GuardedModel:
    """A served model; of hours it ends before midnight, so that the first step alone has no time of day.

    Of years there are no dates for a thousand.
    """
    freq = {"hours": "h", "years": "YS"}.get(request.param, "D")
    first, rows = START[freq]
    index = pd.date_range(first, periods=rows, freq=freq, name="date")
    steps = np.arange(len(index))
    values = pd.Series(100 + steps % 7 + np.sin(steps), index, name="value")
    member = Arima(
        (1, 0, 0), (0, 1, 1, 7), None, request.param == "logarithms", {"ar.L1": 0.3, "ma.S.L7": -0.5, "sigma2": 0.01}
    )
    forecaster = Forecaster(Fit((member,), str(index[-1]), True), values, calibrated=True)
    folder = tmp_path_factory.mktemp("model") / "model"
    save_model(forecaster, folder)
    return GuardedModel(PyFuncModel(Model.load(str(folder)), forecaster))


def asked_of_mlflow(app: Any, body: bytes) -> tuple[int, bytes]:
    answer = _CollectedAnswer()
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        await asyncio.Event().wait()
        raise AssertionError

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
    }
    scope |= {"path": "/invocations", "raw_path": b"/invocations", "query_string": b"", "root_path": "", "state": {}}
    scope |= {"headers": [(b"content-type", JSON.encode())], "client": ("127.0.0.1", 0), "server": ("127.0.0.1", 0)}

    async def ask() -> None:
        try:
            await app(scope, receive, answer.send)
        except Exception:  # noqa: BLE001 - it has answered 500
            assert answer.status == 500

    asyncio.run(ask())
    return answer.status, answer.content


def test_answers_and_errors_are_those_of_mlflows_app(guarded: GuardedModel) -> None:
    served: Any = guarded
    app, ours = scoring_server.init(served), Invocations(guarded)
    forecaster = guarded.forecaster
    assert forecaster is not None
    seen = set()
    for content in REQUESTS:
        body = json.dumps(content).replace("AFTER", AFTER[forecaster.frequency]).encode()
        theirs = asked_of_mlflow(app, body)
        found = ours.score(json.loads(body))
        assert found == theirs, body
        seen.add(found[0])
    assert seen >= {200, 400}


def test_forecasts_are_made_once_for_all_that_are_their_beginning(
    guarded: GuardedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    forecast = Forecaster.forecast

    def counted(self: Forecaster, horizon: int, levels: tuple[int, ...]) -> pd.DataFrame:
        made.append(horizon)
        return forecast(self, horizon, levels)

    monkeypatch.setattr(Forecaster, "forecast", counted)
    assert guarded.forecaster is not None
    longest = [] if guarded.forecaster.frequency == "YS-JAN" else [1000]  # there are no dates for so many years
    ours = Invocations(guarded)
    for steps in (2, 30, 64, 65, 128, 100, *longest, *(most - 1 for most in longest), 2):
        status, answer = ours.score({"inputs": [], "params": {"horizon": steps}})
        assert status == 200
        assert len(json.loads(answer)["predictions"]) == steps
    assert made == [64, 128, *longest]
