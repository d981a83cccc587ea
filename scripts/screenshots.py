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

sys.path.insert(0, str(ROOT / "tests/support"))


def main() -> None:
    """Tell the story, look at it, and take the endpoint away again."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ["FORECASTOPS_HOME"] = str(folder / "home")
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

    from browser import chromium
    from servers import mlflow_server

    store = f"sqlite:///{folder / 'demo/mlflow.db'}"
    run = MlflowClient(store).get_run(run_id)
    page = folder / "report.html"
    _told("report", "--run-id", run_id, "--output", str(page), "--config", "demo/demo.yaml", "--json", folder=folder)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with mlflow_server(store, folder) as server, chromium(folder) as browser:
        runs = f"{server}/?workflowType=machine_learning#/experiments/{run.info.experiment_id}/runs"
        picture = f"artifacts/{run.data.tags['forecastops.decision']}/pictures/window_comparison.png"
        _shot(browser, f"{runs}/{run_id}/{picture}", "picture.png", None, 760)
        _shot(browser, page.as_uri(), "report.png", "PROMOTE", 1100)


def _shot(browser: Any, address: str, name: str, words: str | None, height: int) -> None:
    """Keep what is in the window once the words, or else a large picture, are there."""
    from browser import open_page

    with open_page(browser, address, width=_WIDTH, height=height) as page:
        if words:
            page.get_by_text(words).first.wait_for()
        else:
            page.wait_for_function("[...document.images].some(image => image.naturalWidth > 800)")
        # MLflow's assistant takes a quarter of the page; the last of the three buttons beside its name closes it.
        close = page.locator("xpath=//*[normalize-space()='MLflow Assistant']/following::button[3]")
        if address.startswith("http") and close.count():
            close.first.click()
        page.wait_for_timeout(1500)  # until what is laid out by measuring is so
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
