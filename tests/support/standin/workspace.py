"""A stand-in for one Azure ML workspace, over TLS on loopback, for the real and unmodified client.

It is our reading of Azure's behaviour, from the client's source and Microsoft's public documentation; nothing here was
compared with Azure itself. ``identity`` answers for Entra ID and the cloud's metadata, ``mlflow_api`` for tracking and
registry, ``artifacts`` for the run history and blob storage, ``container_instances`` and ``online_endpoints`` for
deployments, each saying what it rests on.

A router is a function of a request that gives an answer or None. ``Workspace.routers`` are asked after the bearer token
was checked, ``Workspace.open_routers`` before: those have credentials of their own.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from pathlib import Path

from faults import Faults
from standin.artifacts import Artifacts, local_name
from standin.certificates import server_context, write_certificates
from standin.container_instances import ContainerInstances
from standin.identity import CLOUD, Identity
from standin.mlflow_api import MlflowApi
from standin.online_endpoints import OnlineEndpoints
from standin.server import UNAUTHORIZED, Request, Response, Router, serve
from standin.uploads import Uploads

__all__ = ["SCOPE", "Workspace", "workspace"]

SUBSCRIPTION, GROUP, NAME = "00000000-0000-4000-8000-000000000001", "standin-group", "standin"
SCOPE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    f"/providers/Microsoft.MachineLearningServices/workspaces/{NAME}"
)
_SITE = Path(__file__).parent / "site"
# Whatever leads a client elsewhere or to other credentials, or tells MLflow that it is being tested.
_FOREIGN = (
    "AZURE",
    "ARM_",
    "IDENTITY_",
    "MSI_",
    "IMDS_",
    "MLFLOW",
    "FORECASTOPS",
    "PYTEST",
    "GITHUB_",
    "BUILD_",
    "TF_",
)
_FOREIGN_NAMES = {"CI", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}


@dataclass
class Workspace:
    """A running stand-in; ``faults`` switches failures on and holds what was asked."""

    folder: Path
    identity: Identity = field(default_factory=Identity)
    faults: Faults = field(default_factory=Faults)
    routers: list[Router] = field(default_factory=list)
    open_routers: list[Router] = field(default_factory=list)
    address: str = ""  # host and port

    def __post_init__(self) -> None:
        self.artifacts = Artifacts(self.folder / "blobs")
        uploads = Uploads(self.artifacts.signature)
        containers = self.folder / "containers"
        containers.mkdir()
        self.services = ContainerInstances(self, containers, uploads)
        self.endpoints = OnlineEndpoints(self, containers)
        self.open_routers += [self.identity.answer, self.artifacts.blob, uploads.blob, self.endpoints.score]
        self.routers += [self.artifacts.history, uploads.metadata, self.services.answer, self.endpoints.answer]
        (self.folder / "federated-token").write_text(self.identity.federated)
        self.certificate = write_certificates(self.folder)
        self.connections = self.folder / "connections"  # one "host port" a line, as they were tried

    @property
    def tracking_uri(self) -> str:
        """What the portal shows as the workspace's MLflow tracking URI."""
        return f"azureml://{self.address}/mlflow/v2.0{SCOPE}"

    def answer(self, request: Request) -> Response:
        """The first router's answer, dated by the service's clock."""
        found = self._answer(request)
        date = formatdate(time.time() + self.identity.skew_seconds, usegmt=True)
        return replace(found, headers={**found.headers, "Date": date})

    def _answer(self, request: Request) -> Response:
        for router in self.open_routers:
            if (found := router(request)) is not None:
                return found
        if not self.identity.knows(request):
            return UNAUTHORIZED
        for router in self.routers:
            if (found := router(request)) is not None:
                return found
        return Response(404)

    def environment(self, *, credential: bool = True) -> dict[str, str]:
        """Variables that lead the real client here, with workload identity federation as on an Azure DevOps agent.

        Without ``credential`` there is none at all to be found. Python processes report the connections they try, and
        are kept from any other host (``site/sitecustomize.py``).
        """
        base = f"https://{self.address}"
        names = [name for name in os.environ if not name.startswith(_FOREIGN) and name.upper() not in _FOREIGN_NAMES]
        kept = {name: os.environ[name] for name in names}
        found = kept | {
            "AZURE_AUTHORITY_HOST": base,
            "ARM_CLOUD_METADATA_URL": f"{base}/metadata/endpoints",
            "AZUREML_CURRENT_CLOUD": CLOUD,
            "REQUESTS_CA_BUNDLE": str(self.certificate),
            "SSL_CERT_FILE": str(self.certificate),
            "MLFLOW_TRACKING_URI": self.tracking_uri,
            "FORECASTOPS_TEST_CONNECTIONS": str(self.connections),
            "PYTHONPATH": os.pathsep.join([str(_SITE), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "HOME": str(self.folder),  # where Azure's tools look for a person's logins
        }
        if credential:
            found |= {
                "AZURE_TENANT_ID": "00000000-0000-4000-8000-000000000002",
                "AZURE_CLIENT_ID": "00000000-0000-4000-8000-000000000003",
                "AZURE_FEDERATED_TOKEN_FILE": str(self.folder / "federated-token"),
            }
        return found

    def connected_hosts(self) -> set[str]:
        """The hosts to which connections were tried, or whose address was asked for."""
        lines = self.connections.read_text().splitlines() if self.connections.exists() else []
        return {line.split()[0] for line in lines}

    def model_folder(self, name: str, version: str) -> Path:
        """The bytes of a registered version's model."""
        with sqlite3.connect(self.folder / "mlflow.db", timeout=30) as connection:
            (source,) = connection.execute(
                "SELECT source FROM model_versions WHERE name = ? AND version = ?", [name, int(version)]
            ).fetchone()
        connection.close()
        return self.artifacts.path(*local_name(source))

    def secrets(self) -> list[str]:
        """Everything that must not be seen anywhere."""
        identity = self.identity
        keys = self.services.issued + self.endpoints.issued
        return [identity.federated, identity.secret, self.artifacts.signature, *identity.tokens, *keys]


@contextmanager
def workspace(folder: Path, empty_database: Path, *, has_aliases: bool = False) -> Iterator[Workspace]:
    """A workspace with its data below ``folder``, while the block runs."""
    shutil.copyfile(empty_database, folder / "mlflow.db")
    found = Workspace(folder)
    with serve(server_context(folder), found.answer, found.faults) as port:
        found.address = f"localhost:{port}"
        api = MlflowApi(folder / "mlflow.db", SCOPE, found.address, has_aliases=has_aliases)
        found.routers.append(api.answer)
        try:
            yield found
        finally:
            found.services.close()
            found.endpoints.close()
