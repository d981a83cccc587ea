"""Killing a command right before one of the changes that it makes outside, counted as it makes them."""

from __future__ import annotations

import functools
import itertools
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

from mlflow import MlflowClient
from mlflow.tracking._model_registry.client import ModelRegistryClient

from forecastops.adapters.endpoint.local_target import LocalTarget
from forecastops.adapters.mlflow_store.recorder import RunRecorder
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.adapters.mlflow_store.runs import Runs

__all__ = [
    "BEGUN",
    "CHANGES",
    "DEPLOYED",
    "DEPLOYING",
    "DESCRIBING",
    "LEAVING",
    "READS",
    "RECORDING",
    "REGISTERED",
    "REGISTERING",
    "UNSEEN",
    "Point",
    "answer_otherwise",
    "interruptions",
    "kill_before",
]

# A method and the number of its call: a kill point that stays when something before it comes to be recorded too.
Point = tuple[Callable[..., Any], int]

# Every public method of the adapters is one of these; a test sees to it. Journal records are tags.
CHANGES: dict[type, tuple[str, ...]] = {
    ModelRegistry: ("register", "tag", "untag", "point", "discard"),
    LocalTarget: ("deploy", "stage", "delete"),
    Runs: ("discard", "leave"),
    RunRecorder: ("folder", "tags"),
    # Inside `register`, `discard` and `point` there are two changes each.
    MlflowClient: ("create_model_version",),
    ModelRegistryClient: ("delete_registered_model", "transition_model_version_stage"),
}
# Before these changes of a promotion that replaces a champion, or of a renewal.
RECORDING, REGISTERING = (RunRecorder.tags, 1), (ModelRegistry.register, 1)
REGISTERED, BEGUN = (ModelRegistry.tag, 1), (ModelRegistry.tag, 2)
DEPLOYING, DEPLOYED = (LocalTarget.deploy, 1), (ModelRegistry.tag, 3)
DESCRIBING, LEAVING = (ModelRegistry.tag, 4), (Runs.leave, 1)
_REQUIRED = ("require_resumable", "require_new_run_possible")
READS: dict[type, tuple[str, ...]] = {
    ModelRegistry: (
        *("champion", "staged", "versions", "get", "find", "of_run", "download", "lost_pointer", "now", "is_gone"),
        *("description", "other_models"),
    ),
    LocalTarget: ("state", "versions_in_use", "forecast", "release", "clean_up", "downloads"),
    Runs: ("get", "download", "newest_data", "newest_with", "of_model", "recorder", "link", *_REQUIRED),
}
# What a run holds before it has its last tags, nobody asks for: being killed before these is as before the next above.
UNSEEN: dict[type, tuple[str, ...]] = {
    Runs: ("record", "continued"),
    RunRecorder: ("params", "metrics", "steps", "curves", "files", "dataset", "listed_model"),
}


def kill_before(point: int | Point, by: signal.Signals = signal.SIGKILL) -> None:
    """Make this process kill itself right before a change; or send itself another signal, once.

    Args:
        point: the number among all changes, from 1; or a method that changes something and the number of its call.
        by: what it sends itself.
    """
    only, number = point if isinstance(point, tuple) else (None, point)
    made = 0

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            nonlocal made
            made += 1
            if made == number:
                os.kill(os.getpid(), by)
            return method(*args, **kwargs)

        return wrapper

    for owner, names in CHANGES.items():
        for name in names:
            method = getattr(owner, name)
            if only in (None, method):
                setattr(owner, name, counted(method))


def interruptions() -> Iterator[Callable[[], None]]:
    """One after the other, without end: the caller stops at the first that no longer kills."""
    for number in itertools.count(1):
        yield functools.partial(kill_before, number)


def answer_otherwise() -> None:
    """Let the endpoint's answer differ from what was evaluated, as far as this process can see."""
    original = LocalTarget.forecast

    @functools.wraps(original)
    def wrapped(self: LocalTarget) -> list[dict[str, Any]]:
        rows = original(self)
        rows[3]["mean"] *= 1 + 1e-5
        return rows

    setattr(LocalTarget, original.__name__, wrapped)
