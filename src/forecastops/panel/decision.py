"""From the rows of all series and a policy to one verdict and an action for each: a pure function, as the gate's is.

A thousand gates, each at one level, change hundreds of series that gained nothing. So the panel is decided together:
each series' guardrails by itself, then the gains of all by one another, then guardrails of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field
from scipy import stats

from forecastops.core.strict import StrictRecord
from forecastops.gate.decision import Verdict
from forecastops.gate.evidence import Number, finite_or_none, settled
from forecastops.panel.config import PanelConfig
from forecastops.panel.facts import LEFT_OUT
from forecastops.panel.shrinkage import shrunk

__all__ = ["Action", "PanelCheck", "PanelRuling", "decide_panel"]

Action = Literal["change", "new", "keep", "naive", "none"]
_Mask = npt.NDArray[np.bool_]


class PanelCheck(StrictRecord):
    """One guardrail of the panel."""

    name: str = Field(description="The rule, by which a rejection is named.")
    passed: bool = Field(description="Whether the panel met it.")
    value: Number = Field(description="What was measured; null where there is nothing to measure.")
    threshold: float = Field(description="The bound from the policy.")
    segment: str | None = Field(None, description="The segment that it was measured on; null for all series.")


@dataclass(frozen=True, eq=False)
class PanelRuling:
    """What becomes of a panel.

    Attributes:
        verdict: PROMOTE where a series changes, HOLD where none does, REJECT where a guardrail of the panel failed, so
            that nothing changes.
        checks: the panel's guardrails.
        actions: how many series change, are new, keep what they have, get the seasonal naive, or are left out.
        reasons: how many series have each value of the column ``why``.
        table: the rows that were given, with ``gain`` (the share by which the RMSE is expected to fall, as the decision
            sees it), ``action`` and ``why``. From its other columns the ruling can be made again.
    """

    verdict: Verdict
    checks: tuple[PanelCheck, ...]
    actions: dict[str, int]
    reasons: dict[str, int]
    table: pd.DataFrame


def decide_panel(table: pd.DataFrame, policy: PanelConfig) -> PanelRuling:
    """Decide on all series together.

    Args:
        table: a row a series, with the columns of ``SeriesFacts``; others are left as they are.
        policy: how.
    """
    compared = (table["outcome"] == "compared").to_numpy()
    gain, passed = _decided(table, compared, policy)
    action, why = _actions(table, compared, passed, policy)
    checks = tuple(_guardrails(table, compared, action, policy))
    failed = next((check.name for check in checks if not check.passed), None)
    if failed is not None:
        moved = np.isin(action, ["change", "new"])
        why = np.where(moved, f"panel:{failed}", why)
        action = np.where(moved, np.where(table["has_champion"], "keep", "naive"), action)
    verdict: Verdict = "PROMOTE" if np.isin(action, ["change", "new"]).any() else "HOLD"
    return PanelRuling(
        verdict="REJECT" if failed else verdict,
        checks=checks,
        actions=_counted(action),
        reasons=_counted(why),
        table=table.assign(gain=gain, action=action, why=why),
    )


def _decided(table: pd.DataFrame, compared: _Mask, policy: PanelConfig) -> tuple[npt.NDArray[np.float64], _Mask]:
    """Return each series' gain, NaN where there is none to tell, and whether it is enough, shapes (n,)."""
    share, error = (table[name].to_numpy(dtype=float) for name in ("share", "error"))
    usable = compared & np.isfinite(share) & np.isfinite(error)
    with np.errstate(invalid="ignore"):
        usable &= np.abs(share) < 1
    gain = np.full(len(table), np.nan)
    gain[usable] = _as_gain(np.arctanh(share[usable]))
    if policy.decision == "independent":
        return gain, (table["verdict"] == "PROMOTE").to_numpy()
    measured = usable & (error > 0)
    gain[usable & ~measured] = 0.0  # the same losses: nothing was gained
    newer = (table["newer_data"] | ~table["same_spec"]).to_numpy()
    freedom = table["freedom"].to_numpy(dtype=float)
    if not measured.any():
        return gain, np.zeros(len(table), dtype=bool)
    if policy.decision == "bh":
        return gain, newer & _discovered(share, error, freedom, measured, policy.false_discoveries)
    # Of half the logarithm of the ratio of losses, which is that of the RMSEs, by the error of its tangent.
    effect, slope = np.arctanh(share[measured]), 1 / (1 - share[measured] ** 2)
    gain[measured] = _as_gain(shrunk(effect, (slope * error[measured]) ** 2, freedom[measured]))
    return gain, newer & measured & (gain >= policy.min_gain) & (gain > 0)


def _as_gain(effect: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return shares of the RMSE, to as many digits as every processor agrees on."""
    return np.asarray(np.round(-np.expm1(-effect), 9), dtype=float)


def _discovered(
    share: npt.NDArray[np.float64],
    error: npt.NDArray[np.float64],
    freedom: npt.NDArray[np.float64],
    measured: _Mask,
    level: float,
) -> _Mask:
    from statsmodels.stats.multitest import multipletests

    found = np.zeros(len(share), dtype=bool)
    p_values = stats.t.sf(share[measured] / error[measured], freedom[measured])
    found[measured] = multipletests(p_values, level, method="fdr_bh")[0] & (share[measured] > 0)
    return found


def _actions(
    table: pd.DataFrame, compared: _Mask, passed: _Mask, policy: PanelConfig
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Return what becomes of each series, and by which rule, as far as the panel lets it."""
    outcome = table["outcome"].to_numpy(dtype=object)
    reason = table["reason"].to_numpy(dtype=object)
    left_out = (outcome == "failed") & np.isin(reason, LEFT_OUT)
    stays = np.where(table["has_champion"], "keep", np.where(left_out, "none", "naive")).astype(object)
    promoted = (table["verdict"] == "PROMOTE").to_numpy()
    action = np.where((compared & passed) | ((outcome == "unscored") & promoted), "change", stays).astype(object)
    action[outcome == "new"] = "new"
    stale = (table["same_spec"] & ~table["newer_data"]).to_numpy()
    small = "unproven" if policy.decision != "shrunk" else "small_gain"
    why = np.where(passed, "gain", np.where(stale, "newer_data", small)).astype(object)
    for name in ("new", "unscored", "kept"):
        why[outcome == name] = name
    for name in ("rejected", "failed"):
        here = outcome == name
        why[here] = [f"{name}:{one.partition(',')[0]}" for one in reason[here]]
    return action, why


def _guardrails(
    table: pd.DataFrame, compared: _Mask, action: npt.NDArray[np.object_], policy: PanelConfig
) -> Iterator[PanelCheck]:
    outcome = table["outcome"].to_numpy(dtype=object)
    # A series that has nothing yet gets the seasonal naive: rejecting its challenger leaves nothing as it was. One that
    # a filter pass found calm counts as well: of the series that moved most, many are rejected.
    judged = (outcome != "failed") & table["has_champion"].to_numpy()
    if policy.max_failed_share is not None:
        yield _share("failed_share", outcome == "failed", np.ones(len(table), dtype=bool), policy.max_failed_share)
    if policy.max_rejected_share is not None:
        yield _share("rejected_share", outcome == "rejected", judged, policy.max_rejected_share)
    if policy.max_changed_share is not None:
        could = compared | (outcome == "kept")
        yield _share("changed_share", (action == "change") & compared, could, policy.max_changed_share)
    errors = _weighed(table, compared, action)
    if policy.max_total_ratio is not None:
        yield _ratio("total_error", errors, policy.max_total_ratio, None)
    if policy.max_segment_ratio is not None:
        for segment, part in errors.groupby("segment", sort=True):
            if segment:
                yield _ratio("segment_error", part, policy.max_segment_ratio, str(segment))


def _share(name: str, here: _Mask, of: _Mask, bound: float) -> PanelCheck:
    value = settled(float(np.sum(here & of)) / float(np.sum(of))) if of.any() else 0.0
    return PanelCheck(name=name, passed=value <= bound, value=value, threshold=bound)


def _weighed(table: pd.DataFrame, compared: _Mask, action: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Return each compared series' segment, and its error before and after, in units that add up."""
    weight = (table["volume"] / table["scale"]).where(table["scale"] > 0)
    after = table["ours"].where(action == "change", table["theirs"])
    found = pd.DataFrame({"segment": table["segment"], "before": weight * table["theirs"], "after": weight * after})
    finite = np.isfinite(found["before"].to_numpy()) & np.isfinite(found["after"].to_numpy())
    return pd.DataFrame(found.loc[compared & finite])


def _ratio(name: str, errors: pd.DataFrame, bound: float, segment: str | None) -> PanelCheck:
    before, after = (float(errors[column].sum()) for column in ("before", "after"))
    value = finite_or_none(settled(after / before)) if before > 0 else None
    passed = value is None or value <= bound  # nothing compared, nothing made worse
    return PanelCheck(name=name, passed=passed, value=value, threshold=bound, segment=segment)


def _counted(values: npt.NDArray[np.object_]) -> dict[str, int]:
    names, counts = np.unique(values.astype(str), return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}
