"""Live through the past of a panel: retraining by retraining, each decided for all series together."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from forecastops.adapters.panel_work import Kind
from forecastops.adapters.sources.read_series import Source, read_tables, source_names
from forecastops.backtesting.panel_plan import Calendar, calendar_of
from forecastops.backtesting.panel_policies import DECISIONS, config_of_rule, rules_for
from forecastops.backtesting.panel_results import PanelBacktest
from forecastops.backtesting.panel_summary import PanelLives, Ruled, summarised_panel
from forecastops.config import Config
from forecastops.core.errors import DataError
from forecastops.core.home import home, require_home
from forecastops.panel.buckets import Bucket, in_buckets, read, written
from forecastops.panel.decision import decide_panel
from forecastops.panel.facts import SeriesFacts, table_of
from forecastops.panel.settings import PastSettings
from forecastops.usecases.panels.work import Told, work_settings, worked_on

__all__ = ["backtest_panel"]

_LOG = logging.getLogger(__name__)
_BUCKETS_A_WORKER = 4


def backtest_panel(
    config: Config,
    sources: Sequence[Source],
    *,
    every: int | None = None,
    looks: int | None = None,
    work: Path | None = None,
    told: Told = lambda _done, _all: None,
) -> PanelBacktest:
    """Retrain a panel on its past again and again, by the configured decision and by others; nothing is logged.

    What is computed is kept, so that an interrupted call goes on where it was.

    Args:
        config: how the data are read, what is trained, and how is decided.
        sources: of a long table: the whole past.
        every: observations of most series from one retraining to the next; by frequency when None.
        looks: how many retrainings are judged; when None, as many as the past of most series holds.
        work: where what is computed is kept; in forecastops' home when None.
        told: is called with how much is done, and how much there is to do.

    Raises:
        DataError: when the data cannot be read, or no past is long enough.
        ConfigError: when the configuration, or the folder, cannot be used.
    """
    buckets = _buckets(config, sources)
    if config.panel.screen_share not in (None, 1):
        _LOG.warning("panel.screen_share is not lived through: all series are fitted at every retraining")
    lived = _Lived(config, buckets, _folder(work), told, rules_for(config.panel))
    calendar = lived.planned(every, looks, source_names(sources))
    lived.live(calendar)
    if not lived.told_at_last:
        raise DataError(source_names(sources), "holds no series that could be lived through", _reasons(lived.left_out))
    lives = PanelLives(calendar, lived.rules, lived.plans, lived.told_at_last, lived.left_out, lived.ruled)
    return summarised_panel(lives)


def _buckets(config: Config, sources: Sequence[Source]) -> list[Bucket]:
    """Return the series in buckets, of which every worker has some: each retraining waits for the last one."""
    tables, size = list(read_tables(sources, config.data)), config.panel.bucket_size
    found = in_buckets(tables, config.data, None, size)
    wanted = _BUCKETS_A_WORKER * (config.panel.workers or os.cpu_count() or 1)
    series = sum(bucket.series for bucket in found)
    if len(found) >= wanted or series == len(found):
        return found
    return in_buckets(tables, config.data, None, max(1, min(size, series // wanted)))


def _folder(work: Path | None) -> Path:
    if work is not None:
        return work.expanduser().absolute()
    require_home()
    return home() / "backtests" / "panels"


def _reasons(left_out: Mapping[str, str]) -> str:
    name, why = next(iter(left_out.items()), ("none", "there is none"))
    return f"see for example {name!r}: {why}"


@dataclass(eq=False)
class _Lived:
    """A panel on its way through its past.

    Attributes:
        plans: of each series that can be read, what there is of it.
        left_out: of the others, and of those that failed on the way, why.
        told_at_last: of each series that came to the end, what is told of it.
        ruled: by rule what was decided at each retraining.
    """

    config: Config
    buckets: Sequence[Bucket]
    folder: Path
    told: Told
    rules: tuple[str, ...]
    plans: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    told_at_last: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    ruled: dict[str, list[Ruled]] = field(default_factory=dict)

    def planned(self, every: int | None, looks: int | None, place: str) -> Calendar:
        """Return the dates of the retrainings, after a look at every series.

        Raises:
            DataError: when no series can be read, or no past is long enough.
        """
        past = PastSettings(every=every)
        for row in self._worked("plan", past, self.buckets, lambda _done, _all: None).to_pylist():
            if row["outcome"] == "failed":
                self.left_out[row["unique_id"]] = row["why"]
            else:
                self.plans[row["unique_id"]] = json.loads(row["evidence"])
        if not self.plans:
            raise DataError(place, "holds no series that can be read", _reasons(self.left_out))
        return calendar_of(list(self.plans.values()), every, looks)

    def live(self, calendar: Calendar) -> None:
        """Live until the end, deciding at every retraining."""
        last = calendar.looks
        self.ruled = {rule: [] for rule in self.rules}
        _LOG.info(
            "living through %d series from %s to %s: %d policies, %d retrainings each",
            len(self.plans),
            calendar.dates[0],
            calendar.dates[-1],
            len(self.rules),
            last,
        )
        buckets, whole = self._of(self.buckets, self.plans), len(self.plans)
        for number in range(last + 1):
            past = PastSettings(dates=calendar.dates, number=number, rules=self.rules)
            rows = self._worked("live", past, buckets, self._told_from(number * whole, (last + 1) * whole))
            found = self._heard(rows)
            if number == last:
                self.told_at_last = {name: told for name, (told, _) in found.items()}
            else:
                buckets = self._of(buckets, found) if len(found) < rows.num_rows else buckets
                buckets = _with_lives(buckets, found, self._decided(found))

    def _told_from(self, before: int, whole: int) -> Told:
        return lambda done, _: self.told(before + done, whole)

    def _worked(self, kind: Kind, past: PastSettings, buckets: Sequence[Bucket], told: Told) -> pa.Table:
        settings = work_settings(self.config).model_copy(update={"past": past})
        return worked_on(self.config, buckets, self.folder, told, kind=kind, settings=settings)

    def _of(self, buckets: Sequence[Bucket], names: Mapping[str, Any]) -> list[Bucket]:
        """Return the buckets without the series that are left out."""
        if not self.left_out:
            return list(buckets)
        return [one for bucket in buckets if (one := bucket.only(names)).series]

    def _heard(self, rows: pa.Table) -> dict[str, tuple[dict[str, Any], str]]:
        """Return of each series what it tells, and what its next step needs; one that failed is left out."""
        found = {}
        for row in rows.select(["unique_id", "outcome", "why", "evidence"]).to_pylist():
            if row["outcome"] == "failed":
                self.left_out[row["unique_id"]] = row["why"]
            else:
                told, _, life = row["evidence"].partition("\n")
                found[row["unique_id"]] = (json.loads(told), life)
        return found

    def _decided(self, found: Mapping[str, tuple[dict[str, Any], str]]) -> dict[str, dict[str, bool]]:
        """Return of each series by rule whether its challenger comes in, as the panel decides on all together."""
        promoted: dict[str, dict[str, bool]] = {name: {} for name in found}
        for rule in self.rules:
            facts = [told["facts"][rule] for told, _ in found.values() if rule in told["facts"]]
            if rule not in DECISIONS or not facts:
                verdict = "PROMOTE" if rule == "always" else "HOLD"
                self.ruled[rule].append(Ruled(verdict, "", 0, 0))
                continue
            ruling = decide_panel(
                table_of(SeriesFacts(**one) for one in facts), config_of_rule(rule, self.config.panel)
            )
            for name, action in zip(ruling.table["unique_id"], ruling.table["action"], strict=True):
                promoted[name][rule] = action == "change"
            because = next((check.name for check in ruling.checks if not check.passed), "")
            outcomes = ruling.table["outcome"].value_counts()
            rejected, failed = (int(outcomes.get(name, 0)) for name in ("rejected", "failed"))
            self.ruled[rule].append(Ruled(ruling.verdict, because, rejected, failed))
        return promoted


def _with_lives(
    buckets: Sequence[Bucket],
    found: Mapping[str, tuple[dict[str, Any], str]],
    promoted: Mapping[str, Mapping[str, bool]],
) -> list[Bucket]:
    """Return the buckets with what each of their series needs for its next step."""
    after = []
    for bucket in buckets:
        names = sorted({name for cells in bucket.cells for name in read(cells).column("name").unique().to_pylist()})
        rows = {
            "unique_id": names,
            "life": [found[name][1] for name in names],
            "promoted": [json.dumps(promoted[name], sort_keys=True) for name in names],
        }
        after.append(replace(bucket, champions=written(pa.table(rows))))
    return after
