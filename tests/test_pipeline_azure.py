"""The pipeline against the stand-in workspace: the real client over TLS, and a container service that is rebuilt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from pipeline_rehearsal.definition import load_pipeline
from pipeline_rehearsal.forked_command import forked_command
from pipeline_rehearsal.run import Agents
from pipeline_rehearsal.stories import GREEN, SKIPPED, Life, results
from test_pipeline_rules import ROOT

pytest.importorskip("standin.workspace", reason="the stand-in workspace is not there")


@pytest.fixture(scope="module")
def life(azure: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """In the workspace that the pipeline's variable names, by the pipeline's own configuration."""
    folder = tmp_path_factory.mktemp("pipeline")
    named = load_pipeline(ROOT / "azure-pipelines.yml", {}).parameters["config"]
    document = yaml.safe_load((ROOT / str(named)).read_text())
    settings = document["deployment"]["settings"]
    if settings.get("sslEnabled"):
        certificate = str(azure.folder / "server.pem")
        settings |= {"sslCertificate": certificate, "sslKey": certificate, "cname": "localhost"}
    config = folder / "production.yaml"
    config.write_text(json.dumps(document))
    environment = azure.environment()
    variables = {"MLFLOW_TRACKING_URI": environment.pop("MLFLOW_TRACKING_URI")}
    environment["FORECASTOPS_HOME"] = str(folder / "home")
    with forked_command(folder) as program:
        agents = Agents(ROOT, folder / "agents", environment, variables, program)
        yield Life(agents, config, azure.folder / "mlflow.db", azure.folder / "blobs")


def test_the_first_champion_serves_from_the_workspace(life: Life, azure: Any) -> None:
    run = life.story("first champion")
    assert results(run) == (GREEN, GREEN, GREEN, GREEN, GREEN)
    assert run.job("Promote").outputs["promote.version"] == run.job("Verify").outputs["verify.version"] == "1"
    endpoint = life.status()["endpoint"]
    assert (endpoint["state"], endpoint["version"]) == ("Healthy", "1")
    assert endpoint["url"].startswith("https://")
    shown = "".join(line for jobs in run.jobs.values() for job in jobs.values() for line in job.log)
    assert not [secret for secret in azure.secrets() if secret in shown]
    assert azure.connected_hosts() <= {"localhost", "127.0.0.1", "::1"}


def test_a_hold_changes_nothing_in_the_workspace(life: Life) -> None:
    life.story("first champion")
    before = life.status()
    # The same data once more: nothing can be proven.
    run = life.run({"data": "data/transaction_ts2013.csv"}, reason="Schedule")
    assert results(run) == (GREEN, GREEN, GREEN, SKIPPED, SKIPPED)
    assert run.job("Evaluate").outputs["evaluate.verdict"] == "HOLD"
    assert life.status() == before
