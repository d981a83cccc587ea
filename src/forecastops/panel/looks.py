"""From looks at many series to one answer: which of them have moved, by a rule for all together, and what follows.

A thousand monitors that each raise one false alarm in twenty years raise fifty a year. So the rarest finding of each
series is a p-value, and of those as many count as Benjamini and Hochberg's procedure lets stand at the level
``monitor.false_alarms_a_year``: where nothing has moved anywhere, any series is found in that share of years, and of
those found where some have moved, that share is found by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["PanelLook", "decide_looks"]

COLUMNS = ("unique_id", "state", "moved", "rarity", "adjusted", "signal", "since", "end", "observations", "by", "why")


@dataclass(frozen=True, eq=False)
class PanelLook:
    """What was found of a panel.

    Attributes:
        table: a row a series with ``COLUMNS``: ``rarity`` is the p-value by the signal ``signal``, ``adjusted`` what it
            is among all; ``by`` are the signals of broken data.
        states: how many series are watched, untold, broken, new, absent.
        moved: how many of those watched have moved.
        by_signal: how many have by which signal, each series by all that count.
        broken_by: how many series' data are broken by which signal.
    """

    table: pd.DataFrame
    states: dict[str, int]
    moved: int
    by_signal: dict[str, int]
    broken_by: dict[str, int]

    @property
    def watched(self) -> int:
        """How many series could be told of."""
        return self.states.get("watched", 0)

    @property
    def series(self) -> int:
        """How many there are."""
        return len(self.table)


def decide_looks(found: Sequence[tuple[str, Mapping[str, Any]]], level: float) -> PanelLook:
    """Decide on all series together.

    Args:
        found: names, and what ``watch_on`` found of each.
        level: of false discoveries.
    """
    from scipy.stats import false_discovery_control

    rarest = [_rarest(one.get("rarities", {})) for _, one in found]
    p_values = np.array([value for _, value in rarest], dtype=float)
    told = np.isfinite(p_values) & np.array([one["state"] == "watched" for _, one in found], dtype=bool)
    adjusted = np.full(len(found), np.nan)
    if told.any():
        adjusted[told] = false_discovery_control(p_values[told], method="bh")
    moved = told & (adjusted <= level)
    # A series is moved by every signal that is as rare as the most frequent one that counts.
    cut = float(p_values[moved].max()) if moved.any() else -1.0
    rows, by_signal = [], Counter[str]()
    for (name, one), (signal, rarity), corrected, has_moved in zip(found, rarest, adjusted, moved, strict=True):
        if has_moved:
            by_signal.update(which for which, value in one["rarities"].items() if value <= cut)
        decided = {
            "unique_id": name,
            "moved": bool(has_moved),
            "rarity": rarity,
            "adjusted": corrected,
            "signal": signal,
            "since": _since(one, signal) if has_moved else None,
        }
        rows.append(decided | _as_found(one))
    broken_by = Counter(which for _, one in found if one["state"] == "broken" for which in one.get("by", ()))
    return PanelLook(
        table=pd.DataFrame(rows, columns=list(COLUMNS)),
        states=dict(Counter(one["state"] for _, one in found)),
        moved=int(moved.sum()),
        by_signal=dict(by_signal.most_common()),
        broken_by=dict(broken_by.most_common()),
    )


def _as_found(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a row what the panel's decision does not change."""
    return {
        "state": one["state"],
        "end": one.get("end"),
        "observations": one.get("observations"),
        "by": ", ".join(one.get("by", ())),
        "why": one.get("why", ""),
    }


def _rarest(rarities: Mapping[str, float]) -> tuple[str | None, float]:
    return min(rarities.items(), key=lambda pair: pair[1], default=(None, float("nan")))


def _since(one: Mapping[str, Any], signal: str | None) -> str | None:
    return next((each["since"] for each in one.get("signals", ()) if each["name"] == signal), None)
