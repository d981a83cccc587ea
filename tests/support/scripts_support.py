"""Programs of the folder scripts, as modules."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

from repository import ROOT

__all__ = ["script"]


def script(name: str) -> Any:
    """Import ``scripts/<name>.py``."""
    spec = spec_from_file_location(name, ROOT / f"scripts/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
