"""Watch the champion: has the world moved, has the model failed, or have the data broken?"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import pandas as pd

from forecastops.adapters.alerts.channels import channels
from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.adapters.sources.read_series import Source, read_newest_part
from forecastops.config import Config
from forecastops.core.errors import ForecastopsError, RegistryError
from forecastops.core.signatures import Trusted
from forecastops.core.tags import MONITOR_BROKEN, MONITOR_RETRAIN
from forecastops.data.duplicates import RepeatedDatesError
from forecastops.data.series import Series
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.model import joined
from forecastops.gate.data_checks import unusable
from forecastops.monitoring.quality import Given
from forecastops.monitoring.signal import Look
from forecastops.monitoring.watch import Watch, watch
from forecastops.release.champion import current_champion
from forecastops.release.legacy_champion import made_by_forecastops, proven_model
from forecastops.reporting.sentences.signals import look_sentence, signal_sentence
from forecastops.usecases.alerting import tell
from forecastops.usecases.watch_log import watch_run

__all__ = ["PAGE", "Monitored", "monitor", "tell_mlflow", "watch_champion", "whom_to_watch"]

PAGE = "monitor.html"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Monitored:
    """What was found, and where it is kept.

    Attributes:
        model_name: of the registered model.
        version: the champion's; None where there is none.
        run_id: of the run in which its model is watched; None where there is none that can be.
        found: the look, and each signal as a curve.
    """

    model_name: str
    version: str | None
    run_id: str | None
    found: Watch

    @property
    def look(self) -> Look:
        """The newest day's signals, and what follows."""
        return self.found.look


Page: TypeAlias = Callable[[Monitored], str]


def monitor(
    config: Config,
    sources: Sequence[Source],
    now: pd.Timestamp | None = None,
    page: Page | None = None,
    *,
    may_be_first: bool = False,
) -> Monitored:
    """Look at the champion on the newest data; production stays as it is.

    What is found is added to the run in which this model is watched, and told to whom the section ``alerts`` names.

    Args:
        config: names model and registry, how files are read, and the rate of false alarms.
        sources: files of the newest data; what they do not reach back to is taken from the champion's own.
        now: against which lateness counts; None where it does not.
        page: makes the page that is kept with the curves.
        may_be_first: whether it is no error that there is no champion that can be watched: then one is to be trained.

    Raises:
        DataError: when the files make no regular series.
        RegistryError: when there is no champion, or the registry does not answer.
        ModelError: when its model cannot be rebuilt.
    """
    whom = whom_to_watch(config, may_be_first, "promote a model first")
    if whom.champion is None:
        monitored = Monitored(whom.registry.name, whom.version, None, Watch.nothing(whom.nothing))
    else:
        model = proven_model(whom.runs, whom.registry, whom.champion)
        found = watch_champion(config, model, sources, now)
        monitored = _logged(config, whom.runs, whom.champion, found, page)
    tell_mlflow(whom.runs, monitored.look)
    return monitored


@dataclass(frozen=True, eq=False)
class WhomToWatch:
    """Whose forecasts are watched, or why nobody's can be.

    Attributes:
        registry: of the model.
        runs: of its tracking server.
        version: of the model in production, whoever made it; None where there is none.
        champion: in production and made by forecastops; None where nobody can be watched.
        nothing: what is said where nobody can be.
    """

    registry: ModelRegistry
    runs: Runs
    version: str | None
    champion: ModelVersion | None
    nothing: Look


def whom_to_watch(config: Config, may_be_first: bool, way_out: str) -> WhomToWatch:
    """Find the champion, of one series or of a panel.

    Args:
        config: names model and registry, and the rate of false alarms.
        may_be_first: whether it is no error that there is no champion that can be watched.
        way_out: what an error says to do first.

    Raises:
        RegistryError: when there is no champion, or the registry does not answer.
    """
    connection = connect(config.tracking, may_create=may_be_first)
    registry = ModelRegistry(connection, config.registry)
    runs = Runs(connection, Trusted.of(config.signing), config.registry.model_name)
    runs.require_resumable()
    current = current_champion(registry)
    if current is None and not may_be_first:
        raise RegistryError(f"model {registry.name!r}", "has no champion to watch", way_out)
    version = current.version if current else None
    champion = version
    why: Literal["no_champion", "legacy_champion"] = "no_champion"
    if may_be_first and version is not None and not made_by_forecastops(runs, registry, version):
        champion, why = None, "legacy_champion"
    nothing = Look.nothing(why, config.monitor.false_alarms_a_year)
    return WhomToWatch(registry, runs, version.version if version else None, champion, nothing)


def watch_champion(
    config: Config, champion: Forecaster, sources: Sequence[Source], now: pd.Timestamp | None = None
) -> Watch:
    """Look at a champion on the newest data, and keep nothing."""
    own = Series(champion.values, filled=champion.interpolated)
    evaluation = config.evaluation_of(own.frequency)
    try:
        newest = read_newest_part(sources, config.data).series(champion.frequency)
    except RepeatedDatesError as error:
        given = Given(own, own, evaluation.season_length, now, repeated=f"{error.where}: {error.what}")
        return watch(champion, given, evaluation, config.gate, config.monitor)
    for note in newest.notes:
        _LOG.warning("%s", note)
    series = newest if unusable(champion, newest.values) else joined(champion, newest)
    given = Given(series, newest, evaluation.season_length, now)
    return watch(champion, given, evaluation, config.gate, config.monitor)


def _logged(config: Config, runs: Runs, version: ModelVersion, found: Watch, page: Page | None) -> Monitored:
    name = config.registry.model_name
    document = {
        **found.look.model_dump(mode="json"),
        "summary": look_sentence(found.look),
        "reasons": {signal.name: signal_sentence(signal) for signal in found.look.signals},
    }
    files = {"look.json": json.dumps(document, indent=1, allow_nan=False) + "\n"}
    with watch_run(runs, name, version) as run:
        monitored = Monitored(name, version.version, run.recorder.run_id, found)
        if page is not None:
            files[PAGE] = page(monitored)
        run.log(found, files)
        tell(found.look, name, version.version, run, channels(config.alerts))
    return monitored


def tell_mlflow(runs: Runs, look: Look) -> None:
    """Tell the run that ``mlflow run`` made, if any, what came of it."""
    if runs.made_by_mlflow is None:
        return
    try:
        with runs.record("monitor") as recorder:
            recorder.tags({MONITOR_RETRAIN: str(look.retrain).lower(), MONITOR_BROKEN: str(look.broken).lower()})
    except ForecastopsError as error:
        _LOG.warning("what was found was not recorded on the run of `mlflow run`: %s", error)
