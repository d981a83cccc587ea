"""Train, evaluate and promote a panel in one process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forecastops.adapters.sources.read_series import Source
from forecastops.config import Config
from forecastops.core.home import require_home
from forecastops.usecases.moved import Moved
from forecastops.usecases.panels.evaluate import evaluate_panel
from forecastops.usecases.panels.promote import promote_panel
from forecastops.usecases.panels.record import PanelDecision
from forecastops.usecases.panels.train import PanelTrained, train_panel
from forecastops.usecases.panels.work import Told

__all__ = ["PanelRetrained", "retrain_panel"]


@dataclass(frozen=True)
class PanelRetrained:
    """What each step came to; ``outcome`` says what is in production now."""

    train: PanelTrained
    evaluate: PanelDecision
    outcome: Moved


def retrain_panel(
    config: Config, sources: Sequence[Source], work: Path | None = None, told: Told = lambda _done, _all: None
) -> PanelRetrained:
    """Train a panel on ``sources``, judge it, and promote it if it earned that; else renew the champion."""
    require_home()
    trained = train_panel(config, sources, work, told)
    decision = evaluate_panel(config, trained.run_id)
    return PanelRetrained(trained, decision, promote_panel(config, trained.run_id))
