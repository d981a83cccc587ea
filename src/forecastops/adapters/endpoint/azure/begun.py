"""What azureml-mlflow's client is made to do otherwise while it has a container instance built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["operations_begun"]

_NEWEST_MINOR = 10  # of Python 3, on which the server of container instances starts


@contextmanager
def operations_begun(client: Any, files: str | None) -> Iterator[list[str]]:
    """Collect the operations that are begun inside, and leave it to us to follow them.

    The client's own poller knows neither Cancelled nor TimedOut, which end an operation too, and would ask for ever.
    It describes the model's environment to Azure: where we have proven the files already, it reads these, and not what
    may lie in the registry by now.

    Args:
        client: azureml-mlflow's.
        files: a folder with the model's files; None to let the client fetch them.
    """
    from azureml.mlflow.deploy._mms import utils

    begun: list[str] = []

    def follow(initial_response: Any, show_output: bool | None = None) -> None:  # noqa: ARG001 - the client names it
        begun.append(initial_response.http_response.headers["Operation-Location"].rpartition("/")[2])

    services = client._mms_client
    describe = services._create_environment_image_request

    def checked(environment: Any, *rest: Any) -> Any:
        _require_python(environment.python.conda_dependencies)
        return describe(environment, *rest)

    fetch = utils._download_artifact_from_uri
    services._get_poller, services._create_environment_image_request = follow, checked
    utils._download_artifact_from_uri = (lambda _: files) if files else fetch
    try:
        yield begun
    finally:
        utils._download_artifact_from_uri = fetch
        del services._get_poller, services._create_environment_image_request


def _require_python(conda: Any) -> None:
    """Refuse what Azure would build for a quarter of an hour, and could not start."""
    for dependency in (conda or {}).get("dependencies", ()):
        named = re.match(r"python\s*={1,2}\s*3\.(\d+)", str(dependency))
        if named and int(named[1]) > _NEWEST_MINOR:
            raise ValueError(
                f"the model's environment names {dependency}, and the server of container instances starts on Python "
                f"3.{_NEWEST_MINOR} at most: train it again as `forecastops config example aci` shows"
            )
