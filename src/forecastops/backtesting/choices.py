"""Which policies a backtest compares: those that people use without a gate, the configured one, and its neighbours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from forecastops.backtesting.policies import LOWER_RMSE, OnHold, Policy
from forecastops.gate.policy import GatePolicy

__all__ = ["YOURS", "as_options", "policies_for"]

YOURS = "your policy"
_GATE, _ON_HOLD = "gate.", "deployment.on_hold"
_LOOSER = {"gate.min_improvement": 0.0, "gate.same_spec_improvement": 0.0, "gate.alpha": 0.5}
_STRICTER = {"gate.min_improvement": 0.05, "gate.same_spec_improvement": None, "gate.alpha": 0.1}


def policies_for(gate: GatePolicy, on_hold: OnHold, renew_every: int = 1) -> tuple[Policy, ...]:
    """Return the policies, the configured one first; all of the others stand for something else than it.

    Args:
        gate: the configured one.
        on_hold: as configured.
        renew_every: rows between renewals of the state.
    """
    yours = _policy(YOURS, gate, on_hold, {})
    simple = (
        Policy("never", "never", guarded=gate.plausible_data),
        Policy("always", "always", guarded=False),
        Policy("recorded metrics", "recorded", guarded=gate.plausible_data),
    )
    found = {_rules(yours): yours}
    for other in _neighbours(gate, on_hold):
        found.setdefault(_rules(other), other)
    mine, *neighbours = found.values()
    return tuple(replace(policy, renew_every=renew_every) for policy in (mine, *simple, *neighbours))


def as_options(settings: Mapping[str, object]) -> tuple[str, ...]:
    """Return settings as ``--set`` takes them."""
    return tuple(f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in settings.items())


def _neighbours(gate: GatePolicy, on_hold: OnHold) -> Iterator[Policy]:
    lower = {f"{_GATE}{name}": value for name, value in LOWER_RMSE.items()}
    yield _policy("lower RMSE", gate, on_hold, lower | {_ON_HOLD: "renew"})
    yield _policy("yours, looser", gate, on_hold, _LOOSER)
    yield _policy("yours, stricter", gate, on_hold, _STRICTER)
    other = "renew" if on_hold == "refit" else "refit"
    yield _policy(f"yours, {other} on hold", gate, on_hold, {_ON_HOLD: other})


def _policy(name: str, gate: GatePolicy, on_hold: OnHold, settings: Mapping[str, object]) -> Policy:
    bounds = {key.removeprefix(_GATE): value for key, value in settings.items() if key.startswith(_GATE)}
    changed = GatePolicy.model_validate(gate.model_dump() | bounds)
    held: OnHold = settings.get(_ON_HOLD, on_hold)  # type: ignore[assignment]  # one of the three
    return Policy(name, changed, held, guarded=changed.plausible_data, settings=tuple(settings.items()))


def _rules(policy: Policy) -> tuple[object, ...]:
    return policy.gate, policy.on_hold
