"""One series of a panel, lived from one retraining to the next under each policy, by the code of a single series.

What becomes of a challenger is decided about all series together. So a life stops where the gate's evidence is there:
what is known is handed on as plain values, and goes on once the panel has decided.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from forecastops.backtesting.jobs import Compare, Fit, Job, Outcome, Score, carry_out
from forecastops.backtesting.life import Challenger, Judged, Production, judged_at, settled, until_next
from forecastops.backtesting.panel_plan import CutStream, cut
from forecastops.backtesting.panel_policies import DECISIONS, policy_of
from forecastops.backtesting.panel_records import Part, PolicyLife, SeriesLife
from forecastops.backtesting.plan import patience_of
from forecastops.backtesting.policies import Policy
from forecastops.backtesting.summary import Scored, scored
from forecastops.backtesting.version import State, Version
from forecastops.core.errors import ForecastopsError
from forecastops.data.series import Series
from forecastops.data.table import RawTable
from forecastops.forecasting.config import Evaluation
from forecastops.forecasting.metrics import mase_scale
from forecastops.forecasting.rolling_origin import seasonal_naive
from forecastops.gate.decision import decide
from forecastops.gate.evidence import Evidence
from forecastops.panel.defaults import seasonal_naive_model
from forecastops.panel.facts import SeriesFacts, facts_of, facts_without
from forecastops.panel.series_work import Worked, failed, segment_of, series_of, words_of
from forecastops.panel.settings import PastSettings, WorkSettings

__all__ = ["live_on"]

Array = npt.NDArray[np.float64]
_Found = TypeVar("_Found")
_NOTHING_NEWER = "nothing is newer"


def live_on(name: str, tables: Sequence[RawTable], before: Mapping[str, Any] | None, settings: WorkSettings) -> Worked:
    """Live one series until the next retraining, and judge its challenger there.

    Args:
        name: of the series.
        tables: its whole past.
        before: ``life``: what the call before left, as JSON; ``promoted``: by rule whether the panel lets the
            challenger in. None at the first.
        settings: of the work; ``past`` says which retraining it is.

    Returns:
        ``evidence`` is two lines of JSON: what the panel's decision needs, or at the last retraining all that is told
        of the series; and what the next call needs.
    """
    past = settings.past
    assert past is not None  # noqa: S101  # whoever asks for this kind of work gives it
    try:
        series = series_of(tables, settings)
        evaluation = settings.evaluation_of(series.frequency)
    except ForecastopsError as error:
        return failed(name, words_of(error), None)
    life = SeriesLife.of(json.loads(before["life"])) if before else SeriesLife()
    promoted = json.loads(before["promoted"]) if before else {}
    one = _One(name, series, evaluation, settings, past, cut(series, past.dates))
    after = one.lived(life, promoted)
    told: dict[str, Any]
    if past.number + 2 < len(past.dates):
        after, facts = one.judged(after)
        told = {"facts": {rule: asdict(found) for rule, found in facts.items()}}
    else:
        told = one.told(after)
    lines = (json.dumps(told), json.dumps(after.document(), separators=(",", ":")))
    return Worked(facts_without(name, "kept", ""), evidence="\n".join(lines))


@dataclass(eq=False)
class _One:
    """A series between two retrainings, and what was computed of it, which several policies ask alike."""

    name: str
    series: Series
    evaluation: Evaluation
    settings: WorkSettings
    past: PastSettings
    cuts: tuple[int, ...]
    outcomes: dict[Job, Outcome] = field(default_factory=dict)

    @cached_property
    def stream(self) -> CutStream:
        """The rows until the next retraining, and those that are forecast before it."""
        rows = self.cuts[self.past.number + 1] + self.evaluation.horizon
        series = Series(self.series.values.iloc[:rows], filled=self.series.filled)
        # The last period is a whole one; from its ends the rhythm of renewals counts.
        first, every, patience = self.cuts[-1], max(1, self.cuts[-1] - self.cuts[-2]), patience_of(series.frequency)
        return CutStream(
            series, self.evaluation, self.settings.model, first, every, len(self.cuts) - 1, patience, cuts=self.cuts
        )

    def lived(self, life: SeriesLife, promoted: Mapping[str, bool]) -> SeriesLife:
        """Return the series at the next retraining; it begins with the first at which it has two values."""
        number = self.past.number
        if life.entered is None:
            life = self._begun(life)
            promoted = {}
        if life.entered is None:
            return life
        counts = number > 0
        policies = {
            rule: self._policy_lived(self._policy(rule), one, promoted.get(rule), counts=counts)
            for rule, one in life.policies.items()
        }
        naive = (*life.naive, (number, self._naive_part())) if counts else life.naive
        return replace(life, policies=policies, naive=naive)

    def judged(self, life: SeriesLife) -> tuple[SeriesLife, dict[str, SeriesFacts]]:
        """Return the series with what the gate says at the next retraining, and the facts for the panel's decisions."""
        if life.entered is None:
            return life, {}
        number = self.past.number + 1
        challenger = self._challenger(life, number)
        policies, facts = {}, {}
        for rule, one in life.policies.items():
            found = self._run(judged_at(self._policy(rule), one.now, number), challenger)
            policies[rule] = replace(one, judged=found)
            if rule in DECISIONS:
                facts[rule] = self._facts(one.now, found)
        return replace(life, policies=policies), facts

    def told(self, life: SeriesLife) -> dict[str, Any]:
        """Return what is told of the series once all is over."""
        found: dict[str, Any] = {
            "frequency": self.series.frequency,
            "rows": self.series.rows,
            "segment": segment_of(self.name, self.settings.data),
            "entered": life.entered,
            "default": life.default,
            "levels": list(self.evaluation.levels),
        }
        if life.entered is None:
            return found
        known = self.stream.known(self.cuts[max(1, life.entered)])
        observed = np.asarray(known.observed, dtype=float)
        return found | {
            "volume": float(np.nanmean(np.abs(known.values))),
            "scale": _scale(observed, self.evaluation.season_length),
            "policies": {rule: self._policy_told(one) for rule, one in life.policies.items()},
            "naive": [[number, part.squares, part.targets] for number, part in life.naive],
        }

    def _policy_told(self, one: PolicyLife) -> dict[str, Any]:
        return {
            "parts": [[number, part.squares, part.targets, list(part.inside)] for number, part in one.parts],
            "promotions": len(one.promoted_at),
            "promoted_at": list(one.promoted_at),
            "changes": one.now.changes,
            "needless": one.needless,
            "alarms": [self.stream.date(day) for day in one.now.alarms],
            "model": one.now.version.name,
        }

    def _policy(self, rule: str) -> Policy:
        return policy_of(rule, self.settings, self.series.frequency)

    def _begun(self, life: SeriesLife) -> SeriesLife:
        """Return it with its first model in service, whatever the gate would say of it; else the seasonal naive."""
        number = self.past.number
        if self.cuts[number] < 2 or self.series.values.iloc[: self.cuts[number]].count() < 2:
            return life
        known = self.stream.known(self.cuts[number])
        found, default = self._fitted(number, None), ""
        if not isinstance(found, str):
            default = found["failed"]
            found = Version.of_model(number, seasonal_naive_model(known, self.evaluation)).text
        now = Production(Version(found), State(self.cuts[number]))
        policies = {rule: PolicyLife(now) for rule in self.past.rules}
        return replace(life, entered=number, default=default, policies=policies)

    def _challenger(self, life: SeriesLife, number: int) -> Outcome:
        """Return the challenger that all policies see; the first one's champion is one of the fit's starts."""
        if self.cuts[number] == self.cuts[number - 1]:
            return {"failed": _NOTHING_NEWER}
        return self._fitted(number, life.policies[self.past.rules[0]].now.version.text)

    def _fitted(self, number: int, start: str | None) -> Outcome:
        values = self.series.values.iloc[: self.cuts[number]]
        if values.nunique() == 1:
            return {"failed": f"series: is {values.dropna().iloc[0]} on every date"}
        return self._outcome(Fit(number, start))

    def _facts(self, now: Production, judged: Judged) -> SeriesFacts:
        """Return what the panel's decision rests on, as `train` writes it."""
        known = self.stream.known(self.cuts[judged.look.number])
        volume, segment = float(np.nanmean(np.abs(known.values))), segment_of(self.name, self.settings.data)
        if judged.challenger is None or judged.look.failed:
            outcome: Literal["kept", "failed"] = "kept" if judged.look.failed == _NOTHING_NEWER else "failed"
            return facts_without(self.name, outcome, "no_model", volume=volume, segment=segment)
        evidence = Evidence.model_validate(self._outcome(Compare(judged.challenger.text, now.version.text, now.state)))
        before = np.asarray(known.observed, dtype=float)[: known.rows - self.evaluation.window]
        return facts_of(
            self.name,
            evidence,
            decide(evidence, self.settings.gate),
            self.settings.gate,
            scale=_scale(before, self.evaluation.season_length),
            volume=volume,
            segment=segment,
        )

    def _policy_lived(self, policy: Policy, one: PolicyLife, promoted: bool | None, *, counts: bool) -> PolicyLife:
        """Return one policy's series at the next retraining, the last judgement carried out."""
        now, replaced, judged = one.now, None, one.judged
        if judged is not None and judged.look.failed != _NOTHING_NEWER:
            if promoted is not None:
                judged = replace(judged, look=replace(judged.look, promoted=promoted))
            now, look = self._run(settled(self.stream, policy, now, judged))
            replaced = one.now.version if look.promoted else None
        promoted_at = one.promoted_at if replaced is None else (*one.promoted_at, self.past.number)
        one = replace(one, now=now, judged=None, promoted_at=promoted_at)
        if not self.stream.days(self.past.number):
            return one
        now, period = self._run(until_next(self.stream, policy, now, self.past.number, replaced))
        one = replace(one, now=now)
        if period.kept is not None and not self._rmse(period.served) < self._rmse(period.kept):
            one = replace(one, needless=one.needless + 1)
        return one.with_part(self.past.number, self._part(period.served)) if counts else one

    def _rmse(self, job: Score) -> float:
        return scored(self.stream, job, self.outcomes).rmse

    def _part(self, job: Score) -> Part:
        return _part(scored(self.stream, job, self.outcomes))

    def _naive_part(self) -> Part:
        days, evaluation = self.stream.days(self.past.number), self.evaluation
        if not days:
            return Part()
        values = self.stream.values
        found = seasonal_naive(values, np.array(days), evaluation.horizon, evaluation.season_length, evaluation.levels)
        return _part(Scored.of(self.stream, days, found.mean, np.empty((len(days), 0))))

    def _run(self, steps: Generator[Any, Outcome, _Found], challenger: Outcome = None) -> _Found:
        """Return what steps of a life come to, computing what they ask for."""
        answer: Outcome = None
        while True:
            try:
                asked = steps.send(answer)
            except StopIteration as end:
                found: _Found = end.value
                return found
            answer = challenger if isinstance(asked, Challenger) else self._outcome(asked)

    def _outcome(self, job: Job) -> Outcome:
        if job not in self.outcomes:
            self.outcomes[job] = carry_out(self.stream, job)
        return self.outcomes[job]


def _part(found: Scored) -> Part:
    inside = tuple(found.inside.sum(axis=0).tolist())
    return Part(float(found.squares.sum()), float(found.targets.sum()), inside)


def _scale(observed: Array, season: int) -> float | None:
    """Return what errors are divided by; None where no two observations lie a season apart."""
    if len(observed) <= season or np.isnan(observed[season:] - observed[:-season]).all():
        return None
    return mase_scale(observed, season)
