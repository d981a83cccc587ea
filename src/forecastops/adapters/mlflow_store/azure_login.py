"""A credential for an Azure ML workspace, asked for before anything else, and never of a person."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from forecastops.core.azure_credentials import leave_out_personal
from forecastops.core.errors import RegistryError
from forecastops.core.surroundings import default_variables, raise_levels

__all__ = ["AZURE", "explained", "sign_in"]

AZURE = "azureml:"
_SECONDS = 30.0  # the Azure CLI alone may take ten
_SKEW_SECONDS = 300.0  # what tokens usually tolerate
_BOUNDS = {
    # Without it the plugin asks management.azure.com for the list of clouds, for up to 30 s.
    "AZUREML_CURRENT_CLOUD": "AzureCloud",
    # Run artifacts: the plugin's own limit is 300 s a try.
    "AZUREML_HTTP_REQUEST_TIMEOUT": "20",
}
_WORKSPACE = "^azureml://[^/]+/.*/subscriptions/[^/]+/resourceGroups/[^/]+/providers/[^/]+/workspaces/[^/]+$"
_REMEDY = (
    "give one of: AZURE_TENANT_ID and AZURE_CLIENT_ID with AZURE_FEDERATED_TOKEN_FILE or AZURE_CLIENT_SECRET, "
    "a managed identity, or `az login`"
)


def sign_in(uri: str) -> None:
    """Get a token for the workspace as the plugin itself would, but without a browser or a device code.

    The plugin appends both to its chain of credentials and would wait for a person; they are taken out of the chain
    that it keeps for this address, so that no later request comes to them either.

    Raises:
        RegistryError: naming the credential that failed, or that there is none, within half a minute.
    """
    if not re.search(_WORKSPACE, uri):
        remedy = "take it from `az ml workspace show --query mlflow_tracking_uri`"
        raise RegistryError(uri, "is not the tracking URI of an Azure ML workspace", remedy)
    _quiet()
    told = "AZUREML_CURRENT_CLOUD" if "ARM_CLOUD_METADATA_URL" in os.environ else None
    default_variables({name: value for name, value in _BOUNDS.items() if name != told})
    from azureml.mlflow._internal.service_context_loader import _AzureMLServiceContextLoader

    context = _AzureMLServiceContextLoader.load_service_context(uri)
    leave_out_personal(context.auth)
    _require_token(context.auth, context.cloud._get_default_scope())


@contextmanager
def explained(uri: str) -> Iterator[None]:
    """Find out why the block fails: no way to the server, or a wrong clock, which no other error would name.

    Raises:
        requests.RequestException: when there is no way to the server; its own causes name proxy and certificate.
    """
    try:
        yield
    except Exception as error:
        skew = _skew(urlsplit(uri).netloc)
        if abs(skew) < _SKEW_SECONDS:
            raise
        which = "behind" if skew > 0 else "ahead of"
        what = f"this machine's clock is {abs(skew) / 60:.0f} minutes {which} that of the server ({error})"
        raise RegistryError("Azure", what, "set the clock, then run the command again") from error


def _require_token(credential: Any, scope: str) -> None:
    """Ask in a thread of its own: a credential that hangs must not keep the process."""
    failures: list[Exception] = []

    def ask() -> None:
        try:
            credential.get_token(scope)
        except Exception as error:  # noqa: BLE001  # each credential raises errors of its own library
            failures.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_SECONDS)
    if asking.is_alive():
        raise RegistryError("Azure", f"no credential gave a token within {_SECONDS:.0f} s", _REMEDY)
    if failures:
        raise RegistryError("Azure", _failure(failures[0]), _REMEDY) from failures[0]


def _failure(error: Exception) -> str:
    """Return the credential that failed, in one line; a chain stops at the first that is configured and fails."""
    lines = [line.strip() for line in str(error).splitlines()]
    tried = [
        line for line in lines if ": " in line and line.partition(":")[0].endswith(("Credential", "Authentication"))
    ]
    if not tried:
        return lines[0] if lines else type(error).__name__
    if "_DatabricksClusterAuthentication" in tried[-1]:  # the end of the chain: none was configured
        return "this machine has no credential for it"
    name, _, what = tried[-1].partition(": ")
    return f"no token from {name}, which says: {what}"


def _skew(host: str) -> float:
    """Return seconds by which the server's clock is ahead of ours; 0 where it does not say."""
    import requests

    answer = requests.head(f"https://{host}", timeout=5, allow_redirects=False)
    try:
        return parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time()
    except (KeyError, ValueError, TypeError):
        return 0.0


def _quiet() -> None:
    """Silence loggers of libraries that log what they raise as well."""
    raise_levels(("azure", "azureml"), logging.CRITICAL)
