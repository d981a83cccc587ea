"""The policies that are compared: what each does with a challenger, given what the gate sees."""

from __future__ import annotations

from collections.abc import Callable

from replay import Replay

from forecastops.gate.decision import decide
from forecastops.ground.config import GatePolicy

__all__ = ["OURS", "POLICIES", "Policy"]

Policy = Callable[[Replay, int, int], bool]  # stream, champion, challenger -> promote?

OURS = "forecastops (default)"

_PLAIN = GatePolicy(
    min_improvement=None,
    half_life=None,
    alpha=None,
    beat_seasonal_naive=False,
    max_coverage_shortfall=None,
    max_step_ratio=None,
    max_recent_ratio=None,
    max_bias_share=None,
)


def _never(_replay: Replay, _champion: int, _challenger: int) -> bool:
    return False


def _always(_replay: Replay, _champion: int, _challenger: int) -> bool:
    return True


def _recorded(replay: Replay, champion: int, challenger: int) -> bool:
    """What most templates do: each model's own recorded metric, from its own window."""
    return replay.recorded[challenger] < replay.recorded[champion]


def _gate(policy: GatePolicy) -> Policy:
    def promotes(replay: Replay, champion: int, challenger: int) -> bool:
        return decide(replay.evidence(champion, challenger), policy).verdict == "PROMOTE"

    return promotes


def _with(policy: GatePolicy, **changes: object) -> Policy:
    return _gate(policy.model_copy(update=changes))


_DEFAULT = GatePolicy()

POLICIES: dict[str, Policy] = {
    "never": _never,
    "always": _always,
    "recorded metrics": _recorded,
    "lower RMSE": _with(_PLAIN, min_improvement=0.0),
    "margin 1 %": _with(_PLAIN, min_improvement=0.01),
    "margin 2 %": _with(_PLAIN, min_improvement=0.02),
    "margin 5 %": _with(_PLAIN, min_improvement=0.05),
    "test 5 %": _with(_PLAIN, alpha=0.05),
    "test 10 %": _with(_PLAIN, alpha=0.10),
    "test 20 %": _with(_PLAIN, alpha=0.20),
    OURS: _gate(_DEFAULT),
    "  origins alike": _with(_DEFAULT, half_life=None),
    "  alpha 10 %": _with(_DEFAULT, alpha=0.10),
    "  alpha 20 %": _with(_DEFAULT, alpha=0.20),
    "  without the test": _with(_DEFAULT, alpha=None),
    "  margin 2 %": _with(_DEFAULT, min_improvement=0.02),
    "  weekdays 1.5": _with(_DEFAULT, max_weekday_ratio=1.5),
}
