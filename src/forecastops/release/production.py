"""What is in production - pointer and endpoint - and the one way to change it.

The endpoint is changed first and the pointer last, after the smoke test: a version under the pointer has always
answered it. Whatever was begun and not ended is finished or undone before anything else is begun.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forecastops.adapters.endpoint import Endpoint, EndpointState, open_endpoint
from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import LostPointerError, ModelRegistry, ModelVersion
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.ground.config import Config
from forecastops.ground.errors import EndpointError, ForecastopsError, PromotionRefusedError, RegistryError
from forecastops.ground.home import home, lock_domain
from forecastops.ground.locks import holder, owned
from forecastops.release.champion import current_champion, named
from forecastops.release.journal import SERVED, Entry, Journal, may_be_discarded, now, unfinished
from forecastops.release.legacy_champion import proven_model
from forecastops.release.smoke_test import Golden, answers, require_golden

__all__ = ["PREDECESSOR", "ROLLED_BACK", "Production", "champion_already"]

_LOG = logging.getLogger(__name__)
_LOCK_SECONDS = 180.0  # beyond the deployment's time limit; a killed owner does not keep the lock
_GRACE_SECONDS = 60.0  # beyond the deployment's time limit, before another machine's work counts as abandoned
PREDECESSOR = "forecastops.predecessor"
ROLLED_BACK = "forecastops.rolled_back"


@dataclass(frozen=True)
class Production:
    """Pointer and endpoint of one model, and the registry that remembers how they came about."""

    config: Config
    runs: Runs
    registry: ModelRegistry
    endpoint: Endpoint
    registry_uri: str

    @classmethod
    def open(cls, config: Config) -> Production:
        """Connect to what the configuration names."""
        connection = connect(config.tracking)
        name = config.registry.model_name
        return cls(
            config,
            Runs(connection),
            ModelRegistry(connection, config.registry),
            open_endpoint(config.deployment, config.deployment_name, name, connection.registry_uri),
            connection.registry_uri,
        )

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Keep other promotions and rollbacks of this model on this machine out.

        Raises:
            PromotionRefusedError: when another is still under way after a while.
        """
        path = self._lock
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.under_way:
            _LOG.info("waiting for another promotion or rollback of %s to end", self.registry.name)
        with owned(path, _LOCK_SECONDS + self.config.deployment.timeout_seconds) as held:
            if not held:
                raise PromotionRefusedError(
                    f"model {self.registry.name!r}",
                    "another promotion or rollback of it is under way on this machine",
                    "run this again when it has ended",
                )
            yield

    @property
    def under_way(self) -> bool:
        """Whether a promotion or rollback of this model is running on this machine."""
        return holder(self._lock) is not None

    @property
    def _lock(self) -> Path:
        registry = hashlib.sha256(self.registry_uri.encode()).hexdigest()[:16]
        return home() / "locks" / f"{self.registry.name}-{registry}.lock"

    def current(self) -> ModelVersion | None:
        """The version under the pointer, None where no version has ever been there.

        Raises:
            LostPointerError: when nothing is under the pointer although a version was: without this, a lost alias
                would let the next model in as if it were the first.
        """
        champion = current_champion(self.registry)
        return champion.version if champion else None

    def golden(self, version: ModelVersion) -> Golden:
        """The forecast that the endpoint must give when it serves ``version``, from its model rebuilt here."""
        return proven_model(self.runs, self.registry, version).reference()

    def move_in(self, journal: Journal, golden: Golden, tags: Mapping[str, str]) -> EndpointState:
        """Deploy the journal's version, prove that it answers as evaluated, tag it, and move the pointer to it.

        On failure production is what it was before; unless the pointer has moved, which the error says then.
        """
        try:
            journal.begin()
            state = self.serve(journal, golden)
            with journal.step("tag"):
                self.registry.tag(journal.version, tags)
            with journal.step("point"):
                self._require_champion(journal.entry.previous)
                self.registry.point(journal.version)
                self._require_champion(journal.version)
        except BaseException as error:
            undone = self._undo(journal, error)
            if isinstance(error, ForecastopsError) and not undone:
                raise self._incomplete(journal, error) from error
            raise
        self.complete(journal)
        return state

    def serve(self, journal: Journal, golden: Golden) -> EndpointState:
        """Deploy the journal's version, smoke-test it, and give it to the callers.

        Also when it seems to be served: what an interrupted call has asked for may be on its way still, with the old
        version answering in between. A deployment that has returned has no other version behind it.
        """
        with journal.step("deploy"):
            _LOG.info("deploying version %s to endpoint %s", journal.version, self.endpoint.name)
            self.endpoint.stage(journal.version)
        with journal.step("verify"):
            _LOG.info("comparing the endpoint's forecasts with those evaluated")
            require_golden(self.endpoint, golden)
            return self.endpoint.release(journal.version)

    def mend(self, version: str, golden: Golden) -> tuple[EndpointState, bool]:
        """Make pointer, stage and endpoint name the champion ``version`` again; says whether it had to be deployed."""
        self.registry.point(version)
        state = self.endpoint.state()
        # A number alone is not trusted: the registry may have been made anew since it was deployed.
        if state and state.serves(version) and answers(self.endpoint, golden):
            return state, False
        _LOG.info("deploying champion version %s to endpoint %s", version, self.endpoint.name)
        self.endpoint.stage(version)
        require_golden(self.endpoint, golden)
        state = self.endpoint.release(version)
        self.endpoint.clean_up()
        return state, True

    def complete(self, journal: Journal) -> None:
        """Do what is left once the pointer has moved."""
        try:
            self.endpoint.clean_up()
            self._record_success(journal)
        except ForecastopsError as error:
            raise self._incomplete(journal, error) from error

    def _record_success(self, journal: Journal) -> None:
        loser = journal.entry.previous
        versions = {version.version: version for version in self.registry.versions()}
        if journal.entry.kind == "rollback" and loser in versions:
            about = {"reason": journal.entry.reason, "actor": journal.entry.actor, "at": now(), "to": journal.version}
            self.registry.tag(loser, {ROLLED_BACK: json.dumps(about)})
        winner = versions[journal.version]
        if SERVED not in winner.tags:
            self.registry.tag(journal.version, {SERVED: now()})
        if ROLLED_BACK in winner.tags:
            self.registry.untag(journal.version, ROLLED_BACK)
        journal.end("done")

    def settle(self, resuming: str | None = None) -> None:
        """Finish or undo what an interrupted promotion or rollback has left; leave ``resuming`` to the caller.

        A version that the pointer has reached is finished; any other is undone. Work on other aliases or endpoints of
        the model is left alone.

        Raises:
            PromotionRefusedError: when another machine may still be at work.
        """
        current = self.current()
        for version in self.registry.versions():
            entry = unfinished(version)
            if entry is None or not self._concerns(entry):
                continue
            journal = Journal(self.registry, version, entry)
            if current and version.version == current.version:
                self.complete(journal)
                continue
            self._require_abandoned(version, entry)
            if version.version != resuming:
                _LOG.warning("undoing an interrupted %s of version %s", entry.kind, version.version)
                self._undo(journal, None)

    def _concerns(self, entry: Entry) -> bool:
        """Whether the entry is of our pointer and endpoint; one that got no further than registering is of none."""
        return entry.alias in ("", self.registry.pointer.name) and entry.endpoint in ("", self.endpoint.name)

    def _require_champion(self, expected: str | None) -> None:
        try:
            current = self.current()
        except LostPointerError:
            current = None  # a rollback is about to mend that
        found = current.version if current else None
        if found != expected:
            raise PromotionRefusedError(
                f"model {self.registry.name!r}",
                f"its champion is {named(found)}, no longer {named(expected)}",
                "evaluate the run again",
            )

    def _require_abandoned(self, version: ModelVersion, entry: Entry) -> None:
        """What our lock keeps out is abandoned, since we hold it; another machine's work, after its time limit."""
        age = time.time() - datetime.fromisoformat(entry.touched).timestamp()
        patience = self.config.deployment.timeout_seconds + _GRACE_SECONDS
        if entry.domain != lock_domain() and age < patience:
            raise PromotionRefusedError(
                f"model {self.registry.name!r}",
                f"{entry.actor} began a {entry.kind} of version {version.version} on {entry.domain} {age:.0f} s ago",
                f"run this again when it has ended, or after {patience - age:.0f} s if it was interrupted",
            )

    def _take_back(self, current: ModelVersion | None, entry: Entry) -> None:
        """Give the endpoint its version back, or remove it.

        Always, whatever it says that it serves now: a deployment that a killed call has asked for may still be on its
        way, and only a newer request supersedes it.
        """
        state = self.endpoint.state()
        if state is not None and not state.ours:
            return  # it was refused to us
        if current is None or entry.incumbent == "unserved":
            self.endpoint.delete()
            return
        self.endpoint.stage(current.version, restoring=True)
        self.endpoint.release(current.version)
        try:
            self.endpoint.clean_up()
        except EndpointError as error:  # callers have what they had; the next deployment clears it away
            _LOG.warning("something is left behind: %s", error)
        if entry.incumbent:
            what = (
                "endpoint %s serves version %s again; it is healthy, but as no forecastops model could not be verified"
            )
            _LOG.warning(what, self.endpoint.name, current.version)

    def _discard(self, journal: Journal) -> None:
        version = self.registry.get(journal.version)
        if not (may_be_discarded(version) and self.registry.discard(version.version)):
            journal.end("undone")

    def _undo(self, journal: Journal, cause: BaseException | None) -> bool:
        """Take back what was done; False where the pointer has moved: the rest is finished by the next call then."""
        try:
            return self._taken_back(journal)
        except ForecastopsError as error:
            raise PromotionRefusedError(
                f"version {journal.version} of {self.registry.name!r}",
                f"{cause or 'an interrupted operation was found'}; undoing it failed too: {error}",
                "run `forecastops status`, mend what it names, and run the command again",
            ) from error

    def _taken_back(self, journal: Journal) -> bool:
        try:
            current = self.current()
        except LostPointerError:
            journal.end("undone")
            return True
        if current and current.version == journal.version:
            return False
        if "deploy" in journal.entry.steps:
            self._take_back(current, journal.entry)
        self._discard(journal)
        return True

    def _incomplete(self, journal: Journal, error: ForecastopsError) -> RegistryError:
        return champion_already(f"version {journal.version} of {self.registry.name!r}", journal.again, error)


def champion_already(place: str, again: str, error: ForecastopsError) -> RegistryError:
    """The error of a promotion or rollback that has moved the pointer, and failed to record it."""
    what = f"is the champion already, but what is left to do failed: {error.where}: {error.what}"
    return RegistryError(place, what, f"to complete it, run `{again}`")
