"""A whole run: stages by their dependencies and conditions, each job on an agent of its own with a fresh checkout."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from pipeline_rehearsal.agent import Cancel, JobRun, StandIn, run_job
from pipeline_rehearsal.definition import Job, Pipeline, Stage, Step
from pipeline_rehearsal.expressions import evaluate, parse

__all__ = ["STAND_INS", "Agents", "Rehearsal"]

_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "demo", "mlruns", "mlartifacts", "*.db", "*.egg-info", "build")
_GREEN = "Succeeded"


@dataclass
class Rehearsal:
    """What came of a run: the result of each stage, and its jobs as they were when they ended."""

    stages: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, dict[str, JobRun]] = field(default_factory=dict)

    @property
    def canceled(self) -> bool:
        """Whether somebody cancelled the run."""
        return "Canceled" in self.stages.values()

    def job(self, stage: str) -> JobRun:
        """The only job of a stage that ran."""
        (job,) = self.jobs[stage].values()
        return job

    def recorded(self) -> dict[tuple[str, str, str], set[str]]:
        """The output variables that each step has set."""
        found: dict[tuple[str, str, str], set[str]] = {}
        for stage, jobs in self.jobs.items():
            for job, run in jobs.items():
                for output in run.outputs:
                    step, _, name = output.partition(".")
                    found.setdefault((stage, job, step), set()).add(name)
        return found


@dataclass(frozen=True)
class Agents:
    """Where jobs run: folders below ``folder``, code from ``repository``, and ``program`` as their forecastops.

    ``environment`` is the agents' own; ``variables`` are those of the pipeline that are set in the portal.
    """

    repository: Path
    folder: Path
    environment: Mapping[str, str]
    variables: Mapping[str, str]
    program: Path | None = None
    secure_files: Mapping[str, Path] = field(default_factory=dict)

    def run(
        self, pipeline: Pipeline, *, reason: str = "Manual", cancel: Cancel | None = None,
        before: Mapping[str, Callable[[], object]] | None = None, stand_ins: Mapping[str, StandIn] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Rehearsal:  # fmt: skip
        """Run it for ``reason``; ``before`` is what happens in the world before a stage begins."""
        rehearsal = Rehearsal()
        for stage in pipeline.stages:
            if not _wanted(stage, pipeline, rehearsal, reason):
                rehearsal.stages[stage.name] = "Skipped"
                continue
            (before or {}).get(stage.name, lambda: None)()
            results = []
            for job in stage.jobs:
                assert job.condition is None, "conditions of jobs are not known here"
                given = self.variables if variables is None else variables
                run = self._job_run(stage, job, rehearsal, {**given, "Build.Reason": reason}, cancel)
                run_job(run, STAND_INS | self._environment_stand_ins() | dict(stand_ins or {}))
                _require_nothing_installed(run)
                rehearsal.jobs.setdefault(stage.name, {})[job.name] = run
                results.append(run.result)
            rehearsal.stages[stage.name] = next((result for result in results if result != _GREEN), _GREEN)
        return rehearsal

    def _job_run(
        self, stage: Stage, job: Job, rehearsal: Rehearsal, given: Mapping[str, str], cancel: Cancel | None
    ) -> JobRun:
        self.folder.mkdir(exist_ok=True)
        base = self.folder / str(len(list(self.folder.iterdir())) + 1)
        sources, temp = base / "s", base / "temp"
        temp.mkdir(parents=True)
        predefined = {
            "Agent.OS": "Linux",
            "Agent.TempDirectory": str(temp),
            "Build.RequestedFor": "Ada Lovelace",
            "Build.BuildId": "4711",
            "System.CollectionUri": "https://dev.azure.com/example/",
            "System.TeamProject": "our forecasts",
            "System.JobAttempt": "1",
            "Build.SourcesDirectory": str(sources),
            "TF_BUILD": "True",
        }
        contexts = {"stageDependencies": _stage_dependencies(stage, rehearsal)}
        variables = {name: _variable(value, contexts) for name, value in job.variables.items()}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        return JobRun(job, sources, temp, kept | dict(self.environment), predefined | dict(given) | variables, cancel)

    def _environment_stand_ins(self) -> dict[str, StandIn]:
        return {
            "checkout": self._check_out,
            "Cache@2": self._restore_environment,
            "DownloadSecureFile@1": self._download,
        }

    def _check_out(self, run: JobRun, step: Step) -> str:
        assert step.inputs == {"script": "self"}
        shutil.copytree(self.repository, run.sources, ignore=_LEFT_OUT)
        return _GREEN

    def _restore_environment(self, run: JobRun, step: Step) -> str:
        """A hit: the environment of these tests, as old as a cache is, to which nothing must be installed."""
        assert run.variables["interpreter"] in step.inputs["key"]
        environment = Path(step.inputs["path"])
        programs = environment / "bin"
        programs.mkdir(parents=True)
        for part in ("lib", "include", "pyvenv.cfg"):
            (environment / part).symlink_to(Path(sys.prefix) / part)
        for path in (Path(sys.prefix) / "bin").iterdir():
            (programs / path.name).symlink_to(path)
        if self.program:
            (programs / "forecastops").unlink()
            (programs / "forecastops").symlink_to(self.program)
        # In make's order; one that is missing would be installed anew, into the environment of these tests.
        for mark in (".installed-build", ".installed"):
            (environment / mark).touch()
            os.utime(environment / mark, (0, 0))
        run.variables[step.inputs["cacheHitVar"]] = "true"
        return _GREEN

    def _download(self, run: JobRun, step: Step) -> str:
        run.variables[f"{step.name}.secureFilePath"] = str(self.secure_files[step.inputs["secureFile"]])
        return _GREEN


def _require_nothing_installed(run: JobRun) -> None:
    """What the cache has is the environment of these tests: an installation would change it under all of them."""
    if run.variables.get("cached") != "true" or run.result != _GREEN:
        return
    installing = run.steps.keys() & {"Environment", "Package"}
    assert installing, f"no step that would install is known among {list(run.steps)}"
    if "Environment" in installing:
        assert any(line.endswith("'.venv/.installed' is up to date.") for line in run.log), run.log


_FOREIGN = ("MLFLOW", "FORECASTOPS", "TF_BUILD", "GITHUB_", "AGENT_", "BUILD_")


def _use_python(run: JobRun, step: Step) -> str:
    assert step.inputs["versionSpec"]
    run.path.insert(0, str(Path(sys.prefix) / "bin"))
    return _GREEN


def _publish_tests(run: JobRun, step: Step) -> str:
    """Read the files as Azure would; what fails among the tests does not fail the step unless asked for."""
    inputs = step.inputs
    assert (inputs["testResultsFormat"], inputs["failTaskOnFailedTests"]) == ("JUnit", "false")
    files = list(Path(inputs["searchFolder"]).glob(inputs["testResultsFiles"]))
    for file in files:
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
            run.tests[case.attrib["name"]] = kinds.pop() if kinds else "passed"
    return _GREEN if files or inputs["failTaskOnMissingResultsFile"] != "true" else "Failed"


def _publish_artifact(run: JobRun, step: Step) -> str:
    """Keep a file, named as seen from the sources; the name of an artifact is given once in a run."""
    path, name = run.sources / step.inputs["targetPath"], step.inputs["artifact"]
    assert name not in run.artifacts
    if not path.is_file():
        return "Failed"
    run.artifacts[name] = path.read_text("utf-8")
    return _GREEN


# What only Azure can do, and what is done here instead. Of AzureCLI@2, signing in alone is left out.
STAND_INS: dict[str, StandIn] = {
    "UsePythonVersion@0": _use_python,
    "PublishTestResults@2": _publish_tests,
    "PublishPipelineArtifact@1": _publish_artifact,
}


def _wanted(stage: Stage, pipeline: Pipeline, rehearsal: Rehearsal, reason: str) -> bool:
    results = [rehearsal.stages[name] for name in _ancestors(stage, pipeline)]
    status: dict[str, Callable[[], bool]] = {
        # A skipped dependency did not succeed.
        "succeeded": lambda: not rehearsal.canceled and all(result == _GREEN for result in results),
        "failed": lambda: "Failed" in results,
        "succeededOrFailed": lambda: not rehearsal.canceled,
        "canceled": lambda: rehearsal.canceled,
        "always": lambda: True,
    }
    contexts = {"variables": {"Build.Reason": reason}, "dependencies": _dependencies(stage, rehearsal)}
    found = evaluate(parse(stage.condition or "succeeded()"), contexts, status)
    assert isinstance(found, bool)
    return found


def _ancestors(stage: Stage, pipeline: Pipeline) -> set[str]:
    found = set(stage.depends_on)
    for name in stage.depends_on:
        found |= _ancestors(pipeline.stage(name), pipeline)
    return found


def _dependencies(stage: Stage, rehearsal: Rehearsal) -> dict[str, Any]:
    """For the condition of a stage: outputs by job, step and name; those of deployment jobs do not get there."""
    return {
        name: {
            "result": rehearsal.stages[name],
            "outputs": {
                f"{job}.{output}": value
                for job, run in rehearsal.jobs.get(name, {}).items()
                if not run.job.deployment
                for output, value in run.outputs.items()
            },
        }
        for name in stage.depends_on
    }


def _stage_dependencies(stage: Stage, rehearsal: Rehearsal) -> dict[str, Any]:
    """For the variables of a job: outputs by step and name, below stage and job."""
    return {
        name: {job: {"outputs": run.outputs} for job, run in rehearsal.jobs.get(name, {}).items()}
        for name in stage.depends_on
    }


def _variable(value: str, contexts: Mapping[str, Any]) -> str:
    if value.startswith("$[") and value.endswith("]"):
        return str(evaluate(parse(value[2:-1]), contexts, {}))
    return value
