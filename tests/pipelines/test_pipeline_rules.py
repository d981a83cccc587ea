"""What the YAML of the pipelines must keep to; and that each rule catches a mistake of its kind."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from forecastops.commands.main import main
from forecastops.core.redaction import redacted
from pipeline_rehearsal.rules import files_of, problems
from repository import ROOT

# It takes seconds to import, which only the worker that validates need spend.
if TYPE_CHECKING:
    from jsonschema import Draft7Validator

# What the steps set; test_pipeline.py holds it against what they have set when they ran.
OUTPUTS = {
    ("Monitor", "watch", "monitor"): {"retrain", "broken", "too_old"},
    ("Train", "fit", "train"): {"run_id"},
    ("Evaluate", "gate", "evaluate"): {"run_id", "verdict"},
    ("Promote", "promote", "promote"): {"run_id", "verdict", "version", "renewed"},
    ("Keep", "keep", "keep"): {"run_id", "verdict", "version", "renewed"},
    ("Verify", "verify", "verify"): {"version"},
    ("Refresh", "refresh", "renew"): {"version", "renewed"},
    ("Refresh", "refresh", "sound"): {"version"},
    ("Renew", "renew", "renew"): {"version", "renewed"},
    ("Renew", "renew", "sound"): {"version"},
}


def test_the_pipeline_keeps_the_rules() -> None:
    assert problems(ROOT, OUTPUTS) == []


VERDICT = "dependencies.Evaluate.outputs['gate.evaluate.verdict']"
RUN = "stageDependencies.Train.fit.outputs['train.run_id']"
MISTAKES = {
    "stage of a condition": ("promote", VERDICT, VERDICT.replace("Evaluate", "Evaluation"), "no stage Evaluation"),
    "job of a condition": ("promote", "'gate.", "'judge.", "stage Evaluate has no job judge"),
    "step of a condition": ("promote", ".evaluate.verdict", ".judge.verdict", "has no step judge"),
    "variable of a condition": ("promote", ".verdict", ".verdicts", "never sets verdicts"),
    "form of a condition": ("promote", "'gate.evaluate.", "'evaluate.", "is no dependencies.STAGE.outputs"),
    "stage of a variable": ("evaluate", ".Train.", ".Training.", "there is no stage Training"),
    "job of a variable": ("evaluate", ".fit.", ".train.", "stage Train has no job train"),
    "step of a variable": ("evaluate", "'train.run_id", "'fit.run_id", "has no step fit"),
    "step without its name": ("train", "      name: train\n", "", "has no step train"),
    "variable of a variable": ("evaluate", "train.run_id", "train.run", "never sets run"),
    "form of a variable": (
        "evaluate",
        RUN,
        "dependencies.Train.outputs['fit.train.run_id']",
        "is no stageDependencies",
    ),
    "dependency left out": (
        "verify",
        "[Evaluate, Promote, Keep]",
        "[Promote, Keep]",
        "on which Verify does not depend",
    ),
    "result of no dependency": ("verify", "[Evaluate, Promote, Keep]", "[Evaluate, Promote]", "the result of Keep, on"),
    "dependency on nothing": ("train", "dependsOn: Monitor", "dependsOn: Monitors", "which is no stage before it"),
    "deployment's output": (
        "verify",
        "and(not(canceled()), ",
        "and(not(canceled()), ne(dependencies.Promote.outputs['promote.promote.version'], ''), ",
        "outputs of the deployment job promote",
    ),
    "stage without status function": ("promote", "and(succeeded(), or(", "and(true, or(", "without a status function"),
    "step without status function": ("check", "and(succeeded(), in(", "and(true, in(", "without a status function"),
    "unknown function": ("evaluate", "succeeded()", "succeded()", "function succeded is not known"),
    "name of a schedule": (
        "../azure-pipelines",
        "displayName: Renew, other days",
        "displayName: Renew",
        "asks for a schedule",
    ),
    "value of a parameter": (
        "../azure-pipelines",
        "[retrain, monitor, renew]",
        "[retrain, monitor, renewal]",
        "parameter task = 'renew'",
    ),
    "unknown context": ("monitor", "ne(variables[", "ne(pipeline[", "knows no pipeline"),
    "variable of the build": ("monitor", "'Build.Reason'", "'Build.Cause'", "knows no variables.Build.Cause"),
    "variable of a step's condition": ("check", "'Build.Reason'", "'Build.Cause'", "knows no variables.Build.Cause"),
    "broken expression": ("evaluate", "succeeded()", "succeeded(", "ends too early"),
    "unknown variable": ("evaluate", "Agent.TempDirectory", "Agent.TempDir", "no variable Agent.TempDir"),
    "text in a script": ("promote", '"$REASON"', '"${{ parameters.reason }}"', "hand it over by env"),
    "macro in a script": ("verify", '"$RUN_ID"', '"$(RUN_ID)"', "hand it over by env"),
    "unknown parameter": ("train", "${{ parameters.data }}", "${{ parameters.date }}", "parameter data is not used"),
    "directive": ("train", "    timeoutInMinutes: 60", "    ${{ if true }}: 60", "a directive stands where"),
    "name of a secure file": ("certificate", "$(key.sec", "$(keys.sec", "no variable keys.secureFilePath"),
    "condition of a template": ("promote", "eq(parameters.certificate", "eq(parameter.certificate", "is no context"),
    "unknown key": ("verify", "timeoutInMinutes", "timeout", "timeout of 'verify' is not known"),
    "template that is not there": ("verify", "environment.yml", "environments.yml", "No such file"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_caught(mistake: str, tmp_path: Path) -> None:
    name, right, wrong, caught = MISTAKES[mistake]
    shutil.copy(ROOT / "azure-pipelines.yml", tmp_path)
    shutil.copytree(ROOT / "pipelines", tmp_path / "pipelines")
    path = tmp_path / f"pipelines/{name}.yml"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong))
    found = problems(tmp_path, OUTPUTS)
    assert any(caught in problem for problem in found), found


@pytest.fixture(scope="module")
def schema(shared_data: Path) -> Draft7Validator:
    """The published schema; inputs of tasks are texts to our loader, whatever their type."""
    from jsonschema import Draft7Validator

    document = json.loads((shared_data / "azure-pipelines-schema.json").read_text("utf-8"))

    def relax(tree: Any) -> None:
        if isinstance(tree, dict):
            if tree.get("type") in ("boolean", "integer"):
                tree |= {"type": "string", "pattern": "^(true|false|[0-9]+|\\$\\(.*\\))$"}
            tree = list(tree.values())
        for child in tree if isinstance(tree, list) else ():
            relax(child)

    relax(document["definitions"]["task"])
    return Draft7Validator(document)


def without_directives(tree: Any) -> Any:
    """The YAML with what stands below an ``if`` in its place: the schema is of what is left then."""
    if isinstance(tree, dict):
        return {key: without_directives(value) for key, value in tree.items()}
    if not isinstance(tree, list):
        return tree
    found: list[Any] = []
    for entry in tree:
        (key, *_) = entry if isinstance(entry, dict) else ("",)
        found += (
            without_directives(entry[key]) if key.startswith(("${{ if ", "${{ else ")) else [without_directives(entry)]
        )
    return found


def test_the_files_keep_to_the_published_schema(schema: Draft7Validator) -> None:
    for path in files_of(ROOT):
        schema.validate(without_directives(yaml.load(path.read_text(), yaml.BaseLoader)))


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("azure-pipelines", "lockBehavior: sequential", "lockBehavior: serial"),
        ("azure-pipelines", "schedules:", "schedule:"),
        ("pipelines/train", "dependsOn", "dependOn"),
        ("pipelines/train", "azureSubscription", "subscription"),
        ("pipelines/train", "keepAzSessionActive: true", "keepAzSessionActive: perhaps"),
        ("pipelines/evaluate", "PublishTestResults@2", "PublishTestResult@2"),
    ],
)
def test_the_schema_catches_a_mistake(schema: Draft7Validator, name: str, right: str, wrong: str) -> None:
    text = (ROOT / f"{name}.yml").read_text()
    assert right in text
    document = yaml.load(text.replace(right, wrong), yaml.BaseLoader)
    assert not schema.is_valid(without_directives(document))


def test_runs_wait_for_each_other_and_come_without_commits() -> None:
    document = yaml.load((ROOT / "azure-pipelines.yml").read_text(), yaml.BaseLoader)
    assert document["lockBehavior"] == "sequential"
    assert [schedule["always"] for schedule in document["schedules"]] == ["true", "true"]
    days = [schedule["cron"].split()[4] for schedule in document["schedules"]]
    assert days == ["1", "0,2-6"], "each day has one of the two"
    for name in ("promote", "keep", "renew"):
        text = (ROOT / f"pipelines/{name}.yml").read_text()
        assert f"- deployment: {name}" in text
        assert "environment: ${{ parameters.environment }}" in text


def test_no_secret_is_in_a_file() -> None:
    for path in [*files_of(ROOT), *(ROOT / ".github").rglob("*.yml")]:
        text = path.read_text()
        # A permission, a switch, and where the runner keeps what it was lent for one job.
        for harmless in ("id-token: write", "persist-credentials: false", "GH_TOKEN: ${{ github.token }}"):
            text = text.replace(harmless, "")
        assert redacted(text) == text, path
        assert not re.search(r"(?i)secrets\.|client.?secret|password", text), path


def test_the_python_of_the_pipelines_is_that_of_the_environment() -> None:
    (conda,) = re.findall(r"- python=(\S+)", (ROOT / "conda.yaml").read_text())
    assert f"versionSpec: '{conda}'" in (ROOT / "pipelines/environment.yml").read_text()
    assert f"python-version: '{conda}'" in (ROOT / ".github/actions/environment/action.yml").read_text()


GUIDE = (ROOT / "docs/azure-devops.md").read_text("utf-8")


@pytest.mark.parametrize("line", re.findall(r"(?m)^ +forecastops (.+)$", GUIDE.replace("\\\n", " ")))
def test_the_guide_shows_commands_that_exist(line: str) -> None:
    name, *arguments = shlex.split(line)
    command = main.get_command(click.Context(main), name)
    assert command is not None
    command.make_context(name, arguments)


def test_the_guide_names_what_there_is() -> None:
    yaml_text = "".join(path.read_text() for path in files_of(ROOT))
    document = yaml.load((ROOT / "azure-pipelines.yml").read_text(), yaml.BaseLoader)
    for name in ("forecastops-azure", "forecastops-production", "lockBehavior: sequential", *used_tasks(yaml_text)):
        assert name in GUIDE
        assert name in yaml_text
    shown = re.findall(r"(?m)^\| `(\w+)` \| ", GUIDE)
    assert shown == [parameter["name"] for parameter in document["parameters"]]
    stages = re.findall(r"(?m)^\| ([A-Z][a-z]+) \| [^|]+ \| [^|]+ \|$", GUIDE)
    assert stages == re.findall(
        r"(?m)^- stage: (\w+)", "".join((ROOT / f"pipelines/{stage.lower()}.yml").read_text() for stage in stages)
    )
    for path in re.findall(r"`((?:tests|pipelines|\.github)/[\w./-]+)`", GUIDE):
        assert (ROOT / path).is_file(), path
    assert "dependencies.Evaluate.outputs['gate.evaluate.verdict']" in GUIDE
    assert "stageDependencies.Evaluate.gate.outputs['evaluate.run_id']" in GUIDE
    for stage in {stage for stage, _, _ in OUTPUTS}:
        names = set().union(*(names for (of, _, _), names in OUTPUTS.items() if of == stage))
        row = re.search(rf"(?m)^\| {stage} \| .* Outputs? ([^|]*?) \|", GUIDE)
        assert row is not None
        assert set(re.findall(r"`(\w+)`", row[1])) == names


def used_tasks(text: str) -> set[str]:
    """The tasks that only Azure has."""
    return set(re.findall(r"\w+@\d", text))
