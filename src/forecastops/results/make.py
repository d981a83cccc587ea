"""Results from what the use cases return: the JSON's keys as fields, and the words for a person and a build system."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from forecastops.reporting import documents, summary, text
from forecastops.reporting.backtest import backtest_document, backtest_text
from forecastops.reporting.data import check_text
from forecastops.reporting.monitoring import monitored_document, monitored_report, monitored_text
from forecastops.reporting.panel_backtest import panel_backtest_document, panel_backtest_text
from forecastops.results.backtest import BacktestResult, PanelBacktestResult
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
from forecastops.results.monitoring import MonitorResult, Signal
from forecastops.results.production import (
    ChampionInProduction,
    Endpoint,
    ForecastResult,
    PromoteResult,
    RenewResult,
    RetrainResult,
    StatusResult,
)

if TYPE_CHECKING:
    from forecastops.backtesting.panel_results import PanelBacktest
    from forecastops.backtesting.results import Backtest
    from forecastops.config import Config
    from forecastops.gate.record import Decision
    from forecastops.usecases.forecast import ForecastResult as Forecast
    from forecastops.usecases.monitor import Monitored
    from forecastops.usecases.moved import Moved
    from forecastops.usecases.prepare_data import SeriesReport
    from forecastops.usecases.retrain import Retrained
    from forecastops.usecases.status import Status
    from forecastops.usecases.train import TrainResult as Trained

__all__ = [
    "backtest_result",
    "check_data_result",
    "evaluate_result",
    "forecast_result",
    "monitor_result",
    "panel_backtest_result",
    "promote_result",
    "renew_result",
    "retrain_result",
    "status_result",
    "train_result",
]


def backtest_result(found: Backtest) -> BacktestResult:
    """Return what the policies would have done."""
    shown = Result.shown(backtest_document(found), backtest_text(found))
    document = json.loads(shown["_json"])
    parts = {name: tuple(document[name]) for name in ("policies", "breaks")}
    return BacktestResult(**document | parts, _found=found, **shown)


def panel_backtest_result(found: PanelBacktest) -> PanelBacktestResult:
    """Return what the policies would have done on a panel."""
    shown = Result.shown(panel_backtest_document(found), panel_backtest_text(found))
    document = json.loads(shown["_json"])
    parts = {name: tuple(document[name]) for name in ("policies", "breaks", "segments", "improved", "worst")}
    return PanelBacktestResult(**document | parts, _found=found, **shown)


def check_data_result(found: SeriesReport) -> CheckDataResult:
    """Return what was found in the data."""
    document = asdict(found) | {"notes": list(found.notes)}
    return CheckDataResult(**document | {"notes": found.notes}, **Result.shown(document, check_text(found)))


def train_result(found: Trained) -> TrainResult:
    """Return the run and what is in it."""
    shown = Result.shown(documents.train_document(found), text.train_text(found), summary.train_report(found))
    document = json.loads(shown["_json"])
    return TrainResult(**document | {"data": part(TrainingData, document["data"])}, **shown)


def evaluate_result(found: Decision, *, replayed: bool = False) -> EvaluateResult:
    """Return the decision."""
    words = text.decision_text(found, replayed)
    shown = Result.shown(documents.decision_document(found, replayed), words, summary.decision_report(found))
    document = json.loads(shown["_json"])
    parts = {
        "checks": tuple(part(Check, check) for check in document["checks"]),
        "champion": _part(ComparedChampion, document["champion"]),
        "window": part(Window, document["window"]),
        "needed": tuple(document["needed"]),
        "warnings": tuple(document["warnings"]),
    }
    return EvaluateResult(**document | parts, **shown)


def promote_result(found: Moved, command: str) -> PromoteResult:
    """Return what a promotion or rollback came to."""
    shown = Result.shown(documents.moved_document(found), found.note, summary.moved_report(found, command))
    return PromoteResult(**_moved(found, json.loads(shown["_json"])), **shown)


def renew_result(found: Moved) -> RenewResult:
    """Return what a renewal came to."""
    shown = Result.shown(documents.renewed_document(found), found.note, summary.moved_report(found, "renew"))
    return RenewResult(**_moved(found, json.loads(shown["_json"])), **shown)


def retrain_result(found: Retrained) -> RetrainResult:
    """Return what the three steps came to."""
    report = summary.retrained_report(found)
    return RetrainResult(
        train_result(found.train),
        evaluate_result(found.evaluate),
        promote_result(found.promote, "promote") if found.promote else None,
        renew_result(found.renew) if found.renew else None,
        found.outcome.note,
        **Result.shown(documents.retrained_document(found), text.retrained_text(found), report),
    )


def status_result(found: Status, config: Config) -> StatusResult:
    """Return what is in production."""
    shown = Result.shown(documents.status_document(found), text.status_text(found), summary.status_report(found))
    document = json.loads(shown["_json"])
    parts = {
        "champion": _part(ChampionInProduction, document["champion"]),
        "endpoint": _part(Endpoint, document["endpoint"]),
        "problems": tuple(document["problems"]),
    }
    return StatusResult(**document | parts, _found=found, _config=config, **shown)


def forecast_result(found: Forecast) -> ForecastResult:
    """Return the forecast."""
    shown = Result.shown({"version": found.version, "forecast": found.forecast}, text.forecast_text(found))
    return ForecastResult(found.version, tuple(json.loads(shown["_json"])["forecast"]), **shown)


def monitor_result(found: Monitored) -> MonitorResult:
    """Return what a look at the champion found."""
    shown = Result.shown(monitored_document(found), monitored_text(found), monitored_report(found))
    document = json.loads(shown["_json"])
    parts = {"moved": found.look.moved, "signals": tuple(part(Signal, signal) for signal in document["signals"])}
    return MonitorResult(**document | parts, **shown)


def _moved(found: Moved, document: dict[str, Any]) -> dict[str, Any]:
    return document | {"endpoint": _part(Endpoint, document["endpoint"]), "refused": found.refused}


def _part(record: type[Any], document: dict[str, Any] | None) -> Any:
    return None if document is None else part(record, document)
