"""Azure DevOps: logging commands, which the agent looks for in everything that a step prints.

Escaped by the agent's own rules (``CommandStringConvertor`` of microsoft/azure-pipelines-agent).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from forecastops.core.errors import ConfigError
from forecastops.reporting.build_systems.report import Report, Severity
from forecastops.reporting.build_systems.streams import harmless
from forecastops.reporting.junit import junit_xml

__all__ = ["AzureDevOps"]

# The percent sign first: the agent decodes it last.
_ESCAPES = (("%", "%AZP25"), ("\r", "%0D"), ("\n", "%0A"), (";", "%3B"), ("]", "%5D"))


class AzureDevOps:
    """Writes logging commands to ``stream``.

    That is stderr, which the agent reads as it reads stdout: there the result stays alone.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def issue(self, severity: Severity, message: str) -> None:
        """Show one line among the run's warnings or errors."""
        self._say("task.logissue", {"type": severity}, harmless(message))

    def publish(self, report: Report) -> None:
        """Set output variables; upload the summary; leave the checks where ``PublishTestResults`` finds them."""
        for warning in report.warnings:
            self.issue("warning", warning)
        self._say("task.uploadsummary", {}, str(_write(f"{report.name}.md", report.told(_artifacts()))))
        if report.checks:
            _write(f"{report.name}.xml", junit_xml(report))
        for name, value in report.outputs.items():
            self._say("task.setvariable", {"variable": name, "isOutput": "true"}, value)

    def _say(self, command: str, properties: Mapping[str, str], message: str) -> None:
        listed = ";".join(f"{name}={_escaped(value)}" for name, value in properties.items())
        self._stream.write(f"##vso[{command}{' ' if listed else ''}{listed}]{_escaped(message)}\n")
        self._stream.flush()


def _artifacts() -> str | None:
    """Return the page with the artifacts of this run, by the variables that the agent sets."""
    collection, project, build = (
        os.environ.get(name) for name in ("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT", "BUILD_BUILDID")
    )
    if not (collection and project and build):
        return None
    page = f"{quote(project)}/_build/results?buildId={quote(build)}&view=artifacts&type=publishedArtifacts"
    return f"{quote(collection, safe=':/')}{'' if collection.endswith('/') else '/'}{page}"


def _escaped(text: str) -> str:
    for char, code in _ESCAPES:
        text = text.replace(char, code)
    return text


def _write(name: str, text: str) -> Path:
    """Return a file that outlives the command: the agent uploads it later, and empties its folder itself."""
    folder = Path(os.environ.get("AGENT_TEMPDIRECTORY") or tempfile.gettempdir()) / "forecastops"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(str(folder), f"the report cannot be written: {reason}", _REMEDY) from error
    return path


_REMEDY = "fix it and run the command again, which finds what was done already, or give --ci none"
