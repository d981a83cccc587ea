"""What is in production: champion, pointer and endpoint, whether they agree, and what mends it where they do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from forecastops.adapters.endpoint import EndpointState
from forecastops.adapters.mlflow_store.pointer import PointerKind
from forecastops.adapters.mlflow_store.registry import Champion, LostPointerError
from forecastops.ground.config import Config
from forecastops.ground.errors import RegistryError
from forecastops.release.champion import current_champion, named
from forecastops.release.journal import unfinished
from forecastops.release.kinds import again
from forecastops.release.legacy_champion import made_by_forecastops
from forecastops.release.production import Production

__all__ = ["Status", "require_in_production", "status"]


@dataclass(frozen=True)
class Status:
    """``problems`` is empty when everything agrees; each names the command that mends it."""

    pointer: PointerKind  # which kind the registry has
    champion: Champion | None
    endpoint: EndpointState | None
    problems: list[str]

    @property
    def consistent(self) -> bool:
        """Whether pointer, stage, journal and endpoint agree."""
        return not self.problems


def status(config: Config) -> Status:
    """Ask registry and endpoint, and compare; changes nothing.

    Raises:
        RegistryError: when the registry does not answer.
        EndpointError: when the deployments target does not answer.
    """
    production = Production.open(config)
    lost: list[str] = []
    champion = None
    try:
        champion = current_champion(production.registry)
    except LostPointerError as error:
        lost = [f"{error.what}; {error.remedy}"]
    endpoint = production.endpoint.state()
    problems = [
        *lost,
        *_interrupted(production),
        *_stages(production, champion),
        *([] if lost else _endpoint(production, champion, endpoint)),
    ]
    return Status(production.registry.pointer.kind, champion, endpoint, problems)


def require_in_production(found: Status, run_id: str) -> None:
    """Do nothing where the run's model is the champion and serves.

    Raises:
        RegistryError: when another model or none is in production, or pointer and endpoint do not agree.
    """
    champion = found.champion.version if found.champion else None
    if champion is None or champion.run_id != run_id:
        other = f"that is version {champion.version} of run {champion.run_id}" if champion else "there is none"
        raise RegistryError(f"run {run_id}", f"its model is not the champion: {other}", "promote it, or ask again")
    if found.problems:
        raise RegistryError(f"version {champion.version}", "production does not agree", "; ".join(found.problems))


def _interrupted(production: Production) -> Iterator[str]:
    for version in production.registry.versions():
        entry = unfinished(version)
        if entry is not None:
            done = ", ".join(f"{step} {record}" for step, record in entry.steps.items()) or "registered"
            what = f"a {entry.kind} of version {version.version}"
            if production.under_way:
                yield f"{what} is under way ({done}); ask again when it has ended"
            else:
                yield f"{what} was interrupted ({done}); to finish or undo it: {again(version, entry)}"


def _stages(production: Production, champion: Champion | None) -> Iterator[str]:
    if champion is None or champion.pointer == "stage":
        return
    for version in production.registry.staged():
        if version.version != champion.version.version:
            yield (
                f"stage Production names version {version.version}, the alias version {champion.version.version}; "
                f"to let the stage follow: {_return_to(production, champion)}"
            )


def _endpoint(production: Production, champion: Champion | None, state: EndpointState | None) -> Iterator[str]:
    name = production.endpoint.name
    if champion is None:
        if state is not None and state.ours:
            yield (
                f"endpoint {name} serves {named(state.version)}, but there is no champion; to remove it: "
                f"{production.endpoint.removal}"
            )
        return
    if state is None:
        what = f"champion version {champion.version.version} has no endpoint"
        yield f"{what}; to deploy it: {_return_to(production, champion)}"
    elif not state.ours:
        yield (
            f"endpoint {name} was deployed by hand or from another registry; set deployment.name to a free name, or "
            f"remove it: {production.endpoint.removal}"
        )
    elif not state.healthy:
        yield f"endpoint {name} is {state.state}; to deploy the champion again: {_return_to(production, champion)}"
    elif state.version != champion.version.version:
        yield (
            f"endpoint {name} serves {named(state.version)}, the champion is version {champion.version.version}; "
            f"to deploy the champion: {_return_to(production, champion)}"
        )


def _return_to(production: Production, champion: Champion) -> str:
    if not made_by_forecastops(production.runs, production.registry, champion.version):
        means = "use the means that made it, as it is no forecastops model"
        return f"{means}, or put one in its place: forecastops promote --run-id R"
    return f"forecastops rollback --to-version {champion.version.version} --reason 'mend the endpoint'"
