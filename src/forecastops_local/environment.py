"""The environment that supervisor and servers get: what Python and numeric libraries need, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["allowed_environment"]

_NAMES = frozenset(
    {
        "CONDA_PREFIX",
        "DYLD_LIBRARY_PATH",
        "HOME",
        "LANG",
        "LANGUAGE",
        "LD_LIBRARY_PATH",
        "LOGNAME",
        "MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT",
        "PATH",
        "TMPDIR",
        "TZ",
        "USER",
        "VIRTUAL_ENV",
    }
)
_PREFIXES = ("LC_", "MKL_", "NUMEXPR_", "OMP_", "OPENBLAS", "PYTHON", "VECLIB_")
_UNLESS_GIVEN = {
    # The matrices are small: threads only fight over them.
    "OPENBLAS_NUM_THREADS": "1",
}
_OURS = {
    # Memory of a large request goes back to the system, instead of staying in a pool of each thread.
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PYTHONUNBUFFERED": "1",
}


def allowed_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of ``environment`` that may be handed on, and our own."""
    allowed = {name: value for name, value in environment.items() if name in _NAMES or name.startswith(_PREFIXES)}
    return _UNLESS_GIVEN | allowed | _OURS
