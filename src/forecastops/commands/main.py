"""The ``forecastops`` command."""

from __future__ import annotations

import os

import click

from forecastops import __version__
from forecastops.commands import cycle, data, production, settings, story

__all__ = ["main"]

# Our matrices are so small that threads only wait for each other; numpy reads this when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="forecastops")
def main() -> None:
    """Retrain ARIMA forecasts on MLflow; promote a new model only when it has earned it."""


for command in (
    cycle.train,
    cycle.evaluate,
    cycle.promote,
    cycle.retrain,
    production.status,
    production.rollback,
    production.forecast,
    data.data,
    settings.config,
    story.demo,
):
    main.add_command(command)
