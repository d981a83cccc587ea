"""Container instances through the v1 API (``modelmanagement``), which serve what was registered.

From the client's source: the paths, the operation that is polled, and the form of a service. From public reports: that
a failed creation leaves its service behind, and ``ServiceExists`` (microsoft/MLOpsPython#238). Assumed, as the harsher
reading: an update ends the container before it; while an operation runs, another update and a deletion are refused; an
operation that is cancelled or timed out has no error of its own, which the service has, and brings no new container, so
that the log goes on being that of the old one.
"""

from __future__ import annotations

import re
import secrets
import ssl
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from faults import Faults
from standin.scoring import Container
from standin.server import Request, Response, serve
from standin.uploads import Uploads

__all__ = ["ContainerInstances"]

_PATHS = re.compile(
    r"/modelmanagement/v1\.0/subscriptions/[^/]+/.+?/workspaces/[^/]+/(services|operations)(?:/([^/]+))?(/.*)?"
)
_POLL = {"retry_after_ms": "100"}
_CREATED = {"createdTime": "2026-07-01T00:00:00Z", "createdBy": {"userObjectId": "1", "userName": "tests"}}


class Models(Protocol):
    """Where the bytes of registered versions are."""

    def model_folder(self, name: str, version: str) -> Path:
        """The folder of a version's model."""


@dataclass
class Service:
    """One service; ``image`` is the request for what it is to run."""

    name: str
    settings: dict[str, Any]
    image: dict[str, Any]
    url: str
    keys: dict[str, str]
    state: str = "Transitioning"
    error: dict[str, Any] | None = None
    container: Container | None = None
    operation: str = ""

    @property
    def model(self) -> tuple[str, str]:
        """Name and version of the model in its image."""
        (found,) = self.image["modelIds"]
        name, _, version = found.partition(":")
        return name, version


@dataclass
class ContainerInstances:
    """All services.

    ``outcomes`` says how the next operations end: ``crash`` (the container's model does not load; the operation fails),
    ``Unhealthy`` (the same, but the operation succeeds), ``TimedOut``, ``Cancelled``, ``held`` (it waits until
    ``going_on`` is set), ``silent`` (its state stays ``Running`` although the service has failed). Others succeed.
    ``hidden`` is how often a service that exists is not shown.
    """

    models: Models
    folder: Path
    uploads: Uploads
    outcomes: list[str] = field(default_factory=list)
    hidden: int = 0
    going_on: threading.Event = field(default_factory=threading.Event)
    issued: list[str] = field(default_factory=list)  # every key, also of services that are gone
    services: dict[str, Service] = field(default_factory=dict)
    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    fronts: ExitStack = field(default_factory=ExitStack)

    def answer(self, request: Request) -> Response | None:
        """One call of the API."""
        match = _PATHS.fullmatch(request.path)
        if match is None:
            return None
        kind, name, rest = match[1], match[2] or "", (match[3] or "").lower()
        if kind == "operations":
            return Response.of(self.operations[name], 200, **_POLL)
        if not name:
            return self._create(request) if request.method == "POST" else self._list(request)
        service = self.services.get(name)
        if service and request.method == "GET" and self.hidden:
            self.hidden, service = self.hidden - 1, None
        if service is None:
            return _problem(404, "NotFound", "NoSuchService", f"Service with name {name} not found.")
        return self._of_service(request, service, rest)

    def close(self) -> None:
        """End everything."""
        self.going_on.set()
        for service in self.services.values():
            if service.container:
                service.container.end()
        self.fronts.close()

    def begin_again(self, name: str) -> None:
        """Deploy what the service has once more, as somebody else would."""
        self._begin(self.services[name])

    def serve_instead(self, name: str, version: str) -> None:
        """Put another version into the container, though the service says nothing of it."""
        service = self.services[name]
        assert service.container is not None
        service.container.end()
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        model = self.models.model_folder(service.model[0], version)
        service.container = Container(model, folder, passes_params=False)

    def _of_service(self, request: Request, service: Service, rest: str) -> Response:
        if rest == "/listkeys":
            return Response.of(service.keys)
        if rest == "/logs":
            return Response.of({"content": service.container.log() if service.container else ""})
        if request.method == "PATCH":
            return self._update(request, service)
        if request.method == "DELETE":
            return self._delete(service)
        return Response.of(_document(service))

    def _list(self, request: Request) -> Response:
        kind = request.query.get("computeType")
        return Response.of({"value": [_document(one) for one in self.services.values() if kind == "ACI"]})

    def _create(self, request: Request) -> Response:
        asked = request.json()
        name, image = asked["name"], asked.pop("environmentImageRequest")
        if name in self.services:
            return _problem(409, "Conflict", "ServiceExists", f"The workspace already contains a service {name}.")
        keys = {kind: f"key-{secrets.token_urlsafe(24)}" for kind in ("primaryKey", "secondaryKey")}
        self.issued += keys.values()
        service = self.services[name] = Service(name, asked, image, "", keys)
        self._open_front(service)
        return self._begin(service)

    def _open_front(self, service: Service) -> None:
        """Listen for callers, with TLS where it is on."""
        encrypted = bool(service.settings.get("sslEnabled"))
        context = _context(service.settings) if encrypted else None
        port = self.fronts.enter_context(serve(context, lambda found: self._front(service.name, found), Faults()))
        service.url = f"https://{service.settings['cname']}:{port}" if encrypted else f"http://localhost:{port}"

    def _update(self, request: Request, service: Service) -> Response:
        if service.state == "Transitioning":
            return _in_transition(service)
        encrypted = service.settings.get("sslEnabled")
        for change in request.json():
            if change["path"] == "/environmentImageRequest":
                service.image = change["value"]
            else:
                service.settings[change["path"].removeprefix("/")] = change["value"]
        if service.settings.get("sslEnabled") != encrypted:
            self._open_front(service)
        return self._begin(service)

    def _delete(self, service: Service) -> Response:
        if service.state == "Transitioning":
            return _in_transition(service)
        del self.services[service.name]
        if service.container:
            service.container.end()
        return self._accepted(service, "Succeeded")

    def _begin(self, service: Service) -> Response:
        service.state, service.error = "Transitioning", None
        response = self._accepted(service, "Running")
        outcome = self.outcomes.pop(0) if self.outcomes else ""
        threading.Thread(target=self._deploy, args=(service, outcome), daemon=True).start()
        return response

    def _accepted(self, service: Service, state: str) -> Response:
        service.operation = secrets.token_hex(8)
        self.operations[service.operation] = {"id": service.operation, "operationType": "Service", "state": state}
        return Response(202, b"", {"Operation-Location": f"/operations/{service.operation}", "retry-after-ms": "100"})

    def _deploy(self, service: Service, outcome: str) -> None:
        operation = self.operations[service.operation]
        now = time.strftime("%Y%m%d%H%M%S", time.gmtime())
        operation["streamingOperationLog"] = f"{now}|Building image.#{now}|Submitting deployment to compute."
        if service.container:
            service.container.end()
        if outcome == "held":
            self.going_on.wait()
        if outcome in ("Cancelled", "TimedOut", "silent"):
            message = f"The deployment was ended by the platform ({outcome}) before its container started."
            service.error = {"code": "DeploymentEnded", "statusCode": 400, "message": message}
            service.state = "Failed"
            operation["state"] = "Running" if outcome == "silent" else outcome
            return
        damaged = outcome in ("crash", "Unhealthy")
        fault = self._image_fault(service)
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        service.container = Container(
            self.models.model_folder(*service.model), folder, passes_params=False, damaged=damaged
        )
        if fault or not service.container.healthy:
            service.state = "Unhealthy" if outcome == "Unhealthy" else "Failed"
            key = service.keys["primaryKey"]
            message = fault or f"Your container application crashed. It was started with primaryKey={key}"
            details = [{"code": "CrashLoopBackOff", "message": message}]
            service.error = {
                "code": "KubernetesDeploymentFailed",
                "statusCode": 400,
                "message": "Failed",
                "details": details,
            }
            operation["error"] = service.error
            operation["operationDetails"] = {"subOperationType": "DeployService"}
        else:
            service.state = "Healthy"
        operation["state"] = "Failed" if fault or outcome == "crash" else "Succeeded"

    def _image_fault(self, service: Service) -> str | None:
        """What would stop the image: its scripts must be there, and its server runs on Python 3.10 at most."""
        missing = [
            one["url"]
            for one in service.image["assets"]
            if one["url"].partition("artifact/")[2] not in self.uploads.blobs
        ]
        python = service.image["environment"]["python"]["condaDependencies"]["dependencies"][0]
        return f"image cannot be built: {missing}, {python}" if missing or python != "python=3.10" else None

    def _front(self, name: str, request: Request) -> Response:
        service = self.services.get(name)
        if service is None or service.container is None:
            return Response(502, b"no healthy upstream")
        asked_by = request.headers.get("authorization", "").removeprefix("Bearer ")
        if service.settings.get("authEnabled") and asked_by not in service.keys.values():
            return Response(401, b"key_auth_access_denied")
        return service.container.score(request) if request.path == "/score" else Response(404)


def _context(asked: dict[str, Any]) -> ssl.SSLContext:
    """TLS with the certificate that came with the request."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("sslCertificate", "sslKey"):
            (Path(folder) / name).write_text(asked[name])
        context.load_cert_chain(Path(folder) / "sslCertificate", Path(folder) / "sslKey")
    return context


def _document(service: Service) -> dict[str, Any]:
    kept = (
        "kvTags",
        "properties",
        "description",
        "containerResourceRequirements",
        "authEnabled",
        "sslEnabled",
        "cname",
    )
    name, version = service.model
    return {
        **{key: service.settings.get(key) for key in kept},
        **_CREATED,
        "name": service.name,
        "computeType": "ACI",
        "state": service.state,
        "error": service.error,
        "scoringUri": f"{service.url}/score",
        "swaggerUri": f"{service.url}/swagger.json",
        "models": [{"id": f"{name}:{version}", "name": name, "version": int(version)}],
        "environmentImageRequest": service.image,
        "operationId": service.operation,
    }


def _in_transition(service: Service) -> Response:
    message = f"Service {service.name} is in transition; wait until its operation has ended."
    return _problem(409, "Conflict", "ServiceInTransition", message)


def _problem(status: int, code: str, inner: str, message: str) -> Response:
    details = [{"code": inner, "message": message}]
    return Response.of({"code": code, "statusCode": status, "message": code, "details": details}, status)
