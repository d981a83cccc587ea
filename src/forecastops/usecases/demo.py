"""The whole story on bundled data: first champion, shift, challenger, gate, healthy endpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forecastops.adapters.endpoint.interface import Servers
from forecastops.adapters.endpoint.targets import open_endpoint
from forecastops.adapters.mlflow_store.connection import connect
from forecastops.adapters.mlflow_store.runs import Runs
from forecastops.adapters.samples import write_sample
from forecastops.config import Config
from forecastops.config_file import load_config
from forecastops.core.errors import DataError
from forecastops.core.signatures import Trusted
from forecastops.usecases.retrain import Retrained, retrain
from forecastops.usecases.status import Status, status

__all__ = ["Chapter", "demo"]

_MARK = "demo.yaml"
_HEAD = "# Made by `forecastops demo`.\n"


@dataclass(frozen=True)
class Chapter:
    """One step of the story: what happens, and what came of it; ``experiment`` is the id of the one with its runs."""

    title: str
    outcome: Retrained | Status
    experiment: str = ""


def demo(folder: Path) -> Iterator[Chapter]:
    """Tell the story in ``folder``, which must be new, empty, or an earlier demo's; yields as it goes.

    Raises:
        DataError: when the folder holds something else.
    """
    try:
        config = _prepare(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(str(folder), f"cannot be written: {reason}", "name another folder with --dir") from error
    write_sample("transactions", folder / "data")
    past, now = (str(folder / "data" / f"transaction_ts{year}.csv") for year in (2013, 2014))
    yield Chapter("2013's transactions: a first model is trained, judged and deployed", retrain(config, [past]))
    yield Chapter("2014's arrive, and the distribution has shifted: a challenger", retrain(config, [past, now]))
    yield Chapter("the same data once more: nothing is proven, nothing changes", retrain(config, [past, now]))
    yield Chapter("what is in production", status(config), _experiment(config))


def _experiment(config: Config) -> str:
    return Runs(connect(config.tracking), Trusted(), config.registry.model_name).experiment_id or ""


def _prepare(folder: Path) -> Config:
    """Return a fresh demo with its own database, and no endpoint left from an earlier one."""
    settings = folder / _MARK
    is_demo = settings.is_file() and settings.read_text("utf-8").startswith(_HEAD)
    if folder.exists() and any(folder.iterdir()) and not is_demo:
        raise DataError(str(folder), "holds something that is no demo", "name a new folder with --dir")
    if is_demo:
        earlier = load_config(settings)
        uri = earlier.tracking.tracking_uri or ""
        name, servers = earlier.deployment_name, Servers(uri, uri)
        open_endpoint(earlier.deployment, name, earlier.registry.model_name, servers).delete()
        _remove(folder)
    folder.mkdir(parents=True, exist_ok=True)
    base = folder.absolute()
    document = {
        "tracking": {
            "tracking_uri": f"sqlite:///{base / 'mlflow.db'}",
            "artifact_location": (base / "artifacts").as_uri(),
        },
        "registry": {"model_name": "forecastops-demo"},
        # Endpoints have names of their own on a machine, and there may be another demo elsewhere.
        "deployment": {"name": f"forecastops-demo-{hashlib.sha256(bytes(base)).hexdigest()[:12]}"},
    }
    settings.write_text(_HEAD + json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return load_config(settings)


def _remove(folder: Path) -> None:
    """Remove what a demo makes, and nothing else."""
    import shutil

    for part in ("data", "artifacts"):
        shutil.rmtree(folder / part, ignore_errors=True)
    for part in ("mlflow.db", _MARK):
        (folder / part).unlink(missing_ok=True)
