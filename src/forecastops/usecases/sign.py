"""Sign a version that was made before models were signed, or by another key; its files stay as they are."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.adapters.model_artifact import sign_folder
from forecastops.config import Config
from forecastops.core.errors import ConfigError, ModelError
from forecastops.core.redaction import redacted
from forecastops.core.signatures import Signer, Trusted
from forecastops.core.tags import SIGNED
from forecastops.forecasting.artifact import read_files
from forecastops.release.entry import actor, now
from forecastops.release.events import Event, record_event
from forecastops.release.models import any_version_model, bound_digest, verified_copy

__all__ = ["Signed", "sign"]


@dataclass(frozen=True)
class Signed:
    """What was signed, and by which key, named by the digest of its public half; ``note`` says it to a person."""

    version: str
    run_id: str
    sha256: str
    key: str
    note: str


def sign(config: Config, number: str, reason: str) -> Signed:
    """Sign the version with ``signing.private_key``, once its files are proven to be those that were logged.

    The signature is added to its run's model; the version records who asked for it, and why.

    Raises:
        ConfigError: when no private key is configured, or it cannot be used.
        ModelError: when the files are not those that were logged, or the signature does not reach the version.
        RegistryError: when there is no such version, or the tracking server does not take the signature.
    """
    signer = Signer.of(config.signing)
    if signer is None:
        raise ConfigError("configuration", "names no key to sign with", "set signing.private_key to a PEM file")
    connection = connect(config.tracking)
    registry = ModelRegistry(connection, config.registry)
    version = registry.get(number)
    place = f"version {version.version} of {registry.name}"
    signed_by_it = Runs(connection, Trusted((signer.public_key,)), config.registry.model_name)
    # What is signed is the very copy that was proven: the registry's may be another by the next look.
    unsigned = Runs(connection, Trusted(), config.registry.model_name)
    with verified_copy(unsigned, registry, version) as copy:
        if _is_signed(copy.folder, signed_by_it.trusted, version.run_id, place):
            done = "was signed by this key already"
        else:
            _add_signature(signed_by_it, copy.folder, version, signer)
            any_version_model(signed_by_it, registry, version)
            about = {"reason": redacted(reason), "actor": actor(), "at": now(), "key": signer.name}
            registry.tag(version.version, {SIGNED: json.dumps(about)})
            event = Event(kind="signing", actor=about["actor"], version=version.version, reason=about["reason"])
            record_event(signed_by_it, registry.name, event, version.run_id)
            done = "is signed"
    digest = bound_digest(signed_by_it, version) or ""
    return Signed(version.version, version.run_id, digest, signer.name, f"{place} {done} ({signer.name[:12]})")


def _is_signed(folder: Path, trusted: Trusted, run_id: str, place: str) -> bool:
    try:
        trusted.require(read_files(folder, place), run_id, place)
    except ModelError:
        return False
    return True


def _add_signature(runs: Runs, proven: Path, version: ModelVersion, signer: Signer) -> None:
    path = sign_folder(proven, signer, version.run_id)
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder) / path.name
        path.rename(alone)
        runs.recorder(version.run_id).folder(f"model/{path.parent.name}", alone.parent)
