"""Curves drawn in letters: for summaries of build systems, which show no picture that came along."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["sparkline"]

_BARS = "▁▂▃▄▅▆▇█"
_MOST = 28


def sparkline(values: Sequence[float | None], top: float) -> str:
    """Return a bar for each value, from 0 to ``top``; a blank for what is missing; of many values, every so manieth.

    Args:
        values: none of them negative.
        top: the largest, of all curves that are to be compared.
    """
    every = -(-len(values) // _MOST)
    return "".join(" " if value is None else _bar(value, top) for value in values[::every] if every)


def _bar(value: float, top: float) -> str:
    share = value / top if top > 0 else 0.0
    return _BARS[min(len(_BARS) - 1, max(0, round(share * len(_BARS)) - 1))]
