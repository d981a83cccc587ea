"""The outcomes as tables, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from lives import Outcome
from policies import OURS, POLICIES
from streams import CHANGES

__all__ = ["comparison", "losses_of_always", "ratios", "tables"]


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
    columns = "live error | real | simulated, tuning | held out | worst, tuning | worst, held out"
    print(f"| policy | {columns} | redeployments | false promotions | delay | regret |")
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
    simulated = [o for o in mine if o.stream.change != "real"]
    like = [ratios([o for o in simulated if o.stream.half == half], always) for half in ("tuning", "held out")]
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
        geometric(real),
        *(geometric(half) for half in like),
        *(f"{half.max():.3f}" if len(half) else "-" for half in halves),
        f"{100 * share:.0f} %",
        f"{100 * false:.1f} %",
        delay,
        f"{100 * regret:.1f} %",
    ]
    return f"| {name} | {' | '.join(figures)} |"


def ratios(found: Iterable[Outcome], always: dict[str, float]) -> np.ndarray:
    """Live RMSE relative to promoting always, one a stream."""
    return np.array([np.sqrt(outcome.loss / always[outcome.stream.name]) for outcome in found])


def geometric(values: np.ndarray) -> str:
    """Their geometric mean, as text."""
    return f"{np.exp(np.mean(np.log(values))):.3f}" if len(values) else "-"
