"""What Azure ML's parallel job calls in each of its processes: ``init`` once, then ``run`` for each mini-batch."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

_SOURCE = Path(__file__).resolve().parents[2] / "src"
_results = Path()


def init() -> None:
    """Learn where results go, and let this process and those that it starts find the package."""
    global _results  # noqa: PLW0603  # the service calls two functions, and hands nothing from one to the other
    # The service's own arguments stand beside ours.
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--results", type=Path, required=True)
    _results = parser.parse_known_args()[0].results
    _results.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, str(_SOURCE))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_SOURCE), os.environ.get("PYTHONPATH")]))


def run(mini_batch: Sequence[str]) -> list[str]:
    """Carry out pieces, by their paths; a result's name for each, which the service counts."""
    from forecastops.usecases.panels.pieces import work_on_piece

    return [work_on_piece(Path(path), _results) for path in mini_batch]
