"""The configuration, as resolved and as described."""

from __future__ import annotations

import json

import click

from forecastops.commands.frame import Request, command_options
from forecastops.ground.redaction import redacted_tree

__all__ = ["config"]


@click.group()
def config() -> None:
    """Show the configuration or its schema."""


@config.command()
@command_options
def show(request: Request) -> None:
    """Show the resolved configuration: defaults, file and overrides together; secrets are masked."""
    import yaml

    document = redacted_tree(request.config().model_dump(mode="json"))
    request.answer(document, yaml.safe_dump(document, sort_keys=False).rstrip())


@config.command()
@command_options
def schema(request: Request) -> None:
    """Show the JSON schema of the configuration file, with every field described."""
    from forecastops.ground.config import Config

    document = Config.model_json_schema()
    request.answer(document, json.dumps(document, indent=2))
