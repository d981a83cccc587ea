"""What only people at a terminal see: the time that is left, and a forecast as a small picture."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

from workshop import Stage


def at_terminal(stage: Stage, *arguments: str) -> tuple[int, str]:
    """Run a command whose output and errors go to a terminal; its exit code, and what the terminal got."""
    ours, theirs = pty.openpty()
    program = [str(Path(sys.executable).parent / "forecastops"), *arguments, *stage.options()]
    environment = stage.workshop.forecastops.environment | {"PYTHONUTF8": "1", "TERM": "xterm"}
    with subprocess.Popen(
        program,
        cwd=stage.workshop.forecastops.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ) as running:
        os.close(theirs)
        got = b""
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the terminal's other end is closed
                break
            if not part:
                break
            got += part
    os.close(ours)
    return running.returncode, got.decode()


def test_a_terminal_is_shown_how_long_it_takes_and_the_forecast_drawn(stage: Stage) -> None:
    stage.first_champion()
    durations = Path(stage.workshop.forecastops.environment["FORECASTOPS_HOME"]) / "durations.json"
    durations.unlink(missing_ok=True)
    data = str(next(stage.workshop.forecastops.folder.glob("data/*2013.csv")))
    code, shown = at_terminal(stage, "train", "--data", data)
    assert code == 0, shown
    assert re.search(r"\[[#-]{20}\] \d+ s", shown)
    assert " left" not in shown
    assert re.search(r"next: forecastops evaluate --run-id [0-9a-f]{32}", shown)
    learnt = json.loads(durations.read_text())
    assert learnt
    durations.write_text(json.dumps(dict.fromkeys(learnt, 3600)))  # as on a machine where it took an hour
    code, shown = at_terminal(stage, "train", "--data", data)
    assert code == 0, shown
    assert re.search(r"\[-{20}\] \d+ s, about 3\d{3} s left", shown)
    assert set(json.loads(durations.read_text())) == set(learnt)

    code, shown = at_terminal(stage, "forecast", "--horizon", "5")
    assert code == 0, shown
    assert len(re.findall(r"(?m)^\d{4}-\d{2}-\d{2}  *─+━+●━+─+\r?$", shown)) == 5


def test_a_pipe_gets_neither(stage: Stage) -> None:
    stage.first_champion()
    told = stage.run("forecast", "--horizon", "5")
    assert told.code == 0
    assert "●" not in told.stdout
    assert "\r" not in told.stdout + told.stderr
