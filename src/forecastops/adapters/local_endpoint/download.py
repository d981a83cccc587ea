"""Brings a model into the deployment's directory, so that serving it needs no tracking server and no credentials."""

from __future__ import annotations

import os
import shutil
import threading
import uuid
from pathlib import Path

from mlflow.exceptions import MlflowException

from forecastops.adapters.local_endpoint.state import Layout
from forecastops.ground.redaction import redact_uri, redacted

__all__ = ["download_model"]

_INCOMING = "incoming-"


def download_model(layout: Layout, model_uri: str, timeout: float) -> int:
    """Download into the folder of a new generation, complete or not at all; the generation's number.

    Raises:
        MlflowException: naming the model and the cause, without credentials.
    """
    layout.models.mkdir(mode=0o700, parents=True, exist_ok=True)
    for abandoned in layout.models.glob(f"{_INCOMING}*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    incoming = layout.models / f"{_INCOMING}{uuid.uuid4().hex}"
    try:
        found = _within(timeout, model_uri, incoming)
        if not (found / "MLmodel").is_file():
            raise MlflowException.invalid_parameter_value(f"{redact_uri(model_uri)} holds no MLmodel file")
        generation = 1 + max((int(path.name) for path in layout.models.iterdir() if path.name.isdigit()), default=0)
        os.rename(found, layout.model(generation))
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return generation


def _within(timeout: float, model_uri: str, incoming: Path) -> Path:
    """Download on a thread of its own: MLflow has no overall time limit."""
    result: list[Path | Exception] = []

    def download() -> None:
        from mlflow.artifacts import download_artifacts

        try:
            result.append(Path(download_artifacts(artifact_uri=model_uri, dst_path=str(incoming))))
        except Exception as error:  # noqa: BLE001 - raised again by the caller's thread
            result.append(error)

    thread = threading.Thread(target=download, daemon=True)
    thread.start()
    thread.join(timeout)
    shown = redact_uri(model_uri)
    if not result:
        raise MlflowException(f"model {shown} could not be downloaded within {timeout:g} s")
    outcome = result[0]
    if isinstance(outcome, Exception):
        cause = " ".join(redacted(f"{type(outcome).__name__}: {outcome}".replace(model_uri, shown)).split())
        code = outcome.error_code if isinstance(outcome, MlflowException) else "INTERNAL_ERROR"
        # "from None": the original repeats the URI, credentials and all.
        raise _with_code(f"model {shown} could not be downloaded: {cause[:500]}", code) from None
    return outcome


def _with_code(message: str, code: str) -> MlflowException:
    error = MlflowException(message)
    error.error_code = code
    return error
