"""The rows as tables, in Markdown. An error is an RMSE as served, relative to a reference's on the same series."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from bootstrap import Summary, summary
from measured import AUTO_ARIMA, AUTO_ARIMA_FROZEN, NAIVE, Row
from policies import ALWAYS, DEFAULT, FROZEN, NEVER_RENEWED, POLICIES, WEEKLY, YESTERDAY
from streams import CHANGES

__all__ = ["MODELS", "Table", "calm", "comparison", "coverage", "draws", "references", "renewals"]

MODELS = {
    "default": "The default combination",
    "fixed": "One fixed model, (2,0,2)",
    "random": "Another specification at random at each retraining",
}
Where = Callable[[Row], bool]
_GROUPS = ("open daily", "panel daily", "monthly", "weekly", "simulated daily", "simulated weekly")
_REAL_DAILY = ("open daily", "panel daily")


class Table:
    """All rows, found by series, models and policy."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = list(rows)
        self._found = {(row.series, row.models, row.policy, row.draw): row for row in self.rows}

    def of(self, models: str, policy: str, where: Where = lambda _row: True) -> list[Row]:
        """The rows of one policy."""
        return [row for row in self.rows if (row.models, row.policy) == (models, policy) and where(row)]

    def relative(
        self, models: str, policy: str, to: tuple[str, str], where: Where = lambda _row: True
    ) -> dict[str, float]:
        """Errors by series, relative to those of the models and policy ``to``, where both exist; the mean of draws."""
        found = self.by_draw(models, policy, to, where)
        return {series: float(np.exp(np.mean(np.log(several)))) for series, several in found.items()}

    def by_draw(
        self, models: str, policy: str, to: tuple[str, str], where: Where = lambda _row: True
    ) -> dict[str, list[float]]:
        """The same, one for each draw."""
        found: dict[str, list[float]] = {}
        for row in self.of(models, policy, where):
            reference = self._found.get((row.series, *to, row.draw))
            if reference and reference.served.total.rmse > 0:
                found.setdefault(row.series, []).append(row.served.total.rmse / reference.served.total.rmse)
        return found


def comparison(table: Table, models: str) -> None:
    """Every policy, relative to promoting always with the same models."""
    columns = (
        "error, all | tuning | held out | median | worst, tuning | worst, held out | promoted | other spec | alarms"
    )
    print(f"| policy | {columns} |\n|{'---|' * 10}")
    policies = [policy.name for policy in POLICIES] + ([YESTERDAY.name] if models == "fixed" else [])
    for name in policies:
        whole, *halves = (
            _summary(table, models, name, (models, ALWAYS.name), where)
            for where in (lambda _row: True, _half("tuning"), _half("held out"))
        )
        mine = [row.served for row in table.of(models, name)]
        decisions = max(1, sum(served.decisions for served in mine))
        shares = (sum(served.promotions for served in mine), sum(served.changes for served in mine))
        cells = [whole, *halves, f"{whole.median:.3f}", *(f"{half.worst:.3f}" for half in halves)]
        cells += [f"{100 * number / decisions:.0f} %" for number in shares]
        cells += [str(sum(served.alarms for served in mine))]
        print(f"| {name} | {' | '.join(map(str, cells))} |")


def draws(table: Table) -> None:
    """Single draws of random models, of which a series' figure is the mean."""
    print("| policy | draws above 1.05 | above 1.2 | worst draw, tuning | held out |\n|---|---|---|---|---|")
    for policy in POLICIES:
        halves = [table.by_draw("random", policy.name, ("random", ALWAYS.name), _half(half)) for half in _HALVES]
        every = np.array([ratio for half in halves for several in half.values() for ratio in several])
        cells = [f"{100 * np.mean(every > bound):.1f} %" for bound in (1.05, 1.2)]
        cells += [f"{max((max(several) for several in half.values()), default=np.nan):.3f}" for half in halves]
        print(f"| {policy.name} | {' | '.join(cells)} |")


def references(table: Table) -> None:
    """The default, relative to what else could be served."""
    print("| relative to | where | error | median | worst series | series |\n|---|---|---|---|---|---|")
    groups: dict[str, Where] = {"all": lambda _row: True, "tuning": _half("tuning"), "held out": _half("held out")}
    groups |= {group: _group(group) for group in _GROUPS}
    groups["simulated"] = _group("simulated daily", "simulated weekly")
    groups |= {change: _change(change) for change in CHANGES}
    daily = {"real daily": _group(*_REAL_DAILY)} | {f"real daily, {half}": _daily(half) for half in _HALVES}
    for to in (("fixed", YESTERDAY.name), ("", NAIVE), ("default", ALWAYS.name)):
        for name, where in (groups | daily).items():
            _reference(name, to[1], _summary(table, "default", DEFAULT.name, to, where))
    for policy, to in ((DEFAULT, AUTO_ARIMA), (DEFAULT, AUTO_ARIMA_FROZEN), (FROZEN, AUTO_ARIMA_FROZEN)):
        what = to if policy == DEFAULT else f"{to}; the default {policy.name}"
        for name, where in daily.items():
            _reference(name, what, _summary(table, "default", policy.name, ("", to), where))


def _reference(where: str, to: str, found: Summary) -> None:
    if found.series:
        cells = [found, f"{found.median:.3f}", f"{found.worst:.3f}", found.series]
        print(f"| {to} | {where} | {' | '.join(map(str, cells))} |")


def renewals(table: Table) -> None:
    """The default model and rule, its state renewed more and less often."""
    print("| state | relative to daily | median | worst | real daily | relative to the naive, real daily |")
    print("|---|---|---|---|---|---|")
    for name, policy in (
        ("renewed daily", DEFAULT),
        ("renewed weekly", WEEKLY),
        ("renewed at retrainings", FROZEN),
        ("as at the last promotion", NEVER_RENEWED),
    ):
        daily = _group("open daily", "panel daily", "simulated daily")
        found = _summary(table, "default", policy.name, ("default", DEFAULT.name), daily)
        real = _summary(table, "default", policy.name, ("default", DEFAULT.name), _group(*_REAL_DAILY))
        naive = _summary(table, "default", policy.name, ("", NAIVE), _group(*_REAL_DAILY))
        print(f"| {name} | {found} | {found.median:.3f} | {found.worst:.3f} | {real} | {naive} |")


def calm(table: Table, years: float) -> None:
    """Promotions and changes of the specification a year where nothing changes."""
    print("| models | policy | promotions a year | changes of the specification a year | error relative to always |")
    print("|---|---|---|---|---|")
    for models in ("default", "random"):
        for name in dict.fromkeys(row.policy for row in table.rows):
            mine = table.of(models, name)
            number = len(mine) * years
            promotions, changes = (
                sum(getattr(row.served, what) for row in mine) / number for what in ("promotions", "changes")
            )
            found = _summary(table, models, name, (models, ALWAYS.name))
            print(f"| {models} | {name} | {promotions:.1f} | {changes:.1f} | {found} |")


def coverage(table: Table) -> None:
    """Share of what came that lay within the intervals as served, by the default, each series weighing alike."""
    print("| series | 80 % | 95 % | lowest of a series, 80 % | 95 % |\n|---|---|---|---|---|")
    for name, where in {"all": lambda _row: True, **{group: _group(group) for group in _GROUPS}}.items():
        rows = table.of("default", DEFAULT.name, where)
        if rows:
            totals = [row.served.total for row in rows]
            shares = 100 * np.array([np.array(total.inside) / total.targets for total in totals])
            cells = [f"{share:.1f}" for share in (*shares.mean(axis=0), *shares.min(axis=0))]
            print(f"| {name} | {' | '.join(cells)} |")


def _summary(table: Table, models: str, policy: str, to: tuple[str, str], where: Where = lambda _row: True) -> Summary:
    return summary(list(table.relative(models, policy, to, where).values()))


_HALVES = ("tuning", "held out")


def _half(half: str) -> Where:
    return lambda row: row.half == half


def _group(*groups: str) -> Where:
    return lambda row: row.group in groups


def _change(change: str) -> Where:
    return lambda row: row.change == change


def _daily(half: str) -> Where:
    return lambda row: row.half == half and row.group in _REAL_DAILY
