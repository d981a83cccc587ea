"""What is a panel's decision worth? Series whose future is known, decided together and one by one.

Run by `make bench-panel-gate`; what is fitted is kept in a folder (`--kept`), so that decisions replay in a minute;
with `--quick` on a few series. Nothing here asserts.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from compared import compared
from worlds import SEASON, real, simulated

from forecastops.gate.decision import decide
from forecastops.gate.evidence import Evidence
from forecastops.gate.policy import GatePolicy
from forecastops.panel.config import PanelConfig
from forecastops.panel.decision import decide_panel
from forecastops.panel.facts import facts_of, facts_without
from forecastops.panel.screening import MOVED, movement, screened

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
SEEDS, SERIES, DRAWS = (20, 21), 1000, 20
SHARES = (0.0, 0.02, 0.1, 0.5)
SCREENED = (0.02, 0.05, 0.1, 0.2, 1.0)
HARM = 0.01  # by which the RMSE served is higher than the champion's would have been
_Mask = npt.NDArray[np.bool_]

RULES: dict[str, Callable[[pd.DataFrame], _Mask]] = {
    "never": lambda table: np.zeros(len(table), dtype=bool),
    "always": lambda table: (table["outcome"] != "failed").to_numpy(),
    "independent": lambda table: _changed(table, PanelConfig(decision="independent")),
    "independent, the test for all": lambda table: (table["tested"] == "PROMOTE").to_numpy(),
    "bh 0.2": lambda table: _changed(table, PanelConfig(decision="bh")),
    "shrunk (default)": lambda table: _changed(table, PanelConfig()),
}


def main() -> None:
    """Print the tables as Markdown."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--quick", action="store_true")
    asked.add_argument("--kept", type=Path, default=Path("build") / "panel-gate")
    given = asked.parse_args()
    series = 48 if given.quick else SERIES
    found: list[dict[str, Any]] = []
    for seed in SEEDS[:1] if given.quick else SEEDS:
        found += compared((simulated(seed, number) for number in range(series)), given.kept, f"simulated-{seed}")
    pool = _table(found)
    for share in SHARES:
        print(f"\n## 1,000 simulated series, {share:.0%} shifted\n")
        _print([_mixed(pool, share, draw) for draw in range(DRAWS)])
        _print_screened([_mixed(pool, share, draw) for draw in range(DRAWS)])
    cases = list(real(SHARED))[: 24 if given.quick else None]
    flights = _table(compared(cases, given.kept, "real"))
    for date in ("252", "308"):
        for spec in ("same", "other"):
            chosen = flights[flights["unique_id"].str.endswith(f" {date} {spec}")].reset_index(drop=True)
            if len(chosen):
                print(f"\n## {len(chosen)} series of flights, day {date}, the {spec} specification\n")
                _print([_resampled(chosen, draw) for draw in range(200)], whole=chosen)
                _print_screened([chosen])


def _changed(table: pd.DataFrame, policy: PanelConfig) -> _Mask:
    return (decide_panel(table, policy).table["action"] == "change").to_numpy()


def _table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """The facts of each series, the verdict if the test is asked of all, and what was gained live."""
    table = pd.DataFrame([_row(one) for one in rows])
    finite = np.isfinite(table["gained"]) | (table["outcome"] == "failed")
    return table[finite].reset_index(drop=True)  # a series without any error has no ratio


def _row(one: dict[str, Any]) -> dict[str, Any]:
    if "failed" in one:
        row = asdict(facts_without(one["name"], "failed", "estimation", volume=1.0))
        return row | {"tested": "", "shift": one["shift"], "gained": 0.0, "moved": np.nan}
    evidence, policy = Evidence.model_validate_json(json.dumps(one["evidence"])), GatePolicy()
    facts = facts_of(one["name"], evidence, decide(evidence, policy), policy, volume=one["volume"], scale=one["volume"])
    tested = decide(evidence, GatePolicy(same_spec_improvement=None)).verdict
    with np.errstate(divide="ignore", invalid="ignore"):
        gained = 0.5 * np.log(np.mean(one["live_champion"]) / np.mean(one["live_challenger"]))
    moved = movement(np.array(one["errors"], dtype=float), SEASON)
    return asdict(facts) | {"tested": tested, "shift": one["shift"], "gained": float(gained), "moved": moved}


def _mixed(pool: pd.DataFrame, share: float, draw: int) -> pd.DataFrame:
    """A panel of 1,000, drawn without replacement as far as there are series."""
    random, parts = np.random.default_rng(draw), []
    for wanted, shifted in ((round(1000 * share), True), (1000 - round(1000 * share), False)):
        given = pool[(pool["shift"] != "") == shifted]
        parts.append(given.iloc[random.choice(len(given), wanted, replace=wanted > len(given))])
    return pd.concat(parts, ignore_index=True)


def _resampled(table: pd.DataFrame, draw: int) -> pd.DataFrame:
    return table.iloc[np.random.default_rng(draw).integers(len(table), size=len(table))].reset_index(drop=True)


def _print(panels: list[pd.DataFrame], whole: pd.DataFrame | None = None) -> None:
    """One line a rule: means over the panels, and where 95 % of them lie for the error served."""
    print("| decision | changed | needless | harmful | error served, to never changing |\n|---|---|---|---|---|")
    for name, rule in RULES.items():
        drawn = np.array([_measured(panel, rule(panel)) for panel in panels])
        mean = drawn.mean(axis=0) if whole is None else _measured(whole, rule(whole))
        lower, upper = np.quantile(drawn[:, 3], [0.025, 0.975])
        counts = " | ".join(f"{value:.0f}" for value in mean[:3])
        print(f"| {name} | {counts} | {mean[3]:+.2f} % ({lower:+.2f} to {upper:+.2f}) |")


def _print_screened(panels: list[pd.DataFrame]) -> None:
    """One line a share of the series that are fitted: how many, of how many that shifted, and what comes of it."""
    print("\n| screen_share | fitted anew | shifted ones among them | changed | needless | harmful | error served |")
    print("|---|---|---|---|---|---|---|")
    for share in SCREENED:
        found = np.array([_screened(panel, share) for panel in panels])
        anew, shifted, *rest = found.mean(axis=0)
        counts = " | ".join(f"{value:.0f}" for value in rest[:3])
        among = "" if np.isnan(shifted) else f"{shifted:.0%}"
        print(f"| {share:g} | {anew:.0%} | {among} | {counts} | {rest[3]:+.2f} % |")


def _screened(panel: pd.DataFrame, share: float) -> list[float]:
    """The share that is fitted, that of those which shifted, and what ``_measured`` tells, all others being kept."""
    moved = panel["moved"].to_numpy(dtype=float)
    anew = np.isin(screened(moved, np.zeros(len(panel)), share, None), [MOVED, ""]) | (share == 1)
    table = panel.assign(outcome=panel["outcome"].where(anew, "kept"))
    shifted = (panel["shift"] != "").to_numpy()
    among = float(anew[shifted].mean()) if shifted.any() else np.nan
    return [float(anew.mean()), among, *_measured(panel, _changed(table, PanelConfig()))]


def _measured(panel: pd.DataFrame, changed: _Mask) -> list[float]:
    """Changed; changed though it gained nothing; though it lost a hundredth; mean of errors, in percent."""
    gained = panel["gained"].to_numpy()
    needless, harmful = changed & (gained <= 0), changed & (gained <= -np.log1p(HARM))
    error = 100 * np.expm1(-np.where(changed, gained, 0.0).mean())
    return [float(changed.sum()), float(needless.sum()), float(harmful.sum()), float(error)]


if __name__ == "__main__":
    main()
