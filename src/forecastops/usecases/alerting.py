"""Telling people what a look found: once for each thing that is new, and once when all is clear again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from forecastops.adapters.alerts.channels import AlertError, Channel, Message
from forecastops.monitoring.signal import Look, Signal
from forecastops.reporting.sentences.signals import look_sentence, signal_sentence, signal_title
from forecastops.usecases.watch_log import WatchRun

__all__ = ["tell"]

_LOG = logging.getLogger(__name__)


def tell(found: Look, model: str, version: str, run: WatchRun, ways: Sequence[Channel]) -> None:
    """Tell each channel what it has not been told; what cannot be told is said, and told at the next look.

    Args:
        found: the look.
        model: name of the registered model.
        version: the champion's.
        run: which remembers what each channel was told.
        ways: the channels.
    """
    failing = [signal for signal in found.signals if not signal.passed]
    names = tuple(signal.name for signal in failing)
    for channel in ways:
        told = run.alerted.get(channel.name, ())
        if set(names) <= set(told) and (names or not told):
            # What has ended is forgotten, so that it is told again should it come back.
            if set(names) != set(told):
                run.told(channel.name, names)
            continue
        try:
            channel.send(_message(found, failing, model, version))
        except AlertError as error:
            _LOG.warning("nobody was told by %s: %s", channel.name, error)
        else:
            run.told(channel.name, names)


def _message(found: Look, failing: list[Signal], model: str, version: str) -> Message:
    kind = _kind(found, failing)
    subjects = {
        "data": f"{model}: the data are broken",
        "moved": f"{model}: something has moved",
        "clear": f"{model}: all is clear again",
    }
    lines = [f"{signal_title(signal)}: {signal_sentence(signal)}" for signal in failing]
    about = f"Version {version} of {model}, data through {found.end}."
    document: dict[str, Any] = {
        "event": kind,
        "model": model,
        "version": version,
        "end": found.end,
        "retrain": found.retrain,
        "broken": found.broken,
        "summary": look_sentence(found),
        "signals": [
            {
                "name": signal.name,
                "value": signal.value,
                "threshold": signal.threshold,
                "since": signal.since,
                "reason": signal_sentence(signal),
            }
            for signal in failing
        ],
    }
    return Message(subjects[kind], (look_sentence(found), *lines, about), document)


def _kind(found: Look, failing: list[Signal]) -> str:
    if found.broken:
        return "data"
    return "moved" if failing else "clear"
