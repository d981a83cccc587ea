"""Which gate decides best? Streams of retrainings, each policy deciding through the product's own code.

Run by `make bench-gate`; minutes long, seeded. Live errors are RMSE over all origins between retrainings, as a ratio to
promoting always; over several streams, the geometric mean of the ratios. Nothing here asserts.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from policies import OURS, POLICIES, Policy
from replay import Replay
from streams import CHANGES, Stream, changing_orders, real_streams, simulated_streams

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


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


def ratios(found: Iterable[Outcome], always: dict[str, float]) -> np.ndarray:
    """Live RMSE relative to promoting always, one a stream."""
    return np.array([np.sqrt(outcome.loss / always[outcome.stream.name]) for outcome in found])


def geometric(values: np.ndarray) -> str:
    """Their geometric mean, as text."""
    return f"{np.exp(np.mean(np.log(values))):.3f}" if len(values) else "-"


def main() -> None:
    """Print the tables as Markdown."""
    started = time.perf_counter()
    streams = [*real_streams(SHARED), *simulated_streams()]
    changing = list(changing_orders(stream for stream in streams if stream.half == "tuning"))
    with ProcessPoolExecutor() as pool:
        found, changed = [], []
        for number, several in enumerate(pool.map(outcomes, [*streams, *changing]), start=1):
            (found if number <= len(streams) else changed).extend(several)
            print(f"{number} of {len(streams) + len(changing)}", end="\r", file=sys.stderr)
    tables(found)
    print("\nthe tuning half once more, by another spec at random at each retraining\n")
    comparison(changed, losses_of_always(changed))
    if "-v" in sys.argv:
        for outcome in found:
            if outcome.policy == OURS:
                (ratio,) = ratios([outcome], losses_of_always(found))
                print(f"{ratio:.3f} {outcome.promotions:3}/{outcome.decisions:<3} {outcome.stream.name}")
    print(f"\n{time.perf_counter() - started:.0f} s")


def tables(found: list[Outcome]) -> None:
    """All policies over all streams, and the default policy by kind of change and half."""
    always = losses_of_always(found)
    streams = [outcome.stream for outcome in found if outcome.policy == OURS]
    decisions = sum(outcome.decisions for outcome in found if outcome.policy == OURS)
    real = sum(stream.change == "real" for stream in streams)
    print(f"{len(streams)} streams ({real} of real series), {decisions} decisions\n")
    comparison(found, always)
    print(f"\nlive error of `{OURS}` by kind of change\n")
    print("| change | streams | live error | worst, tuning | worst, held out | above 1.02 | redeployments |")
    print("|---|---|---|---|---|---|---|")
    for change in ("real", *CHANGES):
        mine = [o for o in found if o.policy == OURS and o.stream.change == change]
        if mine:
            values = ratios(mine, always)
            halves = [ratios([o for o in mine if o.stream.half == half], always) for half in ("tuning", "held out")]
            worst = " | ".join(f"{half.max():.3f}" if len(half) else "-" for half in halves)
            share = sum(o.promotions for o in mine) / sum(o.decisions for o in mine)
            above = int((values > 1.02).sum())
            print(f"| {change} | {len(mine)} | {geometric(values)} | {worst} | {above} | {100 * share:.0f} % |")


def comparison(found: list[Outcome], always: dict[str, float]) -> None:
    """One line for each policy."""
    print("| policy | live error | tuning half | held out | real | worst, tuning | worst, held out | redeployments |"
          " false promotions | delay | regret |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name in POLICIES:
        print(row(name, [outcome for outcome in found if outcome.policy == name], always))


def losses_of_always(found: list[Outcome]) -> dict[str, float]:
    """The loss of promoting always, by stream."""
    return {outcome.stream.name: outcome.loss for outcome in found if outcome.policy == "always"}


def row(name: str, mine: list[Outcome], always: dict[str, float]) -> str:
    """One policy's line."""
    values = ratios(mine, always)
    halves = [ratios([o for o in mine if o.stream.half == half], always) for half in ("tuning", "held out")]
    real = ratios([o for o in mine if o.stream.change == "real"], always)
    share = sum(o.promotions for o in mine) / sum(o.decisions for o in mine)
    calm = [o for o in mine if o.stream.change == "none"]
    false = sum(o.promotions for o in calm) / max(1, sum(o.decisions for o in calm))
    broken = [o for o in mine if o.stream.broken_at is not None]
    delays = [o.delay for o in broken if o.delay is not None]
    never = len(broken) - len(delays)
    delay = f"{np.mean(delays):.1f} ({never} never)" if delays else "never"
    regret = np.exp(np.mean([np.log(o.loss / o.hindsight) / 2 for o in mine])) - 1
    figures = [
        geometric(values),
        *(geometric(half) for half in halves),
        geometric(real),
        *(f"{half.max():.3f}" if len(half) else "-" for half in halves),
        f"{100 * share:.0f} %",
        f"{100 * false:.1f} %",
        delay,
        f"{100 * regret:.1f} %",
    ]
    return f"| {name} | {' | '.join(figures)} |"


if __name__ == "__main__":
    main()
