"""Addresses of files, as Windows and others write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecastops.adapters.sources.file_address import is_file_address, path_of
from forecastops.adapters.sources.read_series import read_series
from forecastops.data.config import DataConfig


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("file:///C:/Users/me/sales.csv", "C:/Users/me/sales.csv"),
        ("file:///c:/a%20b/%C3%A4.csv", "c:/a b/ä.csv"),
        ("file:///C|/old.csv", "C:/old.csv"),
        ("file:/C:/java.csv", "C:/java.csv"),
        ("file://localhost/C:/a.csv", "C:/a.csv"),
        ("file://C:/two-slashes.csv", "C:/two-slashes.csv"),
        ("file://server/share/a.csv", "//server/share/a.csv"),
        ("FILE:///D:/A.CSV", "D:/A.CSV"),
    ],
)
def test_on_windows(address: str, path: str) -> None:
    assert is_file_address(address)
    assert path_of(address, windows=True) == path


@pytest.mark.parametrize("text", ["C:/files/a.csv", "file", "file.csv", "files://a", "file:a.csv", "s3://file/a.csv"])
def test_what_is_none(text: str) -> None:
    assert not is_file_address(text)


def test_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a b.csv").write_text("date,value\n" + "".join(f"2024-01-{day:02d},{day}.5\n" for day in range(1, 31)))
    config = DataConfig(date_column="date", value_column="value")
    for address in (
        (tmp_path / "a b.csv").as_uri(),
        f"file://{tmp_path}/a b.csv",
        f"file://localhost{tmp_path}/a%20b.csv",
    ):
        assert len(read_series([address], config).values) == 30
    literal = tmp_path / "50%25.csv"
    literal.write_text((tmp_path / "a b.csv").read_text())
    assert path_of(f"file://{literal}", windows=False) == str(literal)
    monkeypatch.chdir(tmp_path)
    assert len(read_series(["file://a b.csv"], config).values) == 30
