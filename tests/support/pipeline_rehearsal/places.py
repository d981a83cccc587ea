"""Where a production lives: on one machine, or in the stand-in for an Azure ML workspace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from command import new_command
from local_endpoint_support import stop_endpoints
from pipeline_rehearsal.forked_command import forked_command
from pipeline_rehearsal.run import Agents
from pipeline_rehearsal.stories import Life
from repository import ROOT

__all__ = ["in_a_workspace", "on_one_machine"]


@contextmanager
def on_one_machine(folder: Path, database: Path) -> Iterator[Life]:
    """SQLite, a copy of ``database``, and local endpoints."""
    environment = new_command(folder, database).environment
    config = folder / "production.yaml"
    config.write_text(json.dumps({"tracking": {"artifact_location": (folder / "artifacts").as_uri()}}))
    kept = {"FORECASTOPS_HOME": environment["FORECASTOPS_HOME"]}
    variables = {"MLFLOW_TRACKING_URI": environment["MLFLOW_TRACKING_URI"]}
    with forked_command(folder) as program:
        agents = Agents(ROOT, folder / "agents", kept, variables, program)
        yield Life(agents, config, folder / "mlflow.db", folder / "artifacts")
    stop_endpoints(Path(kept["FORECASTOPS_HOME"]))


@contextmanager
def in_a_workspace(azure: Any, folder: Path) -> Iterator[Life]:
    """The stand-in ``azure`` is what the pipeline's variable names; the champion serves from container instances."""
    document = yaml.safe_load((ROOT / "configs/aci.yaml").read_text())
    document["deployment"]["settings"]["cname"] = "localhost"
    config = folder / "aci.yaml"
    config.write_text(json.dumps(document))
    environment = azure.environment()
    variables = {"MLFLOW_TRACKING_URI": environment.pop("MLFLOW_TRACKING_URI")}
    environment["FORECASTOPS_HOME"] = str(folder / "home")
    with forked_command(folder) as program:
        secure_files = dict.fromkeys(("certificate.pem", "key.pem"), azure.folder / "server.pem")
        for name, path in secure_files.items():
            (folder / name).symlink_to(path)  # for a person's commands
        agents = Agents(ROOT, folder / "agents", environment, variables, program, secure_files)
        yield Life(agents, config, azure.folder / "mlflow.db", azure.folder / "blobs")
