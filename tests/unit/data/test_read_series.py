from __future__ import annotations

import io
import itertools
import os
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecastops.adapters.sources.read_series import read_series
from forecastops.core.errors import DataError
from forecastops.data.config import DataConfig

CONFIG = DataConfig(date_column="date", value_column="value")
GOOD = "date,value\n2013-07-31,1.5\n2013-08-01,2\n2013-08-02,3\n"
shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
fresh = itertools.count()


def write(folder: Path, content: str | bytes, name: str | None = None) -> Path:
    path = folder / (name or f"{next(fresh)}.csv")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def require_one_line(error: DataError) -> None:
    assert len(str(error).splitlines()) == 1


def refusal(*paths: Path | str, config: DataConfig = CONFIG) -> str:
    with pytest.raises(DataError) as caught:
        read_series(paths, config)
    require_one_line(caught.value)
    assert len(str(caught.value)) < 700
    return str(caught.value)


def parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD.rstrip("\n"),
        GOOD + "\n\n",
        'other,"value", date\nx,1.5,2013-07-31\n"a\nb",2,"2013-08-01"\nz,"3",2013-08-02\n',
    ],
)
def test_ways_to_write_the_same_csv(tmp_path: Path, content: str) -> None:
    series = read_series([write(tmp_path, content)], CONFIG)
    assert series.to_csv() == "date,value\n2013-07-31,1.5\n2013-08-01,2.0\n2013-08-02,3.0\n"
    assert series.notes == ()


def test_a_row_is_named_by_its_line_even_after_quoted_and_blank_lines(tmp_path: Path) -> None:
    path = write(tmp_path, 'date,value,note\n2013-07-31,1,"two\nlines"\n\n2013-08-01,x,\n')
    assert refusal(path).startswith(f"{path}:5: column 'value' holds 'x' on 2013-08-01")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\xef\xbb\xbf", "has no header"),
        (b"date,value\n", "no rows"),
        (GOOD.encode() + b"\n2013-08-03,\xe4", ":6: byte 64 is not UTF-8"),
        (GOOD.encode() + b"2013-08-03,\0", ":5: holds binary data"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), ":1: holds binary data"),
        ("date,value\n2013-07-31,1é\n".encode("utf-16-le"), "set data.encoding=utf-16-le"),
        (b"day,value\n2013-07-31,1\n", ":1: column 'date' is not there; its columns are 'day', 'value'"),
        (b"date:value\n2013-07-31:1\n", "'date:value'; set data.date_column (or data.separator)"),
        (b"date,value,value\n2013-07-31,1,2\n", "column 'value' is twice or more"),
        (b"date,value\n2013-07-31,1,5\n", ":2: has 3 cells where the header has 2"),
        (b"date,value\n2013-07-31\n", ":2: has 1 cells where the header has 2"),
        (b'date,value\n2013-07-31,"1"x\n', ":2: is not CSV"),
        (b'date,value\n2013-07-31,"1\n', "is not CSV"),
        (b"date,value\n2013-07-31," + b"1" * 200_000 + b"\n", "is not CSV"),
        (b"date,value\n2013-07-31,1\n31/12/2013,1\n", ":3: column 'date' holds '31/12/2013'"),
        (b"\x1f\x8b\x08\x00binary", "cannot be unpacked"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = write(tmp_path, content)
    message = refusal(path)
    assert str(path) in message
    assert said in message


def test_paths_that_are_refused(tmp_path: Path) -> None:
    assert "folder without files" in refusal(tmp_path)
    assert "No such file" in refusal(tmp_path / "none.csv")
    assert "cannot be read" in refusal(tmp_path / ("x" * 300))
    assert "cannot be read" in refusal("a\0b")
    assert "no list of files" in refusal()
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in refusal(tmp_path / "pipe")
    with pytest.raises(DataError, match="no list of files"):
        read_series(str(write(tmp_path, GOOD)), CONFIG)


@pytest.mark.parametrize("as_index", [True, False])
@pytest.mark.parametrize("name", ["series.parquet", "series"])
def test_parquet(tmp_path: Path, as_index: bool, name: str) -> None:
    frame = pd.DataFrame({"date": pd.date_range("2013-07-31", periods=3), "value": [0.1, 0.2, 0.3], "other": "x"})
    path = write(tmp_path, parquet(frame.set_index("date") if as_index else frame), name)
    assert read_series([path], CONFIG).to_csv() == "date,value\n2013-07-31,0.1\n2013-08-01,0.2\n2013-08-02,0.3\n"


def test_parquet_of_dates_and_texts(tmp_path: Path) -> None:
    dates = pd.date_range("2013-07-31", periods=3)
    for column in (dates.date, dates.strftime("%Y-%m-%d"), dates.tz_localize("UTC"), dates.astype("datetime64[ms]")):
        path = write(tmp_path, parquet(pd.DataFrame({"date": column, "value": ["1.5", "2", "3"]})), "x.parquet")
        assert read_series([path], CONFIG).values.tolist() == [1.5, 2.0, 3.0]


def test_parquet_that_is_refused(tmp_path: Path) -> None:
    dates = pd.date_range("2013-07-31", periods=3)
    whole = parquet(pd.DataFrame({"date": dates, "value": [1.0, np.nan, 3.0]}))
    path = write(tmp_path, whole, "gap.parquet")
    assert "1 of 3 dates are missing" in refusal(path)
    assert "is not Parquet" in refusal(write(tmp_path, whole[: len(whole) // 2], "half.parquet"))
    assert "is not Parquet" in refusal(write(tmp_path, GOOD, "text.parquet"))
    assert "is not Parquet" in refusal(write(tmp_path, b"PAR1" + b"\xff" * 20 + b"PAR1", "odd"))
    assert "column 'date' is not there" in refusal(write(tmp_path, parquet(pd.DataFrame({"value": [1]})), "b.parquet"))
    assert "no rows" in refusal(write(tmp_path, parquet(pd.DataFrame({"date": [], "value": []})), "e.parquet"))
    booleans = parquet(pd.DataFrame({"date": dates, "value": [True, False, True]}))
    assert "holds True" in refusal(write(tmp_path, booleans, "bool.parquet"))


@shared_folder
@given(
    values=st.lists(st.floats(0, 1e6), min_size=4, max_size=20, unique=True),
    cut=st.integers(1, 19),
    overlap=st.integers(0, 3),
    swapped=st.booleans(),
    as_parquet=st.booleans(),
)
def test_parts_join_to_the_whole(
    tmp_path: Path, values: list[float], cut: int, overlap: int, swapped: bool, as_parquet: bool
) -> None:
    config = CONFIG.model_copy(update={"decimal": "."})  # 1.375 alone could be 1375
    cut = min(cut, len(values) - 1)
    dates = pd.date_range("2013-07-31", periods=len(values))
    frame = pd.DataFrame({"date": dates, "value": values})
    whole = read_series([write(tmp_path, frame.to_csv(index=False))], config)
    first, second = frame[:cut], frame[max(cut - overlap, 0) :]
    parts = [
        write(tmp_path, first.to_csv(index=False)),
        write(tmp_path, parquet(second) if as_parquet else second.to_csv(index=False)),
    ]
    joined = read_series(parts[::-1] if swapped else parts, config)
    assert joined.values.equals(whole.values)
    assert joined.sha256 == whole.sha256
    assert len(joined.notes) == (1 if min(overlap, cut) else 0)


def test_parts_that_disagree_are_named_with_both_places(tmp_path: Path) -> None:
    one, other = write(tmp_path, GOOD), write(tmp_path, GOOD.replace("08-01,2", "08-01,2.25"))
    message = refusal(one, other)
    assert all(part in message for part in (f"{one}:3", f"{other}:3", "2013-08-01", "2.0", "2.25"))


@shared_folder
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)), st.sampled_from(["", ".parquet"]))
def test_any_bytes_are_a_series_or_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    for data in (content, b"date,value\n" + content, GOOD.encode() + content, b"PAR1" + content + b"PAR1"):
        path = write(tmp_path, data, f"garbage{suffix}")
        try:
            series = read_series([path], CONFIG)
        except DataError as error:
            require_one_line(error)
        else:
            assert len(series.to_csv().splitlines()) == series.rows + 1


@shared_folder
@given(position=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_flipped_byte_in_parquet_is_a_series_or_refused(tmp_path: Path, position: int, byte: int) -> None:
    frame = pd.DataFrame({"date": pd.date_range("2013-07-31", periods=3), "value": [1.0, 2.0, 3.0]})
    data = bytearray(parquet(frame))
    data[position % len(data)] = byte
    path = write(tmp_path, bytes(data), "flipped.parquet")
    try:
        read_series([path], CONFIG)
    except DataError as error:
        require_one_line(error)


def test_adventureworks_files(shared_data: Path) -> None:
    folder, config = shared_data / "adventureworks", DataConfig()
    first, second, whole = (
        read_series([folder / f"mlops_forecast_data{year}.csv"], config) for year in ("2013", "2014", "")
    )
    assert (first.rows, second.rows, whole.rows) == (154, 151, 305)
    assert (whole.start, whole.end, whole.frequency) == ("2013-07-31", "2014-05-31", "D")
    joined = read_series([folder / "mlops_forecast_data2014.csv", folder / "mlops_forecast_data2013.csv"], config)
    assert joined.sha256 == whole.sha256
    assert joined.notes == whole.notes == ()


@pytest.mark.parametrize("gaps", ["missing", "interpolate"])
def test_a_gap_between_parts_is_a_gap(tmp_path: Path, gaps: Literal["missing", "interpolate"]) -> None:
    dates = pd.date_range("2013-07-31", periods=30)
    frame = pd.DataFrame({"date": dates, "value": np.arange(30.0)})
    parts = [frame[:12], frame[15:]]
    paths = [write(tmp_path, part.to_csv(index=False)) for part in parts]
    series = read_series(paths, CONFIG.model_copy(update={"gaps": gaps}))
    assert series.rows == 30
    assert (series.missing, series.interpolated) == ((3, 0) if gaps == "missing" else (0, 3))
    assert np.flatnonzero(series.observed.isna()).tolist() == [12, 13, 14]
    assert (
        series.values.dropna().tolist()
        == (frame["value"].drop([12, 13, 14]) if gaps == "missing" else frame["value"]).tolist()
    )
    assert "2013-08-12 to 2013-08-14" in series.notes[0]
    with pytest.raises(DataError, match=r"data\.gaps is 'error'"):
        read_series(paths, CONFIG.model_copy(update={"gaps": "error"}))


def test_an_empty_value_is_a_missing_date(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("08-01,2", "08-01,"))
    assert "1 of 3 dates are missing (33.3 %)" in refusal(path)
    series = read_series([path], CONFIG.model_copy(update={"max_missing_share": 0.5}))
    assert (series.rows, series.missing) == (3, 1)
    assert series.values.dropna().tolist() == [1.5, 3.0]
