"""The pipeline on one stream: every challenger, refit and comparison, by the product's own code and once for all.

A challenger's estimation starts from the model of the same configuration one retraining before, whatever was asked for
there and whatever the policy: the starts decide where the optimiser finds the optimum, not which, and so all policies
and all draws of random models share one fit of a configuration a retraining.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from streams import Stream

from forecastops.core.errors import ModelError
from forecastops.forecasting import training
from forecastops.forecasting.config import ModelConfig
from forecastops.forecasting.estimation import spec_of
from forecastops.forecasting.forecaster import Alarm, Forecaster
from forecastops.gate.comparison import compare
from forecastops.gate.data_checks import judge_data
from forecastops.gate.decision import Ruling, decide
from forecastops.gate.evidence import Evidence
from forecastops.gate.policy import GatePolicy
from forecastops.gate.season_phase import displacements, first_newer

__all__ = ["Pipeline", "State", "Tally", "Version"]

Array = npt.NDArray[np.float64]
_CALM, _SHORT_RUN = 4.0, 4  # standard deviations and equal values at which no bound of the alarm is passed


@dataclass(frozen=True, eq=False)
class Version:
    """A model under a name by which what was computed for it is found again."""

    name: Hashable
    model: Forecaster

    @property
    def specs(self) -> tuple[str, ...]:
        """What its members are, in no order."""
        return tuple(sorted(str(spec_of(member, 1).canonical) for member in self.model.fit.members))

    def as_judged(self) -> Version:
        """The model with the parameters that the gate judges."""
        return Version((self.name, "as judged"), self.model.as_judged())


@dataclass(frozen=True)
class Tally:
    """Sums over all that was forecast and observed: squared errors, and how many lay within each interval."""

    squares: float = 0.0
    targets: int = 0
    inside: tuple[int, ...] = (0, 0)

    def __add__(self, other: Tally) -> Tally:
        inside = tuple(one + more for one, more in zip(self.inside, other.inside, strict=False))
        return Tally(self.squares + other.squares, self.targets + other.targets, inside)

    @property
    def rmse(self) -> float:
        """Root mean squared error."""
        return float(np.sqrt(self.squares / self.targets))


@dataclass(frozen=True)
class State:
    """The rows that a model's filter has seen, and whether corrupted ones were among them."""

    rows: int
    faulty: bool = False


@dataclass(frozen=True, eq=False)
class _Foreseen(Forecaster):
    """A model whose one-step errors are known: the filter's over more rows, of which they are the first."""

    errors: Array = field(default_factory=lambda: np.empty(0))

    def standardised_errors(self) -> Array:
        return self.errors[: len(self.values)]


@dataclass(frozen=True, eq=False)
class Pipeline:
    """What the policies ask about a stream, computed when it is first asked for."""

    stream: Stream
    _versions: dict[Hashable, Version | None] = field(default_factory=dict)
    _evidence: dict[Hashable, Evidence | None] = field(default_factory=dict)
    _errors: dict[Hashable, Array] = field(default_factory=dict)
    _alarms: dict[Hashable, Alarm | None] = field(default_factory=dict)
    _displacements: dict[Hashable, list[int]] = field(default_factory=dict)
    tallies: dict[Hashable, Tally] = field(default_factory=dict)

    def challenger(self, number: int) -> Version | None:
        """The model of a retraining; None where it cannot be fitted."""
        return self._trained(number, self.stream.configurations[number])

    def _trained(self, number: int, asked: ModelConfig) -> Version | None:
        """The model of a configuration at a retraining, whether it was asked for there or not."""
        name = ("trained", number, str(asked))
        if name not in self._versions:
            previous = self._trained(number - 1, asked) if number else None
            series = self.stream.known(self.stream.retrainings[number])
            try:
                found = training.fit(series, asked, self.stream.evaluation, previous.model if previous else None)
                self._versions[name] = Version(name, found.model)
            except ModelError:
                self._versions[name] = None
        return self._versions[name]

    def adopt(self, challengers: Mapping[int, Version | None]) -> None:
        """Take over what another pipeline has trained at retrainings whose data are the same."""
        asked = self.stream.configurations
        named = {("trained", number, str(asked[number])): version for number, version in challengers.items()}
        self._versions.update(named)

    def drawn(self, draw: int) -> Pipeline:
        """The same stream with another draw of random models, and all that was computed already."""
        return replace(self, stream=replace(self.stream, draw=draw))

    def refitted(self, champion: Version, number: int) -> Version:
        """The champion's specification, estimated on the data of a retraining; itself where that fails."""
        challenger = self.challenger(number)
        if challenger and challenger.specs == champion.specs and challenger.model.judged.converged:
            return challenger  # the same specification on the same data
        name = ("refit", number, champion.specs)
        if name not in self._versions:
            series = self.stream.known(self.stream.retrainings[number])
            try:
                found = training.refit(champion.model, series, self.stream.evaluation, 500)
                self._versions[name] = Version(name, found.model) if found.model.judged.converged else None
            except ModelError:
                self._versions[name] = None
        return self._versions[name] or champion

    def ruling(self, number: int, champion: Version, state: State, policy: GatePolicy) -> Ruling | None:
        """The gate's about the challenger of a retraining; None where there is nothing to judge."""
        challenger = self.challenger(number)
        if challenger is None:
            return None
        key = (challenger.name, champion.name, state)
        if key not in self._evidence:
            self._evidence[key] = self._compared(challenger, champion, state)
        evidence = self._evidence[key]
        return decide(evidence, policy) if evidence else None

    def _compared(self, challenger: Version, champion: Version, state: State) -> Evidence | None:
        try:
            return compare(challenger.model, self.in_state(champion, state), self.stream.evaluation, 500).evidence
        except ModelError:
            return None

    def in_state(self, version: Version, state: State) -> Forecaster:
        """The model with the rows that its state has seen."""
        values = self.stream.received(faulty=state.faulty).iloc[: state.rows]
        return version.model.with_data(values.loc[: values.last_valid_index()])

    def alarm(self, version: Version, accepted: int, day: int) -> Alarm | None:
        """The product's alarm on the data of a day."""
        key = (version.name, accepted, day)
        if key not in self._alarms:
            errors = self._standardised_errors(version, faulty=self.stream.faulty(day))
            self._alarms[key] = self._alarm(version, accepted, day, errors)
        return self._alarms[key]

    def _alarm(self, version: Version, accepted: int, day: int, errors: Array) -> Alarm | None:
        """Asked only where a bound may be passed, since most days are calm."""
        values = self.stream.known(day).values
        recent = min(accepted, day - 2 * version.model.horizon)
        newest = values.dropna().iloc[-_SHORT_RUN:]
        if not (np.abs(errors[recent:day]) > _CALM).any() and (newest != newest.iloc[0]).any():
            return None
        model = version.model.with_data(values)
        fields = {name: getattr(model, name) for name in Forecaster.__dataclass_fields__}
        return _Foreseen(**fields, errors=errors).alarm(accepted)

    def refused(self, version: Version, state: State, day: int) -> bool:
        """Whether a renewal is: by the alarm, or because what the state has seen was corrected since."""
        if state.faulty and not self.stream.faulty(day):
            checks = judge_data(self.in_state(version, state), self.stream.known(day), GatePolicy())
            return not all(check.passed for check in checks)
        return self.alarm(version, state.rows, day) is not None or self._displaced(version, state.rows, day)

    def _displaced(self, version: Version, accepted: int, day: int) -> bool:
        """Whether newer rows are out of place in the season, by the product's rule."""
        key, start = (version.name, self.stream.faulty(day)), self.stream.first
        if key not in self._displacements:
            values = self.stream.received(faulty=self.stream.faulty(day))
            self._displacements[key] = displacements(version.model, values, range(start, len(values) + 1))
        return first_newer(self._displacements[key][: day - start + 1], accepted - start) is not None

    def _standardised_errors(self, version: Version, *, faulty: bool) -> Array:
        """Of all days at once: those of a day do not depend on later ones."""
        key = (version.name, faulty)
        if key not in self._errors:
            self._errors[key] = version.model.with_data(self.stream.received(faulty=faulty)).standardised_errors()
        return self._errors[key]
