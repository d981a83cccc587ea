"""Whatever pandas writes is read back to the same numbers, with at most the options that the message named."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecastops.adapters.sources.read_series import read_series
from forecastops.config_file import load_config
from forecastops.core.errors import DataError
from forecastops.data import delimited

small = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = ["data.date_column=date", "data.value_column=value", "data.max_missing_share=0.9"]
STEPS = ["D", "B", "W-MON", "W-SAT", "MS", "ME", "QS-JAN", "YS-JAN", "h", "15min"]

numbers = st.lists(
    st.floats(-1e9, 1e9).map(lambda value: round(value, 4)) | st.integers(-(10**9), 10**9).map(float),
    min_size=8,
    max_size=40,
    unique=True,
)


def frame_of(values: list[float], step: str) -> pd.DataFrame:
    return pd.DataFrame({"date": pd.date_range("2013-01-07", periods=len(values), freq=step), "value": values})


def options_in(message: str) -> list[str]:
    """The options that a refusal names for its first reading."""
    remedy = message.partition("; ")[2].split(", or ")[0]
    found = []
    for part in re.split(r" and (?=data\.)|; besides, ", remedy):
        name, equals, text = part.partition("data.")[2].partition("=")
        if equals:
            text = re.split(r" (?:to read it|for -?\d|if it|or data)", text)[0]
            found.append(f"data.{name}={text}")
    return found


def read_as_told(path: Path, *given_options: str) -> tuple[Any, list[str]]:
    """The series, after at most three refusals whose options were followed."""
    options = [*NAMES, *given_options]
    for _ in range(4):
        try:
            return read_series([path], load_config(None, options).data), options
        except DataError as error:
            told = [one for one in options_in(str(error)) if one not in options]
            if not told:
                raise
            options += told
    raise AssertionError(f"never read: {options}")


def require_same(series: Any, frame: pd.DataFrame) -> None:
    assert series.values.dropna().tolist() == frame["value"].dropna().tolist()
    first = pd.DatetimeIndex(frame["date"])
    kept = first[~frame["value"].isna().to_numpy()]
    assert series.values.dropna().index.tolist() == kept.tolist()


@small
@given(
    values=numbers,
    step=st.sampled_from(STEPS),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    compression=st.sampled_from([None, "gzip", "bz2", "zip", "xz"]),
    quoting=st.sampled_from([0, 1, 2]),
    line=st.sampled_from(["\n", "\r\n"]),
    by_arrow=st.booleans(),
)
def test_what_needs_no_option(
    tmp_path: Path,
    values: list[float],
    step: str,
    separator: str,
    encoding: str,
    compression: Any,
    quoting: Any,
    line: str,
    by_arrow: bool,
) -> None:
    frame, path = frame_of(values, step), tmp_path / "written"
    how: dict[str, Any] = {"sep": separator, "encoding": encoding, "quoting": quoting, "lineterminator": line}
    frame.to_csv(path, index=False, compression=compression, **how)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "ARROW_FROM", 0 if by_arrow else 2**40)
        series, options = read_as_told(path)
    # Three decimals in each number could be thousands; and pandas compresses UTF-16 without its mark.
    assert {option for option in options if option not in NAMES} <= {
        "data.decimal=.",
        f"data.encoding={encoding}-le",
    }
    require_same(series, frame)


@small
@given(
    values=numbers,
    step=st.sampled_from(["D", "W-MON", "MS"]),
    decimal=st.sampled_from([".", ","]),
    written=st.sampled_from(
        ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%b-%Y", "%b %d, %Y", "%B %d, %Y", "%Y%m%d"]
    ),
    places=st.sampled_from([None, "%.2f", "%.3f", "%.6f"]),
)
def test_the_message_names_what_is_needed(
    tmp_path: Path, values: list[float], step: str, decimal: str, written: str, places: str | None
) -> None:
    frame, path = frame_of(values, step), tmp_path / "written.csv"
    if places:
        frame["value"] = [float(places % value) for value in values]
    frame.to_csv(path, index=False, sep=";", decimal=decimal, date_format=written, float_format=places)
    # Which of two readings is right only the author knows: here the test does.
    known = [f"data.decimal={decimal}"] + ([f"data.date_format={written}"] if "%m/%d" in written else [])
    series, options = read_as_told(path, *known)
    assert {option.partition("=")[0] for option in options} <= {
        *(name.partition("=")[0] for name in NAMES),
        *("data.decimal", "data.date_format"),
    }
    require_same(series, frame)


@small
@given(
    values=numbers,
    holes=st.sets(st.integers(1, 6), max_size=3),
    marker=st.sampled_from(["", "NA", ".", "-", "null", "#N/A", "n/a"]),
)
def test_missing_values_by_any_name(tmp_path: Path, values: list[float], holes: set[int], marker: str) -> None:
    frame, path = frame_of(values, "D"), tmp_path / "written.csv"
    frame.loc[sorted(holes), "value"] = np.nan
    frame.to_csv(path, index=False, na_rep=marker)
    series, options = read_as_told(path)
    assert len(options) - len(NAMES) == (1 if holes and marker else 0)
    assert series.missing == len(holes)
    require_same(series, frame)


@small
@given(
    values=numbers,
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]),
    as_parquet=st.booleans(),
    start=st.sampled_from(["2023-03-01", "2023-10-20", "2023-06-01"]),
)
def test_local_days_with_offsets(tmp_path: Path, values: list[float], zone: str, as_parquet: bool, start: str) -> None:
    dates = pd.date_range(start, periods=len(values), freq="D", tz=zone)
    frame, path = pd.DataFrame({"date": dates, "value": values}), tmp_path / "written"
    if as_parquet:
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)
    if zone != "UTC":
        with pytest.raises(DataError, match=r"data\.timezone"):
            read_series([path], load_config(None, NAMES).data)
    series = read_series([path], load_config(None, [*NAMES, f"data.timezone={zone}"]).data)
    require_same(series, frame.assign(date=dates.tz_localize(None)))


@small
@given(
    values=st.lists(st.integers(-(10**6), 10**6), min_size=8, max_size=30, unique=True),
    kind=st.sampled_from(["int64", "Int64", "float64", "float32", "string", "category", "decimal", "int8-like"]),
    dates=st.sampled_from(["ns", "ms", "s", "date32", "text", "period", "index"]),
    compression=st.sampled_from(["snappy", "gzip", "zstd", None]),
)
def test_parquet_types(tmp_path: Path, values: list[int], kind: str, dates: str, compression: Any) -> None:
    from decimal import Decimal

    index = pd.date_range("2013-01-01", periods=len(values), freq="MS")
    native: Any = pd.Series(values, dtype="int64")
    kinds: dict[str, Any] = {
        "string": pd.array(list(map(str, values)), dtype="string"),
        "category": pd.Categorical(list(map(str, values))),
        "decimal": [Decimal(value).scaleb(-2) for value in values],
        "int8-like": pd.array(values, dtype="int32"),
    }
    columns: dict[str, Any] = {
        "date32": index.date,
        "text": index.strftime("%Y-%m"),
        "period": index.to_period("M"),
        "index": index,
        "ns": index,
    }
    frame = pd.DataFrame(
        {
            "date": columns.get(dates, index.astype(f"datetime64[{dates}]") if dates in ("ms", "s") else index),
            "value": kinds.get(kind, native if kind in kinds else native.astype(kind)),
        }
    )
    path = tmp_path / "written.parquet"
    (frame.set_index("date") if dates == "index" else frame).to_parquet(path, compression=compression)
    series, options = read_as_told(path)
    assert options == NAMES
    scale = 100 if kind == "decimal" else 1
    assert series.values.tolist() == [value / scale for value in values]
    assert series.index.tolist() == index.tolist()


@small
@given(values=numbers, name=st.sampled_from(["value", None]), header=st.booleans())
def test_a_series_of_pandas(tmp_path: Path, values: list[float], name: str | None, header: bool) -> None:
    dates = pd.date_range("2013-01-01", periods=len(values))
    path = tmp_path / "written.csv"
    pd.Series(values, dates, name=name).to_csv(path)
    options = ["data.date_column=", f"data.value_column={name or 0}", *NAMES[2:]]
    try:
        series = read_series([path], load_config(None, options).data)
    except DataError as error:
        assert "data.decimal=." in str(error)  # noqa: PT017
        series = read_series([path], load_config(None, [*options, "data.decimal=."]).data)
    assert series.values.tolist() == values


@pytest.mark.parametrize("parts", ["part-{}.csv", "year={}/part-0.csv", "part-{}.parquet"])
def test_a_folder_of_part_files(tmp_path: Path, parts: str) -> None:
    frame = frame_of([float(value**2) for value in range(30)], "D")
    for number, start in enumerate(range(0, 30, 10)):
        path = tmp_path / "sales" / parts.format(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = frame[start : start + 10]
        part.to_parquet(path) if path.suffix == ".parquet" else part.to_csv(path, index=False)
    (tmp_path / "sales" / "_SUCCESS").write_text("")
    (tmp_path / "sales" / ".part-0.crc").write_bytes(b"\x00")
    require_same(read_as_told(tmp_path / "sales")[0], frame)


def test_zstandard_is_known_by_its_content(tmp_path: Path) -> None:
    import pyarrow as pa

    frame, buffer = frame_of([float(value**2) for value in range(30)], "D"), io.BytesIO()
    frame.to_csv(buffer, index=False)
    path = tmp_path / "sales.csv.zst"
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(buffer.getvalue())
    require_same(read_as_told(path)[0], frame)


def test_options_in_messages_are_yaml() -> None:
    assert options_in("x: y; set data.thousands=\" \" and data.units={'K': 1000}") == [
        'data.thousands=" "',
        "data.units={'K': 1000}",
    ]
    assert yaml.safe_load("{'K': 1000}") == {"K": 1000}
