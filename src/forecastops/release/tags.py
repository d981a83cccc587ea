"""The names of all tags that forecastops sets on versions and runs. They are kept in registries, so they stay.

``RMSE``, ``R2`` and ``run_id`` on versions are those of older scripts. The tags of a run's data are set below this
floor, with the dataset itself.
"""

from __future__ import annotations

from forecastops.adapters.mlflow_store.runs import DATA_DIGEST, DATA_SOURCE

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "DATA_DIGEST",
    "DATA_SOURCE",
    "DECISION_DIGEST",
    "DECISION_FOLDER",
    "FORCED_REASON",
    "JOURNAL",
    "MODEL_DIGEST",
    "MODEL_NAME",
    "PREDECESSOR",
    "PROMOTED",
    "PROMOTED_AT",
    "PROMOTED_BY",
    "ROLLED_BACK",
    "SERVED",
    "VERDICT",
    "VERSION",
]

# On versions and on training runs.
MODEL_DIGEST = "forecastops.model.sha256"
VERDICT = "forecastops.verdict"

# On versions.
JOURNAL = "forecastops.journal"
SERVED = "forecastops.served"  # since when the version was under the pointer for the first time
PREDECESSOR = "forecastops.predecessor"  # the champion that it replaced, or "none"
ROLLED_BACK = "forecastops.rolled_back"
PROMOTED_BY = "forecastops.promoted_by"
PROMOTED_AT = "forecastops.promoted_at"
FORCED_REASON = "forecastops.forced_reason"

# On training runs.
MODEL_NAME = "forecastops.model.name"
DECISION_FOLDER = "forecastops.decision"
DECISION_DIGEST = "forecastops.decision.sha256"
CHAMPION = "forecastops.champion"  # the version it was judged against, or "none"

# On the runs that `mlflow run` made.
CHALLENGER = "forecastops.challenger"
PROMOTED = "forecastops.promoted"
VERSION = "forecastops.version"
