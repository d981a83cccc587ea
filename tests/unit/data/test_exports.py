"""Files as programs and offices write them: read to the right values, or refused with the options that read them.

Each is read step by step: what is refused names an option, the next of those that are right is set, until it is read.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from forecastops.adapters.sources import read_series
from forecastops.config_file import load_config
from forecastops.core.errors import ForecastopsError
from forecastops.data.series import Series
from forecastops.usecases.init import init

RNG = np.random.default_rng(11)
DAYS = pd.date_range("2023-01-02", periods=90)
VALUES = np.round(1500 + 300 * np.sin(2 * np.pi * np.arange(90) / 7) + 40 * RNG.normal(size=90), 2)
SIGNED = np.where(np.arange(90) % 3 == 0, -VALUES, VALUES)
MONTHS = pd.date_range("2015-01-01", periods=90, freq="MS")
WEEKS = pd.date_range("2021-01-04", periods=90, freq="W-MON")
QUARTERS = pd.date_range("2001-01-01", periods=90, freq="QS")
HOURS = pd.date_range("2023-01-02", periods=90, freq="h")
GERMAN = ("Jan", "Feb", "Mrz", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez")
FRENCH = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")


class Export(NamedTuple):
    """A file, the options that read it in the order in which its refusals name them, and what is right."""

    text: str | bytes
    options: tuple[str, ...] = ()
    dates: pd.DatetimeIndex = DAYS
    values: Any = VALUES
    columns: tuple[str, str] = ("date", "v")
    name: str = "export.csv"
    by_init: bool = True  # whether `init` finds all of it by itself


def rows(write: Callable[[Any, Any], str], dates: Iterable[Any] = DAYS, values: Iterable[Any] = VALUES) -> str:
    return "".join(f"{write(date, value)}\n" for date, value in zip(dates, values, strict=True))


def german(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def zipped(**files: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.csv", text)
    return data.getvalue()


PLAIN = "date,v\n" + rows(lambda d, v: f"{d:%Y-%m-%d},{v}")
ORDERS = [(day, RNG.gamma(2, 100, 1 + i % 3).round(2)) for i, day in enumerate(DAYS)]
SUMS = np.array([amounts.sum() for _, amounts in ORDERS])
EVENTS = "".join(
    f"{day + pd.Timedelta(seconds=int(RNG.integers(86400)))},{amount}\n" for day, all_ in ORDERS for amount in all_
)
KNOWN = np.where(np.arange(90) % 20 == 3, np.nan, VALUES)
NAMES = ("NA", "n/a", "#N/A", "NaN", "-")

EXPORTS = {
    "bank statement": Export(
        (
            "Konto;DE12\nZeitraum;2023\n\nTag;Zweck;Betrag;Währung\n"
            + rows(lambda d, v: f"{d:%d.%m.%Y};Überweisung;{german(v)};EUR")
            + ";;;\nSaldo;;12.345,67;EUR\n"
        ).encode("cp1252"),
        (
            "data.encoding=cp1252",
            "data.skip_rows=3",
            "data.date_format=%d.%m.%Y",
            "data.skip_footer=1",
            "data.decimal=,",
            "data.thousands=.",
        ),
        columns=("Tag", "Betrag"),
        by_init=False,
    ),
    "minus after the number": Export(
        "Datum\tBetrag\n" + rows(lambda d, v: f"{d:%d.%m.%Y}\t{german(abs(v))}{'-' if v < 0 else ' '}", DAYS, SIGNED),
        ("data.date_format=%d.%m.%Y", "data.negative=trailing", "data.decimal=,", "data.thousands=."),
        values=SIGNED,
        columns=("Datum", "Betrag"),
    ),
    "accounting": Export(
        "date,v\n" + rows(lambda d, v: f'{d:%Y-%m-%d},"{f"${v:,.2f}" if v > 0 else f"(${-v:,.2f})"}"', DAYS, SIGNED),
        ("data.thousands=,", "data.negative=parentheses", "data.units={'$': 1}"),
        values=SIGNED,
    ),
    "accounting, the sign first": Export(
        "date,v\n" + rows(lambda d, v: f'{d:%Y-%m-%d},"{"-" if v < 0 else ""}${abs(v):,.2f}"', DAYS, SIGNED),
        ("data.thousands=,", "data.units={'$': 1}"),
        values=SIGNED,
    ),
    "a typesetter's minus": Export(
        "date,v\n" + rows(lambda d, v: f"{d:%Y-%m-%d},{v}".replace(",-", ",\u2212"), DAYS, SIGNED), values=SIGNED
    ),
    "debit and credit": Export(
        "date,v\n" + rows(lambda d, v: f"{d:%Y-%m-%d},{abs(v)} {'CR' if v > 0 else 'DR'}", DAYS, SIGNED),
        ("data.units={CR: 1, DR: -1}",),
        values=SIGNED,
        by_init=False,
    ),
    "quotations": Export(
        '\ufeff"Date","Vol."\n' + rows(lambda d, v: f'"{d:%m/%d/%Y}","{v / 100:.2f}K"', DAYS[::-1], VALUES[::-1]),
        ("data.date_format=%m/%d/%Y", "data.units={'K': 1000}"),
        values=np.array([float(f"{v / 100:.2f}") * 1000 for v in VALUES]),
        columns=("Date", "Vol."),
    ),
    "quotations of two sizes and none": Export(
        '"Date","Vol."\n'
        + rows(lambda d, v: f'"{d:%b %d, %Y}",' + ('"-"' if d.day == 5 else '"2.5M"' if d.day % 2 else f'"{v:.0f}K"')),
        ("data.date_format=%b %d, %Y", "data.na_values=-", "data.units={'K': 1000, 'M': 1000000}"),
        values=np.array(
            [
                np.nan if d.day == 5 else 2.5e6 if d.day % 2 else 1000 * round(v)
                for d, v in zip(DAYS, VALUES, strict=True)
            ]
        ),
        columns=("Date", "Vol."),
    ),
    "a mark on some numbers": Export(
        "date,v\n" + rows(lambda d, v: f"{d:%Y-%m-%d},{v}{' p' if d > DAYS[80] else ''}"),
        ("data.units={'p': 1}",),
        by_init=False,
    ),
    "a unit with a point": Export(
        "date;v\n" + rows(lambda d, v: f"{d:%Y-%m-%d};{v} Stk."), ("data.units={'Stk.': 1}",)
    ),
    "lakhs": Export(
        "date;v\n" + rows(lambda d, v: f"{d:%Y-%m-%d};1,{int(v) % 90 + 10},000"),
        ("data.thousands=,",),
        values=np.array([100_000 + 1000 * (int(v) % 90 + 10) for v in VALUES]),
    ),
    "names of missing values": Export(
        "date,v\n" + rows(lambda d, v: f"{d:%Y-%m-%d},{NAMES[d.day % 5] if np.isnan(v) else v}", DAYS, KNOWN),
        (f"data.na_values={sorted({NAMES[d.day % 5] for d, v in zip(DAYS, KNOWN, strict=True) if np.isnan(v)})}",),
        values=KNOWN,
    ),
    "numbers that Excel kept as texts": Export("date,v\n" + rows(lambda d, v: f'="{d:%Y-%m-%d}",="{v}"')),
    "Excel's days": Export(
        "date,v\n" + rows(lambda d, v: f"{(d - pd.Timestamp('1899-12-30')).days},{v}"),
        ("data.date_format=excel",),
        by_init=False,
    ),
    "seconds with a point": Export(
        "ts,v\n" + rows(lambda d, v: f"{d.timestamp()},{v}"), ("data.date_format=s",), columns=("ts", "v")
    ),
    "months of Germany": Export(
        "Monat;v\n" + rows(lambda d, v: f"{GERMAN[d.month - 1]} {d:%y};{german(v)}", MONTHS),
        ("data.date_format=%b %y", "data.decimal=,", "data.thousands=."),
        dates=MONTHS,
        columns=("Monat", "v"),
    ),
    "months of France": Export(
        "mois;v\n" + rows(lambda d, v: f"{FRENCH[d.month - 1]} {d:%Y};{v}", MONTHS),
        ("data.date_format=%b %Y",),
        dates=MONTHS,
        columns=("mois", "v"),
    ),
    "quarters": Export("date,v\n" + rows(lambda d, v: f"Q{d.quarter} {d.year},{v}", QUARTERS), dates=QUARTERS),
    "quarters, the year first": Export(
        "date,v\n" + rows(lambda d, v: f"{d.year} Q{d.quarter},{v}", QUARTERS), dates=QUARTERS
    ),
    "weeks of the calendar": Export(
        "KW;v\n" + rows(lambda d, v: f"KW {d:%V/%G};{v}", WEEKS),
        ("data.date_format=KW %V/%G",),
        dates=WEEKS,
        columns=("KW", "v"),
    ),
    "years of two digits": Export(
        "date,v\n" + rows(lambda d, v: f"{d:%y-%m-%d},{v}", MONTHS),
        ("data.date_format=%y-%m-%d",),
        dates=MONTHS,
        by_init=False,
    ),
    "date and time apart": Export(
        "date;Time;v\n" + rows(lambda d, v: f"{d:%Y-%m-%d};{d:%H:%M};{v}", HOURS),
        ("data.date_column=date+Time",),
        dates=HOURS,
        by_init=False,
    ),
    "year and month apart": Export(
        "date,Month,v\n" + rows(lambda d, v: f"{d.year},{d.month},{v}", MONTHS),
        ("data.date_column=date+Month", "data.date_format=%Y %m"),
        dates=MONTHS,
        by_init=False,
    ),
    "order lines": Export(
        "date,v\n" + "".join(f"{day:%Y-%m-%d},{amount}\n" for day, amounts in ORDERS for amount in amounts),
        ("data.duplicates=sum",),
        values=SUMS,
        by_init=False,
    ),
    "orders with their times": Export(
        "date,v\n" + EVENTS, ("data.frequency=D", "data.duplicates=sum"), values=SUMS, by_init=False
    ),
    "Excel's first line": Export(
        "sep=;\r\ndate;v\r\n" + rows(lambda d, v: f"{d:%d.%m.%Y};{german(v)}"),
        ("data.date_format=%d.%m.%Y", "data.decimal=,", "data.thousands=."),
    ),
    "a total": Export(PLAIN + "Total,123.45\n", ("data.skip_footer=1",), by_init=False),
    "a total and its source": Export(
        PLAIN + "Total,123.45\nSource: ERP\n", ("data.skip_footer=1", "data.skip_footer=2"), by_init=False
    ),
    "totals of months": Export(
        "date,v\n" + rows(lambda d, v: f"{d:%Y-%m-%d},{v}" + ("\nTotal,1" if d.is_month_end else "")),
        ("data.skip_rows=[32, 61, 93]",),
        by_init=False,
    ),
    "a header on each page": Export(
        "".join(PLAIN.splitlines(True)[i] + ("date,v\n" if i == 50 else "") for i in range(91))
    ),
    "a row of units": Export("date,v\n-,kWh\n" + PLAIN.partition("\n")[2], ("data.skip_rows=[2]",), by_init=False),
    "no header": Export(PLAIN.partition("\n")[2], ("data.columns=[date, v]",), by_init=False),
    "separators at the end of rows": Export(PLAIN.replace("\n", ",\n").replace("v,", "v")),
    "columns without names": Export(PLAIN.replace("\n", ",,,\n") + ",,,,\n"),
    "columns by blanks": Export(
        "date             v\n" + rows(lambda d, v: f"{d:%Y-%m-%d}  {v:>9}  "), ('data.separator=" "',)
    ),
    "a zip of parts": Export(zipped(a=PLAIN, b="x\n"), name="export.zip/a.csv"),
    "a number for missing": Export(
        "date,v\n" + rows(lambda d, v: f"{d:%Y-%m-%d},{-9999.0 if np.isnan(v) else v}", DAYS, KNOWN),
        ("data.na_values=-9999",),
        values=KNOWN,
        by_init=False,
    ),
}


def require_right(series: Series, export: Export) -> None:
    expected = pd.Series(np.asarray(export.values, dtype=float), export.dates).dropna()
    found = series.values.dropna()
    assert found.index.tolist() == expected.index.tolist()
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=1e-12)


def written(export: Export, folder: Path) -> Path:
    file, _, member = export.name.partition("/")
    data = export.text if isinstance(export.text, bytes) else export.text.encode()
    (folder / file).write_bytes(data)
    return folder / file / member if member else folder / file


def refusals(path: Path, export: Export) -> Iterator[tuple[str, Series | None]]:
    """What is said as the options are set one after another; at last nothing, and the series."""
    base = [f"data.date_column={export.columns[0]}", f"data.value_column={export.columns[1]}"]
    for number in range(len(export.options) + 1):
        try:
            yield "", read_series([path], load_config(None, [*base, *export.options[:number]]).data)
        except ForecastopsError as error:
            yield str(error), None


@pytest.mark.parametrize("kind", EXPORTS)
def test_it_is_read_by_the_options_that_its_refusals_name(kind: str, tmp_path: Path) -> None:
    export = EXPORTS[kind]
    *said, (last, series) = refusals(written(export, tmp_path), export)
    assert series is not None, last
    require_right(series, export)
    text = " ".join(line for line, _ in said)
    for option in export.options if kind not in _UNNAMED else ():
        name, _, value = option.partition("=")
        assert name in text, (option, text)
        assert value in text or value.startswith(("[", "{")), (option, text)


# What only a person can know: the numbers are plausible by themselves, and `data check` says that they are odd.
_UNNAMED = ("a number for missing",)


@pytest.mark.parametrize("kind", EXPORTS)
def test_init_reads_it_right_or_says_why_not(kind: str, tmp_path: Path) -> None:
    export = EXPORTS[kind]
    path = written(export, tmp_path)
    if export.by_init:
        require_right(init(path, [], tmp_path / "new").series, export)
    elif kind not in _UNNAMED:
        with pytest.raises(ForecastopsError, match=r"data\.\w+"):
            init(path, [], tmp_path / "new")


def test_a_wide_table_is_no_series(tmp_path: Path) -> None:
    names = ",".join(f"{month:%b}" for month in MONTHS[:12])
    cells = [",".join(map(str, VALUES[12 * i : 12 * i + 12])) for i in range(7)]
    (tmp_path / "wide.csv").write_text(
        f"Year,{names}\n" + "".join(f"{2015 + i},{row}\n" for i, row in enumerate(cells))
    )
    with pytest.raises(ForecastopsError, match="a column for each period"):
        init(tmp_path / "wide.csv", [], tmp_path)


def test_units_of_several_kinds_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    path.write_text("date,v\n" + rows(lambda d, v: f"{d:%Y-%m-%d},{'€' if d.day % 2 else '$'}{v}"), "utf-8")
    config = load_config(None, ["data.date_column=date", "data.value_column=v"]).data
    with pytest.raises(ForecastopsError, match=r"data\.units=\{'\$': \?, '€': \?\}"):
        read_series([path], config)


def test_an_archive_of_several_files_names_them(tmp_path: Path) -> None:
    (tmp_path / "several.zip").write_bytes(zipped(a=PLAIN, readme="hello"))
    config = load_config(None, ["data.date_column=date", "data.value_column=v"]).data
    with pytest.raises(ForecastopsError, match=r"'a.csv', 'readme.csv'; name the one that is meant, e.g. .*zip/a.csv"):
        read_series([tmp_path / "several.zip"], config)
    with pytest.raises(ForecastopsError, match="holds no file"):
        read_series([tmp_path / "several.zip" / "b.csv"], config)
