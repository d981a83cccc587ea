"""Every engine gives what a loop gives, and loses no more than the piece whose worker died."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Literal

import pytest

import engine_tasks
from engine_tasks import Piece
from forecastops.adapters.engine.choice import engine_of
from forecastops.adapters.engine.port import Engine, Lost
from forecastops.core.errors import DataError, ForecastopsError

Name = Literal["pool", "dask", "spark", "ray"]
_NEEDS: dict[Name, str] = {"pool": "subprocess", "dask": "distributed", "spark": "pyspark", "ray": "ray"}
NAMES: list[Name] = list(_NEEDS)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find the tests' tasks where they are."""
    folders = [str(Path(engine_tasks.__file__).parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, folders)))


def engine(name: Name, workers: int = 2) -> Engine:
    """An engine, unless its library is missing; in CI it must not be."""
    missing = importlib.util.find_spec(_NEEDS[name]) is None or (name == "spark" and shutil.which("java") is None)
    if missing and not os.environ.get("CI"):
        pytest.skip(f"{_NEEDS[name]} is not installed; `make engines` installs it")
    return engine_of(name, workers)


def pieces(folder: Path, **deeds: str) -> list[Piece]:
    return [Piece(name, str(folder), deeds.get(name, "keep")) for name in "abcdefgh"]


@pytest.mark.parametrize("name", NAMES)
def test_every_piece_is_done_once_by_one_thread_each(name: Name, tmp_path: Path) -> None:
    given = pieces(tmp_path)
    found = list(engine(name).map(engine_tasks.task, given))
    assert sorted(piece.name for piece, _ in found) == sorted(piece.name for piece in given)
    assert all(outcome == str(tmp_path / piece.name) for piece, outcome in found)
    assert {path.read_text() for path in tmp_path.iterdir()} == {f"{piece.name} 1" for piece in given}


@pytest.mark.parametrize("name", NAMES)
def test_a_worker_that_dies_is_lost_and_what_others_finished_is_kept(name: Name, tmp_path: Path) -> None:
    given = pieces(tmp_path, c="kill")
    used = engine(name)
    found = {piece.name: outcome for piece, outcome in used.map(engine_tasks.task, given)}
    lost = {known for known, outcome in found.items() if isinstance(outcome, Lost)}
    assert "c" in lost
    assert found.keys() == set("abcdefgh")
    assert all((tmp_path / known).exists() for known in found.keys() - lost)
    if name in ("pool", "ray"):
        assert lost == {"c"}
    again = [piece for piece in given if piece.name in lost - {"c"}]
    if again:  # the cluster goes on
        assert not any(isinstance(outcome, Lost) for _, outcome in used.map(engine_tasks.task, again))


@pytest.mark.parametrize("name", NAMES)
def test_what_the_task_raises_reaches_the_caller(name: Name, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="b: is wrong; correct it"):
        list(engine(name).map(engine_tasks.task, pieces(tmp_path, b="refuse")))


def test_an_unforeseen_error_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ForecastopsError, match="a worker: failed: ValueError: unforeseen"):
        list(engine("pool").map(engine_tasks.task, pieces(tmp_path, b="fail")))


def test_the_processes_of_the_pool_end_with_whoever_started_them(tmp_path: Path) -> None:
    program = (
        "import sys, engine_tasks\n"
        "from forecastops.adapters.engine.pool import Pool\n"
        f"given = [engine_tasks.Piece(name, {str(tmp_path)!r}, 'wait') for name in 'ab']\n"
        "list(Pool(2).map(engine_tasks.task, given))\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", program])
    try:
        numbers = [_number(tmp_path / f"{name}.pid") for name in "ab"]
    finally:
        caller.send_signal(signal.SIGKILL)
        caller.wait()
    for number in numbers:
        _wait_until_gone(number)


def test_a_caller_that_stops_listening_ends_the_processes(tmp_path: Path) -> None:
    given = [Piece("a", str(tmp_path)), Piece("b", str(tmp_path), "wait")]
    with contextlib.closing(_generator(engine("pool"), given)) as found:
        assert next(found)[0].name == "a"
        number = _number(tmp_path / "b.pid")
    _wait_until_gone(number)


def _generator(used: Engine, given: list[Piece]) -> Generator[tuple[Piece, str | Lost], None, None]:
    yield from used.map(engine_tasks.task, given)


def _number(path: Path) -> int:
    deadline = time.monotonic() + 300
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(path.read_text())


def _wait_until_gone(number: int) -> None:
    deadline = time.monotonic() + 300
    while Path(f"/proc/{number}").exists():
        assert time.monotonic() < deadline, f"process {number} goes on"
        time.sleep(0.05)
