"""The deployments target `forecastops-local`, as MLflow's plugin interface wants it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlflow.deployments import BaseDeploymentClient, PredictionsResponse
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import FEATURE_DISABLED, RESOURCE_DOES_NOT_EXIST

from forecastops_local import settings as arguments
from forecastops_local.system import lacking

__all__ = ["LocalEndpointClient", "run_local", "target_help"]


class LocalEndpointClient(BaseDeploymentClient):
    """Deployments as processes on this machine, kept under ``$FORECASTOPS_HOME`` (default ``~/.forecastops``)."""

    def __init__(self, target_uri: str) -> None:
        super().__init__(target_uri)  # type: ignore[no-untyped-call]
        if needs := lacking():
            raise MlflowException(needs, FEATURE_DISABLED)

    def create_deployment(
        self,
        name: str,
        model_uri: str,
        flavor: str | None = None,
        config: Mapping[str, object] | None = None,
        endpoint: str | None = None,
    ) -> dict[str, Any]:
        """Deploy a model and wait until it answers; what `get_deployment` returns.

        Raises:
            MlflowException: the name is taken (RESOURCE_ALREADY_EXISTS), an argument is wrong
                (INVALID_PARAMETER_VALUE), or the model cannot be served. Nothing is left behind then.
        """
        from forecastops_local import lifecycle

        arguments.refuse_endpoint(endpoint)
        arguments.check_flavor(flavor)
        lifecycle.create(
            arguments.check_name(name), arguments.check_model_uri(model_uri), arguments.settings_from(config)
        )
        return self.get_deployment(name)

    def update_deployment(
        self,
        name: str,
        model_uri: str | None = None,
        flavor: str | None = None,
        config: Mapping[str, object] | None = None,
        endpoint: str | None = None,
    ) -> dict[str, Any]:
        """Replace the model without losing a request and wait until the new one answers; as `get_deployment`.

        Raises:
            MlflowException: there is no such deployment, an argument is wrong, or the model cannot be served: then
                the one before goes on serving.
        """
        from forecastops_local import lifecycle

        arguments.refuse_endpoint(endpoint)
        arguments.check_flavor(flavor)
        uri = None if model_uri is None else arguments.check_model_uri(model_uri)
        lifecycle.update(arguments.check_name(name), uri, arguments.settings_from(config))
        return self.get_deployment(name)

    def delete_deployment(
        self, name: str, config: Mapping[str, object] | None = None, endpoint: str | None = None
    ) -> None:
        """Stop the deployment's processes and remove it; nothing happens where there is none."""
        from forecastops_local import lifecycle

        arguments.refuse_endpoint(endpoint)
        arguments.settings_from(config)
        lifecycle.delete(arguments.check_name(name))

    def list_deployments(self, endpoint: str | None = None) -> list[dict[str, Any]]:
        """Return all deployments, each as `get_deployment` describes it."""
        from forecastops_local import description, lifecycle

        arguments.refuse_endpoint(endpoint)
        described = (description.describe(name) for name in lifecycle.names())
        # One that is deleted meanwhile is no error.
        return [one for one in described if one is not None]

    def get_deployment(self, name: str, endpoint: str | None = None) -> dict[str, Any]:
        """Describe a deployment as it is now.

        Returns:
            ``name``, ``flavor``, ``url``, ``state``, ``model_uri`` (from the running server's own answer, else None),
            ``owner``, ``model_sha256``, ``asks_for_token``, ``pid`` (the server's), ``supervisor_pid``, ``error`` and
            ``log``. ``state`` is Healthy only when ``/ping``
            answers now; else Starting, Unhealthy, or Stopped when no supervisor lives.

        Raises:
            MlflowException: RESOURCE_DOES_NOT_EXIST.
        """
        from forecastops_local import description

        arguments.refuse_endpoint(endpoint)
        described = description.describe(arguments.check_name(name))
        if described is None:
            raise MlflowException(f"there is no deployment {name!r}", RESOURCE_DOES_NOT_EXIST)
        return described

    def predict(
        self, deployment_name: str | None = None, inputs: Any = None, endpoint: str | None = None
    ) -> PredictionsResponse:
        """Score a DataFrame, or a dict that is sent as it is, e.g. ``{"inputs": [], "params": {"horizon": 7}}``.

        Raises:
            MlflowException: there is no such deployment, it does not answer, or it refuses, with its message.
        """
        from forecastops_local import description, http_client

        found = self.get_deployment(arguments.check_name(deployment_name), endpoint)
        if found["url"] is None or found["state"] == "Stopped":
            # Its port may be another program's by now.
            raise MlflowException(f"deployment {deployment_name!r} is {found['state']}: {found['error']}")
        answer = http_client.invoke(found["url"], _payload(inputs), description.token_file_of(found["name"]))
        response: PredictionsResponse = PredictionsResponse.from_json(answer)  # type: ignore[no-untyped-call]
        return response


def _payload(inputs: Any) -> str:
    import pandas as pd
    from mlflow.utils.proto_json_utils import NumpyEncoder

    if isinstance(inputs, pd.DataFrame):
        split = inputs.to_json(orient="split", date_format="iso", double_precision=15)
        return f'{{"dataframe_split": {split}}}'
    if isinstance(inputs, dict):
        try:
            return json.dumps(inputs, cls=NumpyEncoder, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise MlflowException.invalid_parameter_value(f"the inputs are not JSON: {error}") from error
    raise MlflowException.invalid_parameter_value(f"inputs must be a DataFrame or a dict, not {type(inputs).__name__}")


def run_local(name: str, model_uri: str, flavor: str | None = None, config: Mapping[str, object] | None = None) -> None:
    """Deploy a model: this target is local already, so that is what `create_deployment` does."""
    LocalEndpointClient("forecastops-local").create_deployment(name, model_uri, flavor, config)


def target_help() -> str:
    """Return the help that `mlflow deployments help -t forecastops-local` prints."""
    return """\
forecastops-local serves a forecastops model with MLflow's scoring server as a process on this machine (Linux or macOS).

  mlflow deployments create -t forecastops-local --name NAME -m models:/MODEL/VERSION [-C key=value ...]

The target URI is `forecastops-local`. Settings (-C key=value):
  port              TCP port; 0, the default, takes a free one. An update keeps it.
  host              IP address to listen on; default 127.0.0.1. Any but loopback needs a token_file.
  token_file        a file with a token, which callers must then send as "Authorization: Bearer TOKEN", to every path;
                    read when the server starts. An update keeps it; token_file= takes it away. Default none: whoever
                    has a process on this machine is answered.
  timeout_seconds   how long downloading, and then loading, may take; default 120.
  max_body_bytes    the largest request body; default 1048576.
  max_memory_bytes  what the server may allocate beyond what it has once the model is loaded, on Linux; default
                    536870912.
  owner             a label of whoever deploys it, which get shows and updates keep; default none.
  model_sha256      the digest that the model's files must have; default the tag forecastops.model.sha256 of the
                    version. A model without either is not loaded.
  run_id            the run that the model must be of, if it is signed; default the version's.
  public_key        PEM files, separated by commas, of keys of which one must have signed the model; updates keep them.
                    Default none: no signature is asked for.
  tracking_uri      the MLflow server that has the model's run; default the one that MLflow itself is pointed at. It is
                    not kept.
  registry_uri      the MLflow server that has the model's version; likewise.
  restore           true to serve a copy that is here already, if there is one; default false.

create waits until the model answers and refuses an existing name. update replaces the model without losing a request;
if the new one cannot be served, the old one stays. update also starts a deployment that is stopped, e.g. after a
reboot. delete may be repeated. The answer header X-Forecastops-Model names the model that gave it.
Deployments live in $FORECASTOPS_HOME/endpoints (default ~/.forecastops/endpoints).
"""
