"""Train, evaluate and promote in one process; a champion that stays is given the new data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forecastops.adapters.sources.read_series import Source
from forecastops.config import Config
from forecastops.core.home import require_home
from forecastops.gate.record import Decision
from forecastops.usecases.evaluate import evaluate
from forecastops.usecases.moved import Moved
from forecastops.usecases.promote import promote
from forecastops.usecases.train import TrainResult, train

__all__ = ["Retrained", "retrain"]


@dataclass(frozen=True)
class Retrained:
    """What each step came to; ``outcome`` says what is in production now."""

    train: TrainResult
    evaluate: Decision
    outcome: Moved

    @property
    def promote(self) -> Moved | None:
        """The promotion; None where the champion stays."""
        return self.outcome if self.outcome.promoted else None

    @property
    def renew(self) -> Moved | None:
        """The renewal of the champion that stays; None where it was not renewed."""
        return self.outcome if self.outcome.renewed and not self.outcome.promoted else None


def retrain(config: Config, sources: Sequence[Source]) -> Retrained:
    """Train a challenger on ``sources``, judge it, and promote it if it earned that; else renew the champion."""
    require_home()  # before the fit: without one, nothing can be promoted
    trained = train(config, sources)
    decision = evaluate(config, trained.run_id)
    return Retrained(trained, decision, promote(config, trained.run_id))
