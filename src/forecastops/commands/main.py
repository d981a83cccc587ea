"""The ``forecastops`` command."""

from __future__ import annotations

import os
from typing import Any

import click

from forecastops import __version__
from forecastops.adapters.mlflow_store.unused_parts import defer_unused_parts
from forecastops.commands import cycle, data, looking, production, settings, story, watching
from forecastops.commands.backtest import backtest
from forecastops.commands.examples import show_examples
from forecastops.commands.frame import build_system_here, guarded_streams
from forecastops.commands.init import init
from forecastops.commands.output import whole_output
from forecastops.core.garbage import collect_rarely
from forecastops.core.unused_statistics import defer_unused_statistics

__all__ = ["main"]

# Our matrices are so small that threads only wait for each other; numpy reads this when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


_SUBJECTS = {
    "Begin": ("demo", "init", "data"),
    "Retrain": ("retrain", "train", "evaluate", "promote", "renew"),
    "Production": ("status", "forecast", "rollback", "serve", "sign"),
    "Look": ("report", "history", "ui", "monitor", "backtest"),
    "Settings": ("config",),
}


class _Guarded(click.Group):
    """Also what click itself prints, of a wrong option or as help, is read by agents and has to arrive."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands by what they are about."""
        for subject, names in _SUBJECTS.items():
            if rows := [(name, self.commands[name].get_short_help_str(66)) for name in names if name in self.commands]:
                with formatter.section(subject):
                    formatter.write_dl(rows)

    def main(self, *args: Any, **extra: Any) -> Any:
        collect_rarely()
        defer_unused_parts()
        defer_unused_statistics()
        with whole_output(), guarded_streams():
            return super().main(*args, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what stands before the command, which are no options of a command's."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if not self._knows(ctx, error.option_name):
                raise
            said = f"{error.option_name} follows the command: forecastops COMMAND {error.option_name} ..."
            raise click.UsageError(said, ctx) from error

    def _knows(self, ctx: click.Context, option: str) -> bool:
        """Tell whether any command has the option."""
        return any(option in one.opts for command in self.commands.values() for one in command.get_params(ctx))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if listener := build_system_here():
                listener.issue("error", f"forecastops: error: {error.format_message()}")
            raise


@click.group(cls=_Guarded, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="forecastops")
def main() -> None:
    """Retrain ARIMA forecasts on MLflow; promote a new model only when it has earned it."""


for command in (
    cycle.train,
    cycle.evaluate,
    cycle.promote,
    cycle.retrain,
    cycle.report,
    backtest,
    production.renew,
    watching.monitor,
    production.status,
    production.rollback,
    production.forecast,
    looking.history,
    looking.ui,
    init,
    production.serve,
    production.sign,
    data.data,
    settings.config,
    story.demo,
):
    main.add_command(command)

show_examples(main, "forecastops")
