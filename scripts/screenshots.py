"""Pictures of pages for README and docs: what MLflow and the report show of the demonstration, as a browser has them.

Run by `make screenshots`, which needs Chromium. The demonstration is told in a folder that is removed afterwards.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs/images"
_WIDTH = 1280
_LARGEST = 200_000  # bytes: they are in every clone
_PERSON = "ada"  # whom pages name as having done it, in place of user and host
# By what MLflow's pages know that they were looked at before.
_RETURNED = """() => {
    localStorage.setItem("mlflow.workflowType_v1", JSON.stringify("machine_learning"));
    localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
    localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
}"""
# What is of this machine alone says nothing to a reader: text by text, as it stands on the page.
_NEUTRAL = """([found, put]) => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(found, put);
}"""

sys.path.insert(0, str(ROOT / "tests/support"))


def main() -> None:
    """Tell the story, look at it, and take the endpoint away again."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ |= {"FORECASTOPS_HOME": str(folder / "home"), "USER": _PERSON, "BUILD_REQUESTEDFOR": _PERSON}
        chapters = _told("demo", "--json", folder=folder)["chapters"]
        try:
            _take(folder, chapters[1]["train"]["run_id"])
        finally:
            name = chapters[-1]["endpoint"]["name"]
            command = ["deployments", "delete", "-t", "forecastops-local", "--name", name]
            subprocess.run([sys.executable, "-m", "mlflow", *command], check=True, cwd=folder)


def _told(*arguments: str, folder: Path) -> Any:
    command = [sys.executable, "-m", "forecastops", *arguments]
    return json.loads(subprocess.run(command, check=True, cwd=folder, capture_output=True, text=True).stdout)


def _take(folder: Path, run_id: str) -> None:
    from mlflow import MlflowClient

    from browser import chromium, open_page
    from servers import mlflow_server

    store = f"sqlite:///{folder / 'demo/mlflow.db'}"
    run = MlflowClient(store).get_run(run_id)
    page = folder / "report.html"
    _told("report", "--run-id", run_id, "--output", str(page), "--config", "demo/demo.yaml", "--json", folder=folder)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with mlflow_server(store, folder) as server, chromium(folder) as browser:
        runs = f"{server}/?workflowType=machine_learning#/experiments/{run.info.experiment_id}/runs"
        picture = f"artifacts/{run.data.tags['forecastops.decision']}/pictures/window_comparison.png"
        with open_page(browser, f"{runs}/{run_id}/{picture}", width=_WIDTH, height=760) as shown:
            # As of somebody who comes back: its menu is that for models, and its assistant does not take a quarter.
            shown.evaluate(_RETURNED)
            shown.reload()
            shown.wait_for_function("[...document.images].some(image => image.naturalWidth > 800)")
            if shown.get_by_text("Welcome to MLflow").count():
                raise SystemExit("MLflow's assistant is open")
            _shot(shown, "picture.png", {f"{(folder / 'demo').as_uri()}/": "./"})
        with open_page(browser, page.as_uri(), width=_WIDTH, height=1100) as shown:
            shown.get_by_text("PROMOTE").first.wait_for()
            _shot(shown, "report.png", {})


def _shot(page: Any, name: str, neutral: dict[str, str]) -> None:
    """Keep what is in the window, with some texts in place of others."""
    page.wait_for_timeout(1500)  # until what is laid out by measuring is so
    for found, put in neutral.items():
        page.evaluate(_NEUTRAL, [found, put])
    _keep(page.screenshot(animations="disabled"), IMAGES / name)


def _keep(png: bytes, path: Path) -> None:
    """Write a picture with as few colours as it has need of."""
    from PIL import Image

    out = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(128).save(out, format="png", optimize=True)
    if len(out.getvalue()) > _LARGEST:
        raise SystemExit(f"{path.name} has {len(out.getvalue())} bytes, more than {_LARGEST}")
    path.write_bytes(out.getvalue())
    print(f"{path.relative_to(ROOT)}: {len(out.getvalue())} bytes")


if __name__ == "__main__":
    main()
