"""The name by which package indexes know forecastops, which is not that of its import: ``forecastops`` is another's."""

from __future__ import annotations

__all__ = ["DISTRIBUTION", "install_command"]

DISTRIBUTION = "mlflow-forecastops"


def install_command(extra: str) -> str:
    """Return the command that installs what an optional part of forecastops needs.

    Args:
        extra: a name from ``project.optional-dependencies`` in pyproject.toml, such as ``auto``.

    Returns:
        One line for a shell; the quotes keep its brackets from being read as a pattern.
    """
    return f"pip install '{DISTRIBUTION}[{extra}]'"
