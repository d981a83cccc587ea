"""Decisions of the gate on made-up scores, for what shows them."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecastops.gate.comparison import Window
from forecastops.gate.decision import decide
from forecastops.gate.evidence import Evidence, ModelEvidence
from forecastops.gate.policy import GatePolicy
from forecastops.gate.record import ChampionRecord, Decision

__all__ = ["HOSTILE", "decided", "scored"]

# What a stranger may write as a name or a reason; it is all to be seen as text.
HOSTILE = (
    "<script>document.title='taken'</script><img src=https://pictures.invalid/x.png onerror=alert(1)>\"' "
    "\u202egpj.\u2066 🙂"
)
_ORIGINS, _HORIZON = 43, 14
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def scored(
    error: float, *, levels: tuple[int, ...] = (80, 95), coverage: float = 0.0, bias: float = 1.0
) -> ModelEvidence:
    """A model of about that error, whose intervals hold ``coverage`` more than they say."""
    random = np.random.default_rng(7)
    losses = (error * random.uniform(0.8, 1.2, _ORIGINS)) ** 2
    shares = {f"coverage_{level}": min(1.0, level / 100 + coverage) for level in levels}
    return ModelEvidence.of(
        {"rmse": float(np.sqrt(losses.mean())), "mae": 0.8 * error, "mase": error / 100, "bias": bias, **shares},
        losses,
        np.full(_HORIZON, error),
        dict.fromkeys(_DAYS, error),
    )


def decided(
    challenger: ModelEvidence,
    champion: ModelEvidence | None,
    policy: GatePolicy | None = None,
    *,
    naive: float = 120.0,
    record: dict[str, Any] | None = None,
    **facts: Any,
) -> Decision:
    """What the gate decides on these scores.

    Args:
        challenger: its scores.
        champion: its scores; None where there is none, or where it cannot be scored.
        policy: by default, the gate's own.
        naive: the seasonal naive's error.
        record: of the champion, where it differs.
        facts: of the evidence.
    """
    policy, levels = policy or GatePolicy(), tuple(int(name[9:]) for name in challenger.metrics if "coverage" in name)
    evidence = Evidence(
        horizon=_HORIZON,
        levels=levels,
        challenger=challenger,
        champion=champion,
        seasonal_naive=scored(naive, levels=levels),
        **{"converged": True, "revised_share": 0.0, **facts},
    )
    ruling = decide(evidence, policy)
    about: dict[str, Any] = {"version": "7", "model_version": "5", "run_id": "c" * 32, "re_estimated": False}
    there = champion is not None or evidence.unscored
    opponent = ChampionRecord(**about | {"gone": evidence.gone} | (record or {})) if there else None
    metrics = {"challenger": challenger.metrics, "champion": champion.metrics if champion else None}
    return Decision(
        **ruling.model_dump(include={"verdict", "grounds", "because"}),
        checks=ruling.checks,
        notices=(*ruling.notices, *(opponent.notices if opponent else ())),
        run_id="a" * 32,
        model_name="sales",
        decided_at="2026-11-27T00:20:08+00:00",
        metrics=metrics | {"seasonal_naive": evidence.seasonal_naive.metrics},
        champion=opponent,
        window=Window(start="2026-09-01", end="2026-10-26", origins=_ORIGINS, horizon=_HORIZON),
        data_sha256="d" * 64,
        model_sha256="e" * 64,
        golden={"date": ["2026-10-27"], "mean": [1.0]},
        policy=policy,
        evidence=evidence,
        config={"data": {"value_column": "amount"}, "model": {}, "evaluation": {"levels": list(levels)}},
        versions={"forecastops": "0.1.0"},
    )
