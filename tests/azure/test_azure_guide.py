"""docs/azure.md: the commands, settings and files that it names exist, as far as that can be known without Azure."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from forecastops.adapters.endpoint.azure.settings import read_settings
from forecastops.commands.main import main
from forecastops.config_file import load_config
from repository import ROOT

GUIDE = (ROOT / "docs/azure.md").read_text("utf-8")
BLOCKS = re.findall(r"(?:^ {4}.*\n)+", GUIDE, re.MULTILINE)
LINES = [line.strip() for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]
COMMANDS = [line for line in LINES if line.startswith("forecastops ")]
MLFLOW = sorted({line for line in LINES if line.startswith("mlflow ")})
MADE = {
    "data/transaction_ts.csv",
    "data/transaction_ts2013.csv",
    "data/transaction_ts2014.csv",
    "federated.json",
    "certificate.pem",
    "key.pem",
}


def context(group: click.Command, words: list[str]) -> click.Context:
    """Parse a command line down to its last subcommand, without running it."""
    found = click.Context(group)
    while isinstance(group, click.Group):
        child = group.get_command(found, words[0])
        assert child is not None, words
        found, group = click.Context(child, parent=found), child
        words = words[1:]
    return group.make_context(str(group.name), words, parent=found.parent)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_has_its_options_and_every_setting_its_key(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("certificate.pem", "key.pem"):
        Path(name).touch()
    parsed = context(main, shlex.split(line)[1:]).params
    path = parsed["config"]
    config = load_config(ROOT / path if path else None, parsed["overrides"])
    if config.deployment.target == "azureml":
        read_settings(config.deployment.settings, config.deployment_name)


@pytest.mark.parametrize("line", MLFLOW)
def test_every_command_of_mlflow_has_its_options(line: str) -> None:
    from mlflow.cli import cli

    context(cli, shlex.split(line)[1:])


def test_every_file_exists() -> None:
    named = {name for name in re.findall(r"`([\w./-]+)`", GUIDE) if "/" in name or name.startswith(".")}
    given = {found for line in LINES for found in re.findall(r"--(?:file|parameters) (\S+)", line)}
    paths = {name for name in named | given if not name.startswith("workspaces/")} - MADE
    assert len(paths) > 8
    assert [name for name in sorted(paths) if not (ROOT / name).exists()] == []


def test_the_names_are_those_of_the_pipeline() -> None:
    files: dict[str, Any] = {
        name: yaml.safe_load((ROOT / f"azureml/{name}.yml").read_text("utf-8"))
        for name in ("compute", "pipeline", "schedule", "renew", "schedule-renew")
    }
    text = " ".join(LINES)
    assert f"az ml compute show --name {files['compute']['name']} " in text
    assert files["pipeline"]["settings"]["default_compute"] == f"azureml:{files['compute']['name']}"
    for name in ("schedule", "schedule-renew"):
        assert f"az ml schedule create --file azureml/{name}.yml" in text
        assert f"az ml schedule disable --name {files[name]['name']}" in text
    inputs = files["pipeline"]["inputs"]
    uploaded = re.findall(r"--name (forecastops/\S+)", text)
    start = "azureml://datastores/workspaceblobstore/paths/"
    assert [inputs[name]["path"].removeprefix(start) for name in ("data", "more")] == uploaded
    assert files["renew"]["inputs"] == {name: inputs[{"data": "more"}.get(name, name)] for name in ("data", "config")}
    assert f"`{inputs['config']}`" in GUIDE
    assert f"{files['compute']['idle_time_before_scale_down']} s after" in GUIDE
