from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecastops.core.errors import ConfigError, DataError
from forecastops.data.assemble import regular_series
from forecastops.data.config import DataConfig
from forecastops.data.frequency import family, find_offset, frequency_name
from forecastops.data.series import Series, require_rows, season_length
from forecastops.data.table import RawTable

DAILY = DataConfig(date_column="day", value_column="amount")
FILLED = DAILY.model_copy(update={"gaps": "interpolate", "max_missing_share": 0.9})
finite = st.floats(-(2.0**53), 2.0**53)


def cells(given: Any) -> pa.Array:
    """What CSV or Parquet would hold: texts, or whatever Arrow makes of the values."""
    return pa.Array.from_pandas(pd.Series(list(given) if isinstance(given, range) else given))


def raw(dates: Any, values: Any, source: str = "a.csv") -> list[RawTable]:
    lines = np.arange(2, len(dates) + 2, dtype=np.int64)
    return [RawTable(source, cells(dates), cells(values), lines, rows_read=len(lines))]


def days(count: int, start: str = "2013-07-31", freq: str = "D") -> list[str]:
    return list(pd.date_range(start, periods=count, freq=freq).strftime("%Y-%m-%d"))


def require_one_line(error: DataError) -> None:
    assert len(str(error).splitlines()) == 1


def refusal(frame: list[RawTable], config: DataConfig = DAILY) -> str:
    with pytest.raises(DataError) as caught:
        regular_series(frame, config)
    require_one_line(caught.value)
    return str(caught.value)


def test_regular_rows_become_a_series() -> None:
    series = regular_series(raw(days(4), ["1", " 2.5 ", "-3e2", "+.5"]), DAILY)
    assert series.values.tolist() == [1.0, 2.5, -300.0, 0.5]
    assert series.values.name == "amount"
    assert series.values.dtype == "float64"
    assert series.index.freq == "D"
    assert (series.frequency, series.start, series.end, series.rows) == ("D", "2013-07-31", "2013-08-03", 4)
    assert (series.notes, series.interpolated) == ((), 0)


def test_canonical_text() -> None:
    series = regular_series(raw(days(2), ["1346.0122831896513", "0.1"]), DAILY)
    assert series.to_csv() == "date,value\n2013-07-31,1346.0122831896513\n2013-08-01,0.1\n"
    assert len(series.sha256) == 64
    assert series.sha256 != regular_series(raw(days(2), ["1346.0122831896513", "0.2"]), DAILY).sha256


@given(
    values=st.lists(finite, min_size=2, max_size=30),
    frequency=st.sampled_from(["D", "B", "W-SUN", "W-SAT", "MS", "ME", "QS-JAN", "YE-DEC", "h", "15min", "2D"]),
)
def test_text_round_trip_is_exact(values: list[float], frequency: str) -> None:
    index = pd.date_range("2013-07-31", periods=len(values), freq=frequency)
    series = Series(pd.Series(values, index=index, name="amount", dtype="float64"))
    cells = [line.split(",") for line in series.to_csv().splitlines()[1:]]
    assert pd.DatetimeIndex([date for date, _ in cells]).equals(index)
    assert [float(number).hex() for _, number in cells] == [value.hex() for value in values]


@given(order=st.permutations(range(20)), repeats=st.lists(st.integers(0, 19), max_size=5))
def test_order_and_agreeing_repeats_do_not_matter(order: list[int], repeats: list[int]) -> None:
    dates, numbers = days(20), [str(i * 1.1) for i in range(20)]
    whole = regular_series(raw(dates, numbers), DAILY)
    mixed = regular_series(raw([dates[i] for i in order + repeats], [numbers[i] for i in order + repeats]), DAILY)
    assert mixed.sha256 == whole.sha256
    assert any("sorted" in note for note in mixed.notes) == (order + repeats != sorted(order + repeats))
    assert any("dropped" in note for note in mixed.notes) == bool(repeats)


def test_notes_name_the_first_late_row_and_the_repeat() -> None:
    series = regular_series(raw(["2013-08-01", "2013-07-31", "2013-08-01"], [1, 2, 1]), DAILY)
    assert series.notes == (
        "a.csv: the rows were not in order of date and were sorted, the first late one 2013-07-31 in row 3.",
        "1 rows repeat a date with the same value and were dropped, the first 2013-08-01 at a.csv:4.",
    )


def test_repeats_that_disagree_are_refused() -> None:
    frame = raw(days(3), [1, 2, 3]) + raw(["2013-08-01"], [2.5], "b.csv")
    message = refusal(frame)
    assert all(part in message for part in ("b.csv:2", "a.csv:3", "2013-08-01", "2.0", "2.5", "'amount'"))


def test_gaps_are_filled_linearly_in_time() -> None:
    series = regular_series(raw(["2013-07-31", "2013-08-02", "2013-08-03", "2013-08-06"], [0, 2, 3, 9]), FILLED)
    assert series.values.tolist() == [0, 1, 2, 3, 5, 7, 9]
    assert series.interpolated == 3
    assert series.notes == ("3 missing dates were interpolated: 2013-08-01, 2013-08-04 to 2013-08-05.",)
    assert series.filled == ("2013-08-01", "2013-08-04", "2013-08-05")
    assert series.observed.isna().tolist() == [False, True, False, False, True, True, False]
    assert series.missing == 0
    monthly = DataConfig(frequency="MS", gaps="interpolate", max_missing_share=0.5)
    series = regular_series(raw(["2014-01-01", "2014-02-01", "2014-04-01"], [1, 0, 59]), monthly)
    assert series.values.tolist() == pytest.approx([1, 0, 28, 59])  # by days, not by position


def test_gaps_that_are_too_long_or_not_allowed_are_refused() -> None:
    frame = raw([*days(3), "2013-08-10", "2013-08-11"], [1, 2, 3, 4, 5])
    assert regular_series(frame, FILLED).interpolated == 7
    message = refusal(frame, FILLED.model_copy(update={"max_gap": 6}))
    assert all(part in message for part in ("a.csv:5", "2013-08-03 to 2013-08-09", "7 missing", "max_gap is 6"))
    message = refusal(frame, DataConfig(gaps="error"))
    assert "gaps is 'error'" in message
    assert "2013-08-03 to 2013-08-09" in message


def test_missing_dates_stay_missing_by_default() -> None:
    frame = raw([*days(9), "2013-08-09", "2013-08-12", "2013-08-13", "2013-08-14"], range(13))
    series = regular_series(frame, DAILY)
    assert series.rows == 15
    assert series.values.isna().tolist() == [False] * 10 + [True, True] + [False] * 3
    assert (series.missing, series.interpolated, series.filled) == (2, 0, ())
    assert series.notes == ("2 dates are missing and left to the model: 2013-08-10 to 2013-08-11.",)
    assert series.observed.equals(series.values)
    assert series.to_csv().splitlines()[10:13] == ["2013-08-09,9.0", "2013-08-10,", "2013-08-11,"]
    filled = regular_series(frame, FILLED)
    assert filled.sha256 != series.sha256
    assert filled.observed.isna().tolist() == series.values.isna().tolist()


def test_a_gap_of_any_length_may_be_missing() -> None:
    dates = [date for i, date in enumerate(days(120)) if not 40 <= i < 60]
    series = regular_series(raw(dates, range(100)), DAILY)
    assert (series.rows, series.missing) == (120, 20)


@pytest.mark.parametrize("gaps", ["missing", "interpolate"])
def test_no_more_than_a_share_may_be_missing(gaps: Any) -> None:
    def without(count: int) -> list[RawTable]:
        kept = [date for i, date in enumerate(days(20)) if not 7 <= i < 7 + count]
        return raw(kept, range(len(kept)))

    config = DAILY.model_copy(update={"gaps": gaps})
    assert regular_series(without(4), config).rows == 20
    message = refusal(without(5), config)
    assert message.startswith(
        "a.csv:9: 5 of 20 dates are missing (25.0 %) of frequency D, the longest gap after 2013-08-06, and "
    )
    assert "data.max_missing_share is 0.2" in message
    assert regular_series(without(5), config.model_copy(update={"max_missing_share": 0.25})).rows == 20
    none = config.model_copy(update={"max_missing_share": 0.0})
    assert regular_series(without(0), none).rows == 20
    assert "1 of 20 dates are missing" in refusal(without(1), none)


def test_many_gaps_are_counted_rather_than_named() -> None:
    kept = [date for i, date in enumerate(days(80)) if i % 10 != 5]
    series = regular_series(raw(kept, range(len(kept))), DAILY)
    assert series.missing == 8
    assert series.notes[0].endswith("and 3 more gaps.")


def test_a_grid_that_would_not_fit_into_memory_is_never_built() -> None:
    dates = ["1800-01-01 00:00:00", "1800-01-01 00:00:01", "1800-01-01 00:00:02", "2090-01-01 00:00:00"]
    frame = raw(dates, [1, 2, 3, 4])
    assert "9151574397 of 9151574401 dates are missing" in refusal(frame)
    assert "data.max_missing_share" in refusal(frame, FILLED.model_copy(update={"max_gap": 10**10}))
    assert "missing of frequency s" in refusal(frame, FILLED)
    assert "missing of frequency s" in refusal(frame, DataConfig(gaps="error"))


@pytest.mark.parametrize("frequency", [None, "D"], ids=["found", "given"])
def test_a_wrong_year_is_refused_by_row(frequency: str | None) -> None:
    message = refusal(raw([*days(30), "2083-08-30"], range(31)), DAILY.model_copy(update={"frequency": frequency}))
    assert message.startswith("a.csv:32: ")
    assert "the longest gap after 2013-08-29" in message


@pytest.mark.parametrize("frequency", ["D", "B", "W-SAT", "W-WED", "MS", "ME", "BMS", "BME", "QS-JAN", "YS-JAN"])
@pytest.mark.parametrize("gap", [False, True])
def test_the_frequency_is_found(frequency: str, gap: bool) -> None:
    dates = days(24, freq=frequency)
    kept = [date for i, date in enumerate(dates) if not (gap and i in {5, 9, 10})]
    series = regular_series(raw(kept, range(len(kept))), DAILY)
    assert list(series.index.strftime("%Y-%m-%d")) == dates
    assert series.missing == len(dates) - len(kept)
    assert regular_series(raw(kept, range(len(kept))), FILLED).interpolated == len(dates) - len(kept)


@pytest.mark.parametrize(("frequency", "season"), [("h", 24), ("30min", 48), ("15min", 96), ("2h", 12)])
def test_frequencies_within_a_day_are_found(frequency: str, season: int) -> None:
    index = pd.date_range("2013-07-31 06:00", periods=50, freq=frequency)
    series = regular_series(raw(index.strftime("%Y-%m-%dT%H:%M:%S"), range(50)), DAILY)
    assert series.values.index.equals(index)
    assert series.frequency == frequency
    assert season_length(frequency) == season
    assert series.start == "2013-07-31T06:00:00"


@pytest.mark.parametrize(
    ("dates", "config", "named"),
    [
        ([*days(9, freq="W-SAT"), "2013-10-01"], DAILY, "2013-10-01"),
        ([*days(30, freq="B"), "2013-08-03"], DAILY, "2013-08-03"),
        ([*days(9, freq="MS"), "2013-09-15"], DAILY, "2013-09-15"),
        (["2013-07-30 12:00", *(f"{date} 00:00" for date in days(9))], DAILY, "2013-07-30T12:00:00"),
        (days(9), DataConfig(frequency="B"), "2013-08-03"),
        (days(9), DataConfig(frequency="W-SUN"), "2013-07-31"),
        (days(9), DataConfig(frequency="2D"), "2013-08-01"),
    ],
)
def test_a_date_off_the_grid_is_named(dates: list[str], config: DataConfig, named: str) -> None:
    message = refusal(raw(dates, range(len(dates))), config)
    assert f"date {named} " in message
    assert f"a.csv:{[date.replace(' ', 'T') for date in dates].index(named.removesuffix(':00')) + 2}:" in message


@pytest.mark.parametrize("frequency", ["nonsense", "-1D", "0D", "bh", "ns", "", "D-D", "10", "\n"])
def test_a_frequency_that_makes_no_grid_is_refused(frequency: str) -> None:
    if frequency:
        with pytest.raises(ConfigError, match="frequency"):
            regular_series(raw(days(5), range(5)), DataConfig(frequency=frequency))
    with pytest.raises(DataError):
        season_length(frequency)


@pytest.mark.parametrize(
    ("frequency", "season"),
    [("D", 7), ("B", 5), ("W-SAT", 52), ("W", 52), ("MS", 12), ("ME", 12), ("QE-DEC", 4), ("YS-JAN", 1), ("min", 1440)],
)
def test_seasons(frequency: str, season: int) -> None:
    assert season_length(frequency) == season


@pytest.mark.parametrize(
    ("frequency", "step"),
    [("15min", "h"), ("h", "h"), ("6h", "h"), ("D", "D"), ("10D", "D"), ("B", "B"), ("W-SAT", "W"), ("2W-SUN", "W")]
    + [(name, "M") for name in ("MS", "ME", "BMS", "BME", "2MS")]
    + [("QS-JAN", "Q"), ("BQE-DEC", "Q"), ("YS-JAN", "Y"), ("BYE-DEC", "Y")],
)
def test_the_family_of_a_frequency(frequency: str, step: str) -> None:
    assert family(frequency) == step


@pytest.mark.parametrize("frequency", ["10D", "2MS", "7h"])
def test_a_frequency_without_usual_season(frequency: str) -> None:
    with pytest.raises(DataError, match=r"set evaluation\.season_length"):
        season_length(frequency)


@pytest.mark.parametrize(
    "cell",
    [
        *("31/12/2013", "12/31/2013", "2013-7-1", "20130731", "2013-02-30", "2013-07-31 24:00", "yesterday", "", " "),
        *("2013-07", "2013-W31", "2013", "2013-13-01", "13-07-31", "2013-07-31T00:00:00 CET", "Total"),
        *(
            "0001-01-01",
            "9999-12-31",
            "2013-07-31T00:00:00+02:00",
            "2013-07-31 00:00",
            "\uff12\uff10\uff11\uff13-07-31",
            "2013-07-31\n",
        ),
        None,
    ],
)
def test_a_cell_that_is_no_date_is_named(cell: Any) -> None:
    message = refusal(raw([*days(3), cell], [1, 2, 3, 4]))
    assert message.startswith("a.csv:5: column 'day' holds ")
    if isinstance(cell, str) and cell.strip():
        assert cell.strip() in message


def test_native_dates_out_of_range_are_named() -> None:
    for date in (datetime.date(1, 1, 1), datetime.date(9999, 1, 1)):
        dates = pd.Series([datetime.date(2013, 7, 31), date], dtype=object)
        assert "a.csv:3: column 'day' holds " in refusal(raw(dates, [1, 2]))
    assert "which is no date" in refusal(raw(pd.Series([pd.Timestamp("2013-07-31"), pd.NaT]), [1, 2]))


@pytest.mark.parametrize(
    "cell",
    [
        *("nan", "NaN", "NA", "inf", "-inf", "1,234.5", "1_000", "12 EUR", "0x10", "1e999", "9" * 5000, "True", "-"),
        *("\u0663", "1\n2", "1.2.3", "1e", "--1", "+-1", "1e5.5", ".", "1 2", "1'000", "(5)", "5-", "$5", "5%", "<1"),
    ],
    ids=lambda cell: ascii(cell[:9]),
)
def test_a_cell_that_is_no_number_is_named(cell: str) -> None:
    message = refusal(raw(days(4), ["1", "2", "3", cell]))
    assert message.startswith("a.csv:5: column 'amount' holds ")
    assert "on 2013-08-03" in message
    assert len(message) < 400


@pytest.mark.parametrize("cell", [float("inf"), 2**63 - 1, 1e300, decimal.Decimal("1e30")], ids=str)
def test_a_native_cell_that_is_no_plain_number_is_named(cell: Any) -> None:
    column = pd.Series([type(cell)(1), type(cell)(2), type(cell)(3), cell])
    message = refusal(raw(days(4), column))
    assert message.startswith("a.csv:5: column 'amount' holds ")
    assert "on 2013-08-03" in message


@pytest.mark.parametrize("cell", ["", " ", "\u00a0", None])
def test_a_blank_is_missing(cell: str | None) -> None:
    series = regular_series(raw(days(6), ["1", "2", cell, "3", "5", "4"]), DAILY)
    assert (series.rows, series.missing, series.values.sum()) == (6, 1, 15.0)
    assert series.notes == ("1 dates are missing and left to the model: 2013-08-02.",)


@pytest.mark.parametrize(
    "dates",
    [
        pd.date_range("2013-07-31", periods=4),
        pd.date_range("2013-07-31", periods=4, tz="UTC"),
        pd.date_range("2013-07-31", periods=4, unit="s"),
        [date.date() for date in pd.date_range("2013-07-31", periods=4)],
        pd.Categorical(days(4)),
        pd.array(days(4), dtype="string"),
        [f"{date}T00:00:00Z" for date in days(4)],
        [f"{date} 00:00:00.000" for date in days(4)],
    ],
)
@pytest.mark.parametrize(
    "values",
    [
        np.array([1, 2, 3, 4], dtype="int8"),
        np.array([1, 2, 3, 4], dtype="float32"),
        pd.array([1, 2, 3, 4], dtype="Int64"),
        [decimal.Decimal(i) for i in (1, 2, 3, 4)],
        pd.array(["1", "2", "3", "4"], dtype="string"),
    ],
)
def test_native_types(dates: Any, values: Any) -> None:
    series = regular_series(raw(dates, values), DAILY)
    assert series.to_csv() == "date,value\n2013-07-31,1.0\n2013-08-01,2.0\n2013-08-02,3.0\n2013-08-03,4.0\n"
    assert len(series.notes) == ("T00:00:00Z" in str(dates) or "UTC" in str(getattr(dates, "dtype", "")))


def test_other_timezones_and_types_are_refused() -> None:
    berlin = pd.date_range("2013-07-31", periods=4, tz="Europe/Berlin")
    assert "data.timezone" in refusal(raw(berlin, range(4)))
    assert "of type int64" in refusal(raw([20130731, 20130801], [1, 2]))
    assert "data.date_format=%Y%m%d" in refusal(raw([20130731, 20130801], [1, 2]))
    assert "holds True" in refusal(raw(days(2), [True, False]))


def test_series_that_cannot_be_forecast_are_refused() -> None:
    assert "5.0 on every date" in refusal(raw(days(9), [5] * 9))
    assert "one date 2013-07-31" in refusal(raw(["2013-07-31"] * 2, [1, 1]))


def test_too_few_rows_are_counted() -> None:
    series = regular_series(raw(days(9), range(9)), DAILY)
    require_rows(series, 9, "a window of 9")
    with pytest.raises(DataError, match=r"has 9 rows, and 10 are needed for a window of 10"):
        require_rows(series, 10, "a window of 10")


@given(
    dates=st.lists(
        st.one_of(st.sampled_from([*days(6), "2013-02-30", ""]), st.text(max_size=12), st.dates().map(str), st.none()),
        min_size=1,
        max_size=6,
    ),
    values=st.lists(
        st.one_of(st.integers().map(str), st.floats().map(repr), st.text(max_size=8), st.none()), min_size=1
    ),
    frequency=st.sampled_from([None, "D", "B", "W-SUN", "MS", "h"]),
    gaps=st.sampled_from(["missing", "zero", "interpolate", "error"]),
    share=st.sampled_from([0.0, 0.2, 0.9]),
)
def test_any_rows_are_a_series_or_refused(
    dates: list[Any], values: list[Any], frequency: str | None, gaps: Any, share: float
) -> None:
    count = min(len(dates), len(values))
    lines = np.arange(count, dtype=np.int64)
    written, numbers = (pa.array(column[:count], pa.string()) for column in (dates, values))
    try:
        series = regular_series(
            [RawTable("a.csv", written, numbers, lines)],
            DataConfig(frequency=frequency, max_gap=1000, gaps=gaps, max_missing_share=share),
        )
    except DataError as error:
        require_one_line(error)
    else:
        assert np.isfinite(series.values.dropna()).all()
        assert np.isfinite(series.values.iloc[-1])
        assert gaps == "missing" or series.missing == 0
        assert gaps == "interpolate" or series.interpolated == 0
        assert len(series.to_csv().splitlines()) == series.rows + 1


def test_quarters_keep_their_name_as_they_grow() -> None:
    """The month that stands most often is another with each quarter, and no other series."""
    names = set()
    for rows in range(8, 16):
        dates = pd.date_range("2003-10-01", periods=rows, freq="QS-OCT")
        names.add(frequency_name(find_offset(dates)))
    assert names == {"QS-JAN"}
