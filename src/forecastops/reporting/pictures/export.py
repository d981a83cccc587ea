"""From a figure to a file's text or bytes: always the same ones, and without a trace in matplotlib's settings."""

from __future__ import annotations

import hashlib
import io
import re
from typing import Any
from xml.etree import ElementTree as ET

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure

from forecastops.reporting.pictures.style import COLOURS, HEADING, Picture

__all__ = ["png", "svg"]

_PNG_DPI = 150
_SVG, _XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_REFERENCE = re.compile(r"#([\w-]+)")
_LINKS, _PLACES, _PAINTS = {"clip-path", "href"}, {"d", "x", "y", "points", "transform"}, {"fill", "stroke"}
# A page gives these variables values for its own light and dark. Without them, words are as the page's words are, and
# the colours of ``style`` serve both.
_OF_PAGE = {"ink", "muted", "actual"}
_VARIABLES = {
    colour: f"var(--picture-{role.replace('_', '-')}, {'currentColor' if role in _OF_PAGE else colour})"
    for role, colour in COLOURS.items()
}


def png(figure: Figure) -> bytes:
    """Return the figure as PNG: on white, as it may lie on any page."""
    before, out = figure.dpi, io.BytesIO()
    figure.set_dpi(_PNG_DPI)
    try:
        FigureCanvasAgg(figure).print_png(out, metadata={"Software": None})
    finally:
        figure.set_dpi(before)
    return out.getvalue()


def svg(figure: Figure, *, heading: bool = False) -> str:
    """Return the figure as an ``svg`` element that can stand in a page.

    It has no background, takes its colours from the page's variables where these are set (``--picture-ink``, and so on
    with ``muted``, ``grid``, ``actual``, ``challenger``, ``champion``, ``seasonal-naive``, ``accent``, ``alarm`` and
    ``good``), its font from the page, and its width from what holds it. It has no style attribute and no script, so
    that any content security policy lets it be; its ids are its own.

    Args:
        figure: a ``Picture``, or any figure.
        heading: whether its title is drawn as well; pages mostly say it in a heading of their own.
    """
    picture = figure if isinstance(figure, Picture) else None
    root = ET.fromstring(_drawn(figure, picture, heading=heading))  # noqa: S314  (just written here)
    title, description = (picture.title, picture.description) if picture else (str(figure.get_label()) or "Figure", "")
    width, height = (72 * float(size) for size in figure.get_size_inches())
    cropped = HEADING if picture and not heading else 0.0
    salt = hashlib.sha256(f"{title}\n{description}".encode()).hexdigest()[:8]
    _clean(root, f"{picture.name if picture else 'figure'}-{salt}-")
    root.attrib.clear()
    root.attrib |= {
        "viewBox": f"0 {cropped:g} {width:g} {height - cropped:g}",
        "role": "img",
        "aria-labelledby": f"t-{salt} d-{salt}",
        "stroke-linejoin": "round",
        "font-family": "var(--picture-font, inherit)",
    }
    named = [(f"{_SVG}title", f"t-{salt}", title), (f"{_SVG}desc", f"d-{salt}", description)]
    for position, (tag, name, words) in enumerate(named):
        element = ET.Element(tag, id=name)
        element.text = words
        root.insert(position, element)
    ET.register_namespace("", _SVG[1:-1])
    return ET.tostring(root, encoding="unicode")


class _Renderer(RendererSVG):
    """Writes text as text, no date, and ids that are the same each time, whatever the process has configured."""

    def _make_id(self, kind: str, content: object) -> str:
        return f"{kind}{hashlib.sha256(str(content).encode()).hexdigest()[:8]}"

    def _write_metadata(self, metadata: object) -> None:
        """Leave out who made it, and when."""

    def _write_default_style(self) -> None:
        """Leave out a style sheet, which would hold for the whole page."""

    def draw_text(self, gc: Any, *place: Any, mtext: Any = None, **_: Any) -> None:
        """Write the text itself rather than the outlines of its letters; ``place``: x, y, text, font, angle."""
        x, y, words, font, angle = place[:5]
        self._draw_text_as_text(gc, x, y, words, font, angle, False, mtext)


def _drawn(figure: Figure, picture: Picture | None, *, heading: bool) -> str:
    """Return what matplotlib makes of it, without background."""
    out = io.StringIO()
    width, height = (72 * float(size) for size in figure.get_size_inches())
    hidden = [figure.patch, *([picture.heading] if picture and not heading else [])]
    before, seen = figure.dpi, [artist.get_visible() for artist in hidden]
    figure.set_dpi(72)
    for artist in hidden:
        artist.set_visible(False)
    try:
        renderer = _Renderer(width, height, out, image_dpi=72)
        figure.draw(renderer)
        renderer.finalize()
    finally:
        figure.set_dpi(before)
        for artist, visible in zip(hidden, seen, strict=True):
            artist.set_visible(visible)
    return out.getvalue()


def _clean(root: ET.Element, prefix: str) -> None:
    """Turn styles into attributes and colours into variables; keep only ids that are referred to, behind ``prefix``."""
    for element in root.iter():
        attributes = _attributes(element.attrib)
        element.attrib.clear()
        element.attrib |= attributes
    links = [element.attrib[key] for element in root.iter() for key in _LINKS if key in element.attrib]
    used = {name for link in links for name in _REFERENCE.findall(link)}
    for element in root.iter():
        name = element.attrib.pop("id", None)
        if name in used:
            element.set("id", f"{prefix}{name}")
        for key in _LINKS & element.attrib.keys():
            element.set(key, element.attrib[key].replace("#", f"#{prefix}"))


def _attributes(given: dict[str, str]) -> dict[str, str]:
    """Return an element's attributes as they are to be."""
    declared = dict(part.split(":", 1) for part in given.get("style", "").split(";") if ":" in part)
    found = {name: value for name, value in given.items() if name != "style"}
    found |= {name.strip(): value.strip() for name, value in declared.items() if name.strip() != "font-family"}
    if f"{_XLINK}href" in found:
        found["href"] = found.pop(f"{_XLINK}href")
    for name in _PLACES & found.keys():
        found[name] = " ".join(_NUMBER.sub(lambda number: f"{float(number[0]):.1f}", found[name]).split())
    for name in _PAINTS & found.keys():
        found[name] = _VARIABLES.get(found[name], found[name])
    return found
