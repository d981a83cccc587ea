"""What users can get wrong: one line that says what and what to do, and nothing changed."""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import json
import logging
import math
import os
import signal
import sqlite3
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from mlflow import MlflowClient

from command import Command, Result
from forecastops.commands.main import main
from workshop import Workshop

HEADER = "TransactionDate,PaidAmount"
DATES = [(datetime.date(2013, 7, 31) + datetime.timedelta(days=day)).isoformat() for day in range(110)]
ROWS = [f"{date},{400 + 50 * math.sin(number * number):.2f}" for number, date in enumerate(DATES)]
PROGRESS = ("fitting ARIMA", "warning: ", "comparing run ")
CLOSED = "http://127.0.0.1:9"


def encoded(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def text(rows: list[str]) -> str:
    return "\n".join([HEADER, *rows, ""])


def with_row(number: int, row: str) -> str:
    """The good file with another line ``number`` (1 is the header)."""
    rows = list(ROWS)
    rows[number - 2] = row
    return text(rows)


def with_value(value: str) -> str:
    return with_row(11, f"{DATES[9]},{value}")


def parquet(dates: Any = None, values: Any = None) -> bytes:
    amounts = [float(row.split(",")[1]) for row in ROWS]
    frame = pd.DataFrame(
        {
            "TransactionDate": DATES if dates is None else dates,
            "PaidAmount": amounts if values is None else values,
        }
    )
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def state(folder: Path) -> str:
    """A digest of the MLflow database and of all artifacts and endpoints in a folder."""
    digest = hashlib.sha256()
    with sqlite3.connect(f"file:{folder / 'mlflow.db'}?mode=ro", uri=True) as database:
        for line in database.iterdump():
            digest.update(line.encode())
    database.close()
    for name in ("mlruns", "mlartifacts", "home/endpoints"):
        for path in sorted((folder / name).rglob("*")):
            content = path.read_bytes() if path.is_file() else b""
            digest.update(f"{path}\0{hashlib.sha256(content).hexdigest()}".encode())
    return digest.hexdigest()


def require_refusal(result: Result, code: int = 1) -> str:
    """The one line of error, once nothing else was printed that a refusal should not print."""
    assert result.code == code, result.stderr
    assert result.stdout == ""
    assert "Traceback (most recent call last)" not in result.stderr
    if code == 2 and not result.stderr.startswith(
        "forecastops: error: "
    ):  # click's own form: usage, a hint to --help, and what is wrong
        assert result.stderr.startswith("Usage: forecastops ")
        return result.stderr.splitlines()[-1]
    *others, last = result.stderr.splitlines()
    assert last == result.error
    assert all(line.startswith(PROGRESS) for line in others), result.stderr
    assert "; " in last, "says what is wrong, but not what to do"
    return last


def require_parts(line: str, *parts: str) -> None:
    for part in parts:
        assert part in line


@pytest.fixture
def unchanged(workshop: Workshop) -> Iterator[Command]:
    """The command, beside two runs that must be all there is afterwards too."""
    forecastops = workshop.forecastops
    before = state(forecastops.folder)
    yield forecastops
    assert state(forecastops.folder) == before


Case = tuple[str | bytes, list[str]]  # a file's content, and what the refusal must name
DataCase = tuple[str | bytes, list[str], list[str]]  # with overrides in between

BAD_DATA: dict[str, DataCase] = {
    "two values on a date": (
        text([*ROWS, f"{DATES[3]},1.5"]),
        [],
        [":112: ", DATES[3], "1.5", ":5; 1 of 110 dates stand 2 times", "data.duplicates"],
    ),
    "a gap too long": (
        text(ROWS[:20] + ROWS[28:]),
        ["data.gaps=interpolate"],
        [":22: ", "2013-08-20 to 2013-08-27", "8 missing", "max_gap"],
    ),
    "a gap where none is allowed": (
        text(ROWS[:20] + ROWS[22:]),
        ["data.gaps=error"],
        [":22: ", "2013-08-20 to 2013-08-21", "2 missing", "data.gaps is 'error'"],
    ),
    "a blank where none is allowed": (with_value(""), ["data.gaps=error"], [":12: ", DATES[9], "data.gaps is 'error'"]),
    "text": (
        with_value("n/a"),
        [],
        [":11: ", "'PaidAmount'", DATES[9], "'n/a'", "no plain number", "data.na_values=n/a"],
    ),
    "NaN": (with_value("NaN"), [], [":11: ", "'PaidAmount'", DATES[9], "'NaN'", "data.na_values=NaN"]),
    "infinity": (with_value("inf"), [], [":11: ", "'PaidAmount'", DATES[9], "'inf'"]),
    "minus infinity": (with_value("-inf"), [], [":11: ", "'PaidAmount'", DATES[9], "'-inf'"]),
    "a number too large": (with_value("1e400"), [], [":11: ", "'PaidAmount'", DATES[9], "'1e400'", "2**53"]),
    "a truth value": (with_value("True"), [], [":11: ", "'PaidAmount'", DATES[9], "'True'"]),
    "a thousands separator": (with_value('"1,234.5"'), [], [":11: ", "'1,234.5'", "data.thousands=,"]),
    "a row too long": (with_value("1,234"), [], [":11: ", "3 cells", "header has 2"]),
    "a constant": (text([f"{date},5" for date in DATES]), [], ["'PaidAmount'", "5.0 on every date"]),
    "too few rows": (text(ROWS[:63]), [], [DATES[0], DATES[62], "63 rows", "64 are needed", "window of 56"]),
    "too much missing": (
        text(ROWS[:30] + ROWS[60:]),
        [],
        ["30 of 110 dates are missing (27.3 %)", "max_missing_share"],
    ),
    "one row": (text(ROWS[:1]), [], [DATES[0], "at least two dates"]),
    "nothing": ("", [], ["is empty"]),
    "a header only": (HEADER + "\n", [], ["holds no rows"]),
    "no date column": (text(ROWS), ["data.date_column=Day"], [":1: ", "'Day'", "'TransactionDate', 'PaidAmount'"]),
    "no value column": (text(ROWS), ["data.value_column=Paid"], [":1: ", "'Paid'", "'TransactionDate', 'PaidAmount'"]),
    "Latin-1": (
        text(ROWS).encode() + "2014-01-07,é\n".encode("latin-1"),
        [],
        [":112: ", "not UTF-8", "data.encoding", "cp1252"],
    ),
    "binary": (b"PK\0\1\2\3", [], [":1: ", "binary"]),
    "a workbook": (b"\xd0\xcf\x11\xe0" + bytes(100), [], ["Excel workbook", "CSV"]),
    "day before month": (with_row(2, "31/07/2013,5"), [], [":2: ", "'31/07/2013'", "ISO", "2013-07-31"]),
    "dates written in two ways": (with_row(11, f"{DATES[9]}T00:00,5"), [], [":11: ", f"'{DATES[9]}T00:00'", "row 2"]),
    "a day that no calendar has": (with_row(11, "2013-02-30,5"), [], [":11: ", "'2013-02-30'", "calendar"]),
    "no such frequency": (text(ROWS), ["data.frequency=fortnight"], ["'fortnight'", "data.frequency"]),
    "another frequency": (text(ROWS), ["data.frequency=MS"], [":2: ", DATES[0], "frequency MS"]),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_are_named_and_nothing_is_logged(unchanged: Command, case: str) -> None:
    content, overrides, parts = BAD_DATA[case]
    path = unchanged.folder / "bad.csv"
    path.write_bytes(encoded(content))
    options = [word for override in overrides for word in ("--set", override)]
    code = 2 if case == "no such frequency" else 1
    require_parts(require_refusal(unchanged("train", "--data", "bad.csv", *options), code), *parts)


def both_ways(forecastops: Command, path: str, *options: str) -> str:
    """The refusal of a file, which `data check` and `train` give alike."""
    running = [
        forecastops.start("data", "check", path, *options, "--json"),
        forecastops.start("train", "--data", path, *options),
    ]
    checked, trained = (one.result() for one in running)
    line = require_refusal(checked)
    assert len(checked.stderr.splitlines()) == 1
    assert require_refusal(trained) == line
    return line


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (text(ROWS).encode(), ["not Parquet"]),
        (b"PAR1" + bytes(100) + b"PAR1", ["not Parquet"]),
        (parquet(values=[math.inf if i == 9 else i for i in range(110)]), [".parquet:10: ", "inf", DATES[9]]),
        (parquet(values=[i % 2 == 0 for i in range(110)]), [".parquet:1: ", "True", DATES[0]]),
        (parquet(dates=range(110)), [".parquet:1: ", "int64", "no date"]),
        (
            parquet(dates=pd.date_range("2013-07-31", periods=110, tz="Asia/Tokyo")),
            ["2013-07-30T15:00:00 in UTC", "data.timezone"],
        ),
    ],
)
def test_bad_parquet_is_named_and_nothing_is_logged(unchanged: Command, content: bytes, parts: list[str]) -> None:
    (unchanged.folder / "bad.parquet").write_bytes(content)
    require_parts(both_ways(unchanged, "bad.parquet"), *parts)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("missing.csv", ["missing.csv: ", "No such file"]),
        ("empty", ["empty: ", "a folder without files"]),
        ("x" * 5000, ["File name too long"]),
        ("data/transaction_ts2013.csv,missing.csv", ["missing.csv: ", "No such file"]),
    ],
)
def test_what_is_no_file_is_named(unchanged: Command, path: str, parts: list[str]) -> None:
    (unchanged.folder / "empty").mkdir(exist_ok=True)
    require_parts(both_ways(unchanged, path), *parts)


def test_files_that_contradict_each_other_are_both_named(unchanged: Command) -> None:
    (unchanged.folder / "one.csv").write_text(text(ROWS))
    (unchanged.folder / "two.csv").write_text(text([f"{DATES[3]},1.5"]))
    require_parts(both_ways(unchanged, "one.csv,two.csv"), "two.csv:2", DATES[3], "1.5", "one.csv:5")


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        (ROWS[5:] + ROWS[:5], f"not in order of date and were sorted, the first late one {DATES[0]} in row 107"),
        ([*ROWS, ROWS[3]], f"1 rows repeat a date with the same value and were dropped, the first {DATES[3]} at"),
        (ROWS[:20] + ROWS[22:], "2 dates are missing and left to the model: 2013-08-20 to 2013-08-21"),
    ],
)
def test_what_can_be_mended_is_mended_and_said(forecastops: Command, rows: list[str], note: str) -> None:
    (forecastops.folder / "series.csv").write_text(text(rows))
    report = forecastops.ok("data", "check", "series.csv")
    assert any(note in found for found in report["notes"])
    trained = forecastops("train", "--data", "series.csv", "--set", "model.order=[1,0,0]", "--json")
    assert trained.code == 0
    assert any(line.startswith("warning: ") and note in line for line in trained.stderr.splitlines())
    assert trained.json["data"]["rows"] == len(DATES)


@pytest.mark.parametrize("value", ["0", "-3.5"])
def test_values_without_a_logarithm_are_refused_by_a_log_model(unchanged: Command, value: str) -> None:
    (unchanged.folder / "bad.csv").write_text(with_value(value))
    line = both_ways(unchanged, "bad.csv", "--set", "model.log=true")
    require_parts(line, DATES[9], str(float(value)), "no logarithm", "model.log=false")


def test_a_name_that_is_no_utf8_can_be_shown(forecastops: Command) -> None:
    name = os.fsdecode(b"\xff.csv")
    (forecastops.folder / name).write_text(text(ROWS[5:] + ROWS[:5]))
    result = forecastops("data", "check", name)
    assert (result.code, result.stderr) == (0, "")
    assert "\\udcff.csv: the rows were not in order" in result.stdout


BOMB = "\n".join(
    f"{name}: &{name} [{','.join([f'*{before}' if before else 'x'] * 9)}]"
    for before, name in zip(["", *"abcdefghijk"], "abcdefghijkl", strict=True)
)
BAD_CONFIGS: dict[str, Case] = {
    "a list": ("- a\n- b\n", ["is a list"]),
    "a scalar": ("hello\n", ["is a str"]),
    "broken YAML": ("model: [\n", ["not plain YAML", "line 2"]),
    "two documents": ("model: {}\n---\ngate: {}\n", ["not plain YAML", "single document"]),
    "an unknown section": ("modell: {}\n", ["unknown key 'modell'", "config schema"]),
    "an unknown key": ("model: {ordr: [1, 0, 0]}\n", ["unknown key 'model.ordr'"]),
    "a key twice": ("gate: {alpha: 0.2}\ngate: {min_improvement: 0.1}\n", ["'gate' stands twice"]),
    "text for a number": ("evaluation: {horizon: seven}\n", ["evaluation.horizon", '"seven"', "integer"]),
    "text that reads as a number": ('evaluation: {horizon: "7"}\n', ["evaluation.horizon", '"7"', "integer"]),
    "a number out of range": ("gate: {alpha: 1.5}\n", ["gate.alpha = 1.5", "less than"]),
    "NaN": ("gate: {alpha: .nan}\n", ["gate.alpha", "finite"]),
    "a window without origins": ("evaluation: {horizon: 14, window: 7}\n", ["window 7", "horizon 14"]),
    "a season of one": ("model: {seasonal_order: [1, 0, 0, 1]}\n", ["season", "at least 2"]),
    "a reserved alias": ("registry: {alias: latest}\n", ["registry.alias", "reserves"]),
    "a path as a name": ("registry: {model_name: ../x}\n", ["registry.model_name", '"../x"']),
    "a date": ("evaluation: {horizon: 2013-01-01}\n", ["no plain number, text or list", "quote it"]),
    "an unsafe tag": ('model: !!python/object/apply:os.system ["touch hacked"]\n', ["python/object", "line 1"]),
    "an alias bomb": (BOMB, ["more than 10000 values", "aliases"]),
    "a tree in itself": ("model: &a {order: *a}\n", ["more than 10000 values"]),
    "Latin-1": ("data: {value_column: é}\n".encode("latin-1"), ["not UTF-8"]),
    "binary": (bytes(range(256)), ["bad.yaml"]),
}


@pytest.mark.parametrize("case", BAD_CONFIGS)
def test_bad_configurations_are_named(unchanged: Command, case: str) -> None:
    content, parts = BAD_CONFIGS[case]
    (unchanged.folder / "bad.yaml").write_bytes(encoded(content))
    result = unchanged("evaluate", "--run-id", "any", "--config", "bad.yaml", timeout=300)
    require_parts(require_refusal(result, code=2), "configuration bad.yaml", *parts)
    assert len(result.stderr.splitlines()) == 1
    assert not (unchanged.folder / "hacked").exists()


@pytest.mark.parametrize(("path", "part"), [("missing.yaml", "No such file"), ("data", "Is a directory")])
def test_a_configuration_that_is_no_file_is_named(unchanged: Command, path: str, part: str) -> None:
    require_parts(require_refusal(unchanged("config", "show", "--config", path), code=2), f"configuration {path}", part)


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("gate", ["'gate'", "key=value", "--set evaluation.horizon=7"]),
        ("=1", ["'=1'", "key=value"]),
        ("gate..alpha=1", ["'gate..alpha=1'", "key=value"]),
        ("gate.alpha=[", ["'gate.alpha=['", "not plain YAML"]),
        ("gate.alpha=9", ["gate.alpha = 9", "less than"]),
        ("gate.alhpa=0.1", ["unknown key 'gate.alhpa'"]),
        ("gate=1", ["gate = 1"]),
        ("model.order=[1,0]", ["model.order"]),
        ("evaluation.horizon=true", ["evaluation.horizon = true"]),
        (".".join("a" * 3000) + "=1", ["recursion"]),
    ],
)
def test_bad_overrides_are_named(unchanged: Command, override: str, parts: list[str]) -> None:
    result = unchanged("evaluate", "--run-id", "any", "--set", override)
    require_parts(require_refusal(result, code=2), *parts)
    assert len(result.stderr) < 4000


@pytest.mark.parametrize(
    "run_id", ["", " ", "nonsense", "../../etc/passwd", "a\nb", "'; DROP TABLE runs; --", "🙂" * 400]
)
def test_run_ids_that_name_no_run_are_refused(unchanged: Command, run_id: str) -> None:
    for running in [unchanged.start(command, "--run-id", run_id) for command in ("evaluate", "promote")]:
        line = require_refusal(running.result())
        require_parts(
            line, "run '" if "'" not in run_id else 'run "', "give the run_id that `forecastops train` printed"
        )
        assert len(line) < 3000


def test_deleted_and_foreign_runs_are_refused(workshop: Workshop) -> None:
    forecastops = workshop.forecastops
    client = MlflowClient(forecastops.environment["MLFLOW_TRACKING_URI"])
    before = state(forecastops.folder)
    foreign = client.create_run(client.create_experiment("another"))
    deleted = client.create_run("0")
    client.delete_run(deleted.info.run_id)
    assert state(forecastops.folder) != before, "the digest sees no new run"
    before = state(forecastops.folder)
    for command in ("evaluate", "promote"):
        line = require_refusal(forecastops(command, "--run-id", deleted.info.run_id))
        require_parts(line, deleted.info.run_id, "was deleted", "train again")
    line = require_refusal(forecastops("evaluate", "--run-id", foreign.info.run_id))
    require_parts(line, foreign.info.run_id, "holds no model", "give the run_id of a training run")
    line = require_refusal(forecastops("promote", "--run-id", foreign.info.run_id, "--force", "--reason", "try"))
    require_parts(line, foreign.info.run_id, "was not evaluated")
    assert state(forecastops.folder) == before


def test_a_window_that_the_challenger_has_seen_is_refused(workshop: Workshop, unchanged: Command) -> None:
    result = unchanged("evaluate", "--run-id", workshop.first, "--set", "evaluation.window=70")
    require_parts(require_refusal(result), "2013-11-05", "window")


def test_nothing_is_promoted_before_it_is_judged(workshop: Workshop, unchanged: Command) -> None:
    for force in ([], ["--force", "--reason", "in a hurry"]):
        line = require_refusal(unchanged("promote", "--run-id", workshop.first, *force))
        require_parts(line, workshop.first, "was not evaluated", f"forecastops evaluate --run-id {workshop.first}")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["promote", "--run-id", "x", "--force"], "--force needs --reason"),
        (["promote", "--run-id", "x", "--force", "--reason", " "], "--force needs --reason"),
        (["promote", "--run-id", "x", "--reason", "y"], "--reason goes with --force"),
        (["promote"], "'--run-id'"),
        (["evaluate"], "give either --run-id or --replay"),
        (["train"], "'--data'"),
        (["rollback"], "'--reason'"),
        (["rollback", "--reason", " "], "--reason is empty"),
        (["forecast", "--horizon", "0"], "1<=x<=1000"),
        (["forecast", "--horizon", "1001"], "1<=x<=1000"),
        (["forecast", "--horizon", "seven"], "'seven'"),
        (["data", "check"], "FILE"),
        (["data", "sample", "sales", "--out", "x"], "'sales'"),
        (["trian"], "'trian'"),
        (["status", "--jsn"], "--jsn"),
    ],
)
def test_wrong_usage_exits_with_2(unchanged: Command, arguments: list[str], part: str) -> None:
    require_parts(require_refusal(unchanged(*arguments), code=2), "Error: ", part)


def test_without_a_champion_there_is_nothing_to_forecast_or_to_roll_back(unchanged: Command) -> None:
    for arguments in (["forecast"], ["rollback", "--reason", "r"], ["rollback", "--reason", "r", "--to-version", "1"]):
        line = require_refusal(unchanged(*arguments))
        require_parts(line, "'transactions-forecast'", "has no champion", "promote a model first")


def test_a_dead_server_is_given_up_in_time_and_named(unchanged: Command) -> None:
    begun = time.monotonic()
    dead = ["--set", f"tracking.tracking_uri={CLOSED}"]
    running = [
        unchanged.start(*arguments, *dead)
        for arguments in (
            ["train", "--data", "data/transaction_ts2013.csv", "--set", "model.order=[1,0,0]"],
            ["evaluate", "--run-id", "any"],
            ["promote", "--run-id", "any"],
            ["rollback", "--reason", "r"],
            ["status"],
        )
    ]
    for one in running:
        require_parts(require_refusal(one.result()), CLOSED, "check MLFLOW_TRACKING_URI")
    assert time.monotonic() - begun < 100


def test_addresses_that_lead_nowhere_are_named_and_nothing_is_made_there(unchanged: Command) -> None:
    data = unchanged.folder / "data/transaction_ts2013.csv"
    content = data.read_bytes()
    for address, parts in {
        "nope://server": ["nope://server", "unsupported URI"],
        f"sqlite:///{unchanged.folder}/none/mlflow.db": ["none/mlflow.db", "there is no folder", "make the folder"],
        f"sqlite:///{data}": ["transaction_ts2013.csv", "not a database"],
    }.items():
        for command in (["evaluate", "--run-id", "any"], ["status"]):
            line = require_refusal(unchanged(*command, "--set", f"tracking.tracking_uri={address}"))
            require_parts(line, *parts)
    assert data.read_bytes() == content
    assert not (unchanged.folder / "none").exists()


def test_output_folders_that_cannot_be_are_named(unchanged: Command) -> None:
    (unchanged.folder / "taken").write_text("mine")
    (unchanged.folder / "other").mkdir(exist_ok=True)
    (unchanged.folder / "other/co2.csv").write_text("mine")
    line = require_refusal(unchanged("data", "sample", "co2", "--out", "taken"))
    require_parts(line, "taken: ", "File exists", "name a folder")
    line = require_refusal(unchanged("data", "sample", "co2", "--out", "other"))
    require_parts(line, "other/co2.csv", "other content")
    assert (unchanged.folder / "taken").read_text() == (unchanged.folder / "other/co2.csv").read_text() == "mine"


def test_what_is_no_adventureworks_is_named_and_nothing_is_written(unchanged: Command) -> None:
    folder = unchanged.folder
    (folder / "text.csv").write_text(text(ROWS))
    with zipfile.ZipFile(folder / "empty.zip", "w"):
        pass
    with zipfile.ZipFile(folder / "whole.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("TransactionHistory.csv", np.random.default_rng(0).bytes(20_000).hex())
    whole = (folder / "whole.zip").read_bytes()
    (folder / "truncated.zip").write_bytes(whole[: len(whole) // 2])
    (folder / "damaged.zip").write_bytes(whole[:5000] + bytes(100) + whole[5100:])
    for name, parts in {
        "text.csv": ["text.csv:1: ", "1 cells", "TransactionHistory.csv"],
        "empty.zip": ["empty.zip: ", "no member named TransactionHistory.csv"],
        "truncated.zip": ["truncated.zip: ", "not a zip"],
        "damaged.zip": ["damaged.zip"],
        "missing.zip": ["missing.zip: ", "is not a file"],
        "data": ["data: ", "is a directory"],
    }.items():
        require_parts(require_refusal(unchanged("data", "adventureworks", name, "--out", "made")), *parts)
    assert not (folder / "made").exists()


# Hundreds of inputs that nobody thought of, in this process, by commands that fit nothing.


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Path]:
    """A folder to run commands in, in this process; its environment is as before afterwards."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "mlflow.db").write_bytes(empty_database.read_bytes())
    environment, here, handler = dict(os.environ), Path.cwd(), signal.getsignal(signal.SIGTERM)
    logger = logging.getLogger("forecastops")
    logs = (logger.handlers[:], logger.level, logger.propagate)
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
    os.environ["FORECASTOPS_HOME"] = str(folder / "home")
    os.chdir(folder)
    yield folder
    os.chdir(here)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGTERM, handler)
    logger.handlers[:], logger.level, logger.propagate = logs


def call(*arguments: str) -> Any:
    """The object that a command answers with, None where it refuses, as it should."""
    result = CliRunner().invoke(main, [*arguments, "--json"], prog_name="forecastops")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code in {0, 1, 2}
    event(f"exit code {result.exit_code}")
    if result.exit_code == 0:
        assert result.stderr == ""
        return json.loads(result.stdout)
    assert "unexpected error" not in result.stderr
    require_refusal(Result(result.exit_code, result.stdout, result.stderr), result.exit_code)
    assert result.exit_code == 2 or len(result.stderr.splitlines()) == 1
    return None


def many(examples: int) -> settings:
    """That many examples, however slow the machine; the folder is shared by all of them."""
    return settings(max_examples=examples, suppress_health_check=[HealthCheck.too_slow])


cells = st.one_of(
    st.sampled_from(["", " ", "NaN", "inf", "1e400", "-0", "1_000", "1,5", "0x1f", "None", "'", '"', '"a\nb"', "\0"]),
    st.sampled_from(["2013-13-01", "31/12/2013", "2013-08-01T00:00Z", "0000-00-00", "9999-12-31", "TransactionDate"]),
    st.floats().map(repr),
    st.text(max_size=20),
)


@st.composite
def mutated_csv(draw: st.DrawFn) -> bytes:
    """The good file after a few accidents."""
    lines = text(ROWS[:90]).split("\n")
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        accident = draw(st.sampled_from(["drop", "repeat", "swap", "cell", "line", "cut"]))
        if accident == "drop" and len(lines) > 1:
            del lines[at]
        elif accident == "repeat":
            lines.insert(draw(st.integers(0, len(lines))), lines[at])
        elif accident == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        elif accident == "cell":
            parts = lines[at].split(",")
            parts[draw(st.integers(0, len(parts) - 1))] = draw(cells)
            lines[at] = ",".join(parts)
        elif accident == "line":
            lines[at] = draw(st.text(max_size=40))
        else:
            lines = lines[: at + 1]
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(min_size=1, max_size=8)) + data[at + draw(st.integers(0, 3)) :]
    return data


def is_a_series(data: bytes, report: Any) -> bool:
    """Whether a file that was accepted holds ISO dates and finite numbers, and the report's dates and no others."""
    header, *rows = [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) if row]
    named = [dict(zip([name.strip() for name in header], row, strict=True)) for row in rows]
    found: dict[datetime.date, set[float]] = {}
    for row in named:
        date = datetime.date.fromisoformat(row["TransactionDate"].strip()[:10])
        found.setdefault(date, set()).add(float(row["PaidAmount"]))
    finite = all(len(values) == 1 and math.isfinite(min(values)) for values in found.values())
    span = (max(found) - min(found)).days + 1
    limits = (min(found).isoformat(), max(found).isoformat(), span)
    return finite and (report["start"], report["end"], report["rows"]) == limits


@many(100)
@given(data=st.one_of(mutated_csv(), mutated_csv(), st.binary(max_size=300)), name=st.sampled_from(["x.csv", "x.pq"]))
def test_any_bytes_are_a_series_or_refused_in_one_line(desk: Path, data: bytes, name: str) -> None:
    (desk / name).write_bytes(data)
    report = call("data", "check", name, "--set", "evaluation.window=14")
    assert report is None or is_a_series(data, report)


keys = st.sampled_from(
    ["data", "model", "gate", "evaluation", "registry", "tracking", "order", "alpha", "horizon", "levels", "model_name"]
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.dates(), st.binary())
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys | st.text(max_size=6), inner, max_size=4)
)
sections = st.fixed_dictionaries(
    {},
    optional={
        "gate": st.fixed_dictionaries(
            {}, optional={"alpha": scalars | st.floats(0.01, 0.9), "min_improvement": scalars}
        ),
        "model": st.fixed_dictionaries({}, optional={"order": st.lists(st.integers(-1, 3), min_size=2, max_size=3)}),
        "evaluation": st.fixed_dictionaries(
            {}, optional={"horizon": st.integers(0, 20), "window": st.integers(10, 60)}
        ),
        "registry": st.fixed_dictionaries(
            {}, optional={"model_name": st.text(max_size=10), "alias": st.text(max_size=5)}
        ),
    },
)


def holds(shown: Any, given: Any) -> bool:
    """Whether everything given in a configuration is shown in it."""
    if isinstance(given, dict):
        return all(key in shown and holds(shown[key], value) for key, value in given.items())
    return bool(shown == given)


@many(70)
@given(
    content=st.one_of(
        sections.map(yaml.safe_dump),
        trees.map(yaml.safe_dump),
        st.text(alphabet="abgmot:[]{}&*!|>-'\"\n %@#0.", max_size=60),
        st.text(max_size=60),
    ).map(lambda content: content.encode("utf-8", "surrogatepass"))
    | st.binary(max_size=60)
)
def test_any_configuration_is_shown_whole_or_refused_in_one_line(desk: Path, content: bytes) -> None:
    (desk / "any.yaml").write_bytes(content)
    shown = call("config", "show", "--config", "any.yaml")
    assert shown is None or holds(shown, yaml.safe_load(content.decode()) or {})


paths = st.lists(keys | st.text(max_size=5), max_size=3).map(".".join)


@many(70)
@given(
    override=st.one_of(
        st.text(max_size=40),
        st.builds("{}={}".format, paths, scalars),
        st.builds("{}={}".format, paths, st.text(max_size=40)),
        st.builds("gate.alpha={}".format, st.floats()),
        st.builds("data.value_column={}".format, st.text(max_size=2000)),
    )
)
@example("data.value_column=\ud800")
@example("gate.alpha=" + "[" * 5000)
@example("gate.alpha={a: 1, a: 2}")
def test_any_override_takes_effect_or_is_refused_in_one_line(desk: Path, override: str) -> None:
    shown = call("config", "show", "--set", override)
    if shown is not None:
        key, _, value = override.partition("=")
        for part in key.strip().split("."):
            shown = shown[part]
        # A text field takes the text as it is, or what is in quotes.
        assert shown in (value, [value]) or holds(shown, yaml.safe_load(value))


names = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="ab/.\\'\"%_;:@\n\r\t\0\x1b\x7f\u2028 ", max_size=20),
    st.sampled_from(
        ["a" * 10_000, "models:/m/1", "latest", "None", "-1", "--", "$(id)", "%s%n", "../" * 30, "é" * 300]
    ),
)


@many(40)
@given(run_id=names, command=st.sampled_from(["evaluate", "promote"]))
def test_any_text_that_is_no_run_is_refused_in_one_line(desk: Path, run_id: str, command: str) -> None:
    assert call(command, f"--run-id={run_id}") is None


@many(40)
@given(name=names, command=st.sampled_from([["status"], ["forecast"], ["rollback", "--reason", "r"]]))
def test_any_model_name_is_looked_up_or_refused_in_one_line(desk: Path, name: str, command: list[str]) -> None:
    found = call(*command, "--set", "registry.model_name=" + json.dumps(name))
    if found is not None:
        assert (command, found["champion"], found["endpoint"]) == (["status"], None, None)
        assert name.replace(".", "").replace("_", "").replace("-", "").isalnum()


def test_no_input_has_left_anything_behind(desk: Path) -> None:
    client = MlflowClient(f"sqlite:///{desk / 'mlflow.db'}")
    assert client.search_registered_models() == []
    assert client.search_runs([found.experiment_id for found in client.search_experiments()]) == []
    assert not (desk / "home/endpoints").exists()
