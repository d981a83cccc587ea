"""What a person does next: the command after this one, which ends the output for people."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecastops.results.evaluation import EvaluateResult

__all__ = ["after_decision", "after_no_promotion", "after_train", "command_line"]

_DATA_CHECKS = ("comparable_data", "plausible_data")
_LOOK = "look at the file; if its data are right: forecastops renew --data FILE --accept-data --reason T"


def command_line(command: str, options: Sequence[str] = (), why: str = "") -> str:
    """Return the line that names a command, with the options that give the same configuration.

    Args:
        command: with its arguments, without the program.
        options: of the configuration, as they were given.
        why: what it is for.
    """
    words = " ".join(["forecastops", command, *(shlex.quote(option) for option in options)])
    return f"next: {words}" + (f"   ({why})" if why else "")


def after_train(run_id: str, options: Sequence[str]) -> str:
    """Return what follows a training."""
    return command_line(f"evaluate --run-id {run_id}", options, "compares it with the champion")


def after_decision(decision: EvaluateResult, options: Sequence[str]) -> str:
    """Return what follows a decision that nothing has been done about yet."""
    failed = {check.name for check in decision.checks if not check.passed}
    promote = f"promote --run-id {decision.run_id}"
    if decision.verdict == "PROMOTE":
        return command_line(promote, options, "registers, deploys and verifies it")
    if decision.verdict == "REJECT" and failed & set(_DATA_CHECKS):
        return command_line("data check FILE", options, _LOOK)
    if decision.champion is None:
        why = "the model, not the data, was rejected: try other orders; this one chooses among some"
        return command_line("train --data FILE --set model.selection=candidates", options, why)
    return command_line(promote, options, "does not promote it: gives the champion the newest data")


def after_no_promotion(run_id: str, options: Sequence[str]) -> str:
    """Return what follows where the champion stayed: nothing has to be done, and the page says why."""
    return command_line(f"report --run-id {run_id}", options, "why, as a page; nothing has to be done")
