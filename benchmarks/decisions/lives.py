"""Living through a stream by one policy: what its decisions would have cost, and what the better choice would have."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from policies import POLICIES, Policy
from replay import Replay
from streams import Stream

__all__ = ["Outcome", "outcomes"]


@dataclass(frozen=True)
class Outcome:
    """One policy on one stream; ``delay`` is in retrainings, None where it never adapted or nothing broke."""

    stream: Stream
    policy: str
    loss: float
    hindsight: float
    promotions: int
    decisions: int
    delay: int | None


def walk(replay: Replay, name: str, policy: Policy) -> Outcome:
    """Live through the stream by one policy; what cannot be fitted cannot be promoted."""
    stream, live = replay.stream, replay.live
    champion, loss, hindsight, promotions, delay = 0, float(live[0, 0]), float(live[0, 0]), 0, None
    broken = stream.broken_at if stream.broken_at is not None else len(stream.values)
    for number in range(1, len(stream.retrainings)):
        usable = replay.models[number] is not None
        better = min(live[champion, number], live[number, number]) if usable else live[champion, number]
        hindsight += float(better)
        if usable and policy(replay, champion, number):
            champion, promotions = number, promotions + 1
            after = stream.retrainings[number] - stream.evaluation.window - broken
            if delay is None and after > 0:  # the first champion whose parameters have seen the change
                delay = number - next(i for i, known in enumerate(stream.retrainings) if known > broken)
        loss += float(live[champion, number])
    return Outcome(stream, name, loss, hindsight, promotions, len(stream.retrainings) - 1, delay)


def outcomes(stream: Stream) -> list[Outcome]:
    """Every policy on one stream."""
    warnings.simplefilter("ignore")
    replay = Replay(stream)
    if replay.models[0] is None:
        raise SystemExit(f"{stream.name}: the first model cannot be fitted")
    return [walk(replay, name, policy) for name, policy in POLICIES.items()]
