"""What must hold of the YAML and is not seen when it is broken: Azure takes a wrong path for an empty string."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

import yaml

from pipeline_rehearsal.definition import DefinitionError, Job, Pipeline, Stage, load_pipeline
from pipeline_rehearsal.expressions import STATUS_FUNCTIONS, Call, ExpressionError, Reference, parse, parts

__all__ = ["files_of", "problems"]

_KNOWN_FUNCTIONS = STATUS_FUNCTIONS | {"and", "endsWith", "eq", "in", "ne", "not", "or"}
_PREDEFINED = {"Agent.OS", "Agent.TempDirectory", "Build.Reason", "Build.SourcesDirectory", "System.JobAttempt"}
_MACRO = re.compile(r"\$\(([\w.]+)\)")
_SETS = re.compile(r"##vso\[task\.setvariable variable=(\w+)\]")
# Between them they have every template in them.
_RUNS = [
    {"task": task, "config": f"configs/{name}.yaml"}
    for task in ("retrain", "monitor", "renew")
    for name in ("x", "aci")
]
Recorded = Mapping[tuple[str, str, str], Set[str]]


def files_of(root: Path) -> list[Path]:
    """The pipeline and its templates."""
    return [root / "azure-pipelines.yml", *sorted((root / "pipelines").glob("*.yml"))]


def problems(root: Path, recorded: Recorded) -> list[str]:
    """Each broken rule in a line; ``recorded`` is what the steps have set when they ran."""
    found = []
    for parameters in _RUNS:
        try:
            pipeline = load_pipeline(root / "azure-pipelines.yml", parameters)
            found += [problem for stage in pipeline.stages for problem in _of_stage(stage, pipeline, recorded)]
        except (DefinitionError, ExpressionError, OSError) as error:
            return [str(error)]
    found += [problem for path in files_of(root) for problem in _of_file(path)]
    return found + list(_schedules(root / "azure-pipelines.yml"))


def _of_stage(stage: Stage, pipeline: Pipeline, recorded: Recorded) -> Iterator[str]:
    place = f"stage {stage.name}"
    before = [other.name for other in pipeline.stages[: pipeline.stages.index(stage)]]
    yield from (
        f"{place}: depends on {name}, which is no stage before it" for name in stage.depends_on if name not in before
    )
    yield from _functions(stage.condition, place)
    for reference in _references(stage.condition):
        if reference.path[0] == "dependencies":
            yield from _stage_output(reference, stage, pipeline, recorded, place)
        else:
            yield from _known_variable(reference, place)
    for job in stage.jobs:
        yield from _of_job(job, stage, pipeline, recorded)


def _of_job(job: Job, stage: Stage, pipeline: Pipeline, recorded: Recorded) -> Iterator[str]:
    place = f"job {job.name} of {stage.name}"
    for value in job.variables.values():
        if not value.startswith("$["):
            continue
        for part in parts(parse(value[2:-1])):
            if isinstance(part, Reference):
                yield from _job_output(part, stage, pipeline, recorded, place)
    known = _PREDEFINED | set(job.variables)
    for step in job.steps:
        at = f"step {step.title!r} of {place}"
        yield from _functions(step.condition, at)
        for reference in _references(step.condition):
            yield from _known_variable(reference, at)
        texts = [*step.inputs.values(), *step.env.values()]
        yield from (
            f"{at}: there is no variable {name}" for name in _MACRO.findall(" ".join(texts)) if name not in known
        )
        known |= {name for text in texts for name in _SETS.findall(text)}
        if step.task == "DownloadSecureFile@1":
            known.add(f"{step.name}.secureFilePath")


def _functions(condition: str | None, place: str) -> Iterator[str]:
    if condition is None:
        return
    names = {node.name for node in parts(parse(condition)) if isinstance(node, Call)}
    yield from (f"{place}: function {name} is not known" for name in sorted(names - _KNOWN_FUNCTIONS))
    if not names & STATUS_FUNCTIONS:
        yield f"{place}: without a status function it runs even after a failure or a cancel: {condition}"


def _references(condition: str | None) -> list[Reference]:
    nodes = parts(parse(condition)) if condition is not None else ()
    return [node for node in nodes if isinstance(node, Reference)]


def _known_variable(reference: Reference, place: str) -> Iterator[str]:
    match reference.path:
        case ("variables", name) if name in _PREDEFINED:
            pass
        case _:
            yield f"{place}: its condition knows no {'.'.join(reference.path)}"


def _stage_output(
    reference: Reference, stage: Stage, pipeline: Pipeline, recorded: Recorded, place: str
) -> Iterator[str]:
    """``dependencies.STAGE.outputs['job.step.name']``, or its result."""
    match reference.path:
        case (_, name, "result"):
            if name not in stage.depends_on:
                yield f"{place}: asks for the result of {name}, on which {stage.name} does not depend"
        case (_, name, "outputs", path) if path.count(".") == 2:
            yield from _output(name, tuple(path.split(".")), stage, pipeline, recorded, place)
        case _:
            yield f"{place}: {reference.path} is no dependencies.STAGE.outputs['job.step.name']"


def _job_output(
    reference: Reference, stage: Stage, pipeline: Pipeline, recorded: Recorded, place: str
) -> Iterator[str]:
    """``stageDependencies.STAGE.JOB.outputs['step.name']``."""
    match reference.path:
        case ("stageDependencies", name, job, "outputs", path) if path.count(".") == 1:
            yield from _output(name, (job, *path.split(".")), stage, pipeline, recorded, place)
        case _:
            yield f"{place}: {reference.path} is no stageDependencies.STAGE.JOB.outputs['step.name']"


def _output(
    name: str, path: tuple[str, ...], stage: Stage, pipeline: Pipeline, recorded: Recorded, place: str
) -> Iterator[str]:
    job_name, step, variable = path
    if name not in {other.name for other in pipeline.stages}:
        yield f"{place}: there is no stage {name}"
        return
    if name not in stage.depends_on:
        yield f"{place}: uses an output of {name}, on which {stage.name} does not depend"
    job = next((job for job in pipeline.stage(name).jobs if job.name == job_name), None)
    if job is None:
        yield f"{place}: stage {name} has no job {job_name}"
    elif job.deployment:
        yield f"{place}: outputs of the deployment job {job_name} have other paths and reach no stage's condition"
    elif step not in {other.name for other in job.steps}:
        yield f"{place}: job {job_name} of {name} has no step {step}"
    elif variable not in recorded.get((name, job_name, step), ()):
        yield f"{place}: step {step} of {name} never sets {variable}"


def _schedules(path: Path) -> Iterator[str]:
    """A schedule that is asked for by its name must be there: another name is nothing to Azure, and never equal."""
    text = path.read_text("utf-8")
    names = [schedule["displayName"] for schedule in yaml.load(text, yaml.BaseLoader)["schedules"]]
    for asked in re.findall(r"variables\['Build\.CronSchedule\.DisplayName'\], '([^']*)'", text):
        if names.count(asked) != 1:
            yield f"{path.name}: asks for a schedule {asked!r}, and there are {names}"


def _of_file(path: Path) -> Iterator[str]:
    text = path.read_text("utf-8")
    document = yaml.load(text, yaml.BaseLoader)
    for script in _scripts(document):
        if "${{" in script or "$(" in script:
            yield f"{path.name}: text inserted into a script can be a command; hand it over by env: {script}"
        if re.search(r"\bset -\w*x", script):
            yield f"{path.name}: set -x shows logging commands to the agent twice"
    declared = [entry["name"] for entry in document.get("parameters", ())]
    yield from (
        f"{path.name}: parameter {name} is not used"
        for name in declared
        if not re.search(rf"parameters\.{name}\b", text)
    )


def _scripts(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from [value] if key in ("bash", "inlineScript") else _scripts(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _scripts(value)
