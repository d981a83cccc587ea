"""What the shell completes beyond commands and options: the keys of settings."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

__all__ = ["complete_setting"]


def complete_setting(_context: click.Context, _option: click.Parameter, so_far: str) -> list[CompletionItem]:
    """Return the settings that begin so, with what they are."""
    from forecastops.config import Config

    described = {
        f"{section}.{key}": field.description
        for section, part in Config.model_fields.items()
        for key, field in getattr(part.annotation, "model_fields", {}).items()
    }
    return [CompletionItem(f"{key}=", help=said) for key, said in described.items() if key.startswith(so_far)]
