"""What a registry is, however its address is spelled: labels of what is deployed from it, and names of its locks."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

__all__ = ["Identity", "database_file", "identify"]

_SQLITE = "sqlite:///"
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_AZURE_VERSIONS = ("v1.0", "v2.0")


@dataclass(frozen=True)
class Identity:
    """One registry.

    Attributes:
        name: the same for every spelling of its address.
        formerly: spellings that earlier releases took for it, whose labels are still on what they deployed.
    """

    name: str
    formerly: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """A short name, for locks."""
        return _digest(self.name)

    def owner(self, model_name: str) -> str:
        """Return the label of what is deployed for that model."""
        return _digest(f"{self.name}\0{model_name}")

    def owners(self, model_name: str) -> frozenset[str]:
        """Return every label that such a deployment may carry."""
        return frozenset(_digest(f"{name}\0{model_name}") for name in (self.name, *self.formerly))


def identify(uri: str) -> Identity:
    """Return what the registry at that address is; of several workspaces on a server, that of ``MLFLOW_WORKSPACE``."""
    plain = _server(uri)
    workspace = os.environ.get("MLFLOW_WORKSPACE", "").strip()
    if workspace in ("", "default"):
        return plain
    # What an earlier release deployed may be another workspace's: its label says no more than the server.
    return Identity(f"{plain.name}#workspace={workspace}")


def database_file(uri: str) -> str | None:
    """Return the absolute path of a SQLite database, None for any other URI."""
    if not uri.startswith(_SQLITE):
        return None
    path = uri.removeprefix(_SQLITE).partition("?")[0]
    return os.path.abspath(path) if path and path != ":memory:" else None


def _server(uri: str) -> Identity:
    path = database_file(uri)
    if path is not None:
        return Identity(f"{_SQLITE}{os.path.realpath(path)}", (f"{_SQLITE}{path}",))
    if uri.startswith("azureml:"):
        return _azure(uri)
    if "://" in uri:
        return Identity(_address(urlsplit(uri)), (uri.rstrip("/"),))
    return Identity(os.path.realpath(uri), (uri,))


def _address(parts: SplitResult) -> str:
    """Return the address without user, password and query, in one spelling of scheme, host and port."""
    host, port = (parts.hostname or "").rstrip("."), parts.netloc.rpartition("@")[2].rpartition(":")[2]
    host = "localhost" if host in _LOOPBACK else host
    scheme = parts.scheme.partition("+")[0]
    shown = f":{port}" if port.isascii() and port.isdigit() and int(port) != _PORTS.get(scheme) else ""
    return f"{scheme}://{host}{shown}{parts.path.rstrip('/')}"


def _azure(uri: str) -> Identity:
    """Return a workspace: Azure spells the query, the version of its interface and the case now and then otherwise."""
    plain = uri.partition("?")[0].rstrip("/")
    versions = [re.sub(r"/mlflow/v[0-9.]+/", f"/mlflow/{version}/", plain) for version in _AZURE_VERSIONS]
    spelled = dict.fromkeys((uri.rstrip("/"), plain, *versions, *(f"{one}?" for one in versions)))
    return Identity(re.sub(r"/mlflow/v[0-9.]+/", "/mlflow/", plain.lower()), tuple(spelled))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
