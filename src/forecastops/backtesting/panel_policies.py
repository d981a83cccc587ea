"""Which policies a panel's backtest compares: the configured decision, the others, and what people do without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from forecastops.backtesting.choices import YOURS
from forecastops.backtesting.plan import rows_a_day
from forecastops.backtesting.policies import OnHold, Policy
from forecastops.panel.config import PanelConfig
from forecastops.panel.settings import WorkSettings

__all__ = ["DECISIONS", "NAIVE", "config_of_rule", "name_of", "policy_of", "rules_for", "settings_of"]

DECISIONS: Final = ("shrunk", "independent", "bh")
NAIVE: Final = "seasonal naive"


def rules_for(panel: PanelConfig) -> tuple[str, ...]:
    """Return the rules by which a panel is lived through, the configured decision first."""
    others = (decision for decision in DECISIONS if decision != panel.decision)
    return (panel.decision, *others, "never", "always")


def name_of(rule: str, rules: tuple[str, ...]) -> str:
    """Return what a policy is called in tables."""
    return YOURS if rule == rules[0] else rule


def settings_of(rule: str, rules: tuple[str, ...]) -> Mapping[str, object] | None:
    """Return by key what makes a policy of the configuration; None where no setting does."""
    if rule == rules[0]:
        return {}
    return {"panel.decision": rule} if rule in DECISIONS else None


def config_of_rule(rule: str, panel: PanelConfig) -> PanelConfig:
    """Return by what a panel is decided under a rule that is one of ``DECISIONS``."""
    return panel.model_copy(update={"decision": rule})


def policy_of(rule: str, settings: WorkSettings, frequency: str) -> Policy:
    """Return how one series is run under a rule; what the panel decides is told later.

    Args:
        rule: one of ``rules_for``.
        settings: of the work.
        frequency: of the series.
    """
    on_hold: OnHold = "renew" if settings.renews else "nothing"
    renew_every = rows_a_day(frequency)
    if rule == "always":
        return Policy(rule, "always", guarded=False, renew_every=renew_every)
    guarded = settings.gate.plausible_data
    if rule == "never":
        return Policy(rule, "never", guarded=guarded, renew_every=renew_every)
    return Policy(rule, settings.gate, on_hold, guarded=guarded, renew_every=renew_every)
