"""What is in production - pointer and endpoint - and the one way to change it.

The endpoint is changed first and the pointer last, after the smoke test: a version under the pointer has always
answered it. Whatever was begun and not ended is finished or undone before anything else is begun.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forecastops.adapters.endpoint import Endpoint, EndpointState
from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.ground.config import Config
from forecastops.ground.errors import EndpointError, ForecastopsError, PromotionRefusedError
from forecastops.ground.home import home
from forecastops.ground.locks import owned
from forecastops.usecases.journal import Entry, Journal, now, unfinished
from forecastops.usecases.models import version_model

__all__ = ["PREDECESSOR", "ROLLED_BACK", "Golden", "Production", "named"]

_LOG = logging.getLogger(__name__)
_TOLERANCE = 1e-6  # relative, of the endpoint's forecasts against those evaluated
_LOCK_SECONDS = 300.0  # longer than a promotion takes; a killed owner does not keep the lock
_GRACE_SECONDS = 60.0  # beyond the deployment's time limit, before another machine's work counts as abandoned
PREDECESSOR = "forecastops.predecessor"
ROLLED_BACK = "forecastops.rolled_back"

Golden = Mapping[str, list[Any]]  # a forecast by columns, as evaluated


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
            Endpoint(config.deployment, config.deployment_name, name),
            connection.registry_uri,
        )

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Keep other promotions and rollbacks of this model on this machine out.

        Raises:
            PromotionRefusedError: when another is still under way after a while.
        """
        folder = home() / "locks"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        registry = hashlib.sha256(self.registry_uri.encode()).hexdigest()[:16]
        with owned(folder / f"{self.registry.name}-{registry}.lock", _LOCK_SECONDS) as held:
            if not held:
                raise PromotionRefusedError(
                    f"model {self.registry.name!r}",
                    "another promotion or rollback of it is under way on this machine",
                    "run this again when it has ended",
                )
            yield

    def current(self) -> ModelVersion | None:
        """The version under the pointer."""
        champion = self.registry.champion()
        return champion.version if champion else None

    def golden(self, version: ModelVersion) -> Golden:
        """The forecast that the endpoint must give when it serves ``version``, from its model rebuilt here."""
        return version_model(self.runs, self.registry, version).reference()

    def move_in(self, journal: Journal, golden: Golden, tags: Mapping[str, str]) -> EndpointState:
        """Deploy the journal's version, prove that it answers as evaluated, tag it, and move the pointer to it.

        On failure production is what it was before.
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
            self._undo(journal, error)
            raise
        self.complete(journal)
        return state

    def serve(self, journal: Journal, golden: Golden) -> EndpointState:
        """Deploy the journal's version unless it is being served, and smoke-test it."""
        with journal.step("deploy"):
            state = self.endpoint.state()
            if state is None or not state.healthy or state.version != journal.version:
                _LOG.info("deploying version %s to endpoint %s", journal.version, self.endpoint.name)
                state = self.endpoint.serve(journal.version)
        with journal.step("verify"):
            _LOG.info("comparing the endpoint's forecasts with those evaluated")
            self._smoke_test(golden)
        return state

    def mend_endpoint(self, version: str, golden: Golden) -> tuple[EndpointState, bool]:
        """Make the endpoint serve the champion ``version`` again, where it does not; says whether that was needed."""
        state = self.endpoint.state()
        if state and state.healthy and state.version == version:
            return state, False
        _LOG.warning("endpoint %s does not serve champion version %s: deploying it", self.endpoint.name, version)
        state = self.endpoint.serve(version)
        self._smoke_test(golden)
        return state, True

    def complete(self, journal: Journal) -> None:
        """Do what is left once the pointer has moved."""
        loser = journal.entry.previous
        if journal.entry.kind == "rollback" and loser is not None:
            about = {"reason": journal.entry.reason, "actor": journal.entry.actor, "at": now(), "to": journal.version}
            self.registry.tag(loser, {ROLLED_BACK: json.dumps(about)})
        if ROLLED_BACK in self.registry.get(journal.version).tags:
            self.registry.untag(journal.version, ROLLED_BACK)
        journal.end("done")

    def settle(self, but: str | None = None) -> None:
        """Finish or undo what an interrupted promotion or rollback has left, except on the version ``but``.

        A version that the pointer has reached is finished; any other is undone.

        Raises:
            PromotionRefusedError: when it is not ours to judge, because another machine may still be at work.
        """
        current = self.current()
        for version in self.registry.versions():
            entry = unfinished(version)
            if entry is None or version.version == but:
                continue
            journal = Journal(self.registry, version.version, entry)
            if current and version.version == current.version:
                self.complete(journal)
                continue
            self._require_abandoned(version, entry)
            _LOG.warning("undoing an interrupted %s of version %s", entry.kind, version.version)
            self._undo(journal, None)

    def restore(self, version: str | None) -> None:
        """Make the endpoint serve ``version`` again, or remove it where nothing served before."""
        state = self.endpoint.state()
        if version is None:
            if state is not None:
                self.endpoint.delete()
        elif state is None or not state.healthy or state.version != version:
            self.endpoint.serve(version)

    def _smoke_test(self, golden: Golden) -> None:
        rows = self.endpoint.forecast()
        for column, expected in golden.items():
            found = [row.get(column) for row in rows]
            if len(found) != len(expected) or not all(map(_equal, found, expected)):
                raise EndpointError(
                    f"endpoint {self.endpoint.name!r}",
                    f"its forecasts differ from those evaluated in {column!r}",
                    "nothing was promoted; compare the libraries of model and endpoint",
                )

    def _require_champion(self, expected: str | None) -> None:
        current = self.current()
        found = current.version if current else None
        if found != expected:
            raise PromotionRefusedError(
                f"model {self.registry.name!r}",
                f"its champion is {named(found)}, no longer {named(expected)}",
                "evaluate the run again",
            )

    def _require_abandoned(self, version: ModelVersion, entry: Entry) -> None:
        """An operation of this machine is abandoned, since we hold its lock; another machine's after its time limit."""
        age = time.time() - datetime.fromisoformat(entry.touched).timestamp()
        patience = self.config.deployment.timeout_seconds + _GRACE_SECONDS
        if entry.host != socket.gethostname() and age < patience:
            raise PromotionRefusedError(
                f"model {self.registry.name!r}",
                f"{entry.actor} began a {entry.kind} of version {version.version} on {entry.host} {age:.0f} s ago",
                f"run this again when it has ended, or after {patience - age:.0f} s if it was interrupted",
            )

    def _undo(self, journal: Journal, cause: BaseException | None) -> None:
        try:
            current = self.current()
            if current and current.version == journal.version:
                return  # the pointer was moved: the rest is finished by the next call, not undone
            self.restore(current.version if current else None)
            if journal.entry.kind == "promote" and journal.entry.fresh:
                self.registry.discard(journal.version)
            else:
                journal.end("undone")
        except ForecastopsError as error:
            raise PromotionRefusedError(
                f"version {journal.version} of {self.registry.name!r}",
                f"{cause or 'an interrupted operation was found'}; undoing it failed too: {error}",
                "run `forecastops status`, mend what it names, and run the command again",
            ) from error


def named(version: str | None) -> str:
    """A version, or its absence, in words."""
    return "none" if version is None else f"version {version}"


def _equal(found: object, expected: object) -> bool:
    if isinstance(expected, float) and isinstance(found, (int, float)):
        return math.isclose(found, expected, rel_tol=_TOLERANCE)
    return found == expected
