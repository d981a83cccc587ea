"""A picture of a panel's backtest: how far off each policy was, from one retraining to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecastops.reporting.pictures.curves import timeline
from forecastops.reporting.pictures.facts import Line, Role, TimelineFacts
from forecastops.reporting.pictures.style import Picture

if TYPE_CHECKING:
    from forecastops.backtesting.panel_results import PanelBacktest, PanelPolicyFound

__all__ = ["errors_by_look"]

_YOURS: Role = "accent"
_OTHERS: dict[str, Role] = {"never": "champion", "always": "muted"}


def errors_by_look(found: PanelBacktest) -> Picture:
    """Draw the live error after each retraining by your policy, by never retraining, and by always."""
    yours = found.policies[0]
    others = [policy for policy in found.policies if policy.name in _OTHERS]
    curves = {policy.name: _curve(policy) for policy in (yours, *others)}
    facts = TimelineFacts(
        title="Live error after each retraining",
        description=_told(yours, others),
        unit="RMSSE, weighted by volume",
        curves=curves,
        roles={**_OTHERS, yours.name: _YOURS},
    )
    return timeline(facts, "panel_backtest_errors")


def _curve(policy: PanelPolicyFound) -> Line:
    dates = pd.DatetimeIndex([one.date for one in policy.decisions])
    return Line(dates, np.array([np.nan if one.error is None else one.error for one in policy.decisions]))


def _told(yours: PanelPolicyFound, others: list[PanelPolicyFound]) -> str:
    parts = [f"{policy.name} {_range(policy)}" for policy in (yours, *others)]
    return f"The weighted RMSSE of the forecasts between two retrainings, by policy, least to most: {'; '.join(parts)}."


def _range(policy: PanelPolicyFound) -> str:
    errors = [one.error for one in policy.decisions if one.error is not None]
    return f"{min(errors):.3f} to {max(errors):.3f}" if errors else "not scored"
