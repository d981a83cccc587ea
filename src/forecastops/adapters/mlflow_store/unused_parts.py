"""What MLflow imports along, and we do not use: for a process of our own, where it may wait until it is."""

from __future__ import annotations

__all__ = ["UNUSED_PARTS"]

# Measured: more than half of `import mlflow`, by which most commands begin, where Azure's plugin is installed.
UNUSED_PARTS = (
    "azureml.mlflow",  # its entry points are functions that import the rest when they are called
    "mlflow.gateway",
    "mlflow.genai",
    "mlflow.genai.datasets",
    "mlflow.genai.scorers",
    "mlflow.genai.scorers.online",
)
