"""Retrain ARIMA forecasts on MLflow; promote a new model only when it has earned it.

For Python, ``import forecastops as fo``: `fo.train`, `fo.evaluate`, `fo.promote` and the others of ``fo.__all__`` do
what the commands of those names do.

The floors, each importing only from those below it: ``commands`` (click), ``api`` and ``results`` (for Python),
``reporting`` (facts to words and documents), ``usecases`` (one function each), ``release`` (how a version moves into
production), ``config`` (its sections stand beside what reads them), ``adapters`` (MLflow, files, endpoints), ``gate``
and ``forecasting`` (pure), ``data`` (from cells to a series), ``core`` (errors, locks, files, names of tags).
"""

from importlib import import_module
from typing import Any

# Where each name is, to be imported when it is first asked for: `import forecastops` takes milliseconds. Types are in
# __init__.pyi.
_PLACES = {
    "api.arguments": ("load_config",),
    "api.learning": ("check_data", "cut_panel", "evaluate", "replay", "report", "train"),
    "api.beginning": ("init",),
    "api.looking": ("history", "series_status", "ui"),
    "api.past": ("backtest",),
    "api.production": ("forecast", "promote", "renew", "retrain", "rollback", "serve", "sign", "status"),
    "api.watching": ("monitor",),
    "config": ("Config",),
    "core.errors": (
        "ConfigError",
        "DataError",
        "EndpointError",
        "ForecastopsError",
        "ModelError",
        "PromotionRefusedError",
        "RegistryError",
    ),
    "results.backtest": ("BacktestResult", "PanelBacktestResult"),
    "results.beginning": ("InitResult",),
    "results.evaluation": ("CheckDataResult", "EvaluateResult", "TrainResult"),
    "results.history": ("HistoryResult",),
    "results.report": ("ReportResult",),
    "results.monitoring": ("MonitorResult",),
    "results.production": ("ForecastResult", "PromoteResult", "RenewResult", "RetrainResult", "StatusResult"),
    "results.panels": ("PanelEvaluateResult", "PanelForecastResult", "PanelTrainResult"),
    "results.series_status": ("SeriesStatusResult",),
    "results.panel_cut": ("PanelCutResult",),
    "results.signing": ("SignResult",),
}
_MODULES = {name: f"{__name__}.{module}" for module, names in _PLACES.items() for name in names}

__all__ = sorted(_MODULES)  # noqa: PLE0605  # the same names as in __init__.pyi, which a test compares
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
