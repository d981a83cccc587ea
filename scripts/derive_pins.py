"""Write conda.yaml and the models' own requirements from requirements.lock, so that versions come from one place."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
CONDA = ROOT / "conda.yaml"
SERVING = ROOT / "src/forecastops/adapters/serving_requirements.txt"

_EXACT = ("azureml-mlflow", "mlflow")  # shown in conda.yaml by name: they only work as this pair
_SERVING = ("mlflow", "numpy", "pandas", "scipy", "statsmodels")


def pins(names: tuple[str, ...]) -> list[str]:
    """The lock's lines for these packages, with their markers."""
    lines = LOCK.read_text("utf-8").splitlines()
    return [line for name in names for line in lines if re.match(rf"{re.escape(name)}==", line)]


def main() -> None:
    """Write both files."""
    exact = "".join(f"      - {line}\n" for line in pins(_EXACT))
    CONDA.write_text(
        "# Made by `make lock` from requirements.lock; do not edit.\n"
        "name: forecastops\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - pip\n  - pip:\n"
        f"{exact}      - -r requirements.lock\n      - -e .\n",
        encoding="utf-8",
    )
    serving = "\n".join(pins(_SERVING))
    SERVING.write_text(f"# Made by `make lock` from requirements.lock; do not edit.\n{serving}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
