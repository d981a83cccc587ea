"""Run notebooks/quickstart.ipynb in an empty folder and keep its outputs: ``python scripts/notebook.py``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks/quickstart.ipynb"
_SECONDS = 300


def executed(path: Path, folder: Path, home: Path) -> Any:
    """Return the notebook as it is after all its cells have run in a folder.

    Raises:
        nbclient.exceptions.CellExecutionError: when a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=_SECONDS, kernel_name="python3", resources={"metadata": {"path": folder}})
    before = os.environ.get("FORECASTOPS_HOME")
    os.environ["FORECASTOPS_HOME"] = str(home)
    try:
        client.execute()
    finally:
        if before is None:
            del os.environ["FORECASTOPS_HOME"]
        else:
            os.environ["FORECASTOPS_HOME"] = before
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                cell.outputs = [one for one in cell.outputs if one is not output]
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "sales"
        folder.mkdir()
        nbformat.write(executed(NOTEBOOK, folder, Path(base) / "home"), NOTEBOOK)
