"""From the lives of a panel's series to facts: errors as served, what was changed for them, and who gained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecastops.backtesting.choices import as_options
from forecastops.backtesting.panel_intervals import DRAWS, DrawnSeries
from forecastops.backtesting.panel_plan import Calendar
from forecastops.backtesting.panel_policies import NAIVE, name_of, settings_of
from forecastops.backtesting.panel_results import (
    OneSegment,
    OneSeries,
    PanelBacktest,
    PanelDecided,
    PanelPolicyFound,
)
from forecastops.backtesting.panel_table import column, series_table
from forecastops.backtesting.results import Suggestion

__all__ = ["LEVEL", "PanelLives", "Ruled", "summarised_panel"]

Array = npt.NDArray[np.float64]
LEVEL = 0.95
_NAMED = 10


@dataclass(frozen=True)
class Ruled:
    """What a rule decided on the panel at one retraining."""

    verdict: str
    because: str
    rejected: int
    failed: int


@dataclass(frozen=True, eq=False)
class PanelLives:
    """What was lived through.

    Attributes:
        calendar: of the past.
        rules: in the order in which they are told; the first one's policy is the one that the others are compared with.
        planned: of each series that could be read, what ``plan_on`` said.
        told: of each series that was lived through, what ``live_on`` told at last.
        left_out: of the others, why.
        ruled: by rule, of each retraining from the first judged one on.
    """

    calendar: Calendar
    rules: tuple[str, ...]
    planned: Mapping[str, Mapping[str, Any]]
    told: Mapping[str, Mapping[str, Any]]
    left_out: Mapping[str, str]
    ruled: Mapping[str, Sequence[Ruled]]


def summarised_panel(lives: PanelLives) -> PanelBacktest:
    """Return what was found."""
    return _Summary(lives, series_table(lives.rules, lives.told, lives.left_out, lives.calendar)).backtest()


@dataclass(frozen=True, eq=False)
class _Summary:
    lives: PanelLives
    table: pd.DataFrame

    @property
    def rules(self) -> tuple[str, ...]:
        return self.lives.rules

    @property
    def yours(self) -> str:
        return self.rules[0]

    @cached_property
    def scored(self) -> pd.DataFrame:
        """The series that are in the figures."""
        return self.table[self.table["outcome"] == "scored"]

    @cached_property
    def drawn(self) -> DrawnSeries:
        return DrawnSeries.of(self._errors(self.scored), self.scored["volume"].to_numpy(dtype=float))

    def _errors(self, table: pd.DataFrame) -> dict[str, Array]:
        return {rule: table[column(rule, "rmsse")].to_numpy(dtype=float) for rule in (*self.rules, NAIVE)}

    def backtest(self) -> PanelBacktest:
        """Return the facts."""
        calendar, table = self.lives.calendar, self.table
        others = table[table["outcome"] != "scored"]
        starts, ends = ([one[name] for one in self.lives.planned.values()] for name in ("start", "end"))
        return PanelBacktest(
            start=min(starts),
            end=max(ends),
            rows=sum(int(one["rows"]) for one in self.lives.planned.values()),
            series=len(table),
            scored=len(self.scored),
            later=int((self.scored["entered"] > 0).sum()),
            unscored=dict(Counter(others["why"]).most_common()),
            defaulted=int((self.scored["default"] != "").sum()),
            frequencies=dict(Counter(one["frequency"] for one in self.lives.planned.values()).most_common()),
            frequency=calendar.frequency,
            horizon=calendar.horizon,
            every=calendar.every,
            looks=calendar.looks,
            first=calendar.dates[0],
            scored_from=calendar.dates[1],
            scored_to=calendar.dates[-1],
            level=LEVEL,
            draws=DRAWS,
            policies=tuple(self._found(rule) for rule in (*self.rules, NAIVE)),
            segments=tuple(self._segments()),
            improved=self._extremes(best=True),
            worst=self._extremes(best=False),
            suggestion=self._suggestion(),
            table=table,
        )

    def _found(self, rule: str) -> PanelPolicyFound:
        ours, yours = (self.scored[column(one, "rmsse")].to_numpy(dtype=float) for one in (rule, self.yours))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(ours == yours, 1.0, ours / yours)
        error, mean, median = (self.drawn.interval(kind, rule, LEVEL) for kind in range(3))
        return PanelPolicyFound(
            name=name_of(rule, self.rules),
            settings=None if (made := settings_of(rule, self.rules)) is None else dict(made),
            error=error,
            mean=mean,
            median=median,
            relative=self.drawn.ratio(rule, self.yours, LEVEL),
            relative_median=float(np.median(ratios)) if len(ratios) else None,
            better=int((ours < yours).sum()),
            worse=int((ours > yours).sum()),
            coverage=self._coverage(rule),
            promotions=self._sum(rule, "promotions"),
            changes=self._sum(rule, "changes"),
            changed_series=0 if rule == NAIVE else int((self.scored[column(rule, "promotions")] > 0).sum()),
            needless=self._sum(rule, "needless"),
            alarms=self._sum(rule, "alarms"),
            decisions=() if rule == NAIVE else tuple(self._decisions(rule)),
        )

    def _sum(self, rule: str, name: str) -> int:
        return 0 if rule == NAIVE else int(self.scored[column(rule, name)].sum())

    def _coverage(self, rule: str) -> dict[str, float]:
        if rule == NAIVE:
            return {}
        inside, targets = Counter[str](), Counter[str]()
        for name in self.scored["unique_id"]:
            one = self.lives.told[name]
            for _, _, number, within in one["policies"][rule]["parts"]:
                for level, count in zip(one["levels"], within, strict=True):
                    inside[str(level)] += count
                    targets[str(level)] += number
        return {level: inside[level] / number for level, number in targets.items() if number}

    def _decisions(self, rule: str) -> list[PanelDecided]:
        errors, changed = self._by_look(rule)
        return [
            PanelDecided(
                self.lives.calendar.dates[number],
                one.verdict,
                one.because,
                changed.get(number, 0),
                one.rejected,
                one.failed,
                errors.get(number),
            )
            for number, one in enumerate(self.lives.ruled[rule], 1)
        ]

    def _by_look(self, rule: str) -> tuple[dict[int, float], dict[int, int]]:
        """Return of each retraining the weighted error until the next, and how many series changed."""
        totals: dict[int, list[float]] = {}
        changed = Counter[int]()
        for name in self.scored["unique_id"]:
            told = self.lives.told[name]
            one, volume, scale = told["policies"][rule], told["volume"], told["scale"]
            changed.update(one["promoted_at"])
            for number, squares, targets, _ in one["parts"]:
                if targets:
                    total = totals.setdefault(number, [0.0, 0.0])
                    total[0] += volume * np.sqrt(squares / targets) / scale
                    total[1] += volume
        return {number: float(error / weight) for number, (error, weight) in totals.items() if weight}, dict(changed)

    def _segments(self) -> list[OneSegment]:
        found = []
        for name, part in self.scored.groupby("segment", sort=True):
            if name:
                weight, errors = part["volume"].to_numpy(dtype=float), self._errors(part)
                totals = {rule: float(weight @ one / weight.sum()) for rule, one in errors.items()}
                policies = {name_of(rule, self.rules): self._in_segment(rule, part, totals) for rule in totals}
                found.append(OneSegment(str(name), len(part), policies))
        return found

    def _in_segment(self, rule: str, part: pd.DataFrame, totals: Mapping[str, float]) -> dict[str, float | int | None]:
        counts = {
            name: 0 if rule == NAIVE else int(part[column(rule, name)].sum()) for name in ("promotions", "needless")
        }
        relative = totals[rule] / totals[self.yours] if totals[self.yours] > 0 else None
        return {"error": totals[rule], "relative": relative, **counts}

    def _extremes(self, *, best: bool) -> tuple[OneSeries, ...]:
        yours, never = (self.scored[column(one, "rmsse")].astype(float) for one in (self.yours, "never"))
        found = self.scored.assign(error=yours, relative=yours / never).dropna(subset=["relative"])
        found = found[found["relative"] < 1] if best else found[found["relative"] > 1]
        found = found.sort_values("relative", ascending=best, kind="stable").head(_NAMED)
        rows = found[["unique_id", "error", "relative"]].to_dict("records")
        return tuple(OneSeries(row["unique_id"], row["error"], row["relative"]) for row in rows)

    def _suggestion(self) -> Suggestion | None:
        """Return the best of the policies that are better for sure, if possible one that a setting makes.

        The more are compared, the more often one is lower by luck: the interval is that of all together (Bonferroni).
        """
        others = [*self.rules[1:], NAIVE]
        level = 1 - (1 - LEVEL) / len(others)
        found = [(rule, self.drawn.ratio(rule, self.yours, level)) for rule in others]
        surely = [(rule, one) for rule, one in found if one.high is not None and one.high < 1]
        if not surely:
            return None
        settable = [(rule, one) for rule, one in surely if settings_of(rule, self.rules) is not None]
        rule, relative = min(settable or surely, key=lambda pair: pair[1].estimate or 1.0)
        made = settings_of(rule, self.rules)
        return Suggestion(rule, None if made is None else as_options(made), relative)
