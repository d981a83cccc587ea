"""Train, evaluate and promote in one process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forecastops.gate.record import Decision
from forecastops.ground.config import Config
from forecastops.usecases.evaluate import evaluate
from forecastops.usecases.promote import Moved, promote
from forecastops.usecases.train import TrainResult, train

__all__ = ["Retrained", "retrain"]


@dataclass(frozen=True)
class Retrained:
    """``promote`` is None when the verdict was not PROMOTE."""

    train: TrainResult
    evaluate: Decision
    promote: Moved | None


def retrain(config: Config, paths: Sequence[str]) -> Retrained:
    """Train a challenger on ``paths``, judge it, and promote it if it earned that."""
    trained = train(config, paths)
    decision = evaluate(config, trained.run_id)
    moved = promote(config, trained.run_id) if decision.verdict == "PROMOTE" else None
    return Retrained(trained, decision, moved)
