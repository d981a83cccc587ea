"""Files in shapes that people post about: each is read to the values that are right, or refused with the way out."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner, Result

from forecastops.commands.main import main
from repository import SHARED

FOLDER = SHARED / "data" / "cases"
CASES = sorted(path.parent.name for path in FOLDER.glob("*/case.yaml"))
# Without this option the case is refused, and the one line names what is said here.
REFUSED = [
    ("german-erp", "data.date_format", ["'02.01.2023'", "data.date_format=%d.%m.%Y"]),
    ("german-erp", "data.decimal", ["'1.500,00'", "data.decimal=,"]),
    ("german-erp", "data.thousands", ["'1.500,00'", "data.thousands=."]),
    ("german-thousands-dot", "data.thousands", ["'1.050'", "1.05 or 1050", "data.thousands=.", "data.decimal=."]),
    ("google-trends", "data.skip_rows", ["data.skip_rows=2"]),
    ("google-trends", "data.na_values", ["'<1'", "data.na_values=['<1']"]),
    ("intermittent-default", "data.gaps", ["143 of 299", "data.gaps=zero", "data.max_missing_share is 0.2"]),
    (
        "long-many-series",
        "data.where",
        ["every date stands 3 times", "columns Store", "data.where", "data.duplicates=sum"],
    ),
    ("offset-daily", "data.timezone", ["data.timezone"]),
    ("overlap-partial-day", "data.duplicates", ["july.csv:5", "june.csv:181", "data.duplicates=last"]),
    ("quoted-thousands-iso", "data.thousands", ["'1,500.00'", "data.thousands=,"]),
    ("superstore", "data.encoding", ["Superstore.csv:2", "data.encoding", "cp1252"]),
    ("superstore", "data.date_format", ["'1/1/2022'", "data.date_format=%m/%d/%Y"]),
    ("superstore", "data.duplicates", ["every date stands 3 times", "data.duplicates=sum"]),
]


def check(case: str, without: str | None = None, *more: str) -> tuple[Result, dict[str, Any]]:
    described = yaml.safe_load((FOLDER / case / "case.yaml").read_text("utf-8"))
    settings = list(more)
    for name, value in described["options"].items():
        if name != without:
            text = value if isinstance(value, str) else json.dumps(value)
            settings += ["--set", f"{name}={text}"]
    files = [str(FOLDER / case / name) for name in described["files"]]
    return CliRunner().invoke(main, ["data", "check", *files, *settings, "--json"]), described["expect"]


@pytest.mark.parametrize("case", CASES)
def test_a_case_gives_the_values_that_are_right(case: str) -> None:
    result, expected = check(case)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert {"rows", "start", "end", "frequency", "missing", "filled", "interpolated", "notes"} <= set(found)
    assert len(found["sha256"]) == 64
    for name, value in expected.items():
        if name in ("start", "end"):
            assert pd.Timestamp(found[name]) == pd.Timestamp(value), name
        elif name == "filled_with_zero":
            assert (found["filled"], found["interpolated"]) == (value, 0)
        elif name != "also":
            assert found[name] == (pytest.approx(value, rel=1e-12) if isinstance(value, float) else value), name


@pytest.mark.parametrize(("case", "option", "said"), REFUSED, ids=lambda part: part if isinstance(part, str) else "")
def test_without_an_option_a_case_is_refused_and_the_option_named(case: str, option: str, said: list[str]) -> None:
    if case not in CASES:
        pytest.skip(f"no cases at {FOLDER}")
    result, _ = check(case, without=option)
    assert result.exit_code == 1
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("forecastops: error: ")]
    for part in said:
        assert part in line, line


def test_all_cases_are_there() -> None:
    if not FOLDER.is_dir():
        pytest.skip(f"no cases at {FOLDER}")
    assert len(CASES) >= 16
