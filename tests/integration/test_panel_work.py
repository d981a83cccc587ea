"""A panel's work on every engine, and with its processes killed: always the same bytes."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq
import pytest

import engine_tasks
import panel_kills


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, panel_kills.Folder]:
    """The data, and what comes of them in this process' pool of one worker."""
    folder = tmp_path_factory.mktemp("once")
    data = folder / "long.parquet"
    panel_kills.long_table(16).to_parquet(data, index=False)
    panel_kills.work(data, folder / "work", workers=1)
    found = panel_kills.results(folder / "work")
    assert len(found) > 3
    return data, found


@pytest.mark.parametrize(
    ("name", "module"), [("pool", "json"), ("dask", "distributed"), ("spark", "pyspark"), ("ray", "ray")]
)
def test_every_engine_gives_the_same_bytes(
    name: Literal["pool", "dask", "spark", "ray"],
    module: str,
    once: tuple[Path, panel_kills.Folder],
    tmp_path: Path,
) -> None:
    missing = importlib.util.find_spec(module) is None or (name == "spark" and shutil.which("java") is None)
    if missing and not os.environ.get("CI"):
        pytest.skip(f"{module} is not installed; `make engines` installs it")
    data, expected = once
    panel_kills.work(data, tmp_path / "work", engine=name, workers=2)
    assert panel_kills.results(tmp_path / "work") == expected


def test_killed_main_processes_and_workers_leave_no_trace(
    once: tuple[Path, panel_kills.Folder], tmp_path: Path
) -> None:
    data, expected = once
    begun = panel_kills.killed_until_done(data, tmp_path / "work", kills=4, seed=3, longest=2.0)
    assert begun > 1
    assert panel_kills.results(tmp_path / "work") == expected


@pytest.mark.parametrize(("name", "module"), [("pool", "json"), ("dask", "distributed"), ("ray", "ray")])
def test_a_series_that_hangs_where_no_signal_is_heard_costs_itself_alone(
    name: Literal["pool", "dask", "ray"],
    module: str,
    once: tuple[Path, panel_kills.Folder],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if importlib.util.find_spec(module) is None and not os.environ.get("CI"):
        pytest.skip(f"{module} is not installed; `make engines` installs it")
    folders = [str(Path(engine_tasks.__file__).parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, folders)))
    monkeypatch.setattr("forecastops.usecases.panels.work.carry_out", engine_tasks.hanging_work)
    monkeypatch.setattr("forecastops.usecases.panels.work.GRACE", 1.0)
    if name == "pool":  # elsewhere nobody can end a process that is stopped
        monkeypatch.setenv("STOPS", "yes")
    data, _ = once
    panel_kills.work(data, tmp_path / "work", engine=name, workers=2, series_timeout=6.0)
    rows = {row["unique_id"]: row for row in pq.read_table(tmp_path / "work" / "whole").to_pylist()}
    lost = {name.partition(" ")[0]: row["why"] for name, row in rows.items() if row["reason"] == "timeout"}
    assert set(lost) == ({"shop/1", "shop/2"} if name == "pool" else {"shop/1"})
    assert all("did not stop: its process was ended" in why for why in lost.values())
    assert sum(row["outcome"] != "failed" for row in rows.values()) == len(rows) - len(lost)
