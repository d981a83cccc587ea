"""Retrainings on corrupted rows: what they cost until the next one, and after the rows have been corrected.

Rows come corrupted day by day until a retraining; those after them are right, and a week later, or only at the next
retraining, all are. By rules that keep them out nothing is renewed meanwhile: no person accepts rows that are wrong.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from bootstrap import Summary, summary
from policies import ALWAYS, DEFAULT
from retraining import Pipeline, State
from served import Served, lived
from streams import Faults, Stream

from forecastops.backtesting.jobs import Score

__all__ = ["FAULTS", "Damage", "damages", "suited", "table"]

Array = npt.NDArray[np.float64]


def _scaled(rows: Array, newest: int) -> Array:
    return np.concatenate([rows[:-newest], 1000 * rows[-newest:]])


def _constant(rows: Array, newest: int, value: float) -> Array:
    return np.concatenate([rows[:-newest], np.full(newest, value)])


def _shifted(rows: Array, newest: int) -> Array:
    return np.concatenate([rows[:-newest], rows[-newest - 3 : -3]])


CORRECTED = (7, 28)  # days after the retraining; the second is the next one

# Each makes the rows known at the retraining from what they should be; how many of them it corrupts.
FAULTS: dict[str, tuple[int, Callable[[Array], Array]]] = {
    "x1000 for 14 days": (14, lambda rows: _scaled(rows, 14)),
    "x1000 on the last day": (1, lambda rows: _scaled(rows, 1)),
    "zeros for 14 days": (14, lambda rows: _constant(rows, 14, 0.0)),
    "28 days shifted by 3": (28, lambda rows: _shifted(rows, 28)),
    "stuck for 60 days": (60, lambda rows: _constant(rows, 60, float(rows[-61]))),
    "missing for 14 days": (14, lambda rows: _constant(rows, 14, np.nan)),
}


@dataclass(frozen=True)
class Damage:
    """RMSE from a corrupted retraining to the next one, and from there to the one after that.

    Each as served, relative to the same policy on clean rows; the first also relative to a champion that is left as it
    was before the first corrupted row.
    """

    series: str
    fault: str
    corrected: int
    policy: str
    to_clean: float
    to_unchanged: float
    afterwards: float


def suited(streams: list[Stream]) -> list[Stream]:
    """The open daily series and some of the others, cut to three retrainings, the fault at the second."""
    daily = [stream for stream in streams if stream.every == 28 and len(stream.retrainings) >= 3]
    chosen = [stream for stream in daily if stream.group == "open daily"]
    chosen += [stream for stream in daily if stream.group != "open daily"][::8]
    return [replace(one, first=one.retrainings[len(one.retrainings) // 2 - 1], looks=3) for one in chosen]


def damages(stream: Stream) -> list[Damage]:
    """Every fault, by the rule that promotes always and by the default with its alarm."""
    warnings.simplefilter("ignore")
    clean, found = Pipeline(stream), list[Damage]()
    right = {policy: lived(clean, policy) for policy in (ALWAYS, DEFAULT)}
    clean.challenger(2)
    for fault, (newest, corrupt) in FAULTS.items():
        unchanged, shared = _unchanged(clean, newest), {number: clean.challenger(number) for number in (0, 2)}
        for days in CORRECTED:
            pipeline = Pipeline(_corrupted(stream, newest, corrupt, days))
            pipeline.adopt(shared)
            for policy in (ALWAYS, DEFAULT):
                wrong = lived(pipeline, policy)
                to_clean, afterwards = (_ratio(wrong, right[policy], period) for period in (1, 2))
                to_unchanged = wrong.periods[1].rmse / unchanged
                found.append(Damage(stream.name, fault, days, policy.name, to_clean, to_unchanged, afterwards))
            shared[1] = pipeline.challenger(1)
    return found


def table(found: list[Damage]) -> None:
    """Each fault and policy in Markdown, and all faults together, each series by its mean."""
    columns = "to clean | worst | to unchanged | worst | next period, to clean | worst"
    print(f"| policy | corrected after | fault | {columns} |\n|{'---|' * 9}")
    for policy in (ALWAYS.name, DEFAULT.name):
        for days in CORRECTED:
            for fault in (*FAULTS, "all"):
                mine = [one for one in found if (one.policy, one.corrected) == (policy, days)]
                mine = [one for one in mine if fault in (one.fault, "all")]
                cells = []
                for name in ("to_clean", "to_unchanged", "afterwards"):
                    whole, worst = _by_series(mine, name), max((getattr(one, name) for one in mine), default=np.nan)
                    cells += [str(whole), f"{worst:.3g}"]
                print(f"| {policy} | {days} days | {fault} | {' | '.join(cells)} |")


def _by_series(found: list[Damage], name: str) -> Summary:
    logs: dict[str, list[float]] = {}
    for one in found:
        logs.setdefault(one.series, []).append(float(np.log(getattr(one, name))))
    return summary([float(np.exp(np.mean(several))) for several in logs.values()])


def _corrupted(stream: Stream, newest: int, corrupt: Callable[[Array], Array], days: int) -> Stream:
    day = stream.retrainings[1]
    values = stream.values.copy()
    values.iloc[:day] = corrupt(values.to_numpy()[:day])
    return replace(stream, faults=Faults(values, day - newest, day + days))


def _unchanged(pipeline: Pipeline, newest: int) -> float:
    """RMSE of the champion before the fault, its state that before the first corrupted row."""
    champion, days = pipeline.challenger(0), pipeline.stream.days(1)
    states = (State(days[0] - newest),) * len(days)
    return float(pipeline.answer(Score(champion, states, tuple(days))).rmse)


def _ratio(wrong: Served, right: Served, period: int) -> float:
    return wrong.periods[period].rmse / right.periods[period].rmse
