"""One command's report, as every build system takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

__all__ = ["BuildSystem", "CheckOutcome", "Report", "Severity"]

Severity = Literal["warning", "error"]


@dataclass(frozen=True)
class CheckOutcome:
    """One check of the gate as a test.

    ``unmet`` is what did not hold and is nobody's fault: a challenger that is not proven better leaves the champion
    where it is. A test that is shown as failed for it would make users switch the gate off.
    """

    name: str
    outcome: Literal["passed", "failed", "unmet"]
    reason: str


@dataclass(frozen=True)
class Report:
    """What later stages need, and what a person reads.

    ``name`` starts the names of files and tells reports of one job apart; ``summary`` is Markdown. ``illustrated`` says
    that there is a page with pictures about it, which `forecastops report` writes and the pipeline publishes.
    """

    name: str
    summary: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    suite: str = ""
    checks: tuple[CheckOutcome, ...] = ()
    illustrated: bool = False

    def told(self, artifacts: str | None) -> str:
        """Return the summary; with the way to the pictures, which no build system shows inside of it.

        Args:
            artifacts: the address of what the run of the pipeline publishes; None where it is not known.
        """
        if not (self.illustrated and artifacts):
            return self.summary
        where = f"[among the artifacts of this run]({artifacts})"
        return f"{self.summary}\nThe report with the pictures is {where}, as `forecastops-report`.\n"


class BuildSystem(Protocol):
    """Where a report goes."""

    def issue(self, severity: Severity, message: str) -> None:
        """Show one line among the run's warnings or errors."""

    def publish(self, report: Report) -> None:
        """Hand over outputs, warnings, summary and checks.

        Raises:
            ConfigError: when this is no step of that build system, or its files cannot be written.
        """
