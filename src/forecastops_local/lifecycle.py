"""The client's side of a deployment's life. Commands on one name exclude each other, and no wait is without a bound."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    RESOURCE_ALREADY_EXISTS,
    RESOURCE_CONFLICT,
    RESOURCE_DOES_NOT_EXIST,
)

from forecastops.core.redaction import redact_uri
from forecastops_local import launcher
from forecastops_local.binding import Servers, binding_of
from forecastops_local.download import download_model, keep_copy, kept_copy
from forecastops_local.environment import allowed_environment
from forecastops_local.http_client import url_of
from forecastops_local.locks import holder, owned
from forecastops_local.settings import DEFAULTS, check_reach
from forecastops_local.state import (
    Layout,
    Observed,
    Wanted,
    endpoints_root,
    read_record,
    write_record,
)

__all__ = ["create", "delete", "exists", "layout_of", "names", "take_over", "update"]

# What a supervisor needs on top of loading a model: falling back, handing over, and writing the outcome down.
_MARGIN_SECONDS = 30.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Program:
    """A supervisor that can be run in the foreground, and where its deployment is to be found."""

    arguments: tuple[str, ...]
    environment: dict[str, str]
    url: str
    log: str


def layout_of(name: str) -> Layout:
    """Return where the deployment of this name is, or would be."""
    return Layout(endpoints_root() / name)


def exists(layout: Layout) -> bool:
    """Tell whether there is a deployment: one that has served, or one that is about to."""
    return layout.accepted.exists() or holder(layout.supervisor) is not None


def names() -> list[str]:
    """Return the names of all deployments."""
    root = endpoints_root()
    found = [path.name for path in root.iterdir() if not path.name.startswith(".")] if root.is_dir() else []
    return sorted(name for name in found if exists(layout_of(name)))


def create(name: str, model_uri: str, settings: dict[str, Any]) -> None:
    """Make a deployment and wait until it serves; a failure leaves nothing of it.

    Raises:
        MlflowException: the name is taken, or the model cannot be served; the message says why.
    """
    chosen = {key: value for key, value in (DEFAULTS | settings).items() if key != "restore"}
    check_reach(chosen["host"], chosen["token_file"])
    servers = Servers.taken_from(chosen)
    bound = binding_of(model_uri, chosen["model_sha256"], chosen["run_id"], chosen["timeout_seconds"], servers)
    with _exclusively(name, chosen["timeout_seconds"]) as layout:
        if exists(layout):
            raise MlflowException(f"deployment {name!r} already exists; update or delete it", RESOURCE_ALREADY_EXISTS)
        # What a create that was killed early has left.
        launcher.remove(layout)
        try:
            layout.directory.mkdir(mode=0o700)
            wanted = Wanted(
                request=uuid.uuid4().hex,
                generation=0,
                model_uri=redact_uri(model_uri),
                port_is_fixed=chosen["port"] != 0,
                **(chosen | {"model_sha256": bound.sha256, "run_id": bound.run_id}),
            )
            _carry_out(name, layout, replace(wanted, generation=download_model(layout, model_uri, wanted, servers)))
        except BaseException:
            launcher.remove(layout)
            raise


def update(name: str, model_uri: str | None, settings: dict[str, Any]) -> None:
    """Serve another model, or the same with other settings; on failure what served goes on serving.

    A deployment that is stopped is started, on the port it had if that is free.

    Raises:
        MlflowException: there is no such deployment, or the model cannot be served; the message says why.
    """
    with _exclusively(name, settings.get("timeout_seconds", DEFAULTS["timeout_seconds"])) as layout:
        before = read_record(Wanted, layout.accepted) or read_record(Wanted, layout.request)
        if before is None or not exists(layout):
            raise MlflowException(f"there is no deployment {name!r}", RESOURCE_DOES_NOT_EXIST)
        observed = read_record(Observed, layout.observed)
        before = replace(before, port=observed.port if observed else before.port)
        _require_same_address(before, settings)
        restoring, servers = settings.pop("restore", False), Servers.taken_from(settings)
        wanted = _with_digest(replace(before, request=uuid.uuid4().hex, **settings), model_uri, settings, servers)
        check_reach(wanted.host, wanted.token_file)
        if model_uri is not None:
            wanted = replace(wanted, generation=_generation(layout, model_uri, wanted, servers, restoring=restoring))
            keep_copy(layout, before)
        _carry_out(name, layout, wanted)


def _with_digest(wanted: Wanted, model_uri: str | None, settings: Mapping[str, Any], servers: Servers) -> Wanted:
    """Add what the request's model must consist of: of another model as the caller says or the registry does."""
    if model_uri is None and wanted.model_sha256:
        return wanted
    uri, sha256, run_id = model_uri or wanted.model_uri, settings.get("model_sha256", ""), settings.get("run_id", "")
    bound = binding_of(uri, sha256, run_id, wanted.timeout_seconds, servers)
    return replace(wanted, model_uri=redact_uri(uri), model_sha256=bound.sha256, run_id=bound.run_id)


def _generation(layout: Layout, model_uri: str, wanted: Wanted, servers: Servers, *, restoring: bool) -> int:
    """Return the number of the model's folder: downloaded, or made of a copy here to put back what served before."""
    kept = kept_copy(layout, wanted) if restoring else None
    return download_model(layout, model_uri, wanted, servers) if kept is None else kept


def take_over(name: str) -> Program:
    """Make way for a supervisor that serves what the deployment served last, without asking any registry.

    One that runs is stopped first. The deployment's address stays, if its port is free.

    Raises:
        MlflowException: there is no such deployment.
    """
    with _exclusively(name, DEFAULTS["timeout_seconds"]) as layout:
        accepted = read_record(Wanted, layout.accepted)
        if accepted is None:
            raise MlflowException(f"there is no deployment {name!r}", RESOURCE_DOES_NOT_EXIST)
        observed = read_record(Observed, layout.observed)
        launcher.end_supervisor(layout)
        wanted = replace(accepted, request=uuid.uuid4().hex, port=observed.port if observed else accepted.port)
        # Not the newest request, which may be one that failed.
        write_record(layout.request, wanted)
    program = (*launcher.supervisor_program(layout), "--foreground")
    return Program(program, allowed_environment(os.environ), url_of(wanted.host, wanted.port), str(layout.log))


def delete(name: str) -> None:
    """Stop the deployment's processes and remove its directory; nothing happens where there is none."""
    if not layout_of(name).directory.exists():
        return
    with _exclusively(name, DEFAULTS["timeout_seconds"]) as layout:
        launcher.remove(layout)


@contextlib.contextmanager
def _exclusively(name: str, timeout: float) -> Iterator[Layout]:
    layout = layout_of(name)
    layout.directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with owned(layout.owner, timeout) as ours:
        if not ours:
            other = holder(layout.owner) or "unknown"
            message = f"another command (pid {other}) has been changing deployment {name!r} for {timeout:g} s"
            raise MlflowException(message, RESOURCE_CONFLICT)
        try:
            yield layout
        except OSError as error:
            raise MlflowException(f"deployment {name!r}: {error}") from error


def _require_same_address(before: Wanted, settings: dict[str, Any]) -> None:
    """Refuse to move a deployment: its socket cannot be in two places, so requests would be lost."""
    port = settings.pop("port", 0)
    if port not in (0, before.port):
        raise MlflowException.invalid_parameter_value(
            f"port={port} cannot replace {before.port} by an update; delete the deployment and create it"
        )
    host = settings.pop("host", before.host)
    if host != before.host:
        raise MlflowException.invalid_parameter_value(
            f"host={host} cannot replace {before.host} by an update; delete the deployment and create it"
        )


def _carry_out(name: str, layout: Layout, wanted: Wanted) -> None:
    """Hand the request to the supervisor, starting one where none lives, and wait for its answer."""
    write_record(layout.request, wanted)
    if not launcher.wake(layout):
        launcher.end_orphans(layout)
        launcher.launch(name, layout)
    deadline = time.monotonic() + wanted.timeout_seconds + _MARGIN_SECONDS
    while time.monotonic() < deadline:
        alive = holder(layout.supervisor) is not None
        observed = read_record(Observed, layout.observed)
        if observed is not None and observed.answered == wanted.request:
            if observed.failure is None:
                return
            raise MlflowException(f"deployment {name!r}: {wanted.model_uri} cannot be served: {observed.failure}")
        if not alive:
            raise MlflowException(f"deployment {name!r}: the supervisor ended; see {layout.log}")
        time.sleep(_POLL_SECONDS)
    raise MlflowException(f"deployment {name!r}: no answer from the supervisor in time; see {layout.log}")
