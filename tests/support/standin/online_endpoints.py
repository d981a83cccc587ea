"""Managed online endpoints through Azure Resource Manager, which serve what was registered.

From the client's source: paths and long-running operations. Documented: that a deployment without traffic can be asked
by the header ``azureml-model-deployment``, that one with traffic cannot be deleted, and that callers get 424 for
whatever a container answers but 200. Assumed: one that is being made can neither be deleted nor get traffic.
"""

from __future__ import annotations

import re
import secrets
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from standin.container_instances import Models
from standin.scoring import Container
from standin.server import Request, Response

__all__ = ["OnlineEndpoints"]

_ARM = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+"
    r"(?:/onlineEndpoints(?:/(?P<name>[^/]+)(?:/deployments(?:/(?P<deployment>[^/]+))?)?(?P<verb>/listKeys|/getLogs)?)?)?"
)
_OPERATION = re.compile(r"/arm-operations/(?P<id>[0-9a-f]+)")
_SCORE = re.compile(r"/online/(?P<name>[^/]+)/score")
_POLL = {"retry_after_ms": "100"}


@dataclass
class Deployment:
    """One deployment, as it was asked for."""

    asked: dict[str, Any]
    state: str = "Creating"
    container: Container | None = None


@dataclass
class OnlineEndpoint:
    """One endpoint, as it was asked for."""

    asked: dict[str, Any]
    keys: dict[str, str]
    traffic: dict[str, int] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)


@dataclass
class OnlineEndpoints:
    """All endpoints; ``outcomes`` says how the next deployments end: ``crash``, or ``held`` (it waits until
    ``going_on`` is set); others succeed.
    """

    models: Models
    folder: Path
    outcomes: list[str] = field(default_factory=list)
    going_on: threading.Event = field(default_factory=threading.Event)
    endpoints: dict[str, OnlineEndpoint] = field(default_factory=dict)
    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    issued: list[str] = field(default_factory=list)  # every key, also of endpoints that are gone
    moves: list[dict[str, int]] = field(default_factory=list)  # every change of the traffic
    asked: list[tuple[str, dict[str, int]]] = field(default_factory=list)  # which deployment, and the traffic then

    def answer(self, request: Request) -> Response | None:
        """One call of the resource manager."""
        if match := _OPERATION.fullmatch(request.path):
            return Response.of(self.operations[match["id"]], 200, **_POLL)
        match = _ARM.fullmatch(request.path)
        if match is None:
            return None
        name, deployment = match["name"], match["deployment"]
        if name is None:
            if request.path.endswith("/onlineEndpoints"):
                return Response.of({"value": [_endpoint(request, *found) for found in self.endpoints.items()]})
            return Response.of({"id": request.path, "name": "standin", "location": "westeurope"})
        if deployment is not None:
            return self._of_deployment(request, name, deployment, match["verb"])
        return self._of_endpoint(request, name, match["verb"])

    def score(self, request: Request) -> Response | None:
        """A question to an endpoint, which asks for a key of its own."""
        match = _SCORE.fullmatch(request.path)
        if match is None:
            return None
        endpoint = self.endpoints.get(match["name"])
        if endpoint is None:
            return Response(404)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in endpoint.keys.values():
            return Response(401)
        chosen = request.headers.get("azureml-model-deployment") or next(
            (colour for colour, share in endpoint.traffic.items() if share == 100), ""
        )
        deployment = endpoint.deployments.get(chosen)
        if deployment is None or deployment.container is None:
            return Response(404, b"no deployment")
        self.asked.append((chosen, endpoint.traffic))
        answer = deployment.container.score(request)
        if answer.status == 200:
            return answer
        return Response(424, answer.body, {"ms-azureml-model-error-statuscode": str(answer.status)})

    def close(self) -> None:
        """End everything."""
        self.going_on.set()
        for endpoint in self.endpoints.values():
            _end(endpoint)

    def serve_instead(self, name: str, version: str) -> None:
        """Put another version into what has the traffic, though the deployment says nothing of it."""
        endpoint = self.endpoints[name]
        (deployment,) = [endpoint.deployments[colour] for colour, share in endpoint.traffic.items() if share]
        assert deployment.container is not None
        deployment.container.end()
        *_, model, _, _ = deployment.asked["properties"]["model"].split("/")
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        deployment.container = Container(self.models.model_folder(model, version), folder, passes_params=True)

    def _of_endpoint(self, request: Request, name: str, verb: str | None) -> Response:
        endpoint = self.endpoints.get(name)
        if request.method == "PUT":
            keys = {kind: f"key-{secrets.token_urlsafe(24)}" for kind in ("primaryKey", "secondaryKey")}
            self.issued += keys.values()
            endpoint = self.endpoints.setdefault(name, OnlineEndpoint(request.json(), keys))
            return self._accepted(request, _endpoint(request, name, endpoint), 201)
        if endpoint is None:
            return Response.error(404, "ResourceNotFound", f"Endpoint {name} was not found.")
        if verb == "/listKeys":
            return Response.of(endpoint.keys)
        if request.path.endswith("/deployments"):
            return Response.of({"value": [_deployment(*found) for found in endpoint.deployments.items()]})
        if request.method == "PATCH":
            return self._move(request, name, endpoint)
        if request.method == "DELETE":
            _end(self.endpoints.pop(name))
            return self._accepted(request, {}, 202)
        return Response.of(_endpoint(request, name, endpoint))

    def _move(self, request: Request, name: str, endpoint: OnlineEndpoint) -> Response:
        traffic = request.json()["properties"]["traffic"]
        for colour, share in traffic.items():
            if share and (colour not in endpoint.deployments or endpoint.deployments[colour].state != "Succeeded"):
                return Response.error(400, "BadRequest", f"Deployment {colour} cannot get traffic.")
        if traffic != endpoint.traffic:
            self.moves.append(traffic)
        endpoint.traffic = traffic
        return self._accepted(request, _endpoint(request, name, endpoint), 202)

    def _of_deployment(self, request: Request, name: str, colour: str, verb: str | None) -> Response:
        endpoint = self.endpoints.get(name)
        deployment = endpoint.deployments.get(colour) if endpoint else None
        if endpoint is not None and request.method == "PUT":
            if deployment is not None and deployment.state == "Creating":
                return Response.error(409, "Conflict", f"Deployment {colour} is being made.")
            deployment = endpoint.deployments[colour] = Deployment(request.json())
            response = self._accepted(request, _deployment(colour, deployment), 201, ends=False)
            operation = self.operations[response.headers["Azure-AsyncOperation"].rpartition("/")[2]]
            outcome = self.outcomes.pop(0) if self.outcomes else ""
            threading.Thread(target=self._deploy, args=(deployment, operation, outcome), daemon=True).start()
            return response
        if endpoint is None or deployment is None:
            return Response.error(404, "ResourceNotFound", f"Deployment {colour} of {name} was not found.")
        if verb == "/getLogs":
            return Response.of({"content": deployment.container.log() if deployment.container else ""})
        if request.method != "DELETE":
            return Response.of(_deployment(colour, deployment))
        if endpoint.traffic.get(colour) or deployment.state == "Creating":
            return Response.error(409, "Conflict", f"Deployment {colour} has traffic or is being made.")
        if deployment.container:
            deployment.container.end()
        del endpoint.deployments[colour]
        return self._accepted(request, {}, 202)

    def _deploy(self, deployment: Deployment, operation: dict[str, Any], outcome: str) -> None:
        if outcome == "held":
            self.going_on.wait()
        *_, name, _, version = deployment.asked["properties"]["model"].split("/")
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        model = self.models.model_folder(name, version)
        deployment.container = Container(model, folder, passes_params=True, damaged=outcome == "crash")
        healthy = deployment.container.healthy
        deployment.state = operation["status"] = "Succeeded" if healthy else "Failed"
        if not healthy:
            message = "User container has crashed or terminated; see the deployment's log."
            operation["error"] = {"code": "ResourceNotReady", "message": message}

    def _accepted(self, request: Request, document: dict[str, Any], status: int, *, ends: bool = True) -> Response:
        number = secrets.token_hex(8)
        self.operations[number] = {"id": number, "status": "Succeeded" if ends else "InProgress"}
        address = f"https://{request.headers['host']}/arm-operations/{number}"
        return Response.of(document, status, Azure_AsyncOperation=address, **_POLL)


def _endpoint(request: Request, name: str, endpoint: OnlineEndpoint) -> dict[str, Any]:
    base = f"https://{request.headers['host']}/online/{name}"
    asked = endpoint.asked["properties"]
    return {
        "id": request.path,
        "name": name,
        "location": endpoint.asked["location"],
        "tags": endpoint.asked.get("tags"),
        "properties": {
            "authMode": asked["authMode"],
            "traffic": endpoint.traffic,
            "scoringUri": f"{base}/score",
            "swaggerUri": f"{base}/swagger.json",
            "provisioningState": "Succeeded",
        },
    }


def _deployment(colour: str, deployment: Deployment) -> dict[str, Any]:
    properties = {**deployment.asked["properties"], "provisioningState": deployment.state}
    return {"name": colour, "location": deployment.asked["location"], "properties": properties}


def _end(endpoint: OnlineEndpoint) -> None:
    for deployment in endpoint.deployments.values():
        if deployment.container:
            deployment.container.end()
