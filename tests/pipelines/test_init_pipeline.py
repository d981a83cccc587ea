"""`forecastops init --pipeline`: files for a repository of the user's own, which keep to the rules of this one's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner, Result

from command import new_command
from forecastops import __version__
from forecastops.adapters.samples import transactions
from forecastops.commands.main import main
from forecastops.core.distribution import DISTRIBUTION
from local_endpoint_support import stop_endpoints
from pipeline_rehearsal.definition import load_pipeline
from pipeline_rehearsal.forked_command import forked_command
from pipeline_rehearsal.rules import files_of, problems
from pipeline_rehearsal.run import Agents, Rehearsal
from test_github_workflow import problems as problems_of_workflow
from test_pipeline_rules import OUTPUTS, schema, without_directives

if TYPE_CHECKING:
    from jsonschema import Draft7Validator

__all__ = ["schema"]


def begun(folder: Path, system: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    """What `init` says in a folder that holds one file of the user's."""
    (folder / "data").mkdir(parents=True)
    transactions().to_csv(folder / "data/sales.csv", index=False)
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(main, ["init", "data/sales.csv", "--pipeline", system])
    assert result.exit_code == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a pipeline for Azure DevOps."""
    folder = tmp_path_factory.mktemp("mine") / "repository"
    with pytest.MonkeyPatch.context() as monkeypatch:
        begun(folder, "azure-devops", monkeypatch)
    return folder


def test_the_azure_pipeline_keeps_the_rules_and_the_published_schema(repository: Path, schema: Draft7Validator) -> None:
    assert problems(repository, OUTPUTS) == []
    for path in files_of(repository):
        schema.validate(without_directives(yaml.load(path.read_text(), yaml.BaseLoader)))


def test_data_and_service_connection_stand_in_one_place(repository: Path) -> None:
    texts = {path.name: path.read_text() for path in files_of(repository)}
    named = [(name, text.count("forecastops-azure")) for name, text in texts.items() if "forecastops-azure" in text]
    assert named == [("azure-pipelines.yml", 1)]
    assert [name for name, text in texts.items() if "displayName: Data\n" in text] == ["data.yml"]
    pipeline = load_pipeline(repository / "azure-pipelines.yml", {})
    assert (pipeline.parameters["data"], pipeline.parameters["config"]) == ("data/sales.csv", "forecastops.yaml")


def test_nothing_of_this_project_is_needed_but_the_package(repository: Path) -> None:
    assert (repository / "requirements-forecastops.txt").read_text() == f"{DISTRIBUTION}=={__version__}\n"
    for path in files_of(repository):
        assert not re.search(r"\bmake\b|requirements\.lock|pyproject|configs/x|docs/", path.read_text()), path
    for path in yaml.load((repository / "azure-pipelines.yml").read_text(), yaml.BaseLoader)["trigger"]["paths"][
        "include"
    ]:
        assert (repository / path).exists(), path


@pytest.fixture(scope="module")
def rehearsal(repository: Path, tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Rehearsal]:
    """A first run of the pipeline in that repository, on one machine."""
    folder = tmp_path_factory.mktemp("rehearsed")
    environment = new_command(folder, empty_database).environment
    document = yaml.safe_load((repository / "forecastops.yaml").read_text())
    assert document.pop("deployment")["target"] == "azureml"
    document["tracking"] = {"artifact_location": (folder / "artifacts").as_uri()}
    config = folder / "production.yaml"
    config.write_text(json.dumps(document))
    home = {"FORECASTOPS_HOME": environment["FORECASTOPS_HOME"]}
    variables = {"MLFLOW_TRACKING_URI": environment["MLFLOW_TRACKING_URI"]}
    with forked_command(folder) as program:
        agents = Agents(repository, folder / "agents", home, variables, program)
        yield agents.run(load_pipeline(repository / "azure-pipelines.yml", {"config": str(config)}))
    stop_endpoints(Path(home["FORECASTOPS_HOME"]))


def test_the_pipeline_promotes_a_first_model(rehearsal: Rehearsal) -> None:
    green = ("Check", "Train", "Evaluate", "Promote", "Verify")
    assert {name: rehearsal.stages[name] for name in green} == dict.fromkeys(green, "Succeeded")
    assert rehearsal.stages["Keep"] == "Skipped"
    assert rehearsal.job("Promote").outputs["promote.version"] == "1"
    assert "Tests" not in rehearsal.job("Check").steps


def test_the_workflow_for_github_leads_somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "repository"
    said = begun(folder, "github", monkeypatch).stdout
    assert "set up: the variables AZURE_CLIENT_ID" in said
    text = (folder / ".github/workflows/retrain.yml").read_text()
    assert problems_of_workflow(text) == []
    document: dict[str, Any] = yaml.load(text, yaml.BaseLoader)
    assert document["env"]["DATA"] == "${{ inputs.data || 'data/sales.csv' }}"
    assert document["env"]["CONFIG"] == "${{ inputs.config || 'forecastops.yaml' }}"
    assert [text.count(f"vars.AZURE_{name}") for name in ("CLIENT_ID", "TENANT_ID", "SUBSCRIPTION_ID")] == [1, 1, 1]
    used = set(re.findall(r"uses: (\./\S+)", text))
    assert used == {f"./.github/actions/{name}" for name in ("environment", "data", "sign-in")}
    for action in used:
        steps = yaml.safe_load((folder / action / "action.yml").read_text())["runs"]["steps"]
        assert all("shell" in step for step in steps if "run" in step), action
    every = [path.read_text() for path in folder.rglob("*.yml")]
    assert not any(re.search(r"\bmake\b|requirements\.lock|pyproject|docs/", found) for found in every)


def test_a_pipeline_that_is_there_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "azure-pipelines.yml").write_text("mine\n")
    transactions().to_csv(tmp_path / "sales.csv", index=False)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["init", "sales.csv", "--pipeline", "azure-devops"])
    assert result.exit_code == 1
    assert "azure-pipelines.yml: exists with other content" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["azure-pipelines.yml", "sales.csv"]
