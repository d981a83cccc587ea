"""The notebook runs from an empty folder, and the outputs that it holds are those of such a run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat

from local_endpoint_support import stop_endpoints
from scripts_support import script

NOTEBOOK = script("notebook")


def shown(notebook: Any) -> list[str]:
    """What each cell shows as text, with numbers, runs and digests made alike."""
    texts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            text = re.sub(r"\b[0-9a-f]{32}\b", "RUN", re.sub(r"\b[0-9a-f]{12}\b", "DIGEST", text))
            texts.append(" ".join(re.sub(r"-?\d+(\.\d+)?", "#", text).split()))
    return texts


def test_the_notebook_runs_and_shows_what_it_holds(tmp_path: Path) -> None:
    folder = tmp_path / "sales"
    folder.mkdir()
    try:
        ran = NOTEBOOK.executed(NOTEBOOK.NOTEBOOK, folder, tmp_path / "home")
    finally:
        stop_endpoints(tmp_path / "home")
    kept = nbformat.read(NOTEBOOK.NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    assert shown(ran) == shown(kept), "run python scripts/notebook.py"
    assert "srcdoc" in str([cell.get("outputs") for cell in kept.cells]), "the page of the decision"
    program = (folder / "evaluate.py").read_text("utf-8")
    assert len(program.splitlines()) <= 10
