from forecastops.api.arguments import load_config as load_config
from forecastops.api.beginning import init as init
from forecastops.api.learning import check_data as check_data
from forecastops.api.learning import cut_panel as cut_panel
from forecastops.api.learning import evaluate as evaluate
from forecastops.api.learning import replay as replay
from forecastops.api.learning import report as report
from forecastops.api.learning import train as train
from forecastops.api.looking import history as history
from forecastops.api.looking import series_status as series_status
from forecastops.api.looking import ui as ui
from forecastops.api.past import backtest as backtest
from forecastops.api.production import forecast as forecast
from forecastops.api.production import promote as promote
from forecastops.api.production import renew as renew
from forecastops.api.production import retrain as retrain
from forecastops.api.production import rollback as rollback
from forecastops.api.production import serve as serve
from forecastops.api.production import sign as sign
from forecastops.api.production import status as status
from forecastops.api.watching import monitor as monitor
from forecastops.config import Config as Config
from forecastops.core.errors import ConfigError as ConfigError
from forecastops.core.errors import DataError as DataError
from forecastops.core.errors import EndpointError as EndpointError
from forecastops.core.errors import ForecastopsError as ForecastopsError
from forecastops.core.errors import ModelError as ModelError
from forecastops.core.errors import PromotionRefusedError as PromotionRefusedError
from forecastops.core.errors import RegistryError as RegistryError
from forecastops.results.backtest import BacktestResult as BacktestResult
from forecastops.results.backtest import PanelBacktestResult as PanelBacktestResult
from forecastops.results.beginning import InitResult as InitResult
from forecastops.results.evaluation import CheckDataResult as CheckDataResult
from forecastops.results.evaluation import EvaluateResult as EvaluateResult
from forecastops.results.evaluation import TrainResult as TrainResult
from forecastops.results.history import HistoryResult as HistoryResult
from forecastops.results.monitoring import MonitorResult as MonitorResult
from forecastops.results.panel_cut import PanelCutResult as PanelCutResult
from forecastops.results.panels import PanelEvaluateResult as PanelEvaluateResult
from forecastops.results.panels import PanelForecastResult as PanelForecastResult
from forecastops.results.panels import PanelTrainResult as PanelTrainResult
from forecastops.results.production import ForecastResult as ForecastResult
from forecastops.results.production import PromoteResult as PromoteResult
from forecastops.results.production import RenewResult as RenewResult
from forecastops.results.production import RetrainResult as RetrainResult
from forecastops.results.production import StatusResult as StatusResult
from forecastops.results.report import ReportResult as ReportResult
from forecastops.results.series_status import SeriesStatusResult as SeriesStatusResult
from forecastops.results.signing import SignResult as SignResult

__all__ = [
    "BacktestResult",
    "CheckDataResult",
    "Config",
    "ConfigError",
    "DataError",
    "EndpointError",
    "EvaluateResult",
    "ForecastResult",
    "ForecastopsError",
    "HistoryResult",
    "InitResult",
    "ModelError",
    "MonitorResult",
    "PanelBacktestResult",
    "PanelCutResult",
    "PanelEvaluateResult",
    "PanelForecastResult",
    "PanelTrainResult",
    "PromoteResult",
    "PromotionRefusedError",
    "RegistryError",
    "RenewResult",
    "ReportResult",
    "RetrainResult",
    "SeriesStatusResult",
    "SignResult",
    "StatusResult",
    "TrainResult",
    "backtest",
    "check_data",
    "cut_panel",
    "evaluate",
    "forecast",
    "history",
    "init",
    "load_config",
    "monitor",
    "promote",
    "renew",
    "replay",
    "report",
    "retrain",
    "rollback",
    "series_status",
    "serve",
    "sign",
    "status",
    "train",
    "ui",
]
__version__: str
