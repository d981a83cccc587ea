"""The names of all tags that forecastops sets on versions, runs and endpoints. Registries keep them, so they stay.

``RMSE``, ``R2`` and ``run_id`` on versions are those of older scripts.
"""

from __future__ import annotations

__all__ = [
    "ACCEPTED_REASON",
    "CHALLENGER",
    "CHAMPION",
    "COMMAND",
    "DATA_DIGEST",
    "DATA_END",
    "DATA_REFUSED",
    "DATA_SOURCE",
    "DECISION_DIGEST",
    "DECISION_FOLDER",
    "EVALUATE_RUN",
    "EVENT",
    "FORCED_REASON",
    "GATE_METRICS",
    "JOURNAL",
    "KIND",
    "LATER",
    "LIVE",
    "MODEL_DIGEST",
    "MODEL_NAME",
    "MONITORED",
    "MONITORED_MODEL",
    "MONITOR_ALERTED",
    "MONITOR_BROKEN",
    "MONITOR_MOVED",
    "MONITOR_RETRAIN",
    "MONITOR_THROUGH",
    "NOTE",
    "OWNER",
    "PANEL_DECISION_DIGEST",
    "PANEL_DECISION_FOLDER",
    "PARAMETERS_OF",
    "PARENT_RUN",
    "PREDECESSOR",
    "PROMOTED",
    "PROMOTED_AT",
    "PROMOTED_BY",
    "PROMOTE_RUN",
    "RENEWED",
    "REPORT",
    "ROLLED_BACK",
    "RUN_ID",
    "RUN_NAME",
    "SERVED",
    "SIGNED",
    "TABLES",
    "VERDICT",
    "VERSION",
]

# On versions and on training runs.
VERDICT = "forecastops.verdict"
MODEL_DIGEST = "forecastops.model.sha256"  # of the digest that binds a model's files

# On versions.
JOURNAL = "forecastops.journal"
SERVED = "forecastops.served"  # since when the version was under the pointer for the first time
PREDECESSOR = "forecastops.predecessor"  # the champion that its model replaced, or "none"
KIND = "forecastops.kind"  # of a version that no challenger brought: "renewal" or "refit"
PARAMETERS_OF = "forecastops.parameters_of"  # of a renewal: the version that brought its model in
ACCEPTED_REASON = "forecastops.accepted_data"  # why data were accepted although they looked bad
RUN_ID = "run_id"  # the run that estimated the version's parameters
ROLLED_BACK = "forecastops.rolled_back"
PROMOTED_BY = "forecastops.promoted_by"
PROMOTED_AT = "forecastops.promoted_at"
FORCED_REASON = "forecastops.forced_reason"
SIGNED = "forecastops.signed"  # why, by whom and with which key a version was signed after it was made

GATE_METRICS = "forecastops.gate."  # and a model that was compared: all its scores over the gate's window

# On training runs.
DATA_DIGEST = "forecastops.data.sha256"
DATA_SOURCE = "forecastops.data.source"
DATA_END = "forecastops.data.end"  # ISO date of the newest observation
DATA_REFUSED = "forecastops.data.refused"  # the check that refused the run's data, or "no"
MODEL_NAME = "forecastops.model.name"
DECISION_FOLDER = "forecastops.decision"
DECISION_DIGEST = "forecastops.decision.sha256"
PANEL_DECISION_FOLDER = "forecastops.panel.decision"  # of a panel's run, instead of the two above
PANEL_DECISION_DIGEST = "forecastops.panel.decision.sha256"
REPORT = "forecastops.report"  # the path of the newest report among its artifacts
LATER = "forecastops.later."  # and its time: a decision about a run whose model was in production by then, as JSON
CHAMPION = "forecastops.champion"  # the version it was judged against, or "none"

# On runs of a model; those that record an event alone have ``forecastops.kind`` too, which names it.
EVENT = "forecastops.event."  # and its time: a decision, a change of production or an alarm, as JSON
LIVE = "forecastops.live"  # how the champion as served forecast the rows that this run brought, as JSON
# On the run in which a champion's model is watched.
MONITORED = "forecastops.monitored"  # the run that estimated the champion's parameters
MONITORED_MODEL = "forecastops.monitored.model"  # the registered model's name
MONITOR_THROUGH = "forecastops.monitor.through"  # ISO date of the newest observation whose signals are logged
MONITOR_RETRAIN = "forecastops.monitor.retrain"
MONITOR_MOVED = "forecastops.monitor.moved"
MONITOR_BROKEN = "forecastops.monitor.broken"
MONITOR_ALERTED = "forecastops.monitor.alerted."  # and the channel: what it was told of last, as JSON

# On training runs.
EVALUATE_RUN = "forecastops.evaluate_run"  # the run that `mlflow run` made for its evaluation
PROMOTE_RUN = "forecastops.promote_run"  # the run that `mlflow run` made for its promotion

# MLflow's own, which its pages show.
RUN_NAME = "mlflow.runName"
NOTE = "mlflow.note.content"  # a description, in Markdown
PARENT_RUN = "mlflow.parentRunId"
TABLES = "mlflow.loggedArtifacts"  # which artifacts are tables, as JSON

# On every run of ours.
COMMAND = "forecastops.command"  # which command it is of: train, evaluate, promote, renew

# On the runs that `mlflow run` made.
CHALLENGER = "forecastops.challenger"
PROMOTED = "forecastops.promoted"
RENEWED = "forecastops.renewed"
VERSION = "forecastops.version"

# On endpoints in Azure.
OWNER = "forecastops.owner"  # the registry whose champion they serve
