"""The notebook runs from an empty folder, and the outputs that it holds are those of such a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from local_endpoint_support import stop_endpoints
from scripts_support import script

FORKS = """
import mlflow.pyfunc.scoring_server  # the server's imports, once for all
import forked_processes
forked_processes.fork_processes()
"""
shape = script("shown_output").shape


def shown(notebook: Any) -> list[list[str]]:
    """What each output shows as text, up to what differs between machines."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [shape(output.get("text") or output.get("data", {}).get("text/plain", "")) for output in outputs]


def test_the_notebook_runs_and_shows_what_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a kernel of its own, from which the endpoint's processes are forked."""
    import nbformat  # a second and more, in which a grammar is compiled: only where the notebook is run

    notebook = script("notebook")
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "forks.py").write_text(FORKS)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    support = str(Path(__file__).parents[1] / "support")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([support, *filter(None, [os.environ.get("PYTHONPATH")])]))
    folder = tmp_path / "sales"
    folder.mkdir()
    try:
        ran = notebook.executed(notebook.NOTEBOOK, folder, tmp_path / "home")
    finally:
        stop_endpoints(tmp_path / "home")
    kept = nbformat.read(notebook.NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    assert shown(ran) == shown(kept), "run python scripts/notebook.py"
    assert "srcdoc" in str([cell.get("outputs") for cell in kept.cells]), "the page of the decision"
    program = (folder / "evaluate.py").read_text("utf-8")
    assert len(program.splitlines()) <= 10
