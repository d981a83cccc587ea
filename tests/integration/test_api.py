"""The door for Python: `import forecastops as fo`, as a script or notebook uses it."""

from __future__ import annotations

import ast
import asyncio
import dataclasses
import doctest
import inspect
import json
import pickle
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

import forecastops as fo
from command import Command, new_command
from forecastops.adapters.samples import write_sample
from forecastops.api import arguments, learning, looking, past, production
from forked_processes import fork_endpoints_for
from local_endpoint_support import stop_endpoints
from process_state import as_before


@dataclasses.dataclass(frozen=True)
class Desk:
    """A folder with a tracking database, the sample's series, and a configuration; the command sees the same."""

    forecastops: Command
    config: fo.Config
    past: pd.Series[float]
    whole: Path

    @property
    def options(self) -> list[str]:
        return ["--set", f"registry.model_name={self.config.registry.model_name}"]

    def client(self) -> MlflowClient:
        return MlflowClient(self.config.tracking.tracking_uri)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    command = new_command(folder, empty_database)
    files = {path.name: path for path in write_sample("transactions", folder / "data")}
    frame = pd.read_csv(files["transaction_ts2013.csv"], index_col=0, parse_dates=True)
    config = fo.load_config(overrides=settings(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORECASTOPS_HOME", command.environment["FORECASTOPS_HOME"])
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'elsewhere.db'}")  # not ours
        patch.chdir(folder)
        fork_endpoints_for(patch)
        yield Desk(command, config, frame.iloc[:, 0], files["transaction_ts.csv"])
    stop_endpoints(folder / "home")


def settings(folder: Path) -> dict[str, Any]:
    return {
        "tracking": {
            "tracking_uri": f"sqlite:///{folder / 'mlflow.db'}",
            "artifact_location": (folder / "artifacts").as_uri(),
        },
        "registry.model_name": "desk",
        "model": {"order": np.array([2, 0, 2])},
    }


def test_the_story_on_adventureworks_inside_a_loop_and_the_callers_own_run(
    desk: Desk, shared_data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = shared_data / "adventureworks"
    config = fo.load_config(overrides=settings(desk.forecastops.folder) | {"registry.model_name": "story"})
    past = pd.read_csv(folder / "mlops_forecast_data2013.csv", index_col=0, parse_dates=True).iloc[:, 0]
    now = pd.read_csv(folder / "mlops_forecast_data2014.csv")

    async def notebook() -> None:
        first = fo.train(past, config)
        decision = fo.evaluate(first.run_id, config)
        moved = fo.promote(first.run_id, config)
        assert first.data.rows == 154
        assert first.metrics["RMSE"] == pytest.approx(511.1, abs=0.05)
        assert decision.verdict == "PROMOTE"
        assert decision.metrics["champion"] is None
        assert (moved.promoted, moved.version) == (True, "1")

        second = fo.retrain([folder / "mlops_forecast_data2013.csv", now], config)
        assert second.evaluate.verdict == "PROMOTE"
        found = {name: scores["rmse"] for name, scores in second.evaluate.metrics.items() if scores}
        assert found == pytest.approx({"challenger": 377.9, "champion": 433.4, "seasonal_naive": 376.0}, rel=0.01)
        assert second.promote is not None
        assert second.promote.endpoint is not None
        assert (second.promote.version, second.promote.endpoint.state) == ("2", "Healthy")

        newest = now["PaidAmount"].to_numpy()[-1]  # what overlaps shows that it is the same series
        week = pd.Series([newest, 970, 1090, 720, 1210], pd.date_range("2014-05-31", periods=5))
        ahead = fo.forecast(np.int64(5), config, data=week).to_frame()
        assert ahead.index[0] == pd.Timestamp("2014-06-05")
        assert ahead.shape == (5, 5)
        assert fo.renew(week, config).version == "3"
        back = fo.rollback("a trial", config, to_version=2)
        assert (back.version, back.previous_version) == ("2", "3")
        found_now = fo.status(config)
        assert found_now.champion is not None
        assert found_now.champion.run_id == second.train.run_id
        found_now.require_champion(second.train.run_id)

    mlflow.set_tracking_uri(f"sqlite:///{desk.forecastops.folder / 'own.db'}")
    try:
        with mlflow.start_run() as own:
            capfd.readouterr()
            with as_before():
                asyncio.run(notebook())
            assert capfd.readouterr().out == ""
            mlflow.log_param("still", "mine")
        ended = MlflowClient().get_run(own.info.run_id)
        assert (ended.info.status, ended.data.params) == ("FINISHED", {"still": "mine"})
    finally:
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]
        stop_endpoints(desk.forecastops.folder / "home")


def examples() -> list[doctest.DocTest]:
    """In the order in which a person would run them."""
    order = [
        "load_config",
        "check_data",
        "backtest",
        "train",
        "evaluate",
        "replay",
        "report",
        "promote",
        "retrain",
        "renew",
        "forecast",
    ]
    order += ["status", "history", "rollback"]
    finder = doctest.DocTestFinder()
    modules = (arguments, learning, looking, past, production)
    found = [one for module in modules for one in finder.find(module) if one.examples]
    names = [one.name.rpartition(".")[2] for one in found]
    assert sorted(names) == sorted(order)
    return sorted(found, key=lambda one: order.index(one.name.rpartition(".")[2]))


def test_the_examples_of_the_docstrings_run_and_results_are_those_of_the_commands(desk: Desk) -> None:
    names: dict[str, Any] = {"fo": fo, "config": desk.config, "sales": desk.past}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    with as_before():
        for example in examples():
            example.globs = names
            assert runner.run(example, clear_globs=False).failed == 0, example.name

    run_id = names["trained"].run_id
    asked = {
        ("status",): fo.status(desk.config),
        ("history",): fo.history(desk.config),
        ("evaluate", "--replay", run_id): fo.replay(run_id, desk.config),
        ("forecast", "--horizon", "5"): fo.forecast(5, desk.config),
        ("promote", "--run-id", run_id): fo.promote(run_id, desk.config),
        ("data", "check", str(desk.whole)): fo.check_data(desk.whole, desk.config),
    }
    told = [*desk.options, "--set", "model.order=[2,0,2]"]
    for words, result in asked.items():
        assert desk.forecastops.ok(*words, *told) == result.to_dict(), words
        assert desk.forecastops(*words, *told).stdout.rstrip() == str(result).rstrip()
        require_a_record(result)
    require_a_record(names["trained"])
    require_a_record(names["again"])
    scores = names["decision"].metrics["challenger"]
    assert f">{scores['rmse']:.6g}</td>" in names["decision"]._repr_html_()


def require_a_record(result: Any) -> None:
    copied = pickle.loads(pickle.dumps(result))
    assert copied == result
    assert (str(copied), copied.to_dict()) == (str(result), result.to_dict())
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    result.to_dict().clear()
    assert result.to_dict()
    assert dataclasses.replace(result, **{dataclasses.fields(result)[3].name: "another"}) != result
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.note = "another"
    assert result._repr_html_().startswith('<div class="forecastops">')


def test_what_a_result_holds_is_text_in_a_notebook(desk: Desk) -> None:
    found = fo.check_data(desk.past, desk.config)
    hostile = dataclasses.replace(found, notes=("<img src=x onerror=alert(1)> & 'more'",))
    assert "<img" not in hostile._repr_html_()
    assert "&lt;img src=x" in hostile._repr_html_()
    from forecastops.reporting.notebook import preformatted, table

    assert "<b>" not in table(["<b>"], [["<b>x", None, 1.5]]) + preformatted("<b>")


def test_data_in_memory_are_the_series_that_the_file_holds(desk: Desk) -> None:
    path = desk.forecastops.folder / "data/transaction_ts2013.csv"
    of_file = fo.check_data(str(path), desk.config)
    dates, values = desk.config.data.date_column, desk.config.data.value_column
    past = desk.past
    given: list[Any] = [
        path,
        [path],
        (past[:100], past[90:]),
        past.rename("another name"),
        past.to_frame(values),
        past.rename(values).rename_axis(dates).reset_index(),
        past.to_period("D"),
        past.astype("Float64"),
        past.astype(object),
        past.sample(frac=1, random_state=1),
        past.set_axis(pd.Index([day.date() for day in past.index])),
        past.set_axis(pd.DatetimeIndex(past.index).strftime("%Y-%m-%d")),
    ]
    for data in given:
        assert fo.check_data(data, desk.config).sha256 == of_file.sha256, type(data)


def test_one_newest_row_is_read_where_its_frequency_is_known(desk: Desk) -> None:
    newest = desk.past.tail(1)
    found = fo.check_data(newest, {"data.frequency": "D"}, newest_part=True)
    assert (found.rows, found.start, found.end) == (1, found.end, str(newest.index[0].date()))
    with pytest.raises(fo.DataError, match=r"tells no frequency; set data\.frequency"):
        fo.check_data(newest, newest_part=True)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda desk: fo.train("not/there.csv", desk.config), fo.DataError, "not/there.csv: cannot be read"),
        (lambda desk: fo.train(42, desk.config), fo.DataError, "data: is of type int; give a path"),  # type: ignore[arg-type]
        (lambda desk: fo.train([], desk.config), fo.DataError, "data: no list of files was given"),
        (lambda desk: fo.train({"a": 1}, desk.config), fo.DataError, "is of type dict"),
        (lambda desk: fo.train([desk.past, " "], desk.config), fo.DataError, "data: a path is empty"),
        (lambda desk: fo.train([desk.past, 3], desk.config), fo.DataError, "is of type int"),  # type: ignore[list-item]
        (lambda desk: fo.train(desk.past.reset_index(drop=True), desk.config), fo.DataError, "no dates for its index"),
        (lambda desk: fo.train(desk.past.to_frame("x"), desk.config), fo.DataError, "set data.value_column"),
        (lambda desk: fo.train(desk.past > 3, desk.config), fo.DataError, "of type bool"),
        (lambda desk: fo.train(desk.past, 3), fo.ConfigError, "config: is of type int"),  # type: ignore[arg-type]
        (lambda desk: fo.train(desk.past, {"model": {"ordre": (1, 0, 1)}}), fo.ConfigError, "model.order"),
        (lambda desk: fo.train(desk.past, {"model.order": [1, object(), 1]}), fo.ConfigError, "'model.order'"),
        (lambda desk: fo.evaluate("0" * 32, desk.config), fo.RegistryError, "0" * 32),
        (lambda desk: fo.evaluate(None, desk.config), fo.ConfigError, "run_id: is None"),  # type: ignore[arg-type]
        (lambda desk: fo.promote("0" * 32, desk.config, force=True), fo.ConfigError, "reason"),
        (lambda desk: fo.promote("0" * 32, desk.config, reason="so"), fo.ConfigError, "force=True"),
        (lambda desk: fo.renew(desk.past, desk.config, accept_data=True, reason=" "), fo.ConfigError, "reason"),
        (lambda desk: fo.rollback("", desk.config), fo.ConfigError, "reason: is ''"),
        (lambda desk: fo.forecast(0, desk.config), fo.ConfigError, "horizon: is 0"),
        (lambda desk: fo.forecast(2.5, desk.config), fo.ConfigError, "horizon: is 2.5"),  # type: ignore[arg-type]
        (lambda desk: fo.status({"tracking.tracking_uri": "sqlite:////no/such/x.db"}), fo.RegistryError, "no folder"),
        (lambda desk: fo.status({"tracking.tracking_uri": "http://127.0.0.1:9"}), fo.RegistryError, "127.0.0.1:9"),
        (lambda desk: fo.load_config("none.yaml"), fo.ConfigError, "none.yaml"),
        (lambda desk: fo.load_config(overrides="a=b"), fo.ConfigError, "give a list of them"),
    ],
)
def test_an_error_is_one_line_and_leaves_the_process_as_it_was(
    desk: Desk, call: Any, error: type[fo.ForecastopsError], words: str
) -> None:
    with as_before(), pytest.raises(error) as raised:
        call(desk)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_two_threads_train_on_two_servers(desk: Desk, tmp_path: Path) -> None:
    configs = [fo.load_config(overrides=settings(tmp_path / name)) for name in ("one", "two")]
    results: dict[int, Any] = {}

    def work(number: int) -> None:
        trained = fo.train(desk.past, configs[number])
        results[number] = trained, fo.evaluate(trained.run_id, configs[number])

    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with as_before():
        threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for number, config in enumerate(configs):
        trained, decision = results[number]
        client = MlflowClient(config.tracking.tracking_uri)
        (experiment,) = client.search_experiments(filter_string=f"name = '{config.registry.model_name}'")
        assert [run.info.run_id for run in client.search_runs([experiment.experiment_id])] == [trained.run_id]
        assert decision.verdict == "PROMOTE"


def test_the_run_that_mlflow_run_made_is_resumed_once_and_the_variable_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = desk.client()
    made = client.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", made)
    with as_before():
        first, second = (fo.train(desk.past, desk.config).run_id for _ in range(2))
    assert first == made
    assert second != made
    assert {client.get_run(one).info.status for one in (first, second)} == {"FINISHED"}


def test_a_target_that_asks_mlflow_for_its_servers_is_answered_for_as_long_as_it_runs(desk: Desk) -> None:
    from forecastops.adapters.endpoint.mlflow_defaults import pointed_at

    def run() -> None:
        with pointed_at("sqlite:///a.db", "sqlite:///b.db"):
            assert (mlflow.get_tracking_uri(), mlflow.get_registry_uri()) == ("sqlite:///a.db", "sqlite:///b.db")
            raise ValueError("inside")

    with as_before(), pytest.raises(ValueError, match="inside"):
        run()


def test_settings_are_taken_as_python_users_write_them(desk: Desk, tmp_path: Path) -> None:
    config = fo.load_config(
        overrides={
            "model": {"order": [1, 0, 1], "seasonal_order": np.array([0, 1, 1, 7])},
            "evaluation": {"horizon": np.int64(7), "levels": [80], "window": 28},
            "data.until": pd.Timestamp("2014-03-31"),
            "deployment.settings": {"token_file": tmp_path / "token"},
        }
    )
    assert config.model.order == (1, 0, 1)
    assert config.model.seasonal_order == (0, 1, 1, 7)
    assert (config.evaluation.horizon, config.evaluation.levels) == (7, (80,))
    assert config.data.until == "2014-03-31"
    assert config.deployment.settings == {"token_file": str(tmp_path / "token")}
    same = fo.Config(model={"order": [1, 0, 1], "seasonal_order": (0, 1, 1, np.int32(7))})  # type: ignore[arg-type]
    assert same.model == config.model
    texts = ["model.order=[1,0,1]", "model.seasonal_order=[0,1,1,7]"]
    assert fo.load_config(overrides=texts).model == config.model


def test_the_page_for_python_runs_as_it_stands(desk: Desk, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/python.md").read_text("utf-8")
    program = "\n".join(re.findall(r"<!-- tested -->\n```python\n(.*?)```", page, re.DOTALL))
    shutil.copytree(desk.forecastops.folder / "data", tmp_path / "data")
    home = {"FORECASTOPS_HOME": str(tmp_path / "home")}
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            check=False,
            env=desk.forecastops.environment | home,
            capture_output=True,
            text=True,
        )
    finally:
        stop_endpoints(tmp_path / "home")
    assert done.returncode == 0, done.stderr
    first, *_ = done.stdout.splitlines()
    assert first.startswith("PROMOTE ")
    assert done.stdout.splitlines()[-1].endswith(" ()")


def test_importing_it_imports_nothing_else() -> None:
    heavy = ("mlflow", "pandas", "numpy", "pydantic", "click", "yaml", "statsmodels", "importlib.metadata")
    program = f"import sys, forecastops as fo; fo.__all__, dir(fo); print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_function_says_what_it_takes_and_gives_and_what_it_raises() -> None:
    functions = [getattr(fo, name) for name in fo.__all__ if inspect.isfunction(getattr(fo, name))]
    assert len(functions) >= 15
    for function in functions:
        for section in ("Args:", "Returns:", "Raises:"):
            assert section in str(inspect.getdoc(function)), (function.__name__, section)


def test_every_name_is_there_and_has_a_type() -> None:
    tree = ast.parse(Path(fo.__file__).with_suffix(".pyi").read_text("utf-8"))
    typed = [str(alias.asname) for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(typed) == sorted(fo.__all__)
    for name in fo.__all__:
        assert getattr(fo, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        fo.trian  # type: ignore[attr-defined]  # noqa: B018
