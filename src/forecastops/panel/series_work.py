"""The work on one series: read, fit, compare with its own champion, and bring the champion up to date.

All of it is what the commands of a single series do, by the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal, cast

import numpy as np

from forecastops.core.errors import DataError, ForecastopsError
from forecastops.data.assemble import regular_series
from forecastops.data.config import DataConfig
from forecastops.data.series import Series
from forecastops.data.table import RawTable
from forecastops.forecasting.config import Evaluation
from forecastops.forecasting.estimation import require_positive
from forecastops.forecasting.forecaster import Forecaster
from forecastops.forecasting.metrics import mase_scale
from forecastops.forecasting.model import joined
from forecastops.forecasting.training import Trained, fit, require_trainable
from forecastops.forecasting.window import require_observed_window
from forecastops.gate.comparison import Comparison, compare
from forecastops.gate.data_checks import Renewed, judge_data, unusable
from forecastops.gate.decision import decide
from forecastops.panel.defaults import seasonal_naive_model
from forecastops.panel.facts import SeriesFacts, facts_of, facts_without
from forecastops.panel.rows import forecaster_of, row_of
from forecastops.panel.settings import WorkSettings

__all__ = ["Worked", "failed", "require_fittable", "segment_of", "series_of", "words_of", "work_on"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Worked:
    """What the work on a series came to.

    Attributes:
        facts: on which the panel's decision rests.
        why: why it failed, or the challenger was rejected, in words; empty where neither.
        challenger: its new row: a model, or the seasonal naive where there is neither champion nor model that passes.
        champion: its champion's row with the newest data, or as it was; None where it has none.
        state: of the champion: renewed, unchanged, refused (the data), or none.
        state_why: why it was not renewed, in words.
        evidence: of the comparison, as JSON; empty without one.
        treatment: ``refitted``: a challenger was sought; ``renewed``: a filter pass gave its champion the newest data;
            ``screened``: a filter pass looked at them, and left it as it was.
        screening: why; empty where all series are refitted.
        moved: how far the champion's errors have moved; None where nobody asked.
        age: observations since it was last fitted, likewise.
    """

    facts: SeriesFacts
    why: str = ""
    challenger: dict[str, Any] | None = None
    champion: dict[str, Any] | None = None
    state: str = "none"
    state_why: str = ""
    evidence: str = ""
    treatment: Literal["refitted", "renewed", "screened"] = "refitted"
    screening: str = ""
    moved: float | None = None
    age: int | None = None

    def document(self) -> dict[str, Any]:
        """Return it as plain values, the facts among the others."""
        own = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "facts"}
        return asdict(self.facts) | own


def work_on(name: str, tables: Sequence[RawTable], champion: Row | None, settings: WorkSettings) -> Worked:
    """Work on one series; what cannot be read or fitted is told, not raised.

    Args:
        name: of the series.
        tables: its rows; none where it has a champion and the data do not know it any more.
        champion: its row in the version in production; None without one.
        settings: of the work.
    """
    if not tables:
        return failed(name, "the data hold no rows of it", champion)
    try:
        series = series_of(tables, settings)
        evaluation = settings.evaluation_of(series.frequency)
    except ForecastopsError as error:
        return failed(name, words_of(error), champion)
    one = _One(name, series, settings, evaluation)
    known = _Known(forecaster_of(champion, series, evaluation.levels), series) if champion else None
    kept = one.kept(champion, known)
    try:
        trained, comparison = _fitted(series, known, settings, evaluation)
    except ForecastopsError as error:
        code = type(error).__name__.removesuffix("Error").lower()
        facts = facts_without(
            name, "failed", code, volume=one.volume, segment=one.segment, has_champion=known is not None
        )
        return one.defaulted(replace(kept, facts=facts, why=words_of(error)))
    return one.judged(kept, trained, comparison)


def failed(name: str, why: str, champion: Row | None, code: str = "no_series") -> Worked:
    """Return a series that costs itself alone: its champion stays as it is.

    Args:
        name: of the series.
        why: in words.
        champion: its row; None without one.
        code: of the failure.
    """
    state = "unchanged" if champion else "none"
    facts = facts_without(name, "failed", code, has_champion=champion is not None)
    return Worked(facts, why, champion=dict(champion) if champion else None, state=state, state_why=why)


def segment_of(name: str, data: DataConfig) -> str:
    """Return the first column's text where several name a series."""
    return name.partition("/")[0] if len(data.series_column) > 1 else ""


def series_of(tables: Sequence[RawTable], settings: WorkSettings) -> Series:
    """Return the rows of a panel's series as a regular one.

    Raises:
        DataError: when they make none.
    """
    config = settings.data.model_copy(update={"where": {}})  # what it picks was picked before the rows were split
    return regular_series(tables, config, newest_part=True, of_many=True)


def require_fittable(series: Series, settings: WorkSettings, evaluation: Evaluation) -> None:
    """Refuse a series to which no model is fitted, so that the seasonal naive is what it can have.

    Raises:
        DataError: when it is constant, too short, or unobserved where it would be scored.
        ModelError: when its values have no logarithm and the specification asks for it.
    """
    if series.values.nunique() == 1:
        raise DataError("series", f"is {series.values.dropna().iloc[0]} on every date", "")
    require_trainable(series, settings.model, evaluation)
    require_observed_window(series.observed, evaluation, "series")
    require_positive(series.values, settings.model.spec)


@dataclass(frozen=True, eq=False)
class _Known:
    """A champion, and as it would be with the newest data: what several ask for is computed once."""

    champion: Forecaster
    series: Series

    @cached_property
    def whole(self) -> Series:
        """The newest data, with the champion's own before them."""
        return joined(self.champion, self.series)

    @cached_property
    def renewed(self) -> Renewed:
        """The champion with all of them."""
        return Renewed(self.champion, self.whole.values, self.whole.filled)

    @property
    def on_series(self) -> Renewed | None:
        """The same, where the newest data are all of them."""
        return self.renewed if self.champion.values.index[0] >= self.series.index[0] else None


def _fitted(
    series: Series, known: _Known | None, settings: WorkSettings, evaluation: Evaluation
) -> tuple[Trained, Comparison]:
    """Return challenger and comparison, as `train` and `evaluate` of a single series make them.

    Raises:
        ForecastopsError: as these do.
    """
    require_fittable(series, settings, evaluation)
    champion = known.champion if known else None
    trained = fit(series, settings.model, evaluation, champion)
    bound, tolerance = settings.model.max_iterations, settings.gate.revision_tolerance
    renewed = known.on_series if known else None
    return trained, compare(trained.model, champion, evaluation, bound, tolerance, renewed=renewed)


@dataclass(frozen=True)
class _One:
    """One series that could be read, and what it is worked on with."""

    name: str
    series: Series
    settings: WorkSettings
    evaluation: Evaluation

    @property
    def volume(self) -> float:
        """Mean absolute value, by which series are weighed."""
        return float(np.nanmean(np.abs(self.series.values)))

    @property
    def segment(self) -> str:
        """The group of series that it is of."""
        return segment_of(self.name, self.settings.data)

    def judged(self, kept: Worked, trained: Trained, comparison: Comparison) -> Worked:
        """Return what the gate decides of it alone, and the facts for the panel's decision."""
        ruling = decide(comparison.evidence, self.settings.gate)
        window, season = self.evaluation.window, self.evaluation.season_length
        before = np.asarray(self.series.observed, dtype=float)[: len(self.series.values) - window]
        scale = mase_scale(before, season)
        facts = facts_of(
            self.name,
            comparison.evidence,
            ruling,
            self.settings.gate,
            scale=scale if np.isfinite(scale) else None,
            volume=self.volume,
            segment=self.segment,
        )
        rejected = ruling.verdict == "REJECT"
        found = replace(
            kept,
            facts=facts,
            why=", ".join(ruling.because) if rejected else "",
            evidence=comparison.evidence.model_dump_json(),
        )
        if rejected:
            return self.defaulted(found)
        return replace(found, challenger=row_of(self.name, trained.model, season))

    def defaulted(self, found: Worked) -> Worked:
        """Return it with a seasonal naive where it has nothing else."""
        if found.champion is not None:
            return found
        model = seasonal_naive_model(self.series, self.evaluation)
        row = row_of(self.name, model, self.evaluation.season_length, default=found.why)
        return replace(found, challenger=row)

    def kept(self, row: Row | None, known: _Known | None) -> Worked:
        """Return the champion's row with the newest data, by the rule of a single series' renewal."""
        facts = facts_without(self.name, "failed", "")
        if row is None or known is None:
            return Worked(facts)
        champion = known.champion
        kept = Worked(facts, champion=dict(row) | self._seen, state="unchanged")
        if not self.settings.renews:
            return replace(kept, state_why="deployment.on_hold is nothing")
        if obstacle := unusable(champion, self.series.values):
            return replace(kept, state="refused", state_why=obstacle.code)
        whole, renewed = known.whole, known.renewed
        if whole.sha256 == Series(champion.values).sha256 or whole.index[-1] < champion.values.index[-1]:
            return replace(kept, state_why="the champion has these data already, or newer ones")
        checks = judge_data(champion, whole, self.settings.gate, self.series, renewed)
        refused = [one for one in checks if not one.passed]
        if refused:
            return replace(kept, state="refused", state_why=f"{refused[0].name}: {refused[0].code}")
        lineage = {name: row[name] for name in ("default", "run_id", "since")} | self._seen
        after = row_of(self.name, cast(Forecaster, renewed.model), self.evaluation.season_length)
        return replace(kept, champion=after | lineage, state="renewed")

    @property
    def _seen(self) -> dict[str, Any]:
        """What a champion's row says of the challenger that was sought beside it."""
        return {"compared_through": self.series.end}


def words_of(error: ForecastopsError) -> str:
    """Return place and fact of an error, for the table of series."""
    return f"{error.where}: {error.what}" if error.where else error.what
