"""Production lived through by one policy, as the product lives through it: what was served, and how far off it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from policies import Policy
from retraining import Pipeline, Tally

from forecastops.backtesting.life import live

__all__ = ["Served", "lived"]


@dataclass(frozen=True)
class Served:
    """One policy on one stream: a tally for each retraining, until the next, and what was decided."""

    periods: tuple[Tally, ...]
    promotions: int = 0
    changes: int = 0
    decisions: int = 0
    alarms: int = 0

    @classmethod
    def of(cls, tally: Tally) -> Served:
        """A reference's, about which nothing is decided."""
        return cls((tally,))

    @property
    def total(self) -> Tally:
        """Over all periods."""
        return sum(self.periods, Tally())


def lived(pipeline: Pipeline, policy: Policy) -> Served:
    """Live through the stream; the first model is promoted anyway."""
    life, answer = live(pipeline.stream, policy, counterfactuals=False), None
    while True:
        try:
            asked = life.send(answer)
        except StopIteration as end:
            return _served(pipeline, end.value)
        answer = pipeline.answer(asked)


def _served(pipeline: Pipeline, found: Any) -> Served:
    return Served(
        tuple(pipeline.answer(period.served) for period in found.periods),
        sum(look.promoted for look in found.looks),
        found.changes,
        len(found.looks),
        len(found.alarms),
    )
