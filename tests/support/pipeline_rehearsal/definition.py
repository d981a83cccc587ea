"""The pipeline as Azure expands it: templates and parameters resolved into stages, jobs and steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline_rehearsal.expressions import evaluate, parse

__all__ = ["DefinitionError", "Job", "Pipeline", "Stage", "Step", "load_pipeline"]

_COMPILED = re.compile(r"\$\{\{(.*?)\}\}")
_IF = re.compile(r"\$\{\{ if (.*) \}\}")
_ELSE = "${{ else }}"
_CRON = "Build.CronSchedule.DisplayName"
_Known = Mapping[str, Mapping[str, str | bool]]  # what expressions may ask, by context


class DefinitionError(Exception):
    """YAML that Azure would refuse, or that this rehearsal does not know."""


@dataclass(frozen=True)
class Step:
    """``task`` is ``bash`` (whose script is ``inputs["script"]``), ``checkout``, or a task with its version."""

    task: str
    name: str
    title: str
    condition: str | None
    inputs: Mapping[str, str]
    env: Mapping[str, str]
    may_fail: bool = False


@dataclass(frozen=True)
class Job:
    name: str
    deployment: bool
    condition: str | None
    variables: Mapping[str, str]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Stage:
    name: str
    depends_on: tuple[str, ...]
    condition: str | None
    jobs: tuple[Job, ...]


@dataclass(frozen=True)
class Pipeline:
    parameters: Mapping[str, str | bool]
    stages: tuple[Stage, ...]
    settings: Mapping[str, Any]

    def stage(self, name: str) -> Stage:
        """The stage of that name."""
        return next(stage for stage in self.stages if stage.name == name)


def load_pipeline(path: Path, values: Mapping[str, str | bool], schedule: str = "") -> Pipeline:
    """The pipeline as it is expanded for a run with these parameters, the rest at their defaults.

    ``schedule`` is the name of the one that has begun it, one of the few variables that Azure knows at this time.
    """
    document = _read(path)
    names = [each["displayName"] for each in document.get("schedules", ())]
    if schedule and names.count(schedule) != 1:
        raise DefinitionError(f"{path} has no schedule {schedule!r}, but {names}")
    parameters = _parameters(document, values, path)
    known: _Known = {"parameters": parameters, "variables": {_CRON: schedule}}
    stages: list[Stage] = []
    for entry in _expanded(document["stages"], path, known):
        stages.append(_stage(entry, stages[-1].name if stages else None))
    settings = {key: value for key, value in document.items() if key not in ("stages", "parameters")}
    return Pipeline(parameters, tuple(stages), settings)


def _read(path: Path) -> dict[str, Any]:
    # BaseLoader: Azure takes `on`, `1.10` and the like as text, too.
    document = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)
    if not isinstance(document, dict):
        raise DefinitionError(f"{path} is no mapping")
    return document


def _parameters(document: dict[str, Any], given: Mapping[str, str | bool], path: Path) -> dict[str, str | bool]:
    declared = {entry["name"]: entry for entry in document.get("parameters", ())}
    if unknown := set(given) - set(declared):
        raise DefinitionError(f"{path} declares no parameter {', '.join(sorted(unknown))}")
    return {name: _typed(given.get(name, entry.get("default")), entry, path) for name, entry in declared.items()}


def _typed(value: str | bool | None, entry: Mapping[str, Any], path: Path) -> str | bool:
    kind, name = entry["type"], entry["name"]
    if value is None:
        raise DefinitionError(f"{path}: parameter {name} has no value")
    if kind == "boolean" and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    if kind == "string" and str(value) in entry.get("values", [str(value)]):
        return str(value)
    raise DefinitionError(f"{path}: parameter {name} = {value!r} is no {kind}")


def _expanded(entries: list[Any], path: Path, known: _Known) -> Iterator[Any]:
    """The entries of a list of stages or steps, with those of templates in their place, and those of ``if``."""
    met: bool | None = None  # whether the condition just before held; None where there was none
    for entry in entries:
        directive = next(iter(entry))
        if condition := _IF.fullmatch(directive):
            met = evaluate(parse(condition[1]), known, {}) is True
        elif directive == _ELSE and met is not None:
            met = not met
        else:
            met = None
        if met is not None:
            yield from _expanded(entry[directive], path, known) if met else ()
            met = None if directive == _ELSE else met
        elif "template" not in entry:
            yield _filled(entry, path, known)
        else:
            yield from _of_template(entry, path, known)


def _of_template(entry: Any, path: Path, known: _Known) -> Iterator[Any]:
    template = path.parent / entry["template"]
    document = _read(template)
    given = _filled(entry.get("parameters", {}), path, known)
    inner = _parameters(document, given, template)
    (kind,) = document.keys() - {"parameters"}
    yield from _expanded(document[kind], template, {**known, "parameters": inner})


def _filled(tree: Any, path: Path, known: _Known) -> Any:
    """The tree with its ``${{ }}`` replaced by values, and step templates within it expanded."""
    if isinstance(tree, dict):
        if any(key.startswith("${{") for key in tree):
            raise DefinitionError(f"{path}: a directive stands where none is known")
        return {
            key: list(_expanded(value, path, known)) if key == "steps" else _filled(value, path, known)
            for key, value in tree.items()
        }
    if isinstance(tree, list):
        return [_filled(value, path, known) for value in tree]
    whole = _COMPILED.fullmatch(tree)
    if whole:
        return evaluate(parse(whole[1]), known, {})
    return _COMPILED.sub(lambda found: str(evaluate(parse(found[1]), known, {})), tree)


def _stage(entry: dict[str, Any], before: str | None) -> Stage:
    _only(entry, "stage", "displayName", "dependsOn", "condition", "jobs")
    depends = entry.get("dependsOn", [before] if before else [])
    names = (depends,) if isinstance(depends, str) else tuple(depends)
    return Stage(entry["stage"], names, entry.get("condition"), tuple(map(_job, entry["jobs"])))


def _job(entry: dict[str, Any]) -> Job:
    _only(entry, "job", "deployment", "displayName", "condition", "timeoutInMinutes", "variables", "steps",
          "environment", "strategy")  # fmt: skip
    deployment = "deployment" in entry
    steps = entry["strategy"]["runOnce"]["deploy"]["steps"] if deployment else entry["steps"]
    found = [_step(step) for step in steps]
    if not deployment and not any(step.task == "checkout" for step in found):
        found.insert(0, _step({"checkout": "self"}))  # a deployment job gets none by itself
    name = entry["deployment" if deployment else "job"]
    return Job(name, deployment, entry.get("condition"), entry.get("variables", {}), tuple(found))


def _step(entry: dict[str, Any]) -> Step:
    _only(entry, "task", "bash", "checkout", "name", "displayName", "condition", "inputs", "env", "continueOnError")
    kind = next(key for key in ("task", "bash", "checkout") if key in entry)
    inputs = entry.get("inputs", {}) if kind == "task" else {"script": entry[kind]}
    task = entry["task"] if kind == "task" else kind
    env = {name: str(value) for name, value in entry.get("env", {}).items()}
    may_fail = str(entry.get("continueOnError", False)).lower() == "true"
    about = (entry.get("name", ""), entry.get("displayName", task), entry.get("condition"))
    return Step(task, *about, inputs, env, may_fail)


def _only(entry: dict[str, Any], *known: str) -> None:
    if unknown := set(entry) - set(known):
        raise DefinitionError(f"{', '.join(sorted(unknown))} of {next(iter(entry.values()))!r} is not known here")
