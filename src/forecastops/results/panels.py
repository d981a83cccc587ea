"""What the functions return for a panel: what they return for one series, and what many series add to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from forecastops.reporting import documents, summary
from forecastops.reporting.monitoring import (
    panel_monitored_document,
    panel_monitored_report,
    panel_monitored_text,
)
from forecastops.reporting.panel_summary import joined_report, panel_decision_report, panel_trained_report
from forecastops.reporting.panels import (
    decision_text,
    forecast_text,
    panel_check_text,
    trained_text,
)
from forecastops.reporting.sentences.panels import panel_check, panel_summary
from forecastops.results.base import Result, part
from forecastops.results.evaluation import (
    Check,
    CheckDataResult,
    ComparedChampion,
    EvaluateResult,
    TrainingData,
    TrainResult,
    Window,
)
from forecastops.results.make import promote_result, renew_result
from forecastops.results.monitoring import MonitorResult, Signal
from forecastops.results.production import ForecastResult, RetrainResult

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from forecastops.usecases.panels.check import PanelReport
    from forecastops.usecases.panels.forecast import PanelForecast
    from forecastops.usecases.panels.monitor import PanelMonitored
    from forecastops.usecases.panels.record import PanelDecision
    from forecastops.usecases.panels.retrain import PanelRetrained
    from forecastops.usecases.panels.train import PanelTrained

__all__ = [
    "PanelCheckResult",
    "PanelEvaluateResult",
    "PanelForecastResult",
    "PanelMonitorResult",
    "PanelTrainResult",
    "panel_check_result",
    "panel_evaluate_result",
    "panel_forecast_result",
    "panel_monitor_result",
    "panel_retrain_result",
    "panel_train_result",
]


@dataclass(frozen=True)
class PanelTrainResult(TrainResult):
    """A run with a panel that is not registered.

    Attributes:
        series: how many it holds.
        counts: how many were compared, new, rejected, kept or failed.
        screening: how many were fitted anew for which reason, and how many were calm; empty where all were fitted.
        failed: reasons of those that failed, and how many for each.
        champion: the version that each was compared with; None without one.
    """

    series: int
    counts: dict[str, int]
    screening: dict[str, int]
    failed: dict[str, int]
    champion: str | None

    def _repr_html_(self) -> str:
        return Result._repr_html_(self)


@dataclass(frozen=True)
class PanelCheckResult(CheckDataResult):
    """What a long table holds; its counts are over all series that can be read.

    Attributes:
        series: how many there are.
        fates: how many are kept, defaulted to the seasonal naive because no model can be fitted, refused.
        frequencies: how many are of which; ``frequency`` is that of most.
        problems: what is wrong or odd: ``fate``, ``reason``, ``series`` (how many) and ``examples`` (names) of each.
    """

    series: int
    fates: dict[str, int]
    frequencies: dict[str, int]
    problems: tuple[dict[str, Any], ...]

    def _repr_html_(self) -> str:
        return Result._repr_html_(self)


@dataclass(frozen=True)
class PanelEvaluateResult(EvaluateResult):
    """A decision about a panel; its ``checks`` are the guardrails of the whole.

    Attributes:
        series: how many there are.
        actions: how many change, are new, keep what they have, get the seasonal naive, are left out.
        reasons: how many for which reason.
        states: how many champions were renewed, left unchanged or refused the data.
        screening: how many were fitted anew for which reason, and how many were calm; empty where all were fitted.
        gains: quantiles of the changed series' gains, as shares of the RMSE.
    """

    series: int = 0
    actions: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    screening: dict[str, int] = field(default_factory=dict)
    gains: dict[str, float | None] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        return Result._repr_html_(self)


@dataclass(frozen=True)
class PanelMonitorResult(MonitorResult):
    """What a look at a panel found; ``signals`` are two for the whole, the shares that moved and whose data are broken.

    Attributes:
        series: how many there are.
        states: how many are watched, untold, broken, new, absent.
        moved_series: how many of those watched have moved, decided on together.
        by_signal: how many of these by which signal.
        broken_by: how many series' data are broken by which signal.
        worst: the series that moved most surely, then those with broken data: ``series``, ``state``, ``adjusted`` (the
            p-value among all), ``since`` and ``reason``.
        table: where on the run the Parquet table with a row a series lies.
    """

    series: int
    states: dict[str, int]
    moved_series: int
    by_signal: dict[str, int]
    broken_by: dict[str, int]
    worst: tuple[dict[str, Any], ...]
    table: str | None

    def _repr_html_(self) -> str:
        return Result._repr_html_(self)


@dataclass(frozen=True)
class PanelForecastResult(ForecastResult):
    """Forecasts of a panel's series; ``forecast`` has the rows, with ``unique_id``, where no file holds them.

    Attributes:
        series: how many were forecast.
        rows: how many there are.
        output: the file that holds them; None where none was asked for.
    """

    series: int
    rows: int
    output: str | None
    _table: pa.Table = field(kw_only=True, repr=False, compare=False)

    def to_frame(self) -> pd.DataFrame:
        """Return a frame with ``unique_id``, ``date`` (timestamps), ``mean`` and bounds."""
        frame: pd.DataFrame = self._table.to_pandas()
        return frame

    def _repr_html_(self) -> str:
        return Result._repr_html_(self)


def panel_check_result(found: PanelReport) -> PanelCheckResult:
    """Return what a long table holds."""
    document = asdict(found) | {"first": None, "last": None}
    shown = Result.shown(document, panel_check_text(document))
    return PanelCheckResult(**document, **shown)


def panel_train_result(found: PanelTrained) -> PanelTrainResult:
    """Return the run and what is in it."""
    facts = asdict(found)
    document = facts | {"spec": {}, "selection": None}
    lines = trained_text(facts)
    shown = Result.shown(document, lines, panel_trained_report(facts))
    data = {name: facts["data"][name] for name in ("start", "end", "rows", "sha256")}
    return PanelTrainResult(**document | {"data": TrainingData(**data)}, **shown)


def panel_evaluate_result(found: PanelDecision, *, replayed: bool = False) -> PanelEvaluateResult:
    """Return the decision, or its replay."""
    facts = found.model_dump(mode="json")
    measured = ("name", "passed", "value", "threshold")
    checks = [{name: check[name] for name in measured} | {"reason": panel_check(check)} for check in facts["checks"]]
    names = ("run_id", "verdict", "series", "actions", "reasons", "states", "screening", "gains", "window")
    champion: dict[str, Any] | None = None
    if found.champion is not None:
        opponent: dict[str, Any] = {"version": found.champion, "model_version": None, "run_id": found.champion_run}
        champion = opponent | {"re_estimated": False, "recorded": None, "gone": False}
    told: dict[str, Any] = {"needed": [], "warnings": [], "metrics": {}, "champion": champion}
    document = {name: facts[name] for name in names} | {"summary": panel_summary(facts), "checks": checks} | told
    document |= {"replayed": True, "decided_at": found.decided_at} if replayed else {}
    parts = {
        "checks": tuple(Check(**check) for check in checks),
        "champion": ComparedChampion(**champion) if champion else None,
        "window": Window(**facts["window"]),
        "needed": (),
        "warnings": (),
    }
    lines = decision_text(facts, replayed=replayed)
    shown = Result.shown(document, lines, panel_decision_report(facts))
    return PanelEvaluateResult(**document | parts, **shown)


def panel_monitor_result(found: PanelMonitored) -> PanelMonitorResult:
    """Return what a look at a panel found."""
    document = panel_monitored_document(found)
    shown = Result.shown(document, panel_monitored_text(found), panel_monitored_report(found))
    parts = {
        "moved": found.look.moved,
        "signals": tuple(part(Signal, signal) for signal in document["signals"]),
        "worst": tuple(document["worst"]),
    }
    return PanelMonitorResult(**document | parts, **shown)


def panel_retrain_result(found: PanelRetrained) -> RetrainResult:
    """Return what the three steps came to."""
    train, evaluate, moved = panel_train_result(found.train), panel_evaluate_result(found.evaluate), found.outcome
    renewed = moved.renewed and not moved.promoted
    document = {
        "train": train.to_dict(),
        "evaluate": evaluate.to_dict(),
        "promote": documents.moved_document(moved) if moved.promoted else None,
        "renew": documents.renewed_document(moved) if renewed else None,
        "note": moved.note,
    }
    lines = "\n".join([str(train), str(evaluate), moved.note])
    told = [*filter(None, (train.to_report(), evaluate.to_report())), summary.moved_report(moved, "promote")]
    return RetrainResult(
        train,
        evaluate,
        promote_result(moved, "promote") if moved.promoted else None,
        renew_result(moved) if renewed else None,
        moved.note,
        **Result.shown(document, lines, joined_report(f"retrain-{train.run_id[:8]}", told)),
    )


def panel_forecast_result(found: PanelForecast) -> PanelForecastResult:
    """Return the forecasts."""
    facts: dict[str, Any] = {
        "version": found.version,
        "series": found.series,
        "rows": found.table.num_rows,
        "output": str(found.output) if found.output else None,
    }
    rows: list[dict[str, Any]] = []
    if found.output is None:
        rows = [row | {"date": row["date"].isoformat().removesuffix("T00:00:00")} for row in found.table.to_pylist()]
    document = facts | {"forecast": rows}
    shown = Result.shown(document, forecast_text(facts, rows))
    return PanelForecastResult(**document | {"forecast": tuple(rows)}, _table=found.table, **shown)
