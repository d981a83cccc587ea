"""GitHub Actions: outputs and summary go to files that the runner names, issues are workflow commands."""

from __future__ import annotations

import os
import uuid
from typing import TextIO
from urllib.parse import quote

from forecastops.core.errors import ConfigError
from forecastops.reporting.build_systems.report import Report, Severity
from forecastops.reporting.build_systems.streams import harmless

__all__ = ["GitHub"]

_ESCAPES = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))


class GitHub:
    """Writes workflow commands to ``stream``; the runner reads stdout and stderr alike."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def issue(self, severity: Severity, message: str) -> None:
        """Annotate the run."""
        message = harmless(message)
        for char, code in _ESCAPES:
            message = message.replace(char, code)
        self._stream.write(f"::{severity}::{message}\n")
        self._stream.flush()

    def publish(self, report: Report) -> None:
        """Append outputs and summary to the step's files; the checks are part of the summary."""
        for warning in report.warnings:
            self.issue("warning", warning)
        _append("GITHUB_STEP_SUMMARY", report.told(_artifacts()))
        for name, value in report.outputs.items():
            mark = uuid.uuid4().hex  # no value can contain it
            _append("GITHUB_OUTPUT", f"{name}<<{mark}\n{value}\n{mark}\n")


def _artifacts() -> str | None:
    """Return the page with the artifacts of this run, by the variables that the runner sets."""
    server, repository, run = (
        os.environ.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    if not (server and repository and run):
        return None
    return f"{quote(server, safe=':/')}/{quote(repository)}/actions/runs/{quote(run)}#artifacts"


def _append(variable: str, text: str) -> None:
    path = os.environ.get(variable)
    place, remedy = f"environment variable {variable}", "give --ci none outside of a step of GitHub Actions"
    if not path:
        raise ConfigError(place, "is not set", remedy)
    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(place, f"{path} cannot be written: {error.strerror or error}", remedy) from error
