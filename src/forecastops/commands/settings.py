"""The configuration, as resolved and as described."""

from __future__ import annotations

import json
from typing import Any

import click

from forecastops.commands.frame import Request, command_options
from forecastops.core.redaction import redacted_tree

__all__ = ["config"]


@click.group()
def config() -> None:
    """Show the configuration, its schema, or an example."""


@config.command()
@command_options
def show(request: Request) -> None:
    """Show the resolved configuration: defaults, file and overrides together; secrets are masked.

    What follows from a series' frequency is shown for each; with data.frequency set, as it is for that one.
    """
    import yaml

    from forecastops.usecases.settings import by_frequency

    resolved = request.config()
    usual = by_frequency(resolved)
    document = redacted_tree(resolved.model_dump(mode="json"))
    if resolved.data.frequency is not None:
        document["evaluation"] |= resolved.evaluation_of(resolved.data.frequency).model_dump(mode="json")
    text = yaml.safe_dump(document, sort_keys=False).rstrip()
    request.answer({**document, "by_frequency": usual}, f"{text}\n{_comment(usual)}")


def _comment(usual: dict[str, dict[str, Any]]) -> str:
    """Return the table as YAML comments, so that what is shown can be a configuration file."""
    lines = ["# Where they are null, horizon, window, season and members follow from the series' frequency:"]
    for name, found in usual.items():
        numbers = f"horizon {found['horizon']}, window {found['window']}, season {found['season_length']}"
        lines.append(f"#   {name:14} {numbers}: {', '.join(found['members'])}")
    return "\n".join(lines)


@config.command()
@click.argument("name", type=click.Choice(["default", "co2", "azureml", "online-endpoint", "aci", "panel"]))
@command_options
def example(request: Request, name: str) -> None:
    """Show an example configuration with its comments, to be kept as forecastops.yaml and changed."""
    from forecastops.usecases.settings import example as use_case

    text = use_case(name)
    request.answer({"name": name, "text": text}, text.rstrip())


@config.command()
@command_options
def schema(request: Request) -> None:
    """Show the JSON schema of the configuration file, with every field described."""
    from forecastops.config import Config

    document = Config.model_json_schema()
    request.answer(document, json.dumps(document, indent=2))
