"""Serve the local deployment in the foreground, for a service manager that starts it again after a reboot."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forecastops.adapters.endpoint.local_target import LOCAL
from forecastops.adapters.endpoint.targets import target_of
from forecastops.config import Config
from forecastops.core.errors import ConfigError, EndpointError
from forecastops.core.home import home

__all__ = ["Serving", "serving", "systemd_unit"]


@dataclass(frozen=True)
class Serving:
    """A deployment that this process can go on to serve.

    Attributes:
        name: the deployment's.
        url: where it answers, unless another program has its port by now.
        log: the file in which it says what happens.
    """

    name: str
    url: str
    log: str
    arguments: tuple[str, ...]
    environment: dict[str, str]

    def become(self) -> None:
        """Replace this process by the supervisor; does not return."""
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(self.arguments[0], self.arguments, self.environment)  # noqa: S606 - that is what it is for

    def run(self) -> None:
        """Run the supervisor, and wait for its end; it ends with this call, however that ends.

        Raises:
            EndpointError: when it fails.
        """
        with subprocess.Popen(self.arguments, env=self.environment) as process:
            try:
                code = process.wait()
            finally:
                process.terminate()
        if code != 0:
            raise EndpointError(f"endpoint {self.name!r} on {LOCAL}", f"ended with {code}", f"its log is {self.log}")


def serving(config: Config) -> Serving:
    """Make way for serving what the local deployment served last; neither registry nor tracking server is asked.

    Raises:
        ConfigError: when the configuration deploys elsewhere.
        EndpointError: when nothing was deployed here under this name, or its processes cannot be stopped.
    """
    name = _local_name(config)
    from mlflow.exceptions import MlflowException

    from forecastops_local.lifecycle import take_over

    try:
        program = take_over(name)
    except MlflowException as error:
        remedy = (
            "put a champion there: forecastops promote --run-id R, or forecastops rollback --to-version N --reason T"
        )
        raise EndpointError(f"endpoint {name!r} on {LOCAL}", error.message, remedy) from error
    return Serving(name, program.url, program.log, program.arguments, program.environment)


def systemd_unit(config: Config, options: Sequence[str]) -> str:
    """Return a systemd unit that runs `forecastops serve` with these options, in this folder, as this user.

    Raises:
        ConfigError: when the configuration deploys elsewhere.
    """
    from forecastops_local import unit

    name = _local_name(config)
    program = (sys.executable, "-m", "forecastops", "serve", *options)
    return unit.systemd_unit(name, program, Path.cwd(), getpass.getuser(), {"FORECASTOPS_HOME": str(home().absolute())})


def _local_name(config: Config) -> str:
    target = config.deployment.target
    if target_of(target).name != LOCAL:
        raise ConfigError(
            "configuration",
            f"deployment.target is {target!r}, which serves by itself",
            f"serve is for {LOCAL} alone; ask for the endpoint's state with `forecastops status --check`",
        )
    from forecastops_local.system import lacking

    if needs := lacking():
        raise EndpointError(f"endpoint {config.deployment_name!r}", needs, "or set deployment.target to another")
    return config.deployment_name
