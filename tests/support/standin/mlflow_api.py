"""MLflow's own REST API on a real store, cut down to what Azure ML answers.

What is known of Azure's side, and from where:

- the plugin asks below ``/mlflow/v2.0<workspace>/``, so that of MLflow 3 only what MLflow 2 had can be there;
- ``logged-models`` is answered by 404 with an empty body (Azure/azure-sdk-for-python#44896); the same is assumed of
  every other endpoint that came after stages: inputs, outputs, aliases, traces;
- documented: stages, tags, descriptions, deleting versions; not supported: renaming or deleting a registered model, and
  searches by ``LIKE``; tags at creation were rejected in a public report (mlflow/mlflow#8008);
- artifact locations are Azure's own choice;
- searches of runs, by the support matrix of "Query & compare experiments and runs with MLflow": by attributes and
  tags, but with neither OR, nor ``!=`` for tags, nor order by tags, parameters or metrics. Quoted names are said not to
  work for metrics, and assumed not to work at all; a status is spelled ``Finished``, and no run has another spelling.
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

from standin.server import Request, Response

__all__ = ["MlflowApi"]

_ABSENT = ("logged-models", "runs/log-inputs", "runs/outputs", "registered-models/alias", "traces", "artifacts/")
_REFUSED = ("registered-models/rename", "registered-models/delete")
_STATUSES = ("Scheduled", "Running", "Finished", "Failed", "Killed")
_KNOWN = ("experiments/", "runs/", "metrics/", "registered-models/", "model-versions/")


class MlflowApi:
    """Answers below ``prefix``; ``has_aliases`` gives the registry what Azure's is assumed not to have."""

    def __init__(self, database: Path, scope: str, address: str, *, has_aliases: bool = False) -> None:
        self.has_aliases = has_aliases
        self._database = database
        self._prefix = f"/mlflow/v2.0{scope}/api/2.0/mlflow/"
        self._root = f"azureml://{address}/mlflow/v2.0{scope}/experiments/"
        self._app = _application(f"sqlite:///{database}", self._root)
        self._place_experiments()

    def answer(self, request: Request) -> Response | None:
        """One call of MLflow's API."""
        if not request.path.startswith("/mlflow/v2.0/"):
            return None
        name = request.path.removeprefix(self._prefix)
        absent = [part for part in _ABSENT if not (self.has_aliases and part == "registered-models/alias")]
        if not name.startswith(_KNOWN) or name.startswith(tuple(absent)):
            return Response(404)
        if refusal := _refusal(name, request):
            return Response.error(400, "INVALID_PARAMETER_VALUE", refusal)
        if name == "runs/search":
            request = replace(request, body=_with_status(request.body))
        found = self._pass_on(name, request)
        if name == "experiments/create" and found.status == 200:
            self._place_experiments()
        return found if self.has_aliases else _without_aliases(found)

    def _pass_on(self, name: str, request: Request) -> Response:
        query = request.target.partition("?")[2]
        kind = request.headers.get("content-type", "application/json")
        with self._app.test_client() as client:
            found = client.open(
                f"/api/2.0/mlflow/{name}",
                method=request.method,
                query_string=query,
                data=request.body,
                content_type=kind,
            )
            return Response(found.status_code, found.get_data(), {"Content-Type": "application/json"})

    def _place_experiments(self) -> None:
        """Give every experiment an address of Azure's form."""
        with sqlite3.connect(self._database, timeout=30) as connection:
            connection.execute("UPDATE experiments SET artifact_location = ? || experiment_id || '/runs'", [self._root])
        connection.close()


def _refusal(name: str, request: Request) -> str | None:
    if name in _REFUSED:
        return f"{name} is not supported"
    if re.search(r"(?i)\bi?like\b", request.query.get("filter", "")):
        return "the operator LIKE is not supported"
    body = request.json() if request.method != "GET" else {}
    if name == "runs/search":
        condition, order = body.get("filter", ""), " ".join(body.get("order_by", ()))
        if re.search(r"""(?i)[`"]|\bor\b|tags\.[\w.]+\s*!=""", condition) or re.search(r"tags|params|metrics", order):
            return f"this search of runs is not supported: {condition} {order}"
    if name in ("registered-models/create", "model-versions/create") and body.get("tags"):
        return "tags cannot be set at creation"
    if name == "experiments/create" and body.get("artifact_location"):
        return "artifact_location cannot be chosen"
    return None


def _with_status(body: bytes) -> bytes:
    """The search as MLflow itself understands it: a status as Azure spells it, any other one that no run has."""
    asked = json.loads(body)

    def spelled(match: re.Match[str]) -> str:
        return f"{match[1]}'{match[2].upper() if match[2] in _STATUSES else 'none'}'"

    asked["filter"] = re.sub(r"(attributes\.status\s*!?=\s*)'(\w+)'", spelled, asked.get("filter", ""))
    return json.dumps(asked).encode()


def _without_aliases(found: Response) -> Response:
    def cut(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: cut(inner) for key, inner in value.items() if key != "aliases"}
        return [cut(inner) for inner in value] if isinstance(value, list) else value

    return Response(found.status, json.dumps(cut(json.loads(found.body))).encode(), found.headers)


def _application(uri: str, root: str) -> Any:
    """MLflow's server as a WSGI application of this process, whose own tracking URI stays as it is."""
    from mlflow.server import app, handlers
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Tracking

    stores: Any = handlers  # which keeps them in globals
    stores._tracking_store, stores._model_registry_store = Tracking(uri, root), Registry(uri)
    return app
