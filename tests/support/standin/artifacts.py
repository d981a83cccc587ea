"""Run artifacts, in two steps as Azure has them: an entry in the run history first, then a blob by a signed address."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote, unquote

from standin.identity import STORAGE
from standin.server import Request, Response

__all__ = ["Artifacts"]

_HISTORY = re.compile(r"/history/v1\.0/subscriptions/.+/experiments/[^/]+/runs/(?P<run>[^/]+)/artifacts(?P<rest>/.*)?")
_CONTAINER = "azureml"


@dataclass
class Artifacts:
    """Entries by run, and blobs as files below ``folder``; an entry without blob is an upload that failed."""

    folder: Path
    entries: dict[str, set[str]] = field(default_factory=dict)
    signature: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    gives_out_together: bool = True  # the addresses of all files of a folder, which is in the client's own source

    def path(self, run_id: str, name: str) -> Path:
        """Where the bytes of an artifact, or of a folder of artifacts, lie."""
        return self.folder / run_id / name

    def history(self, request: Request) -> Response | None:
        """The run history's artifact endpoints."""
        match = _HISTORY.fullmatch(request.path)
        if match is None:
            return None
        run_id, rest = match["run"], match["rest"] or ""
        known = self.entries.setdefault(run_id, set())
        if request.method == "GET" and rest == "":
            return Response.of({"value": [self._entry(run_id, name) for name in sorted(known)]})
        if request.method == "GET" and rest == "/contentinfo":
            name = request.query["path"]
            if name not in known:
                return Response.error(404, "UserError", f"Artifact {name} was not found")
            return Response.of(self._content(request, run_id, name))
        if request.method == "GET" and rest == "/prefix/contentinfo" and self.gives_out_together:
            below = [name for name in sorted(known) if name.startswith(request.query.get("path", ""))]
            return Response.of({"value": [self._content(request, run_id, name) for name in below]})
        if request.method == "POST" and rest == "/batch/metadata":
            return self._create(request, run_id)
        return Response(404)

    def blob(self, request: Request) -> Response | None:
        """Blob storage; the signature in the address is the only credential."""
        prefix = f"/account.blob.{STORAGE}/{_CONTAINER}/"
        if not request.path.startswith(prefix):
            return None
        if request.query.get("sig") != self.signature or "authorization" in request.headers:
            return _blob_error(403, "AuthenticationFailed")
        # "ExperimentRun/dcid.<run>/<name>", as Azure names the blobs of runs.
        run_id, _, name = request.path.removeprefix(prefix + "ExperimentRun/dcid.").partition("/")
        path = self.path(run_id, name)
        if request.method == "PUT":
            return self._put(request, path)
        if not path.is_file():
            return _blob_error(404, "BlobNotFound")
        return _get(request, path.read_bytes())

    def _create(self, request: Request, run_id: str) -> Response:
        contents, errors, created = {}, {}, {}
        for entry in request.json()["paths"]:
            name = entry["path"]
            if name in self.entries[run_id]:
                text = f"Resource Conflict: ArtifactId ExperimentRun/dcid.{run_id}/{name} already exists."
                errors[name] = {"error": {"code": "UserError", "message": text}}
            else:
                self.entries[run_id].add(name)
                created[name] = self._entry(run_id, name)
                contents[name] = self._content(request, run_id, name)
        return Response.of({"artifacts": created, "artifactContentInformation": contents, "errors": errors})

    def _entry(self, run_id: str, name: str) -> dict[str, str]:
        return {"artifactId": f"ExperimentRun/dcid.{run_id}/{name}"} | self._where(run_id, name)

    def _content(self, request: Request, run_id: str, name: str) -> dict[str, str]:
        blob = f"{_CONTAINER}/ExperimentRun/dcid.{run_id}/{quote(name)}"
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        query = f"sv=2019-07-07&sr=b&sig={self.signature}&se={quote(until)}&sp=rcw"
        address = f"https://{request.headers['host']}/account.blob.{STORAGE}/{blob}?{query}"
        return {"contentUri": address} | self._where(run_id, name)

    def _where(self, run_id: str, name: str) -> dict[str, str]:
        return {"origin": "ExperimentRun", "container": f"dcid.{run_id}", "path": name}

    def _put(self, request: Request, path: Path) -> Response:
        if path.exists() and request.headers.get("if-none-match") == "*":
            return _blob_error(409, "BlobAlreadyExists")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(request.body)
        return Response(201, b"", _marks(request.body) | {"x-ms-request-server-encrypted": "true"})


def _get(request: Request, data: bytes) -> Response:
    span = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("x-ms-range") or request.headers.get("range", ""))
    about = _marks(data) | {"x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream"}
    if span is None:
        return Response(200, data, about)
    start, end = int(span[1]), min(int(span[2]), len(data) - 1)
    if start > end:
        return _blob_error(416, "InvalidRange")
    return Response(206, data[start : end + 1], about | {"Content-Range": f"bytes {start}-{end}/{len(data)}"})


def _marks(data: bytes) -> dict[str, str]:
    return {"ETag": f'"{hashlib.sha256(data).hexdigest()[:16]}"', "Last-Modified": formatdate(usegmt=True)}


def _blob_error(status: int, code: str) -> Response:
    body = f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return Response(status, body.encode(), {"x-ms-error-code": code, "Content-Type": "application/xml"})


def local_name(artifact_uri: str) -> tuple[str, str]:
    """Run id and artifact path that a run's artifact URI names."""
    match = re.fullmatch(r".*/runs/([^/]+)/artifacts/?(.*)", artifact_uri)
    assert match is not None, artifact_uri
    return match[1], unquote(match[2])
