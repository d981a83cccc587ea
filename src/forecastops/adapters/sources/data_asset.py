"""Data that are registered in an Azure ML workspace, by their names: ``azureml:sales`` or ``azureml:sales:2``.

A name leads to the address that Azure Resource Manager knows for it, and a datastore to its storage account; so no
library is needed but that of Azure storage.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from forecastops.core.distribution import install_command
from forecastops.core.errors import ConfigError, DataError

__all__ = ["asset_address", "is_asset"]

_ASSET = re.compile(r"azureml:(?!/)(?P<name>[\w.-]+)(?:[:@](?P<version>[\w.-]+))?")
_WORKSPACE = re.compile(
    r"(?i)/subscriptions/(?P<subscription>[^/?]+)/resourceGroups/(?P<group>[^/?]+)"
    r"(?:/providers/Microsoft\.MachineLearningServices)?/workspaces/(?P<name>[^/?]+)"
)
_DATASTORE = re.compile(r"(?i)azureml:/(?:/subscriptions/.+?)?/datastores/(?P<name>[^/]+)/paths/(?P<path>.*)")
_BLOB = re.compile(
    r"(?:https|wasbs)://(?P<account>[\w-]+)\.blob\.(?P<suffix>[\w.]+)/(?P<container>[^/?]+)/(?P<path>[^?]*)"
)
_WASBS = re.compile(r"wasbs://(?P<container>[^@/]+)@(?P<account>[\w-]+)\.blob\.(?P<suffix>[\w.]+)/(?P<path>[^?]*)")
_ARM, _CLOUD, _VERSION = "https://management.azure.com", "core.windows.net", "2024-04-01"
_SECONDS = 30.0
# Of a job on Azure ML's own compute, which has no tracking URI with the whole path.
_IN_A_JOB = ("AZUREML_ARM_SUBSCRIPTION", "AZUREML_ARM_RESOURCEGROUP", "AZUREML_ARM_WORKSPACE_NAME")


def is_asset(path: str) -> bool:
    """Return whether a text names registered data, rather than an address or a file."""
    return _ASSET.fullmatch(path) is not None


def asset_address(path: str) -> str:
    """Return the address in Azure storage of what is registered under a name; of the newest version by default.

    The workspace is the one of ``MLFLOW_TRACKING_URI``, or of the job that this runs in; credentials are those of the
    environment, as azure-identity finds them.

    Raises:
        ConfigError: where no workspace is named, or a library is missing.
        DataError: when nothing is registered so, or it is no file in storage.
    """
    found = _ASSET.fullmatch(path)
    if found is None:
        raise ConfigError(f"data {path}", "names no registered data", "write e.g. azureml:sales or azureml:sales:2")
    arm = _ResourceManager.of_the_environment(path)
    version = found["version"]
    if version in (None, "latest"):
        version = arm.ask(f"data/{found['name']}").get("latestVersion")
    document = arm.ask(f"data/{found['name']}/versions/{quote(str(version), safe='')}")
    kind = str(document.get("dataType", "uri_file")).lower()
    if kind == "mltable":
        raise DataError(path, "is a table definition (mltable) and no file", "register its file as uri_file")
    return _storage_address(path, str(document.get("dataUri", "")), arm)


class _ResourceManager(NamedTuple):
    """What Azure Resource Manager knows of a workspace."""

    asked_for: str
    workspace: str
    base: str
    token: str

    @classmethod
    def of_the_environment(cls, asked_for: str) -> _ResourceManager:
        """Sign in to the workspace that the environment names, never by asking a person."""
        workspace = _workspace(os.environ)
        if workspace is None:
            remedy = "set MLFLOW_TRACKING_URI to the workspace's, as `az ml workspace show` has it"
            raise ConfigError(f"data {asked_for}", "is registered data, and no workspace is named", remedy)
        try:
            from azure.core.exceptions import AzureError
            from azure.identity import DefaultAzureCredential
        except ImportError as error:
            raise ConfigError(
                f"data {asked_for}", f"a library is missing: {error}", install_command("cloud")
            ) from error
        base, audience = _cloud(os.environ)
        credential = DefaultAzureCredential(exclude_interactive_browser_credential=True)
        try:
            token = credential.get_token(f"{audience.rstrip('/')}/.default").token
        except AzureError as error:
            reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise DataError(
                asked_for, f"no credential gave a token: {reason}", "sign in, e.g. by `az login`"
            ) from error
        return cls(asked_for, workspace, base, token)

    def ask(self, path: str) -> dict[str, Any]:
        """Return the properties of a resource of the workspace."""
        import requests

        url = f"{self.base}{self.workspace}/{path}?api-version={_VERSION}"
        answer = requests.get(url, headers={"Authorization": f"Bearer {self.token}"}, timeout=_SECONDS)
        if answer.status_code == 404:
            raise DataError(self.asked_for, f"the workspace has no {unquote(path)}", "correct the name or version")
        if answer.status_code != 200:
            what = f"the workspace answers status {answer.status_code} to {unquote(path)}"
            raise DataError(self.asked_for, what, "check your role in the workspace (AzureML Data Scientist)")
        found = answer.json().get("properties")
        return found if isinstance(found, dict) else {}


def _workspace(environment: Mapping[str, str]) -> str | None:
    found = _WORKSPACE.search(environment.get("MLFLOW_TRACKING_URI", ""))
    parts = found.groups() if found else tuple(environment.get(name, "") for name in _IN_A_JOB)
    if not all(parts):
        return None
    subscription, group, name = parts
    resource = f"/subscriptions/{subscription}/resourceGroups/{group}"
    return f"{resource}/providers/Microsoft.MachineLearningServices/workspaces/{name}"


def _cloud(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return address and audience of Azure Resource Manager; of another cloud by its metadata, as the plugin does."""
    url = environment.get("ARM_CLOUD_METADATA_URL")
    if not url:
        return _ARM, _ARM
    import requests

    clouds = requests.get(url, timeout=_SECONDS).json()
    name = environment.get("AZUREML_CURRENT_CLOUD", "AzureCloud")
    cloud = next((one for one in clouds if one.get("name") == name), clouds[0])
    return str(cloud["resourceManager"]).rstrip("/"), str(cloud["authentication"]["audiences"][0])


def _storage_address(asked_for: str, uri: str, arm: _ResourceManager) -> str:
    if store := _DATASTORE.fullmatch(uri):
        known = arm.ask(f"datastores/{store['name']}")
        container = known.get("containerName") or known.get("filesystem")
        if known.get("accountName") and container:
            suffix = known.get("endpoint") or _CLOUD
            return f"abfss://{container}@{known['accountName']}.dfs.{suffix}/{store['path']}"
    blob = _WASBS.fullmatch(uri) or _BLOB.fullmatch(uri)
    if blob is not None:
        return f"abfss://{blob['container']}@{blob['account']}.dfs.{blob['suffix']}/{blob['path']}"
    if uri.startswith(("abfss://", "https://")):
        return uri
    raise DataError(asked_for, "lives neither in Azure storage nor on the web", "name its own address")
