"""Roll back: put the recorded predecessor, or a named version, into production the same way as a promotion."""

from __future__ import annotations

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.ground.config import Config
from forecastops.ground.errors import PromotionRefusedError
from forecastops.ground.redaction import redacted
from forecastops.usecases.journal import Entry, Journal, read_journal, unfinished
from forecastops.usecases.production import PREDECESSOR, Production
from forecastops.usecases.promote import Moved

__all__ = ["rollback"]


def rollback(config: Config, reason: str, to_version: str | None = None) -> Moved:
    """Return to ``to_version``, or to the champion's recorded predecessor, once it is proven to load and answer.

    Running it again finishes what an interrupted call has begun; the same rollback is not done twice.

    Raises:
        PromotionRefusedError: when there is nothing to return to.
        ModelError: when that version's model cannot be rebuilt.
        EndpointError: when it does not answer as it should; production is then as it was.
    """
    reason = redacted(reason)  # it becomes a tag
    production = Production.open(config)
    with production.exclusively():
        champion = production.current()
        if champion is None:
            place = f"model {production.registry.name!r}"
            raise PromotionRefusedError(place, "has no champion to roll back from", "promote a model first")
        if _done_already(champion, reason, to_version):
            production.settle()
            return _nothing_to_do(production, champion)
        target = _target(production, champion, to_version)
        production.settle(but=target.version)
        golden = production.golden(target)
        journal = Journal(
            production.registry, target.version, Entry(kind="rollback", previous=champion.version, reason=reason)
        )
        state = production.move_in(journal, golden, {})
    note = (
        f"version {target.version} is the champion again and serves at {state.url}; {champion.version} was rolled back"
    )
    return Moved(target.run_id, True, target.version, champion.version, state, None, note)


def _done_already(champion: ModelVersion, reason: str, to_version: str | None) -> bool:
    """Whether this rollback has reached the champion: by number, or by the reason of the one that led here."""
    if to_version is not None:
        return to_version == champion.version
    entry = read_journal(champion)
    return entry is not None and entry.kind == "rollback" and (entry.outcome is None or entry.reason == reason)


def _nothing_to_do(production: Production, champion: ModelVersion) -> Moved:
    state, _ = production.mend_endpoint(champion.version, production.golden(champion))
    entry = read_journal(champion)
    previous = entry.previous if entry and entry.kind == "rollback" else None
    note = (
        f"version {champion.version} is the champion already, so nothing was rolled back; "
        "to go further back, name a version with --to-version"
    )
    return Moved(champion.run_id, True, champion.version, previous, state, None, note)


def _target(production: Production, champion: ModelVersion, to_version: str | None) -> ModelVersion:
    number = to_version or champion.tags.get(PREDECESSOR, "none")
    versions = {version.version: version for version in production.registry.versions() if _is_ours_to_serve(version)}
    if number in versions:
        return versions[number]
    others = ", ".join(version for version in versions if version != champion.version) or "none"
    what = "records no predecessor" if number == "none" else f"version {number} does not exist"
    raise PromotionRefusedError(
        f"version {champion.version} of {production.registry.name!r}",
        what,
        f"name another with --to-version (there are: {others})",
    )


def _is_ours_to_serve(version: ModelVersion) -> bool:
    """Not a version whose promotion never ended: no one has judged its endpoint."""
    entry = unfinished(version)
    return entry is None or entry.kind == "rollback"
