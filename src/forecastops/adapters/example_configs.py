"""The example configurations that come with the package."""

from __future__ import annotations

from pathlib import Path

__all__ = ["EXAMPLES", "read_example"]

EXAMPLES = ("default", "co2", "azureml", "online-endpoint", "aci", "panel")

_PACKAGE = Path(__file__).resolve().parents[1]
# A wheel has them inside; where the package is installed in place, they lie beside its sources.
_FOLDERS = (_PACKAGE / "configs", _PACKAGE.parents[1] / "configs")


def read_example(name: str) -> str:
    """Return the text of an example configuration, with its comments.

    Args:
        name: one of ``EXAMPLES``.

    Raises:
        FileNotFoundError: when the installation has lost it.
    """
    folder = next((found for found in _FOLDERS if found.is_dir()), _FOLDERS[0])
    return (folder / f"{name}.yaml").read_text("utf-8")
