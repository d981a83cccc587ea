"""Lives of several policies side by side: what one asks is computed once, and whoever else asks gets it too."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from forecastops.backtesting.jobs import Fit, Job, Outcome, Score, carry_out
from forecastops.backtesting.life import Asked, Challenger, Life, Lived, live
from forecastops.backtesting.policies import Policy
from forecastops.backtesting.stream import Stream

__all__ = ["Engine", "Here", "live_side_by_side"]


class Engine(Protocol):
    """Where jobs are carried out."""

    def ask(self, job: Job) -> None:
        """Take a job."""

    def answer(self) -> tuple[Job, Outcome]:
        """Return what came of one of the jobs taken, once there is one."""


class Here:
    """An engine in this process, one job after the other."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._jobs = deque[Job]()

    def ask(self, job: Job) -> None:
        """Take a job."""
        self._jobs.append(job)

    def answer(self) -> tuple[Job, Outcome]:
        """Carry out the job that has waited longest."""
        job = self._jobs.popleft()
        return job, carry_out(self._stream, job)


def live_side_by_side(
    stream: Stream,
    policies: Sequence[Policy],
    engine: Engine,
    told: Callable[[int, int], None] = lambda _done, _all: None,
) -> tuple[dict[str, Lived], Mapping[Job, Outcome]]:
    """Live through the stream by every policy; the first leads.

    The challenger of a retraining is fitted once, for all. As in the product, the champion's parameters are one of the
    optimiser's starts: the leader's champion's. For the others they say where to search, and rarely what is found.

    Args:
        stream: the past.
        policies: with names of their own.
        engine: carries out jobs.
        told: is called with how many periods of all policies have been forecast, and how many there are.

    Returns:
        the lives by name of the policy, and every outcome.

    Raises:
        ModelError: when there is no first model.
    """
    several = _SideBySide(engine, len(policies) * len(stream.retrainings), told)
    for number, policy in enumerate(policies):
        several.begin(policy.name, live(stream, policy), leads=number == 0)
    while several.waits:
        several.resume(*engine.answer())
    return several.lived, several.outcomes


@dataclass(eq=False)
class _One:
    """A life under way."""

    name: str
    life: Life
    leads: bool


@dataclass(eq=False)
class _SideBySide:
    engine: Engine
    periods: int
    told: Callable[[int, int], None]
    lived: dict[str, Lived] = field(default_factory=dict)
    outcomes: dict[Job, Outcome] = field(default_factory=dict)
    _waiting: dict[Any, list[_One]] = field(default_factory=lambda: defaultdict(list))
    _forecast: dict[Job, int] = field(default_factory=dict)
    _under_way: set[Job] = field(default_factory=set)
    _challengers: dict[int, Outcome] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Whether anything is still to be computed."""
        return bool(self._under_way)

    def begin(self, name: str, life: Life, *, leads: bool) -> None:
        """Start a life."""
        self._go_on(_One(name, life, leads), None)

    def resume(self, job: Job, outcome: Outcome) -> None:
        """Go on with every life that waits for this."""
        self.outcomes[job] = outcome
        self._under_way.discard(job)
        waiting = self._waiting.pop(job, [])
        if isinstance(job, Fit):
            self._challengers[job.number] = outcome
            waiting += self._waiting.pop(job.number, [])
        for one in waiting:
            self._go_on(one, outcome)
        self._tell()

    def _go_on(self, one: _One, answer: Outcome) -> None:
        """Let a life go on until it has to wait."""
        while True:
            try:
                asked = one.life.send(answer)
            except StopIteration as end:
                self.lived[one.name] = end.value
                return
            if isinstance(asked, Score):
                self._compute(asked)  # nothing depends on it until all is over
                self._forecast[asked] = self._forecast.get(asked, 0) + 1
                answer = None
            elif (place := self._place_of(asked, one)) in self._known(place):
                answer = self._known(place)[place]
            else:
                self._waiting[place].append(one)
                return

    def _place_of(self, asked: Asked, one: _One) -> Job | int:
        """Return under what it is found, or waited for; have it computed where it is not yet."""
        if not isinstance(asked, Challenger):
            self._compute(asked)
            return asked
        if one.leads and asked.number not in self._challengers:
            self._compute(Fit(asked.number, asked.champion))
        return asked.number

    def _known(self, place: Job | int) -> Mapping[Any, Outcome]:
        return self._challengers if isinstance(place, int) else self.outcomes

    def _compute(self, job: Job) -> None:
        if job not in self.outcomes and job not in self._under_way:
            self._under_way.add(job)
            self.engine.ask(job)

    def _tell(self) -> None:
        done = sum(number for job, number in self._forecast.items() if job in self.outcomes)
        self.told(min(done, self.periods), self.periods)
