"""One job on a fresh agent: its steps in order, scripts for real, logging commands as the agent takes them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from pipeline_rehearsal.definition import Job, Step
from pipeline_rehearsal.expressions import evaluate, parse
from pipeline_rehearsal.logging_commands import LoggingCommand, find_command

__all__ = ["Cancel", "JobRun", "StandIn", "run_job"]

_MACRO = re.compile(r"\$\(([\w.]+)\)")
StandIn = Callable[["JobRun", Step], str]  # of the step with its macros expanded


@dataclass(frozen=True)
class Cancel:
    """A person cancels the run when this step has printed this text."""

    step: str
    text: str


@dataclass
class JobRun:
    """What a job has at hand, and what came of it. ``result`` is Succeeded, Failed or Canceled."""

    job: Job
    sources: Path
    temp: Path
    environment: dict[str, str]
    variables: dict[str, str]
    cancel: Cancel | None = None
    result: str = "Succeeded"
    steps: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    issues: list[tuple[str, str]] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)
    tests: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def expand(self, text: str) -> str:
        """The text with ``$(name)`` replaced where there is such a variable; the agent leaves others as they are."""
        return _MACRO.sub(lambda found: self.variables.get(found[1], found[0]), text)

    def script(self, step: Step, text: str) -> str:
        """Run a script for real; its result."""
        process = subprocess.Popen(
            ["bash", "-c", self.expand(text)],
            cwd=self.sources,
            env=self._environment(step),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        readers = [
            threading.Thread(target=self._read, args=(stream, step, process))
            for stream in (process.stdout, process.stderr)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        code = process.wait()
        if self.result == "Canceled":
            return "Canceled"
        return "Succeeded" if code == 0 else "Failed"

    def _read(self, stream: IO[str], step: Step, process: subprocess.Popen[str]) -> None:
        """Every line of both streams is looked at, one at a time, as the agent does."""
        for line in stream:
            with self.lock:
                self.log.append(line.rstrip("\n"))
                if command := find_command(line.rstrip("\n")):
                    self._obey(command, step)
                if self.cancel and (self.cancel.step, True) == (step.name, self.cancel.text in line):
                    # An agent asks first and kills after 10 s; it asks the task, not the script's own children.
                    self.cancel = None
                    self.result = "Canceled"
                    os.killpg(process.pid, signal.SIGKILL)

    def _obey(self, command: LoggingCommand, step: Step) -> None:
        if command.name == "task.setvariable":
            name = command.properties["variable"]
            if command.properties.get("isoutput") == "true":
                self.outputs[f"{step.name}.{name}"] = self.variables[f"{step.name}.{name}"] = command.data
            else:
                self.variables[name] = command.data
        elif command.name == "task.logissue":
            self.issues.append((command.properties["type"], command.data))
        elif command.name == "task.uploadsummary":
            self.summaries.append(Path(command.data).read_text("utf-8"))
        elif command.name == "task.prependpath":
            self.path.insert(0, command.data)
        else:
            raise NotImplementedError(f"logging command {command.name}")

    def _environment(self, step: Step) -> dict[str, str]:
        """Variables are environment variables too, in capitals and with underscores."""
        variables = {name.upper().replace(".", "_"): value for name, value in self.variables.items()}
        given = {name: self.expand(value) for name, value in step.env.items()}
        path = ":".join([*self.path, self.environment["PATH"]])
        return self.environment | variables | given | {"PATH": path}


def run_job(run: JobRun, stand_ins: Mapping[str, StandIn]) -> None:
    """Run the steps whose conditions hold, in order."""
    for step in run.job.steps:
        if not _wanted(run, step):
            run.steps[step.title] = "Skipped"
            continue
        run.steps[step.title] = result = _run_step(run, step, stand_ins)
        if run.result == "Succeeded" and not (step.may_fail and result == "Failed"):
            run.result = result


def _wanted(run: JobRun, step: Step) -> bool:
    status: dict[str, Callable[[], bool]] = {
        "succeeded": lambda: run.result == "Succeeded",
        "failed": lambda: run.result == "Failed",
        "succeededOrFailed": lambda: run.result != "Canceled",
        "canceled": lambda: run.result == "Canceled",
        "always": lambda: True,
    }
    found = evaluate(parse(step.condition or "succeeded()"), {"variables": run.variables}, status)
    assert isinstance(found, bool)
    return found


def _run_step(run: JobRun, step: Step, stand_ins: Mapping[str, StandIn]) -> str:
    inputs = {name: run.expand(value) for name, value in step.inputs.items()}
    stand_in = stand_ins.get(step.title) or stand_ins.get(step.task)
    if stand_in:
        return stand_in(run, replace(step, inputs=inputs))
    if step.task == "bash":
        return run.script(step, step.inputs["script"])
    if step.task == "AzureCLI@2":
        # Signing in is Azure's; the script is ours.
        assert inputs["azureSubscription"]
        assert (inputs["scriptType"], inputs["scriptLocation"]) == ("bash", "inlineScript")
        return run.script(step, step.inputs["inlineScript"])
    raise NotImplementedError(f"task {step.task}")
