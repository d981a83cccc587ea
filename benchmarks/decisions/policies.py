"""What becomes of a challenger and of a champion that stays: the policies that are compared."""

from __future__ import annotations

from dataclasses import replace

from forecastops.backtesting.policies import LOWER_RMSE, Policy
from forecastops.gate.policy import GatePolicy

__all__ = ["ALWAYS", "DEFAULT", "FROZEN", "NEVER_RENEWED", "POLICIES", "WEEKLY", "YESTERDAY", "Policy"]


_BARS = GatePolicy(same_spec_improvement=None)
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
    Policy("lower RMSE", GatePolicy(**LOWER_RMSE)),
    _BY_CHANGE,
    _BY_TODAYS_BARS,
    replace(_BY_TODAYS_BARS, name="(c) one bar for all, refit", on_hold="refit"),
    DEFAULT,
    replace(DEFAULT, name="(e) by what changes, refit after HOLD alone", refits_rejected=False),
)

WEEKLY = replace(DEFAULT, name="renewed weekly", renew_every=7)
FROZEN = replace(DEFAULT, name="renewed at retrainings", renew_every=None)
NEVER_RENEWED = replace(DEFAULT, name="never renewed", renew_every=None, on_hold="nothing")
