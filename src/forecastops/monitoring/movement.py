"""Has the world moved? Level, spread, season, serial correlation and distribution of the one-step innovations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from forecastops.gate.evidence import finite_or_none
from forecastops.monitoring.curves import Curve
from forecastops.monitoring.dating import began, first_day_beyond
from forecastops.monitoring.distribution import KS_DAYS, kolmogorov_smirnov, stability_index
from forecastops.monitoring.signal import Signal
from forecastops.monitoring.sums import (
    Evidence,
    correlation_evidence,
    level_evidence,
    season_evidence,
    spread_evidence,
)
from forecastops.monitoring.watched import Watched

__all__ = ["movement_curves"]

Array = npt.NDArray[np.float64]

_LONGEST_SEASON = 60  # beyond it too few seasons pass in a year to say anything
_FEWEST_SEASONS = 4  # of training
_STABLE = 0.2  # by custom


def movement_curves(watched: Watched) -> Iterator[Curve]:
    """Yield the signals on each day watched; their names and that they are unknown, where training was too short."""
    if watched.scores is None or watched.days == 0:
        names = ("level", "spread", "season", "correlation", "distribution")
        code = "nothing_watched" if watched.days == 0 else "training_too_short"
        yield from (_unknown(name, watched, code) for name in names)
        return
    scores, start = watched.scores, watched.start
    live = scores[start:]
    before = np.concatenate([[np.nan], live[:-1]])
    squares = watched.far_scores**2
    spread = squares[start:] - np.nanmean(squares[:start])
    yield _curve("level", level_evidence(scores, start, watched.follows), live, watched)
    yield _curve("spread", spread_evidence(watched.far_scores, start), spread, watched)
    if 1 < watched.season <= _LONGEST_SEASON and start >= _FEWEST_SEASONS * watched.season:
        yield _curve("season", season_evidence(scores, start, watched.season), None, watched)
    else:
        yield _unknown("season", watched, "no_season")
    yield _curve("correlation", correlation_evidence(scores, start), live * before, watched)
    yield _distribution(scores, watched)
    yield _stability(watched)


def _curve(name: str, evidence: Evidence, changed: Array | None, watched: Watched) -> Curve:
    """Return a signal with the day on which the change began.

    Args:
        name: of the signal.
        evidence: on each day watched.
        changed: what has another mean since, of which the size is; None where only the look-back dates it.
        watched: the champion.
    """
    strength = np.abs(evidence.value)
    bound = watched.bound(name)
    alarm = first_day_beyond(strength, bound)
    newest = float(strength[-1])
    facts: dict[str, object] = {
        "length": int(evidence.length[-1]) or None,
        "size": finite_or_none(float(evidence.value[-1])),
    }
    if alarm is not None:
        day = alarm + 1 - int(evidence.length[alarm]) if changed is None else began(changed, evidence, alarm)
        facts |= {"since": watched.dates[watched.start + day], "date": watched.dates[watched.start + alarm]}
        if changed is not None:
            facts["size"] = finite_or_none(float(np.nanmean(changed[day:])))
    signal = Signal(
        name=name,
        group="world",
        passed=alarm is None,
        value=finite_or_none(newest),
        threshold=bound,
        code="measured" if np.isfinite(newest) else "watched_too_short",
        **facts,  # type: ignore[arg-type]  # pydantic checks them
    )
    return Curve(signal, strength, bound)


def _distribution(scores: Array, watched: Watched) -> Curve:
    before = scores[: watched.start]
    distance = kolmogorov_smirnov(before[np.isfinite(before)], scores[watched.start :])
    values = np.where(distance > 0, distance, np.nan)
    bound, newest = watched.bound("distribution"), float(values[-1])
    alarm = first_day_beyond(values, bound)
    since = None if alarm is None else watched.dates[watched.start + max(0, alarm + 1 - KS_DAYS)]
    signal = Signal(
        name="distribution",
        group="world",
        passed=alarm is None,
        value=newest if np.isfinite(newest) else None,
        threshold=bound,
        since=since,
        code="measured" if np.isfinite(newest) else "watched_too_short",
        length=min(KS_DAYS, watched.days),
    )
    return Curve(signal, values, bound)


def _stability(watched: Watched) -> Curve:
    """Return the index of the raw values, which many ask for; it alarms on series that only depend on themselves."""
    before = watched.values[: watched.start]
    before = before[np.isfinite(before)]
    live = watched.values[watched.start :]
    found = np.full(len(live), np.nan)
    for day in range(KS_DAYS - 1, len(live)):
        newest = live[day + 1 - KS_DAYS : day + 1]
        newest = newest[np.isfinite(newest)]
        if len(newest):
            found[day] = stability_index(before, newest)
    value = float(found[-1])
    signal = Signal(
        name="psi",
        group="shown",
        passed=True,
        value=value if np.isfinite(value) else None,
        threshold=_STABLE,
        code="measured" if np.isfinite(value) else "watched_too_short",
        length=KS_DAYS,
    )
    return Curve(signal, found, _STABLE)


def _unknown(name: str, watched: Watched, code: str) -> Curve:
    return Curve(Signal(name=name, group="world", passed=True, code=code), np.full(watched.days, np.nan), float("nan"))
