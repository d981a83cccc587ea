"""A picture on a page."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Picture"]


class Picture(NamedTuple):
    """A drawing, which describes itself to whoever does not see it.

    Attributes:
        svg: an ``<svg>`` element, or a whole file of one.
        title: its heading.
        caption: what a person should see in it.
    """

    svg: str
    title: str
    caption: str
