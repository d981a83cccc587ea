"""Everything that is measured of one series, as rows: one for each model and policy, and for each reference."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

from policies import ALWAYS, FROZEN, NEVER_RENEWED, POLICIES, WEEKLY, YESTERDAY
from references import auto_arima, naive
from retraining import Pipeline
from served import Served, lived
from streams import Models, Stream

__all__ = ["AUTO_ARIMA", "AUTO_ARIMA_FROZEN", "NAIVE", "Row", "measured", "weekly_looks"]

NAIVE = "seasonal naive"
AUTO_ARIMA, AUTO_ARIMA_FROZEN = "AutoARIMA, renewed daily", "AutoARIMA, left as fitted"
_KINDS: tuple[Models, ...] = ("default", "fixed", "random")
_DRAWS = 10  # sequences of random models on each series: with one, luck decides what comes out
_CALM_DRAWS = 5
_FROZEN_ALWAYS = replace(ALWAYS, name="always, renewed at retrainings", renew_every=None)


@dataclass(frozen=True)
class Row:
    """What came of one policy by one kind of models on one series; references have no models.

    Of random models there are several draws.
    """

    series: str
    group: str
    change: str
    half: str
    models: str
    policy: str
    served: Served
    draw: int = 0


def measured(stream: Stream) -> list[Row]:
    """All policies by all kinds of models, and the references."""
    warnings.simplefilter("ignore")
    found = [_row(stream, "", NAIVE, Served.of(naive(stream)))]
    if stream.group in ("open daily", "panel daily"):
        renewed, frozen = auto_arima(stream)
        found.append(_row(stream, "", AUTO_ARIMA, Served.of(renewed)))
        found.append(_row(stream, "", AUTO_ARIMA_FROZEN, Served.of(frozen)))
    for models in _KINDS:
        found += _by_policy(replace(stream, models=models))
    return found


def _by_policy(stream: Stream) -> Iterator[Row]:
    pipeline = Pipeline(stream)
    policies = [*POLICIES]
    if stream.models == "default":
        policies += [WEEKLY, FROZEN, NEVER_RENEWED, _FROZEN_ALWAYS]
    if stream.models == "fixed":
        policies += [YESTERDAY]
    for draw in range(_DRAWS if stream.models == "random" else 1):
        pipeline = pipeline.drawn(draw)
        for policy in policies:
            yield _row(stream, stream.models, policy.name, lived(pipeline, policy), draw)


def weekly_looks(stream: Stream) -> list[Row]:
    """What changes where nothing should, by the default model and by random ones."""
    warnings.simplefilter("ignore")
    found = []
    for models in ("default", "random"):
        pipeline = Pipeline(replace(stream, models=models))
        several = [policy for policy in POLICIES if policy.gate != "never"]
        for draw in range(_CALM_DRAWS if models == "random" else 1):
            pipeline = pipeline.drawn(draw)
            found += [_row(stream, models, policy.name, lived(pipeline, policy), draw) for policy in several]
    return found


def _row(stream: Stream, models: str, policy: str, served: Served, draw: int = 0) -> Row:
    return Row(stream.name, stream.group, stream.change, stream.half, models, policy, served, draw)
