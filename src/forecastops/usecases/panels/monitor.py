"""Watch the panel in production: each series by the monitor of one, and all decided on together."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forecastops.adapters.alerts.channels import channels
from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.adapters.sources.read_series import Source, read_tables, source_names
from forecastops.config import Config
from forecastops.core.errors import DataError
from forecastops.monitoring.curves import Curve
from forecastops.monitoring.signal import Look, Signal
from forecastops.monitoring.watch import Watch
from forecastops.panel.looks import PanelLook, decide_looks
from forecastops.reporting.sentences.signals import look_sentence, signal_sentence
from forecastops.usecases.alerting import tell
from forecastops.usecases.monitor import PAGE, Monitored, tell_mlflow, whom_to_watch
from forecastops.usecases.panels.champion import PanelChampion, panel_of
from forecastops.usecases.panels.work import Told, work_settings, work_through
from forecastops.usecases.panels.worst_series import WorstSeries, worst_series
from forecastops.usecases.watch_log import watch_run

__all__ = ["PanelMonitored", "monitor_panel"]

_LOG = logging.getLogger(__name__)
_NAMED = 5
_TABLE = "series.parquet"


@dataclass(frozen=True, eq=False)
class PanelMonitored(Monitored):
    """What was found of a panel; ``look`` has what was decided for the whole.

    Attributes:
        panel: of each series; None where there is no panel to watch.
        worst: the series that moved most surely, then those whose data are broken.
        table: where on the run the table with a row a series lies; None without one.
    """

    panel: PanelLook | None = None
    worst: tuple[WorstSeries, ...] = ()
    table: str | None = None


Findings: TypeAlias = Sequence[tuple[str, Mapping[str, Any]]]
PanelPage: TypeAlias = Callable[[PanelMonitored], str]


def monitor_panel(
    config: Config,
    sources: Sequence[Source],
    now: pd.Timestamp | None = None,
    page: PanelPage | None = None,
    told: Told = lambda _done, _all: None,
    *,
    may_be_first: bool = False,
) -> PanelMonitored:
    """Look at all series of the panel in production on the newest data; production stays as it is.

    Args:
        config: names model and registry, and the rates of false alarms.
        sources: of a long table that reaches back to the training, as `retrain` takes it: a panel keeps no series.
        now: against which lateness counts; None where it does not.
        page: makes the page that is kept with the table.
        told: is called with how many series are done, and how many there are.
        may_be_first: whether it is no error that there is no champion that can be watched.

    Raises:
        DataError: when the data cannot be read, or no series can be told of and none is broken.
        RegistryError: when there is no champion, or the registry does not answer.
        ModelError: when the champion is no panel, or its files are not those that were logged.
    """
    whom = whom_to_watch(config, may_be_first, "promote a panel first")
    if whom.champion is None:
        monitored = PanelMonitored(whom.registry.name, whom.version, None, Watch.nothing(whom.nothing))
    else:
        champion = panel_of(whom.runs, whom.registry, whom.champion)
        found = _looked(config, champion, sources, now, told)
        panel = decide_looks(found, config.monitor.false_alarms_a_year)
        watched = _watch(config, panel, found, _age(champion, found, now))
        monitored = _logged(config, whom.runs, champion.version, _Looked(found, panel, watched), page)
    tell_mlflow(whom.runs, monitored.look)
    return monitored


def _looked(
    config: Config, champion: PanelChampion, sources: Sequence[Source], now: pd.Timestamp | None, told: Told
) -> Findings:
    moment = None if now is None else now.isoformat()
    settings = work_settings(config).model_copy(update={"monitor": config.monitor, "now": moment})
    outcomes = work_through(
        config, read_tables(sources, config.data), champion.panel.table, told=told, kind="watch", settings=settings
    )
    rows = outcomes.select(["unique_id", "why", "evidence"]).to_pylist()
    failed = {"state": "broken", "by": ["failed"]}
    found = [
        (row["unique_id"], json.loads(row["evidence"]) if row["evidence"] else failed | {"why": row["why"]})
        for row in rows
    ]
    if not any(one["state"] in ("watched", "broken", "nothing_newer") for _, one in found):
        what = f"tells of none of {len(found)} series: {_untold(found)}"
        remedy = "give the table that reaches back to the training: a panel keeps no series"
        raise DataError(source_names(sources), what, remedy)
    return found


def _untold(found: Findings) -> str:
    counts = pd.Series([one.get("why") or one["state"] for _, one in found]).value_counts()
    return ", ".join(f"{count} times {why}" for why, count in counts.head(3).items())


@dataclass(frozen=True, eq=False)
class _Looked:
    """What was found of each series, what follows for all, and the look at the whole."""

    found: Findings
    panel: PanelLook
    watched: Watch


def _logged(
    config: Config, runs: Runs, version: ModelVersion, looked: _Looked, page: PanelPage | None
) -> PanelMonitored:
    name, watched = config.registry.model_name, looked.watched
    worst = tuple(worst_series(looked.panel, dict(looked.found)))
    with watch_run(runs, name, version) as run, tempfile.TemporaryDirectory() as scratch:
        table = f"{run.place(watched.look.end or '')}/{_TABLE}"
        monitored = PanelMonitored(name, version.version, run.recorder.run_id, watched, looked.panel, worst, table)
        files = {"look.json": json.dumps(_document(monitored), indent=1, allow_nan=False) + "\n"}
        if page is not None:
            files[PAGE] = page(monitored)
        pq.write_table(_table(looked.panel, looked.found), Path(scratch) / _TABLE, compression="zstd")
        run.log(watched, files, Path(scratch))
        tell(watched.look, name, version.version, run, channels(config.alerts))
    return monitored


def _age(champion: PanelChampion, found: Findings, now: pd.Timestamp | None) -> float:
    """Return the days from the newest observation of the panel's training to the newest of all, or to ``now``."""
    rows = champion.panel.table.select(["trained_through", "end"]).to_pylist()
    trained = max(pd.Timestamp(row["trained_through"] or row["end"]) for row in rows)
    newest = [
        trained,
        *([now] if now is not None else []),
        *(pd.Timestamp(one["end"]) for _, one in found if one.get("end")),
    ]
    return float((max(newest) - trained) / pd.Timedelta(days=1))


def _watch(config: Config, panel: PanelLook, found: Findings, age: float) -> Watch:
    """Return the look at the whole, whose two signals are shares of the series."""
    ends = [one["end"] for _, one in found if one.get("end")]
    starts = [one["start"] for _, one in found if one.get("start")]
    moved, broken = _moved_signal(config, panel), _broken_signal(config, panel)
    look = Look(
        retrain=not moved.passed and broken.passed,
        broken=not broken.passed,
        moved=() if moved.passed else tuple(panel.by_signal),
        start=min(starts, default=None),
        end=max(ends, default=None),
        observations=max((one.get("observations") or 0 for _, one in found), default=0),
        age_days=age,
        too_old=config.monitor.max_age is not None and age > config.monitor.max_age,
        false_alarms_a_year=config.monitor.false_alarms_a_year,
        signals=(moved, broken),
    )
    curves = tuple(
        Curve(one, np.array([np.nan if one.value is None else one.value]), one.threshold or np.nan)
        for one in look.signals
    )
    return Watch(
        look, (look.end,) if look.end else (), curves if look.end else (), np.full(1 if look.end else 0, np.nan)
    )


def _moved_signal(config: Config, panel: PanelLook) -> Signal:
    table = panel.table[panel.table["moved"]].sort_values("rarity", kind="stable")
    bound = config.panel.moved_share
    share = panel.moved / panel.watched if panel.watched else None
    since = table["since"].dropna()
    passed = share is None or panel.moved == 0 or share < bound
    return Signal(
        name="moved_series",
        group="world",
        passed=passed,
        value=share,
        threshold=bound,
        since=None if passed or since.empty else str(since.min()),
        code=_code(panel),
        length=panel.watched,
        size=float(panel.moved),
        detail=_names(table),
    )


def _code(panel: PanelLook) -> str:
    if panel.watched:
        return "measured"
    return "nothing_watched" if "nothing_newer" in panel.states else "nothing_told"


def _broken_signal(config: Config, panel: PanelLook) -> Signal:
    table = panel.table[panel.table["state"] == "broken"]
    bound = config.panel.max_failed_share
    known = panel.series - panel.states.get("new", 0)
    share = len(table) / known if known else 0.0
    return Signal(
        name="broken_series",
        group="data",
        passed=bound is None or share <= bound,
        value=share,
        threshold=bound,
        length=known,
        size=float(len(table)),
        detail=_names(table),
    )


def _names(table: pd.DataFrame) -> str:
    more = [f"and {len(table) - _NAMED} more"] if len(table) > _NAMED else []
    return ", ".join([*map(repr, table["unique_id"].head(_NAMED)), *more])


def _document(found: PanelMonitored) -> dict[str, Any]:
    panel = found.panel
    counts = {} if panel is None else {"states": panel.states, "by_signal": panel.by_signal}
    return {
        **found.look.model_dump(mode="json"),
        **counts,
        "summary": look_sentence(found.look),
        "reasons": {signal.name: signal_sentence(signal) for signal in found.look.signals},
    }


def _table(panel: PanelLook, found: Findings) -> pa.Table:
    """Return a row a series: what was decided, and each signal's value and threshold as ``NAME`` and ``NAME_bound``."""
    measured: dict[str, list[float | None]] = {}
    for place, (_, one) in enumerate(found):
        for signal in one.get("signals", ()):
            for name, key in ((signal["name"], "value"), (f"{signal['name']}_bound", "threshold")):
                measured.setdefault(name, [None] * len(found))[place] = signal[key]
    table = pa.Table.from_pandas(panel.table, preserve_index=False)
    for name in sorted(measured):
        table = table.append_column(name, pa.array(measured[name], pa.float64()))
    return table
