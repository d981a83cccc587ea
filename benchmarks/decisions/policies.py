"""What becomes of a challenger and of a champion that stays: the policies that are compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from forecastops.gate.policy import GatePolicy

__all__ = ["ALWAYS", "DEFAULT", "FROZEN", "NEVER_RENEWED", "POLICIES", "WEEKLY", "YESTERDAY", "Policy"]


@dataclass(frozen=True)
class Policy:
    """How production is run.

    Attributes:
        name: in the tables.
        gate: what a challenger must show; or whether every one is promoted, or none.
        on_hold: what a champion that stays is given at a retraining.
        renew_every: days between renewals of the state from a retraining on; None for none before the next.
        guarded: whether the alarm keeps implausible rows out.
        as_judged: whether the parameters serve that the gate has judged, estimated before the window.
        refits_rejected: whether ``on_hold="refit"`` holds after a REJECT too, as in the product.
    """

    name: str
    gate: GatePolicy | Literal["always", "never"]
    on_hold: Literal["renew", "refit", "nothing"] = "renew"
    renew_every: int | None = 1
    guarded: bool = True
    as_judged: bool = False
    refits_rejected: bool = True


_BARS = GatePolicy(same_spec_improvement=None)
_LOWER = GatePolicy(
    min_improvement=0.0,
    same_spec_improvement=None,
    half_life=None,
    alpha=None,
    beat_seasonal_naive=False,
    max_coverage_shortfall=None,
    max_step_ratio=None,
    max_recent_ratio=None,
    max_bias_share=None,
)

YESTERDAY = Policy(
    "yesterday",
    _BARS.model_copy(update={"plausible_data": False}),
    on_hold="nothing",
    renew_every=None,
    guarded=False,
    as_judged=True,
)
ALWAYS = Policy("always", "always", guarded=False)
_BY_CHANGE = Policy("(a) by what changes, renew", GatePolicy())
_BY_TODAYS_BARS = Policy("(b) one bar for all, renew", _BARS)
DEFAULT = replace(_BY_CHANGE, name="(d) by what changes, refit (default)", on_hold="refit")
POLICIES = (
    Policy("never", "never"),
    ALWAYS,
    Policy("lower RMSE", _LOWER),
    _BY_CHANGE,
    _BY_TODAYS_BARS,
    replace(_BY_TODAYS_BARS, name="(c) one bar for all, refit", on_hold="refit"),
    DEFAULT,
    replace(DEFAULT, name="(e) by what changes, refit after HOLD alone", refits_rejected=False),
)

WEEKLY = replace(DEFAULT, name="renewed weekly", renew_every=7)
FROZEN = replace(DEFAULT, name="renewed at retrainings", renew_every=None)
NEVER_RENEWED = replace(DEFAULT, name="never renewed", renew_every=None, on_hold="nothing")
