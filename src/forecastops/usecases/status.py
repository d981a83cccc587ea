"""What is in production: champion, pointer and endpoint, whether they agree, and what repairs it where they do not."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from forecastops.adapters.endpoint.interface import STOPPED, EndpointState
from forecastops.adapters.mlflow_store.pointer import STAGE, PointerKind
from forecastops.adapters.mlflow_store.registry import Champion, LostPointerError, ModelVersion
from forecastops.adapters.mlflow_store.runs import NewestData
from forecastops.config import Config
from forecastops.core.errors import RegistryError
from forecastops.core.iso_dates import iso_date
from forecastops.core.tags import DATA_END
from forecastops.forecasting.forecaster import Forecaster
from forecastops.release.champion import current_champion
from forecastops.release.champion_files import VersionFiles, inspect_files
from forecastops.release.journal import unfinished
from forecastops.release.kinds import again, placeholder
from forecastops.release.lineage import model_run, model_version
from forecastops.release.production import Production
from forecastops.release.smoke_test import require_golden
from forecastops.release.turns import active_rivals
from forecastops.usecases.panels.freshness import PanelFreshness, freshness

if TYPE_CHECKING:
    import pandas as pd

    from forecastops.panel.any_model import AnyModel

__all__ = ["Status", "require_in_production", "require_sound", "status"]


@dataclass(frozen=True)
class Status:
    """What is in production.

    Attributes:
        pointer: which kind the registry has.
        champion: the version under it; None without one.
        files: whether the champion's files are those that were logged; None without a champion.
        endpoint: what serves; None without one.
        forecasts_from: ISO date of the newest observation in the champion's state; None where it is not known.
        newest_data: the newest that a run of the model has brought and that were not refused; None without any.
        disagreements: where pointer, stage, journal, files and endpoint do not agree, with the command that repairs it.
        stale: why the champion forecasts from data that are not the newest, with the command.
        panel: how fresh the series are; None where the champion is no panel.
    """

    pointer: PointerKind
    champion: Champion | None
    files: VersionFiles | None
    endpoint: EndpointState | None
    forecasts_from: str | None
    newest_data: NewestData | None
    disagreements: list[str]
    stale: list[str]
    panel: PanelFreshness | None = None

    @property
    def model_run(self) -> str | None:
        """The run that estimated the champion's parameters."""
        return model_run(self.champion.version) if self.champion else None

    @property
    def model_version(self) -> str | None:
        """The version that brought the champion's model in, of which it may be a renewal."""
        return model_version(self.champion.version) if self.champion else None

    @property
    def problems(self) -> list[str]:
        """Everything that should be repaired."""
        return [*self.disagreements, *self.stale]

    @property
    def consistent(self) -> bool:
        """Whether pointer, stage, journal, files and endpoint agree, and production has the newest data."""
        return not self.problems


def status(config: Config) -> Status:
    """Ask registry, runs and endpoint, and compare; changes nothing.

    Raises:
        RegistryError: when the registry does not answer.
        EndpointError: when the deployments target does not answer.
    """
    production = Production.open(config)
    versions = production.registry.versions()
    lost: list[str] = []
    champion = None
    try:
        champion = current_champion(production.registry, versions)
    except LostPointerError as error:
        lost = [f"{error.what}; {error.remedy}"]
    files = inspect_files(production.runs, production.registry, champion.version) if champion else None
    endpoint = production.endpoint.state()
    disagreements = [
        *lost,
        *_files(champion, files),
        *_interrupted(production, versions),
        *_stages(champion, files, versions),
        *([] if lost else _endpoint(production, champion, files, endpoint)),
    ]
    served = _forecasts_from(champion.version, files) if champion and files else None
    newest = production.runs.newest_data(production.registry.name)
    if champion is None and newest is None and not lost:
        disagreements += _misspelt(production)
    stale = list(_stale(production, served, newest)) if served else []
    panel = freshness(files.model) if files else None
    return Status(
        production.registry.pointer.kind, champion, files, endpoint, served, newest, disagreements, stale, panel
    )


def require_in_production(found: Status, run_id: str) -> None:
    """Do nothing where the run's model is the champion, itself or renewed, and serves.

    Raises:
        RegistryError: when another model or none is in production, or pointer and endpoint do not agree.
    """
    champion = found.champion.version if found.champion else None
    if champion is None or model_run(champion) != run_id:
        other = f"that is version {champion.version} of run {model_run(champion)}" if champion else "there is none"
        raise RegistryError(f"run {run_id}", f"its model is not the champion: {other}", "promote it, or ask again")
    if found.disagreements:
        what = "; ".join(found.disagreements)
        raise RegistryError(f"version {champion.version}", "production does not agree", what)


def require_sound(config: Config, found: Status) -> None:
    """Do nothing where all agree, the data are the newest, and the endpoint answers as the champion must.

    Raises:
        RegistryError: naming the first problem.
        EndpointError: when the endpoint answers otherwise, or not.
    """
    place = f"model {config.registry.model_name!r}"
    if found.champion is None:
        raise RegistryError(place, "has no champion", "promote a model first")
    if found.problems:
        more = f" (and {len(found.problems) - 1} more)" if len(found.problems) > 1 else ""
        raise RegistryError(place, f"production is not sound{more}", found.problems[0])
    production = Production.open(config)
    golden = production.golden(found.champion.version)
    require_golden(production.endpoint, golden, f"to deploy it again: {_return_to(found.champion, found.files)}")


def _forecasts_from(champion: ModelVersion, files: VersionFiles) -> str | None:
    """Return the newest observation that the champion's state has: as its version says, else as its files do."""
    with contextlib.suppress(ValueError):  # whoever may write tags can write anything
        end = champion.tags.get(DATA_END)
        if end and datetime.fromisoformat(end).tzinfo is None:
            return end
    return iso_date(_newest(files.model)) if files.model else None


def _newest(model: AnyModel) -> pd.Timestamp:
    """Return the newest observation of a model's state; of a panel, of any of its series."""
    return model.values.index[-1] if isinstance(model, Forecaster) else model.newest


def _files(champion: Champion | None, files: VersionFiles | None) -> Iterator[str]:
    if champion is None or files is None or files.problem is None:
        return
    yield f"the files of champion version {champion.version.version} {files.problem}"


def _stale(production: Production, served: str, newest: NewestData | None) -> Iterator[str]:
    command = "to renew it: forecastops renew --data FILE"
    if newest is not None and newest.end > served:
        yield (
            f"production forecasts from {served}, and run {newest.run_id} has brought data through {newest.end} "
            f"(if that date is wrong, delete the run); {command}"
        )
    bound = production.config.deployment.max_age_days
    age = (datetime.now(timezone.utc).replace(tzinfo=None) - datetime.fromisoformat(served)).total_seconds() / 86_400
    if bound is not None and age > bound:
        late = f"production forecasts from {served}, {age:.1f} days ago"
        yield f"{late}, and deployment.max_age_days is {bound:g}; {command}"


def _interrupted(production: Production, versions: Sequence[ModelVersion]) -> Iterator[str]:
    rivals = {rival.version.version for rival in active_rivals(production, versions)}
    journals = {version.version: unfinished(version) for version in versions}
    under_way = {version: entry for version, entry in journals.items() if entry}
    for version in versions:
        entry, kept = under_way.get(version.version), placeholder(version)
        if entry is not None and not (kept and kept.version in under_way):
            done = ", ".join(f"{step} {record}" for step, record in entry.steps.items()) or "registered"
            what = f"a {entry.kind} of version {version.version}"
            if version.version in rivals:
                yield f"{what} is under way on {entry.domain} ({done}); ask again when it has ended"
            elif production.under_way:
                yield f"{what} is under way ({done}); ask again when it has ended"
            else:
                yield f"{what} was interrupted ({done}); to finish or undo it: {again(version, entry)}"


def _misspelt(production: Production) -> Iterator[str]:
    """Name the model's likely spelling where nothing was ever trained or registered under this one."""
    if others := production.registry.other_models():
        names = difflib.get_close_matches(production.registry.name, others, 3, 0.0)
        yield (
            f"there is no model {production.registry.name!r}, but {', '.join(names)}"
            f"{' and others' if len(others) > len(names) else ''}; give registry.model_name as it is"
        )


def _stages(champion: Champion | None, files: VersionFiles | None, versions: Sequence[ModelVersion]) -> Iterator[str]:
    if champion is None or champion.pointer == "stage":
        return
    for version in versions:
        if version.stage == STAGE and version.version != champion.version.version:
            yield (
                f"stage Production names version {version.version}, the alias version {champion.version.version}; "
                f"to let the stage follow: {_return_to(champion, files)}"
            )


def _endpoint(
    production: Production, champion: Champion | None, files: VersionFiles | None, state: EndpointState | None
) -> Iterator[str]:
    name = production.endpoint.name
    if champion is None:
        if state is not None and state.ours:
            yield (
                f"endpoint {name} serves {state.what_serves}, but there is no champion; to remove it: "
                f"{production.endpoint.removal}"
            )
        return
    if state is None:
        what = f"champion version {champion.version.version} has no endpoint"
        yield f"{what}; to deploy it: {_return_to(champion, files)}"
    elif not state.ours:
        yield (
            f"endpoint {name} was deployed by hand or from another registry; set deployment.name to a free name, or "
            f"remove it: {production.endpoint.removal}"
        )
    elif not state.healthy:
        why = f" ({state.error})" if state.error else ""
        is_stopped = state.state == STOPPED and production.endpoint.start
        start = f"to start what it served: {production.endpoint.start}; " if is_stopped else ""
        again = f"to deploy the champion again: {_return_to(champion, files)}"
        yield f"endpoint {name} is {state.state}{why}; {start}{again}"
    elif state.version != champion.version.version:
        yield (
            f"endpoint {name} serves {state.what_serves}, the champion is version {champion.version.version}; "
            f"to deploy the champion: {_return_to(champion, files)}"
        )
    elif state.unguarded:
        what = f"endpoint {name} answers without the token of deployment.settings.token_file"
        yield f"{what}; to deploy the champion with it: {_return_to(champion, files)}"
    elif files is not None and files.sha256 and state.sha256 not in (None, files.sha256):
        what = (
            f"endpoint {name} serves files of another digest than those of champion version {champion.version.version}"
        )
        yield f"{what}; to deploy the champion: {_return_to(champion, files)}"


def _return_to(champion: Champion, files: VersionFiles | None) -> str:
    if files is not None and files.state == "foreign":
        means = "use the means that made it, as it was not created by forecastops"
        return f"{means}, or put one in its place: forecastops promote --run-id R"
    return f"forecastops rollback --to-version {champion.version.version} --reason 'repair the endpoint'"
