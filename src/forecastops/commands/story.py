"""The demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from forecastops.commands.frame import Request, command_options
from forecastops.reporting import documents, text

__all__ = ["demo"]


class _WithoutSettings(click.Command):
    """Lists no options that it refuses."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the options, those that configure other commands hidden."""
        found = super().get_params(ctx)
        for option in found:
            if isinstance(option, click.Option) and option.name in ("config", "overrides"):
                option.hidden = True
        return found


@click.command(cls=_WithoutSettings)
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Where to keep it.",
)
@command_options
def demo(request: Request, folder: Path) -> None:
    """Tell the whole story on bundled data, offline: champion, shift, challenger, gate, endpoint."""
    if request.config_path or request.overrides:
        raise click.UsageError("the demo has a configuration of its own; --config and --set do not go with it")
    from forecastops.usecases.demo import demo as use_case
    from forecastops.usecases.retrain import Retrained

    chapters: list[dict[str, Any]] = []
    for number, chapter in enumerate(use_case(folder), start=1):
        outcome = chapter.outcome
        if isinstance(outcome, Retrained):
            document, shown = documents.retrained_document(outcome), text.retrained_text(outcome)
        else:
            document = documents.status_document(outcome)
            shown = f"{text.status_text(outcome)}\n{text.demo_ending(outcome, folder, chapter.experiment)}"
        chapters.append(document)
        request.tell(f"\n{number}. {chapter.title}\n\n{shown}")
    if request.as_json:
        request.answer({"chapters": chapters}, "")
