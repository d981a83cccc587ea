"""Write the diagram of ARCHITECTURE.md: the rooms that pyproject.toml's import contract names, top to bottom."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path
from typing import Any

toml: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "ARCHITECTURE.md"

_MARKED = re.compile(r"(?s)(<!-- layers -->\n```\n)(.*?)(```\n<!-- end of layers -->)")


def diagram() -> str:
    """Return the diagram: each layer's rooms, with the first line of what they say of themselves."""
    project = toml.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if "forecastops.commands" in one.get("layers", ()))
    rooms = [_rooms(layer) for layer in layers]
    width = max(len(_short(name)) for layer in rooms for name in layer)
    lines = [f"{_short(name):{width}}  {_purpose(name)}" for layer in rooms for name in layer]
    return "".join(f"{line}\n" for line in lines)


def _rooms(layer: str) -> list[str]:
    """Return the rooms of one layer; of some, such as the lowest, the contract has modules instead."""
    names = [name.strip() for name in re.split(r"[|:]", layer)]
    parents = {name.rpartition(".")[0] for name in names}
    whole = len(names) > 1 and len(parents) == 1 and parents != {"forecastops"}
    return sorted(parents) if whole else names


def updated(text: str) -> str:
    """Return the document with the diagram of today.

    Raises:
        ValueError: when the document has no place for it.
    """
    if not _MARKED.search(text):
        raise ValueError(f"{DOCUMENT.name}: has no place for the diagram; put its marks back")
    return _MARKED.sub(lambda found: found[1] + diagram() + found[3], text)


def _short(name: str) -> str:
    return name.removeprefix("forecastops.")


def _purpose(name: str) -> str:
    path = ROOT / "src" / name.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    said = ast.get_docstring(ast.parse(source.read_text("utf-8"))) or ""
    return said.splitlines()[0].rstrip(".")


if __name__ == "__main__":
    DOCUMENT.write_text(updated(DOCUMENT.read_text("utf-8")), encoding="utf-8")
