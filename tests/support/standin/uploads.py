"""Where azureml-mlflow puts the entry script of an image before it asks for a service."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from standin.identity import STORAGE
from standin.server import Request, Response

__all__ = ["Uploads"]

_METADATA = re.compile(r"/artifact/v2\.0/subscriptions/.+/artifacts/LocalUpload/(?P<container>[^/]+)/batch/metadata")


@dataclass
class Uploads:
    """The bytes by artifact id, ``LocalUpload/<container>/<name>``; ``signature`` opens blob addresses."""

    signature: str
    blobs: dict[str, bytes] = field(default_factory=dict)

    def metadata(self, request: Request) -> Response | None:
        """Names first, each answered by the address of its blob."""
        match = _METADATA.fullmatch(request.path)
        if match is None:
            return None
        artifacts, contents = {}, {}
        for entry in request.json()["paths"]:
            name = entry["path"]
            where = {"origin": "LocalUpload", "container": match["container"], "path": name}
            artifact = f"LocalUpload/{match['container']}/{name}"
            address = (
                f"https://{request.headers['host']}/account.blob.{STORAGE}/uploads/{artifact}?sig={self.signature}"
            )
            artifacts[name] = {"artifactId": artifact, **where}
            contents[name] = {"contentUri": address, **where}
        return Response.of({"artifacts": artifacts, "artifactContentInformation": contents})

    def blob(self, request: Request) -> Response | None:
        """Blob storage."""
        prefix = f"/account.blob.{STORAGE}/uploads/"
        if request.method != "PUT" or not request.path.startswith(prefix):
            return None
        if request.query.get("sig") != self.signature:
            return Response(403)
        self.blobs[request.path.removeprefix(prefix)] = request.body
        return Response(201, b"", {"ETag": '"1"', "Last-Modified": "Wed, 01 Jul 2026 00:00:00 GMT"})
