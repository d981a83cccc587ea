"""How each command is called, as its help shows it."""

from __future__ import annotations

import click

__all__ = ["show_examples"]

_EXAMPLES: dict[str, tuple[str, ...]] = {
    "forecastops": (
        "forecastops init sales.csv",
        "forecastops retrain --data sales.csv",
        "forecastops forecast --horizon 7",
        "forecastops renew --data newest.csv",
        "forecastops status --check",
    ),
    "init": ("forecastops init sales.csv", "forecastops init sales.csv --pipeline azure-devops"),
    "train": (
        "forecastops train --data 2013.csv,2014.csv",
        "forecastops train --data sales.csv --set model.selection=candidates",
        "forecastops train --data sales/ --cut pieces/",
    ),
    "evaluate": ("forecastops evaluate --run-id RUN", "forecastops evaluate --replay RUN"),
    "promote": (
        "forecastops promote --run-id RUN",
        "forecastops promote --run-id RUN --force --reason 'the old model misses the new store'",
    ),
    "retrain": ("forecastops retrain --data sales.csv", "forecastops retrain --data sales.csv --require-promote"),
    "backtest": (
        "forecastops backtest --data sales.csv",
        "forecastops backtest --data sales.csv --every 28 --output backtest.html",
        "forecastops backtest --data sales/ --set data.series_column=article --table series.parquet",
    ),
    "renew": (
        "forecastops renew --data newest.csv",
        "forecastops renew --data newest.csv --accept-data --reason 'the stocktaking sale'",
    ),
    "status": ("forecastops status", "forecastops status --check --json", "forecastops status --series store-7"),
    "forecast": (
        "forecastops forecast --horizon 14",
        "forecastops forecast --data newest.csv --json",
        "forecastops forecast --output all.parquet",
    ),
    "rollback": (
        "forecastops rollback --reason 'forecasts too low since Monday'",
        "forecastops rollback --to-version 7 --reason 'forecasts too low since Monday'",
    ),
    "history": ("forecastops history --limit 20", "forecastops history --since 2014-01-01 --html history.html"),
    "ui": ("forecastops ui", "forecastops ui --port 8400 --no-open"),
    "report": ("forecastops report --run-id RUN", "forecastops report --run-id RUN --output report.html"),
    "monitor": ("forecastops monitor --data newest.csv", "forecastops monitor --data newest.csv --require-ok"),
    "serve": ("forecastops serve", "forecastops serve --systemd"),
    "sign": ("forecastops sign --version 3 --reason 'made before there was a key'",),
    "demo": ("forecastops demo",),
    "check": ("forecastops data check sales.csv", "forecastops data check newest.csv --newest-part"),
    "sample": ("forecastops data sample co2 --out data",),
    "adventureworks": ("forecastops data adventureworks AdventureWorks-oltp-install-script.zip --out data",),
    "show": ("forecastops config show", "forecastops config show --set data.frequency=h"),
    "schema": ("forecastops config schema",),
    "example": ("forecastops config example default",),
}


def show_examples(command: click.Command, name: str) -> None:
    """Let the help of a command, and of those below it, end with how it is called."""
    if name in _EXAMPLES:
        # \b keeps the lines apart.
        command.epilog = "\b\n" + "\n".join(["Examples:", *(f"  {one}" for one in _EXAMPLES[name])])
    if isinstance(command, click.Group):
        for below, found in command.commands.items():
            show_examples(found, below)
