"""What a process costs: its CPU seconds, those of its children included, and its memory; and how rows are printed."""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["Cost", "cost", "interleaved", "process_seconds"]


class Cost(NamedTuple):
    """CPU seconds, peak MiB and stdout of one command."""

    seconds: float
    memory: float
    output: str


def cost(command: list[str], folder: Path, *, accepted: tuple[int, ...] = (0,)) -> Cost:
    """Run a command, and measure it with what it waits for."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in accepted:
        raise SystemExit(f"{command} failed with {os.waitstatus_to_exitcode(status)}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def interleaved(
    commands: Mapping[str, list[str]], folder: Path, rounds: int, *, accepted: tuple[int, ...] = (0,)
) -> dict[str, Cost]:
    """Run all of them in turn, several rounds, so that a busy machine is busy for all; the median of each."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(cost(command, folder, accepted=accepted))
    return {
        name: Cost(statistics.median(one.seconds for one in costs), max(one.memory for one in costs), costs[-1].output)
        for name, costs in found.items()
    }


def process_seconds(pid: int) -> float:
    """Return the CPU seconds that a running process, with its children, has taken so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return own + sum(process_seconds(int(child)) for child in children)
