"""The run in which one champion's model is watched: each signal a curve, its steps the dates."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from forecastops.adapters.mlflow_store.recorder import Point, RunRecorder
from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.adapters.mlflow_store.runs import Run, Runs
from forecastops.core.errors import RegistryError
from forecastops.core.tags import (
    MONITOR_ALERTED,
    MONITOR_BROKEN,
    MONITOR_MOVED,
    MONITOR_RETRAIN,
    MONITOR_THROUGH,
    MONITORED,
    MONITORED_MODEL,
    VERSION,
)
from forecastops.monitoring.watch import Watch
from forecastops.release.lineage import model_version

__all__ = ["WatchRun", "step_of", "watch_run"]

_LOG = logging.getLogger(__name__)
_THRESHOLD = "threshold"
_FOLDER = "looks"


@dataclass(frozen=True)
class WatchRun:
    """The run, and what earlier looks have left in it.

    Attributes:
        recorder: adds to it.
        through: ISO date of the newest observation whose signals it has; empty where it has none.
        alerted: what each channel was told of last, by its name.
    """

    recorder: RunRecorder
    through: str
    alerted: Mapping[str, tuple[str, ...]]

    def place(self, end: str) -> str:
        """Return the folder of the files about a look at data through a date."""
        return f"{_FOLDER}/{_file_name(end)}"

    def log(self, found: Watch, documents: Mapping[str, str], folder: Path | None = None) -> None:
        """Add the dates that are newer than those it has, and files about the newest; nothing where there are none.

        Args:
            found: the look, and its curves.
            documents: texts by the names of their files.
            folder: of other files that are kept beside them.
        """
        newer = [row for row, date in enumerate(found.dates) if date > self.through]
        if newer:
            self.recorder.curves([*_points(found, newer)])
        look, end = found.look, found.look.end or ""
        if end > self.through:
            self._keep(end, documents, folder)
        self.recorder.tags(
            {
                MONITOR_RETRAIN: str(look.retrain).lower(),
                MONITOR_BROKEN: str(look.broken).lower(),
                MONITOR_MOVED: ", ".join(look.moved) or "none",
                # Last: a look that was killed before is repeated, and writes the same points once more.
                MONITOR_THROUGH: max(self.through, end),
            }
        )

    def _keep(self, end: str, documents: Mapping[str, str], folder: Path | None) -> None:
        """Keep the files beside the curves; what fails is a warning, since the look is what was asked for."""
        try:
            self.recorder.files(self.place(end), documents)
            if folder is not None:
                self.recorder.folder(self.place(end), folder)
        except RegistryError as error:
            _LOG.warning("the look stands, but its files were not kept: %s", error)

    def told(self, channel: str, names: tuple[str, ...]) -> None:
        """Remember what a channel was told of; none where all is clear."""
        self.recorder.tags({f"{MONITOR_ALERTED}{channel}": json.dumps(names)})


@contextmanager
def watch_run(runs: Runs, model_name: str, champion: ModelVersion) -> Iterator[WatchRun]:
    """Go on with the champion's run, or start one where there is none or it was deleted."""
    model = f"{model_name}/{model_version(champion)}"
    earlier = runs.newest_with(MONITORED, model)
    # What was told about the model before stands until all is clear.
    before = earlier or runs.newest_with(MONITORED_MODEL, model_name)
    with runs.continued(earlier, f"monitor {model_name} {model_version(champion)}") as recorder:
        run = WatchRun(recorder, earlier.tags.get(MONITOR_THROUGH, "") if earlier else "", _alerted(before))
        if earlier is None:
            recorder.tags({MONITORED: model, MONITORED_MODEL: model_name, VERSION: model_version(champion)})
            for channel, names in run.alerted.items():
                run.told(channel, names)
        yield run


def step_of(date: str) -> int:
    """Return the step that stands for a date: its digits, to the minute where it has a time of day."""
    digits = "".join(char for char in date if char.isdigit())
    return int(digits[:12]) if len(digits) > 8 else int(digits)


def _points(found: Watch, rows: list[int]) -> Iterator[Point]:
    for row in rows:
        date = found.dates[row]
        stamp, step = int(pd.Timestamp(date).timestamp() * 1000), step_of(date)
        for curve in found.curves:
            value = float(curve.values[row])
            if not math.isfinite(value):
                continue
            yield Point(curve.signal.name, value, stamp, step)
            if math.isfinite(curve.threshold):
                yield Point(f"{curve.signal.name}_{_THRESHOLD}", curve.threshold, stamp, step)


def _file_name(date: str) -> str:
    return date.replace(":", "")


def _alerted(run: Run | None) -> dict[str, tuple[str, ...]]:
    found = {}
    for key, text in (run.tags if run else {}).items():
        if not key.startswith(MONITOR_ALERTED):
            continue
        try:
            names = json.loads(text)
        except json.JSONDecodeError:  # whoever may write tags can write anything
            continue
        if isinstance(names, list):
            found[key.removeprefix(MONITOR_ALERTED)] = tuple(map(str, names))
    return found
