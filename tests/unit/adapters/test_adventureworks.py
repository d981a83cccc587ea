from __future__ import annotations

import datetime
import io
import os
import random
import zipfile
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecastops.adapters import adventureworks
from forecastops.adapters.adventureworks import daily_paid_amount, write_daily_sets
from forecastops.adapters.sources.read_series import read_series
from forecastops.core.errors import DataError
from forecastops.data.config import DataConfig

FIRST, LAST = datetime.date(2013, 7, 31), datetime.date(2014, 8, 3)
ABSENT = {datetime.date(2013, 8, 6), datetime.date(2013, 12, 31), datetime.date(2014, 1, 1)}
NAME = "TransactionHistory.csv"


def rows() -> list[tuple[datetime.date, str, int, str]]:
    """Three transactions a day, in no order; sales and purchases have a cost, work orders have none."""
    chance = random.Random(7)
    made = []
    for day in range((LAST - FIRST).days + 1):
        date = FIRST + datetime.timedelta(days=day)
        if date not in ABSENT:
            made += [(date, "S", chance.randint(1, 9), f"{chance.uniform(1, 3000):.4f}") for _ in range(2)]
            made.append((date, "W", chance.randint(1, 9), ".0000"))
    chance.shuffle(made)
    return made


def table(clock: str = " 00:00:00.000", end: str = "\r\n") -> str:
    lines = [
        f"{100000 + i}\t784\t41590\t0\t{date}{clock}\t{kind}\t{quantity}\t{cost}\t{date}{clock}"
        for i, (date, kind, quantity, cost) in enumerate(rows())
    ]
    return end.join([*lines, ""])


def zipped(content: bytes, member: str = f"AdventureWorks/data/{NAME}", **other: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("instawdb.sql", "select 1")
        archive.writestr(member, content)
        for name, data in other.items():
            archive.writestr(f"{name}/{NAME}", data)
    return buffer.getvalue()


def write(folder: Path, content: bytes, name: str = NAME) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def changed(line: str, position: int, cell: str) -> str:
    cells = line.split("\t")
    return "\t".join([*cells[:position], cell, *cells[position + 1 :]])


def refusal(source: Path) -> str:
    with pytest.raises(DataError) as caught:
        daily_paid_amount(source)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def expected() -> dict[str, float]:
    """The daily means in exact arithmetic, missing days on the line between their neighbours."""
    paid = defaultdict(list)
    for date, _, quantity, cost in rows():
        paid[date].append(quantity * Fraction(cost))
    means = {date: sum(amounts) / len(amounts) for date, amounts in paid.items()}
    day = datetime.timedelta(days=1)
    made = {}
    date = FIRST
    while date <= datetime.date(2014, 5, 31):
        before = after = date
        while before not in means:
            before -= day
        while after not in means:
            after += day
        share = Fraction((date - before).days, max((after - before).days, 1))
        made[date.isoformat()] = float(means[before] + share * (means[after] - means[before]))
        date += day
    return made


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("in_zip", [True, False])
def test_the_three_sets(tmp_path: Path, encoding: str, in_zip: bool) -> None:
    content = table().encode(encoding)
    source = write(tmp_path, zipped(content), "script.zip") if in_zip else write(tmp_path, content)
    sets = daily_paid_amount(source)
    assert {name: len(frame) for name, frame in sets.items()} == {
        "transaction_ts2013": 154,
        "transaction_ts2014": 151,
        "transaction_ts": 305,
    }
    whole = dict(zip(*(sets["transaction_ts"][column] for column in ("TransactionDate", "PaidAmount")), strict=True))
    assert list(whole) == list(expected())
    assert whole == pytest.approx(expected(), rel=1e-12)
    joined = pd.concat([sets["transaction_ts2013"], sets["transaction_ts2014"]], ignore_index=True)
    assert joined.equals(sets["transaction_ts"])


@pytest.mark.parametrize(("clock", "end"), [("", "\n"), (" 00:00:00", "\n"), ("T09:30:00", "\r\n")])
def test_ways_to_write_the_dates(tmp_path: Path, clock: str, end: str) -> None:
    frame = daily_paid_amount(write(tmp_path, table(clock, end).encode()))["transaction_ts"]
    assert frame["PaidAmount"].tolist() == pytest.approx(list(expected().values()), rel=1e-12)


def test_files_are_written_once_and_never_over_others(tmp_path: Path) -> None:
    source, out = write(tmp_path, table().encode()), tmp_path / "new" / "out"
    paths = write_daily_sets(source, out)
    assert [path.name for path in paths] == ["transaction_ts2013.csv", "transaction_ts2014.csv", "transaction_ts.csv"]
    assert sorted(os.listdir(out)) == sorted(path.name for path in paths)
    assert paths[0].read_bytes().startswith(b"TransactionDate,PaidAmount\n2013-07-31,")
    before = {path: path.stat().st_mtime_ns for path in paths}
    assert write_daily_sets(source, out) == paths
    assert {path: path.stat().st_mtime_ns for path in paths} == before
    paths[0].unlink()
    paths[2].write_text("mine")
    with pytest.raises(DataError, match=r"transaction_ts\.csv: exists with other content; remove it"):
        write_daily_sets(source, out)
    assert not paths[0].exists()
    assert paths[2].read_text() == "mine"
    with pytest.raises(DataError, match="cannot be written"):
        write_daily_sets(source, source)


def test_what_is_written_is_read_back_as_one_series(tmp_path: Path) -> None:
    first, second, whole = write_daily_sets(write(tmp_path, table().encode()), tmp_path)
    assert read_series([first, second], DataConfig()).sha256 == read_series([whole], DataConfig()).sha256


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [*lines[:4], lines[4] + "\tmore", *lines[5:]], ":5: has 10 cells"),
        (lambda lines: [*lines[:4], "", "short", *lines[4:]], ":6: has 1 cells"),
        (
            lambda lines: [changed(lines[0], 4, "31/07/2013"), *lines[1:]],
            ":1: column 'TransactionDate' holds '31/07/2013'",
        ),
        (lambda lines: [lines[0], changed(lines[1], 6, "2,5")], ":2: column 'Quantity' holds '2,5'"),
        (lambda lines: [lines[0], changed(lines[1], 7, "")], ":2: has no ActualCost"),
        (lambda lines: ["TransactionID\t" * 8, *lines], ":1: column 'TransactionDate' holds 'TransactionID'"),
        (
            lambda lines: [line.replace("\t2013-", "\t2024-").replace("\t2014-", "\t2025-") for line in lines],
            "not moved",
        ),
        (lambda lines: [line for line in lines if "\t2013-" not in line], "from 2014-01-02 to 2014-08-03"),
        (lambda lines: [line for line in lines if "\t2014-" not in line], "from 2013-07-31 to 2013-12-30"),
        (lambda lines: [], "holds no rows"),
    ],
)
def test_tables_that_are_refused(tmp_path: Path, change: object, said: str) -> None:
    assert callable(change)
    lines = table(end="\n").splitlines()
    path = write(tmp_path, "".join(f"{line}\n" for line in change(lines)).encode())
    message = refusal(path)
    assert str(path) in message
    assert said in message


def test_sources_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = zipped(table().encode())
    assert "is a directory" in refusal(tmp_path)
    assert "is not a file" in refusal(tmp_path / "none.zip")
    assert "not a zip" in refusal(write(tmp_path, b"text", "text.zip"))
    assert "not a zip" in refusal(write(tmp_path, whole[:-30], "cut.zip"))
    assert "no member named" in refusal(write(tmp_path, zipped(b"", "other.csv"), "other.zip"))
    assert "several members" in refusal(write(tmp_path, zipped(b"", more=b""), "two.zip"))
    assert "neither UTF-8 nor UTF-16" in refusal(write(tmp_path, b"\x80\x81\x82"))
    monkeypatch.setattr(adventureworks, "_MAX_BYTES", 2**20)
    bomb = write(tmp_path, zipped(b"0" * (2**20 + 1)), "bomb.zip")
    assert bomb.stat().st_size < 10_000
    assert "is larger than 1 MiB" in refusal(bomb)
    assert "is larger than 1 MiB" in refusal(write(tmp_path, b"0" * (2**20 + 1)))
    assert {path.suffix for path in tmp_path.iterdir()} == {".zip", ".csv"}  # nothing was unpacked


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, 10**6), garbage=st.binary(min_size=1, max_size=8))
def test_a_damaged_zip_is_refused_or_read(tmp_path: Path, position: int, garbage: bytes) -> None:
    line = b"1\t784\t41590\t0\t%s 00:00:00.000\tS\t2\t3.5\t2013-07-31 00:00:00.000\n"
    data = bytearray(zipped(line % b"2013-07-31" + line % b"2014-05-31"))
    start = position % len(data)
    data[start : start + len(garbage)] = garbage
    path = write(tmp_path, bytes(data), "damaged.zip")
    try:
        daily_paid_amount(path)
    except DataError as error:
        require_one_line(error)


def require_one_line(error: DataError) -> None:
    assert len(str(error).splitlines()) == 1


def test_the_real_sets_have_the_same_shape(tmp_path: Path, shared_data: Path) -> None:
    real = read_series([shared_data / "adventureworks" / "mlops_forecast_data.csv"], DataConfig())
    made = read_series([write_daily_sets(write(tmp_path, table().encode()), tmp_path)[2]], DataConfig())
    assert made.index.equals(real.index)
