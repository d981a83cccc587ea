"""Which series of a watched panel to look at first, each with a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forecastops.monitoring.signal import Signal
from forecastops.panel.looks import PanelLook
from forecastops.reporting.sentences.signals import signal_sentence

__all__ = ["WorstSeries", "worst_series"]

_WORST = 10


@dataclass(frozen=True)
class WorstSeries:
    """A series that moved or whose data are broken, with a sentence."""

    series: str
    state: str
    adjusted: float | None
    since: str | None
    reason: str


def worst_series(panel: PanelLook, found: Mapping[str, Mapping[str, Any]]) -> list[WorstSeries]:
    """Return series by name: those that moved, the rarest findings first, then those whose data are broken."""
    moved = panel.table[panel.table["moved"]].sort_values("rarity", kind="stable").head(_WORST)
    broken = panel.table[panel.table["state"] == "broken"].head(_WORST)
    rows = [*moved.to_dict("records"), *broken.to_dict("records")]
    return [
        WorstSeries(
            row["unique_id"],
            "moved" if row["moved"] else "broken",
            row["adjusted"] if row["moved"] else None,
            row["since"],
            _said(row, found[row["unique_id"]]),
        )
        for row in rows
    ]


def _said(row: Mapping[Any, Any], one: Mapping[str, Any]) -> str:
    """Return the sentence of the signal that says most, as for one series; or why its data are broken."""
    names = [row["signal"]] if row["moved"] else [*one.get("by", ())]
    for signal in one.get("signals", ()):
        if signal["name"] in names:
            return signal_sentence(Signal.model_validate_json(json.dumps(signal)))
    return f"{one.get('why') or ', '.join(names)}."
