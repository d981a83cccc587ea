"""`forecastops init`: a file is looked at, and the configuration written for it reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner, Result

import forecastops as fo
from forecastops.commands.main import main
from repository import SHARED

DATES = pd.date_range("2023-01-02", periods=120)
VALUES = np.round(1500 + 100 * np.sin(np.arange(120)) + np.arange(120) / 7, 2)
FOLDER = SHARED / "data" / "cases"


def call(*args: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(main, list(args), input=answers)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(name: str, text: str) -> str:
    Path(name).write_text(text, "utf-8")
    return name


def checked(path: str) -> Any:
    """What `data check` finds with the configuration that stands here, and no setting."""
    result = call("data", "check", path, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_german_export_is_found_out_and_its_configuration_reads_it() -> None:
    texts = [f"{value:,.2f}".translate(str.maketrans(",.", ".,")) for value in VALUES]
    rows = "".join(f"{date:%d.%m.%Y};{text};Nord\n" for date, text in zip(DATES, texts, strict=True))
    path = written("umsatz 2023.csv", "Bericht\n\nDatum;Umsatz;Gebiet\n" + rows)
    result = call("init", path)
    assert result.exit_code == 0, result.stderr
    for said in ("frequency D", "season 7", "separator ';'", "data.decimal=,", "data.date_format=%d.%m.%Y"):
        assert said in result.stdout
    assert result.stdout.splitlines()[-1] == "next: forecastops train --data 'umsatz 2023.csv'"
    document = yaml.safe_load(Path("forecastops.yaml").read_text("utf-8"))
    assert document["data"]["skip_rows"] == 2
    assert document["registry"]["model_name"] == "umsatz-2023-forecast"
    found = checked(path)
    assert (found["rows"], found["sum"], found["last"]) == (120, pytest.approx(VALUES.sum()), VALUES[-1])


@pytest.mark.parametrize("scale", [1e6, 1e9], ids=["seconds", "milliseconds"])
def test_values_as_large_as_seconds_since_1970_are_no_dates(scale: float) -> None:
    path = written("large.csv", pd.DataFrame({"month": DATES, "takings": (VALUES * scale).round()}).to_csv(index=False))
    result = call("init", path)
    assert result.exit_code == 0, result.stderr
    assert "data.value_column=takings" in result.stdout
    assert checked(path)["last"] == round(VALUES[-1] * scale)


def test_a_notebook_is_told_what_the_command_says() -> None:
    pd.DataFrame({"Date": DATES, "Close": VALUES}).to_csv("prices.csv", index=False)
    told = fo.init("prices.csv", ["data.max_gap=3"], pipeline="github")
    result = call("init", "prices.csv", "--set", "data.max_gap=3", "--pipeline", "github", "--json")
    assert result.exit_code == 0, result.stderr
    assert told.to_dict() == json.loads(result.stdout)
    assert (told.rows, told.frequency, told.values) == (120, "D", ("Close",))
    assert "data.max_gap=3" in told.settings
    assert ".github/workflows/retrain.yml" in told.pipeline
    assert f"next: {told.next}" in str(told)
    with pytest.raises(fo.DataError, match=r"nowhere\.csv"):
        fo.init("nowhere.csv")
    with pytest.raises(fo.ConfigError, match="pipeline"):
        fo.init("prices.csv", pipeline="jenkins")


def test_the_column_that_is_likely_meant_is_taken_and_the_others_are_named() -> None:
    frame = pd.DataFrame({"Row ID": range(120), "Date": DATES, "Open": VALUES + 1, "Close": VALUES, "Note": "x"})
    frame.to_csv("prices.csv", index=False)
    result = json.loads(call("init", "prices.csv", "--json").stdout)
    assert result["settings"] == ["data.date_column=Date", "data.value_column=Close"]
    assert result["values"] == ["Row ID", "Open", "Close"]
    frame.to_parquet("prices.parquet")
    Path("forecastops.yaml").unlink()
    assert json.loads(call("init", "prices.parquet", "--json").stdout)["settings"] == result["settings"]
    assert checked("prices.parquet")["sum"] == pytest.approx(VALUES.sum())


def test_what_can_be_read_in_two_ways_is_asked_or_refused() -> None:
    dates = pd.date_range("2013-01-01", periods=12, freq="MS")
    rows = "".join(f"{date:%d/%m/%Y},{value}\n" for date, value in zip(dates, VALUES, strict=False))
    path = written("monthly.csv", "day,value\n" + rows)
    result = call("init", path)
    assert result.exit_code == 1
    assert "data.date_format=%d/%m/%Y" in result.stderr
    assert "data.date_format=%m/%d/%Y" in result.stderr
    assert not Path("forecastops.yaml").exists()
    asked = call("init", path, "--interactive", answers="%d/%m/%Y\n")
    assert asked.exit_code == 0, asked.stderr
    assert "How is column 'day' written?" in asked.stderr
    assert "frequency MS" in asked.stdout
    Path("forecastops.yaml").unlink()
    assert call("init", path, "--set", "data.date_format=%d/%m/%Y").exit_code == 0


def test_a_configuration_that_is_there_is_not_written_over() -> None:
    pd.DataFrame({"ds": DATES, "y": VALUES}).to_csv("a.csv", index=False)
    Path("forecastops.yaml").write_text("data: {}\n")
    result = call("init", "a.csv")
    assert result.exit_code == 1
    assert "forecastops.yaml: exists with other content" in result.stderr
    assert Path("forecastops.yaml").read_text() == "data: {}\n"


@pytest.mark.parametrize("text", ["", "hello\nworld\n", "a,b\nx,y\nz,w\n", "<html><body>no</body></html>\n"])
def test_what_is_no_series_is_refused_in_one_line(text: str) -> None:
    result = call("init", written("odd.csv", text))
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("forecastops: error: odd.csv")


@pytest.mark.parametrize("case", sorted(path.parent.name for path in FOLDER.glob("*/case.yaml")))
def test_no_case_is_read_otherwise_than_is_right(case: str) -> None:
    """Whatever init finds by itself gives the case's own values; where it cannot know, one line says so."""
    described = yaml.safe_load((FOLDER / case / "case.yaml").read_text("utf-8"))
    result = call("init", str(FOLDER / case / described["files"][0]))
    if result.exit_code:
        assert len(result.stderr.splitlines()) == 1, result.stderr
        return
    if len(described["files"]) == 1 and not {"data.weekmask", "data.drop_last"} & set(described["options"]):
        found = checked(str(FOLDER / case / described["files"][0]))
        assert found["sum"] == pytest.approx(described["expect"]["sum"])
        assert found["rows"] == described["expect"]["rows"]
