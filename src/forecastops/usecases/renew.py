"""Renew the champion: the same parameters, the newest data; no training."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from forecastops.adapters.endpoint.interface import EndpointState
from forecastops.adapters.mlflow_store.registry import FilesGoneError, ModelVersion
from forecastops.adapters.sources.read_series import Source, read_newest_part, source_names
from forecastops.config import Config
from forecastops.core.errors import ForecastopsError, ModelError, PromotionRefusedError
from forecastops.core.redaction import redacted
from forecastops.core.tags import (
    COMMAND,
    DATA_DIGEST,
    DATA_END,
    DATA_REFUSED,
    DATA_SOURCE,
    MODEL_NAME,
    NOTE,
    RENEWED,
    RUN_NAME,
    VERSION,
)
from forecastops.data.series import Series
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.model import joined
from forecastops.forecasting.training import refit
from forecastops.gate.check import Check
from forecastops.gate.data_checks import judge_data, unusable
from forecastops.gate.guardrails import COMPARABLE_DATA
from forecastops.release.entry import Kind
from forecastops.release.events import Event, record_event
from forecastops.release.legacy_champion import champion_model, proven_model
from forecastops.release.live_record import measured_live_error
from forecastops.release.production import Production
from forecastops.release.pruning import prune_renewals
from forecastops.release.recovery import recover_interrupted, repair
from forecastops.release.successor import install, refitted, renewed
from forecastops.reporting.sentences.checks import reason_of
from forecastops.reporting.sentences.markdown import plain
from forecastops.reporting.sentences.obstacles import obstacle_sentence
from forecastops.reporting.sentences.runs import run_name
from forecastops.usecases.moved import Moved

__all__ = ["bring_up_to_date", "on_hold", "renew"]

_LOG = logging.getLogger(__name__)
_ANOTHER_MODEL = "train a new model on them, and put it in its place: forecastops promote --run-id R --force --reason T"
_WAY_OUT = "correct them; where they are right all the same, run `forecastops renew` with --accept-data --reason T"


class _Data(NamedTuple):
    """What is to become the champion's state, and where it came from."""

    series: Series
    source: str


class _Refusal(NamedTuple):
    """The checks that refuse data, and why the first of them does."""

    checks: tuple[str, ...]
    reason: str


def renew(config: Config, sources: Sequence[Source], accept_reason: str | None = None) -> Moved:
    """Give the champion the newest data, and deploy that as a version of its own.

    Data that are not the champion's series, or whose newest rows are implausible, change nothing, unless
    ``accept_reason`` says why they are right. Data that it has already, or older ones, change nothing either.
    Running it again finishes or undoes what an interrupted call has begun.

    Args:
        config: names model, registry and endpoint.
        sources: files of the newest data; what they do not reach back to stays as the champion has it.
        accept_reason: recorded on the version.

    Raises:
        DataError: when the files make no regular series.
        PromotionRefusedError: when there is no champion, or these data can never be its state.
        ModelError: when the champion cannot be rebuilt.
        EndpointError: when deployment or smoke test fail; production is then as it was.
    """
    part = read_newest_part(sources, config.data)
    production = Production.open(config)
    production.runs.require_resumable()
    production.runs.require_new_run_possible()
    source = source_names(sources)
    with production.exclusively():
        recover_interrupted(production)
        champion = production.current()
        if champion is None:
            place = f"model {production.registry.name!r}"
            raise PromotionRefusedError(place, "has no champion to renew", "promote a model first")
        model = proven_model(production.runs, production.registry, champion)
        series = part.series(model.frequency)
        for note in series.notes:
            _LOG.warning("%s", note)
        moved = _renew(production, champion, model, _Data(series, source), accept_reason and redacted(accept_reason))
    _log(production, series.end, moved)
    return moved


def on_hold(production: Production, champion: ModelVersion, challenger: Forecaster, source: str) -> Moved:
    """Give a champion that stays what ``deployment.on_hold`` says: the challenger's data, or an estimation on them.

    After a rejection too: what failed is the challenger, and old parameters served worse than newer ones by 1 to 2 %.

    Args:
        production: locked by the caller, with nothing interrupted left in it.
        champion: the version under the pointer.
        challenger: its series is the newest data; of its parameters nothing is used.
        source: where the data came from.

    Raises:
        EndpointError: when deployment or smoke test fail; production is then as it was.
    """
    try:
        model = champion_model(production.runs, production.registry, champion)
    except FilesGoneError as error:
        return _unchanged(champion, f"{error.what}; {error.remedy}")
    if model is None:
        return _unchanged(champion, "the champion was not made by forecastops, so it cannot be renewed")
    series = Series(challenger.values, filled=challenger.interpolated)
    if production.config.deployment.on_hold == "refit":
        return _refit(production, champion, model, _Data(series, source))
    return _renew(production, champion, model, _Data(series, source))


def bring_up_to_date(production: Production, holder: ModelVersion, data: ModelVersion) -> Moved | None:
    """Renew the champion ``holder`` by the data of the champion before, where these are newer and fit its model.

    What fails here is said, and left to the next renewal: the holder is the champion already.
    """
    try:
        model, known = (proven_model(production.runs, production.registry, version) for version in (holder, data))
        series = Series(known.values, filled=known.interpolated)
        if series.index[-1] <= model.values.index[-1]:
            return None
        refused = _refused(judge_data(model, series, production.config.gate))
        if refused:
            _LOG.warning("version %s keeps its own data: %s", holder.version, reason_of(refused[0]))
            return None
        successor = renewed(holder, _on(model, series), f"version {data.version}")
        version, state = install(production, successor, Kind.RENEW, previous=holder.version, reason=None)
    except ForecastopsError as error:
        _LOG.warning("version %s could not be given newer data: %s", holder.version, error)
        return None
    return Moved.renewed_to(version.version, holder.version, state, f"renewed through {series.end}")


def _renew(
    production: Production, champion: ModelVersion, model: Forecaster, data: _Data, accept_reason: str | None = None
) -> Moved:
    given, source = data
    if never := unusable(model, given.values):
        if accept_reason is not None:
            what = f"cannot be the state of this model: {obstacle_sentence(never)}"
            raise PromotionRefusedError(source, what, _ANOTHER_MODEL)
        refusal = _Refusal((COMPARABLE_DATA,), obstacle_sentence(never))
        return _refused_data(production, champion, data, refusal)
    series = joined(model, given)
    if already := _already(model, series, accept_reason):
        state, repaired = repair(production, champion, model.reference())
        return _unchanged(champion, already + ("; its endpoint was repaired" if repaired else ""), state)
    refused = _refused(judge_data(model, series, production.config.gate, given))
    if refused and accept_reason is None:
        _LOG.warning("the data are refused: %s; %s", reason_of(refused[0]), _WAY_OUT)
        refusal = _Refusal(tuple(check.name for check in refused), reason_of(refused[0]))
        return _refused_data(production, champion, data, refusal)
    if refused:
        _LOG.warning("accepted although %s: %s", reason_of(refused[0]), accept_reason)
    live = measured_live_error(production.config, model, series)
    successor = renewed(champion, _on(model, series), source, accept_reason if refused else None)
    successor = replace(successor, live=live)
    version, state = install(production, successor, Kind.RENEW, previous=champion.version, reason=accept_reason)
    prune_renewals(production)
    note = f"version {version.version}, renewed through {series.end}, serves at {state.url}"
    return Moved.renewed_to(version.version, champion.version, state, note)


def _refit(production: Production, champion: ModelVersion, model: Forecaster, data: _Data) -> Moved:
    """Estimate the champion's specification on the new data; renew it where that fails, or taught nothing."""
    config, (series, source) = production.config, data
    refused = _refused(judge_data(model, series, config.gate))
    if refused or series.index[-1] <= model.known_through:
        return _renew(production, champion, model, data)
    try:
        trained = refit(model, series, config.evaluation_of(series.frequency), config.model.max_iterations)
    except ModelError as error:
        _LOG.warning("the champion's specification cannot be re-estimated: %s", error)
        return _renew(production, champion, model, data)
    live = measured_live_error(config, model, series)
    successor = replace(refitted(champion, trained.model, trained.metrics, source), live=live)
    version, state = install(production, successor, Kind.REFIT, previous=champion.version, reason=None)
    now_champion = f"version {version.version}, which is the champion now and serves at {state.url}"
    note = f"its specification, refitted through {series.end}, is {now_champion}"
    return Moved.renewed_to(version.version, champion.version, state, note)


def _refused_data(production: Production, champion: ModelVersion, data: _Data, refusal: _Refusal) -> Moved:
    """Leave the champion as it is, and an alarm behind as a run: nothing else would tell of it later."""
    end = data.series.end
    alarm = Event(
        kind="alarm", version=champion.version, checks=refusal.checks, because=redacted(refusal.reason), data_end=end
    )
    names = ", ".join(refusal.checks)
    about = {DATA_SOURCE: redacted(data.source), DATA_DIGEST: data.series.sha256, DATA_END: end, DATA_REFUSED: names}
    record_event(production.runs, production.registry.name, alarm, tags=about)
    return _unchanged(champion, f"{names}: {refusal.reason}", refused=True)


def _on(model: Forecaster, series: Series) -> Forecaster:
    return model.with_data(series.values, series.filled)


def _already(model: Forecaster, series: Series, accept_reason: str | None) -> str | None:
    """Tell why there is nothing to renew, None where there is."""
    own = Series(model.values, filled=model.interpolated)
    if series.sha256 == own.sha256:
        return f"the champion has these data already, through {own.end}"
    if series.index[-1] < own.index[-1] and accept_reason is None:
        return f"the champion has newer data, through {own.end}; these end on {series.end}"
    return None


def _refused(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if not check.passed]


def _unchanged(
    champion: ModelVersion, reason: str, state: EndpointState | None = None, *, refused: bool = False
) -> Moved:
    return Moved.unchanged(champion.version, reason, state, refused=refused)


def _log(production: Production, end: str, moved: Moved) -> None:
    """Tell the run that ``mlflow run`` made, if any, what came of it."""
    if production.runs.made_by_mlflow is None:
        return
    model = production.registry.name
    name = run_name(model, end, f"renewal: {f'version {moved.version}' if moved.renewed else 'champion unchanged'}")
    told = {RUN_NAME: name, NOTE: f"{plain(moved.note)}.", COMMAND: "renew", MODEL_NAME: model}
    try:
        with production.runs.record(name) as recorder:
            recorder.tags({RENEWED: str(moved.renewed).lower(), VERSION: moved.version or "none", **told})
    except ForecastopsError as error:
        _LOG.warning("what was done was not recorded on the run of `mlflow run`: %s", error)
