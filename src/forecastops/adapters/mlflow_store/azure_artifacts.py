"""Azure ML's client of artifacts, made to ask once for all files of a download instead of for each."""

from __future__ import annotations

from typing import Any

__all__ = ["ask_once"]


_FEW = 2  # files, for which asking together gains nothing


def ask_once(repository: Any) -> None:
    """Let the files of a run be listed once, and their addresses be given out together.

    The client lists all files of the run anew for each folder, takes those of ``model2`` for files of ``model``, and
    asks for the address of each file. Where the service does not give addresses out together, or not all of them, it
    goes on asking for each.

    Args:
        repository: of MLflow, which is left as it is unless it is one of Azure ML's for a run.
    """
    artifacts: Any = getattr(repository, "artifacts", None)
    run_artifacts = getattr(getattr(artifacts, "_client", None), "run_artifacts", None)
    if run_artifacts is None:
        return
    prefix = f"{artifacts.path}/" if artifacts.path else ""
    names = [name for name in artifacts.get_file_paths() if name.startswith(prefix)]
    artifacts.get_file_paths = lambda: names
    if len(names) > _FEW:
        _give_out(artifacts, _addresses(artifacts, run_artifacts, prefix))


def _addresses(artifacts: Any, run_artifacts: Any, prefix: str) -> dict[str, str]:
    """Return the files' addresses by name; none where the service knows no such request."""
    from azure.core.exceptions import HttpResponseError

    context = artifacts._service_context
    try:
        found = run_artifacts.list_sas_by_prefix(
            subscription_id=context.subscription_id,
            resource_group_name=context.resource_group_name,
            workspace_name=context.workspace_name,
            experiment_name=artifacts._experiment_name,
            run_id=artifacts._run_id,
            path=prefix or None,
        )
        return {one.path: one.content_uri for one in found if one.path and one.content_uri}
    except HttpResponseError:
        return {}


def _give_out(artifacts: Any, addresses: dict[str, str]) -> None:
    from azureml.mlflow._client.artifact._utils.blob_artifact_util import download_file

    ask = artifacts.download_artifact

    def download(name: str, path: str) -> None:
        if name in addresses:
            download_file(addresses[name], path, cloud=artifacts._service_context.cloud)
        else:
            ask(name, path)

    artifacts.download_artifact = download
