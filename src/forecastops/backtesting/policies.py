"""What becomes of a challenger, and of a champion that stays: the policies that are lived through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from forecastops.gate.policy import GatePolicy

__all__ = ["LOWER_RMSE", "OnHold", "Policy"]

OnHold = Literal["renew", "refit", "nothing"]

LOWER_RMSE = {
    "min_improvement": 0.0,
    "same_spec_improvement": None,
    "half_life": None,
    "alpha": None,
    "beat_seasonal_naive": False,
    "max_coverage_shortfall": None,
    "max_step_ratio": None,
    "max_recent_ratio": None,
    "max_bias_share": None,
}


@dataclass(frozen=True)
class Policy:
    """How production is run.

    Attributes:
        name: in tables.
        gate: what a challenger must show; or whether every one is promoted, none, or one whose recorded metric is lower
            than the champion's, each from the last 10 % of its own data.
        on_hold: what a champion that stays is given at a retraining.
        renew_every: days between renewals of the state from a retraining on; None for none before the next.
        guarded: whether the alarm keeps implausible rows out.
        as_judged: whether the parameters serve that the gate has judged, estimated before the window.
        refits_rejected: whether ``on_hold="refit"`` holds after a REJECT too, as in the product.
        settings: by key, what makes it of the configuration; None where no setting does.
    """

    name: str
    gate: GatePolicy | Literal["always", "never", "recorded"]
    on_hold: OnHold = "renew"
    renew_every: int | None = 1
    guarded: bool = True
    as_judged: bool = False
    refits_rejected: bool = True
    settings: tuple[tuple[str, object], ...] | None = None
