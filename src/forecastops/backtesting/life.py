"""Production lived through by one policy: what it serves on every day, and what it decides.

A life is a generator: it yields what must be computed, and is sent what came of it. So lives of several policies can go
on side by side, and share what they ask alike.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from forecastops.backtesting.alarms import refused
from forecastops.backtesting.jobs import Compare, Job, Outcome, Recorded, Refit, Score
from forecastops.backtesting.policies import Policy
from forecastops.backtesting.stream import Stream
from forecastops.backtesting.version import State, Version
from forecastops.core.errors import ModelError
from forecastops.gate.decision import Ruling, decide
from forecastops.gate.evidence import Evidence
from forecastops.gate.guardrails import COMPARABLE_DATA, PLAUSIBLE_DATA
from forecastops.gate.policy import GatePolicy

__all__ = [
    "Asked",
    "Challenger",
    "Judged",
    "Life",
    "Lived",
    "Look",
    "Period",
    "Production",
    "judged_at",
    "live",
    "settled",
    "until_next",
]


@dataclass(frozen=True)
class Challenger:
    """The request for the challenger of a retraining; ``champion`` is the one that asks, a start of the estimation."""

    number: int
    champion: str | None


@dataclass(frozen=True)
class Look:
    """What one retraining came to.

    Attributes:
        number: the retraining.
        verdict: the gate's, or of other rules PROMOTE or HOLD; None where nothing was judged.
        because: the checks that it is because of.
        promoted: whether the challenger came into service.
        refitted: whether the champion's specification did, estimated anew.
        failed: why there was no challenger to judge, or no judgement; None where there was.
    """

    number: int
    verdict: str | None = None
    because: tuple[str, ...] = ()
    promoted: bool = False
    refitted: bool = False
    failed: str | None = None


@dataclass(frozen=True)
class Period:
    """The days from one retraining to the next.

    Attributes:
        served: the forecasts that production gave.
        kept: those that the champion before would have given instead, where a challenger was promoted.
        version: what served.
    """

    served: Score
    kept: Score | None
    version: Version


@dataclass(frozen=True)
class Lived:
    """One policy's life.

    Attributes:
        periods: one for each retraining, the first model's included.
        looks: one for each retraining after it.
        alarms: days on which rows began to be kept out.
        changes: promotions of another specification.
    """

    periods: tuple[Period, ...]
    looks: tuple[Look, ...]
    alarms: tuple[int, ...]
    changes: int


Asked: TypeAlias = Job | Challenger
Life: TypeAlias = Generator[Asked, Outcome, Lived]


@dataclass(frozen=True)
class Production:
    """What serves; ``refused_on`` is the day from which on rows have been kept out, and ``revised`` why it may be."""

    version: Version
    state: State
    refused_on: int | None = None
    revised: bool = False
    alarms: tuple[int, ...] = field(default=())
    changes: int = 0

    def refuse(self, day: int, *, revised: bool = False) -> Production:
        """Keep rows out, and tell a person the first time."""
        if self.refused_on is not None:
            return replace(self, revised=self.revised or revised)
        return replace(self, refused_on=day, revised=revised, alarms=(*self.alarms, day))

    def renew(self, state: State, version: Version | None = None) -> Production:
        """Take the rows in, under other parameters where a version is given."""
        return replace(self, version=version or self.version, state=state, refused_on=None, revised=False)

    def promote(self, version: Version, state: State) -> Production:
        """Replace the model."""
        changed = sorted(version.specs) != sorted(self.version.specs)
        return replace(self.renew(state, version), changes=self.changes + changed)


def live(stream: Stream, policy: Policy, *, counterfactuals: bool = True) -> Life:
    """Live through the stream; the first model is in service anyway.

    Args:
        stream: the past.
        policy: how production is run.
        counterfactuals: whether what a replaced champion would have forecast is asked for too.

    Raises:
        ModelError: when there is no first model.
    """
    first = yield Challenger(0, None)
    if not isinstance(first, str):
        place = f"the first model, of {stream.date(stream.first)},"
        raise ModelError(place, f"cannot be had: {first['failed']}", "give a longer past, or choose another model")
    version = Version(first)
    now = Production(version.as_judged() if policy.as_judged else version, State(stream.first))
    periods, looks = list[Period](), list[Look]()
    for number in range(len(stream.retrainings)):
        before: Version | None = None
        if number:
            before = now.version
            now, look = yield from _retrained(stream, policy, now, number)
            looks.append(look)
            before = before if look.promoted and counterfactuals else None
        now, period = yield from until_next(stream, policy, now, number, before)
        periods.append(period)
    return Lived(tuple(periods), tuple(looks), now.alarms, now.changes)


def until_next(
    stream: Stream, policy: Policy, now: Production, number: int, replaced: Version | None
) -> Generator[Asked, Outcome, tuple[Production, Period]]:
    """Live until the next retraining; ``replaced`` is the champion whose forecasts are to be known beside."""
    days, states = stream.days(number), list[State]()
    for day in days:
        now = yield from _next_day(stream, policy, now, day)
        states.append(now.state)
    served = Score(now.version.text, tuple(states), tuple(days))
    yield served
    kept = replace(served, version=replaced.text) if replaced else None
    if kept:
        yield kept
    return now, Period(served, kept, now.version)


_Step: TypeAlias = Generator[Asked, Outcome, tuple[Production, Look]]
_Day: TypeAlias = Generator[Asked, Outcome, Production]


def _retrained(stream: Stream, policy: Policy, now: Production, number: int) -> _Step:
    """Tell what a retraining makes of production."""
    judged = yield from judged_at(policy, now, number)
    return (yield from settled(stream, policy, now, judged))


def settled(stream: Stream, policy: Policy, now: Production, judged: Judged) -> _Step:
    """Tell what a judgement makes of production: the challenger's promotion, or what a champion that stays is given."""
    day = stream.retrainings[judged.look.number]
    if judged.challenger and judged.look.promoted:
        return now.promote(judged.challenger, State(day, stream.faulty(day))), judged.look
    if judged.challenger is None:  # `retrain` came to nothing; `renew` does not need it
        now = yield from _renewed(stream, policy, now, day)
        return now, judged.look
    if policy.on_hold == "nothing":
        return now, judged.look
    if policy.guarded and judged.refused_data:
        return now.refuse(day, revised=COMPARABLE_DATA in judged.refused_data), judged.look
    if policy.on_hold == "refit" and (policy.refits_rejected or judged.look.verdict != "REJECT"):
        return (yield from _refitted(stream, policy, now, judged.challenger, judged.look))
    now = yield from _renewed(stream, policy, now, day)
    return now, judged.look


@dataclass(frozen=True)
class Judged:
    """A verdict about a challenger, and the checks by which the data were refused; without one, nothing was judged."""

    look: Look
    challenger: Version | None = None
    refused_data: frozenset[str] = frozenset()


def judged_at(policy: Policy, now: Production, number: int) -> Generator[Asked, Outcome, Judged]:
    """Have the challenger of a retraining, and judge it."""
    if policy.gate == "never":
        return Judged(Look(number))
    found = yield Challenger(number, now.version.text)
    if not isinstance(found, str):
        return Judged(Look(number, failed=found["failed"]))
    challenger = Version(found).as_judged() if policy.as_judged else Version(found)
    if isinstance(policy.gate, GatePolicy):
        return (yield from _ruled(policy.gate, now, challenger, number))
    better = policy.gate == "always" or (yield from _recorded_lower(now, challenger))
    return Judged(Look(number, "PROMOTE" if better else "HOLD", promoted=better), challenger)


def _recorded_lower(now: Production, challenger: Version) -> Generator[Asked, Outcome, bool]:
    """Tell whether the challenger's own run records a lower error than the champion's does."""
    ours = yield Recorded(challenger.text)
    theirs = yield Recorded(now.version.text)
    return isinstance(ours, float) and (not isinstance(theirs, float) or ours < theirs)


def _ruled(gate: GatePolicy, now: Production, challenger: Version, number: int) -> Generator[Asked, Outcome, Judged]:
    """Compare as the gate does."""
    evidence = yield Compare(challenger.text, now.version.text, now.state)
    if "failed" in evidence:
        return Judged(Look(number, failed=evidence["failed"]))
    ruling = decide(Evidence.model_validate(evidence), gate)
    look = Look(number, ruling.verdict, ruling.because, promoted=ruling.verdict == "PROMOTE")
    return Judged(look, challenger, _refused_data(ruling))


def _refused_data(ruling: Ruling) -> frozenset[str]:
    failed = {check.name for check in ruling.checks if not check.passed}
    return frozenset(failed & {COMPARABLE_DATA, PLAUSIBLE_DATA})


def _refitted(stream: Stream, policy: Policy, now: Production, challenger: Version, look: Look) -> _Step:
    """Give the champion its own specification estimated anew; renew it where that is refused or fails."""
    day = stream.retrainings[look.number]
    state = State(day, stream.faulty(day))
    if policy.guarded and (yield from refused(stream, now.version, now.state, day)):
        return now.refuse(day), look
    known_through = stream.known(stream.retrainings[now.version.number]).end
    if stream.known(day).end <= known_through:
        return now.renew(state), look
    if challenger.specs == now.version.specs and challenger.sound:
        found: Outcome = challenger.text  # the same specification on the same data
    else:
        found = yield Refit(look.number, now.version.text)
    if not isinstance(found, str):
        return now.renew(state), look
    return now.renew(state, Version(found)), replace(look, refitted=True)


def _renewed(stream: Stream, policy: Policy, now: Production, day: int) -> _Day:
    """Give the champion the data of a day, unless they are refused."""
    if policy.guarded and (now.revised or (yield from refused(stream, now.version, now.state, day))):
        return now.refuse(day)
    return now.renew(State(day, stream.faulty(day)))


def _next_day(stream: Stream, policy: Policy, now: Production, day: int) -> _Day:
    """Tell what a day between retrainings makes of production: a person's acceptance, or a renewal if one is due."""
    patience = stream.patience_on(day)
    if now.refused_on is not None and patience is not None and day - now.refused_on >= patience:
        return now.renew(State(day, stream.faulty(day)))
    since = (day - stream.first) % stream.every
    if policy.renew_every is None or since % policy.renew_every or day <= now.state.rows:
        return now
    return (yield from _renewed(stream, policy, now, day))
