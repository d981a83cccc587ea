"""A deployment as it is now: from locks and the server's own answer, not from what was once written down."""

from __future__ import annotations

from typing import Any

from forecastops_local.http_client import ping, url_of
from forecastops_local.lifecycle import exists, layout_of
from forecastops_local.locks import holder
from forecastops_local.settings import FLAVOR
from forecastops_local.state import Observed, Wanted, read_record

__all__ = ["describe", "token_file_of"]


def describe(name: str) -> dict[str, Any] | None:
    """Return what `get_deployment` returns; None where there is no such deployment."""
    layout = layout_of(name)
    if not exists(layout):
        return None
    wanted = read_record(Wanted, layout.accepted) or read_record(Wanted, layout.request)
    observed = read_record(Observed, layout.observed)
    supervisor = holder(layout.supervisor)
    url = _url(wanted, observed)
    state, model_uri, error = _state(url, wanted, observed, alive=supervisor is not None)
    server_pid = observed.server_pid if observed and supervisor is not None else None
    return {
        "name": name,
        "flavor": FLAVOR,
        "url": url,
        "state": state,
        "model_uri": model_uri,
        "owner": wanted.owner if wanted else "",
        "model_sha256": wanted.model_sha256 if wanted else "",
        "asks_for_token": bool(wanted and wanted.token_file),
        "pid": server_pid,
        "supervisor_pid": supervisor or None,
        "error": error,
        "log": str(layout.log),
    }


def _url(wanted: Wanted | None, observed: Observed | None) -> str | None:
    if wanted is None:
        return None
    port = observed.port if observed else wanted.port
    return url_of(wanted.host, port) if port else None


def token_file_of(name: str) -> str:
    """Return the file where the deployment's callers find their token; empty where they need none."""
    wanted = read_record(Wanted, layout_of(name).accepted)
    return wanted.token_file if wanted else ""


def _state(
    url: str | None, wanted: Wanted | None, observed: Observed | None, alive: bool
) -> tuple[str, str | None, str | None]:
    failure = observed.failure if observed else None
    if not alive:
        return "Stopped", None, failure or "the supervisor does not run; an update starts it again"
    if url is None or observed is None or observed.phase == "starting":
        return "Starting", None, failure
    answer = ping(url, wanted.token_file if wanted else "")
    return ("Healthy", answer.model_uri, None) if answer.healthy else ("Unhealthy", None, failure or answer.error)
