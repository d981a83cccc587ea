"""Results as JSON documents with the public keys."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecastops.adapters.endpoint.interface import EndpointState
    from forecastops.gate.record import Decision
    from forecastops.usecases.moved import Moved
    from forecastops.usecases.retrain import Retrained
    from forecastops.usecases.status import Status
    from forecastops.usecases.train import TrainResult

__all__ = [
    "decision_document",
    "moved_document",
    "renewed_document",
    "retrained_document",
    "status_document",
    "train_document",
]


def train_document(result: TrainResult) -> dict[str, Any]:
    """Return the keys run_id, model_name, spec, metrics, data, selection."""
    return asdict(result)


def decision_document(decision: Decision, replayed: bool = False) -> dict[str, Any]:
    """Return run_id, verdict, summary, needed, checks, warnings, metrics, champion, window; of a replay two more."""
    from forecastops.reporting.sentences.checks import reason_of  # the gate, and with it pandas, is slow to import
    from forecastops.reporting.sentences.decision import lacking, summary, warnings

    facts = decision.model_dump(mode="json", include={"run_id", "verdict", "metrics", "champion", "window"})
    measured = ("name", "passed", "value", "threshold")
    document = facts | {
        "summary": summary(decision),
        "needed": list(lacking(decision)),
        "checks": [
            {**{key: getattr(check, key) for key in measured}, "reason": reason_of(check)} for check in decision.checks
        ],
        "warnings": list(warnings(decision)),
    }
    return document | ({"replayed": True, "decided_at": decision.decided_at} if replayed else {})


def moved_document(moved: Moved) -> dict[str, Any]:
    """Return the keys run_id, promoted, renewed, version, previous_version, endpoint, verdict, reason, note."""
    return {"run_id": moved.run_id, **renewed_document(moved), "verdict": moved.verdict}


def renewed_document(moved: Moved) -> dict[str, Any]:
    """Return the keys promoted, renewed, version, previous_version, endpoint, reason, note."""
    return {
        "promoted": moved.promoted,
        "renewed": moved.renewed,
        "version": moved.version,
        "previous_version": moved.previous_version,
        "endpoint": _endpoint(moved.endpoint),
        "reason": moved.reason,
        "note": moved.note,
    }


def retrained_document(result: Retrained) -> dict[str, Any]:
    """Return the keys train, evaluate, promote (null when not promoted), renew (null when not renewed), note."""
    return {
        "train": train_document(result.train),
        "evaluate": decision_document(result.evaluate),
        "promote": moved_document(result.promote) if result.promote else None,
        "renew": renewed_document(result.renew) if result.renew else None,
        "note": result.outcome.note,
    }


def status_document(found: Status) -> dict[str, Any]:
    """Return the keys pointer, champion, files, endpoint, forecasts_from, newest_data, consistent, problems, panel."""
    champion = found.champion and {
        "version": found.champion.version.version,
        "run_id": found.model_run,
        "model_version": found.model_version,
        "pointer": found.champion.pointer,
    }
    endpoint = found.endpoint and {**(_endpoint(found.endpoint) or {}), "version": found.endpoint.version}
    return {
        "pointer": found.pointer,
        "champion": champion,
        "files": found.files
        and {"state": found.files.state, "sha256": found.files.sha256, "signed": found.files.signed},
        "endpoint": endpoint,
        "forecasts_from": found.forecasts_from,
        "newest_data": found.newest_data.end if found.newest_data else None,
        "newest_data_run": found.newest_data.run_id if found.newest_data else None,
        "consistent": found.consistent,
        "problems": found.problems,
        "panel": asdict(found.panel) if found.panel else None,
    }


def _endpoint(state: EndpointState | None) -> dict[str, Any] | None:
    return None if state is None else {"name": state.name, "url": state.url, "state": state.state}
