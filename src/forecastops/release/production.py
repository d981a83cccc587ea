"""What is in production: one model's pointer and endpoint, and the lock under which they are changed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from forecastops.adapters.endpoint.interface import Endpoint, Servers
from forecastops.adapters.endpoint.targets import open_endpoint
from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.config import Config
from forecastops.core.errors import PromotionRefusedError
from forecastops.core.exclusion import held_by_someone, owned
from forecastops.core.home import home, lock_domain, require_home
from forecastops.core.identity import identify
from forecastops.core.signatures import Trusted
from forecastops.release.champion import current_champion
from forecastops.release.legacy_champion import any_proven
from forecastops.release.smoke_test import Golden

__all__ = ["Production"]

_LOG = logging.getLogger(__name__)
_LOCK_SECONDS = 180.0  # beyond the deployment's time limit; a killed owner does not keep the lock


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
        """Connect to what the configuration names.

        Raises:
            ConfigError: when the home cannot be one, or the settings are not those of the target.
            RegistryError: when the registry does not answer.
        """
        require_home(writable=False)
        connection = connect(config.tracking)
        servers = Servers(connection.tracking_uri, connection.registry_uri)
        name = config.registry.model_name
        return cls(
            config,
            Runs(connection, Trusted.of(config.signing), name),
            ModelRegistry(connection, config.registry),
            open_endpoint(config.deployment, config.deployment_name, name, servers),
            connection.registry_uri,
        )

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Keep other promotions and rollbacks of this model on this machine out.

        Raises:
            PromotionRefusedError: when another is still under way after a while.
        """
        require_home()
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
        return held_by_someone(self._lock)

    @property
    def domain(self) -> str:
        """A name of those processes that ``exclusively`` keeps out: they share machine, home and lock."""
        return f"{lock_domain()}/{identify(self.registry_uri).digest}"

    @property
    def _lock(self) -> Path:
        return home() / "locks" / f"{self.registry.name}-{identify(self.registry_uri).digest}.lock"

    def current(self, versions: Sequence[ModelVersion] | None = None) -> ModelVersion | None:
        """Return the version under the pointer, None where no version has ever been there.

        Args:
            versions: all of the model, where they were just read; None to read them.

        Raises:
            LostPointerError: when nothing is under the pointer although a version was: without this, a lost alias
                would let the next model in as if it were the first.
        """
        champion = current_champion(self.registry, versions)
        return champion.version if champion else None

    def golden(self, version: ModelVersion) -> Golden:
        """Return the forecast that the endpoint must give when it serves ``version``, from its model rebuilt here."""
        return any_proven(self.runs, self.registry, version).reference()
