"""How a cell of somebody's data stands in a message."""

from __future__ import annotations

from typing import Any

__all__ = ["shown"]

_LONGEST = 60


def shown(cell: Any) -> str:
    """Return a cell as it may stand in a message: quoted, and cut where it is long."""
    if isinstance(cell, int) and abs(cell) >= 10**_LONGEST:
        return f"a whole number of more than {_LONGEST} digits"
    text = repr(cell) if isinstance(cell, str) else str(cell)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
