"""The repository as a whole: versions that agree, help for everything, a light command, no pickle, no registry."""

from __future__ import annotations

import ast
import hashlib
import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points, requires, version
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from packaging.requirements import Requirement

from forecastops.commands.main import main
from repository import ROOT

toml: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

PROJECT: dict[str, Any] = toml.loads((ROOT / "pyproject.toml").read_text())["project"]
MODULES = sorted((ROOT / "src").rglob("*.py"))
LOCKS = ["requirements.lock", "requirements-dev.lock"]
PAIR = ["azureml-mlflow", "mlflow"]


def requirement_lines(name: str) -> list[str]:
    """The requirements of a file, without comments and hashes."""
    lines = [line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    return [line.removesuffix("\\").rstrip() for line in lines if line and not line.startswith("--hash=")]


def pins(lines: list[str]) -> dict[str, set[str]]:
    """The versions that each package is pinned to, one for each marker."""
    found: dict[str, set[str]] = {}
    for requirement in map(Requirement, lines):
        (only,) = requirement.specifier
        assert only.operator == "=="
        found.setdefault(requirement.name, set()).add(only.version)
    return found


def exact(name: str) -> str:
    """The version to which pyproject.toml pins a package."""
    (found,) = [one for one in map(Requirement, PROJECT["dependencies"]) if one.name == name]
    assert str(found.specifier).startswith("==")
    return str(found.specifier).removeprefix("==")


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_the_versions_that_pyproject_allows(lock: str) -> None:
    locked = pins(requirement_lines(lock))
    groups = [PROJECT["dependencies"], PROJECT["optional-dependencies"]["dev"] if "dev" in lock else []]
    for requirement in [Requirement(line) for group in groups for line in group]:
        assert requirement.name.lower() in locked
        assert all(requirement.specifier.contains(version) for version in locked[requirement.name.lower()]), requirement
    for name in PAIR:
        assert locked[name] == {exact(name)}


def test_the_two_locks_agree() -> None:
    locked, dev = (pins(requirement_lines(lock)) for lock in LOCKS)
    assert {name: dev.get(name) for name in locked} == locked


def test_the_conda_environment_installs_what_is_locked() -> None:
    document = yaml.safe_load((ROOT / "conda.yaml").read_text())
    (found,) = [entry["pip"] for entry in document["dependencies"] if isinstance(entry, dict)]
    assert found == [*requirement_lines("requirements.lock"), "-e ."]
    project = yaml.safe_load((ROOT / "MLproject").read_text())
    assert (project["name"], project["conda_env"]) == ("forecastops", "conda.yaml")


def test_the_pinned_pair_is_one_that_works_and_is_installed() -> None:
    """A plain install of both falls back to an older plugin, which breaks on artifacts with a newer MLflow."""
    assert [version(name) for name in PAIR] == [exact(name) for name in PAIR]
    plugin = [Requirement(line) for line in requires("azureml-mlflow") or []]
    (skinny,) = [one for one in plugin if one.name == "mlflow-skinny" and one.marker is None]
    assert skinny.specifier.contains(exact("mlflow"))
    assert pins(requirement_lines("requirements.lock"))["mlflow-skinny"] == {exact("mlflow")}
    for group in ("mlflow.tracking_store", "mlflow.model_registry_store", "mlflow.artifact_repository"):
        (found,) = [one for one in entry_points(group=group) if one.name == "azureml"]
        assert callable(found.load())


def test_what_models_require_is_what_the_lock_pins() -> None:
    serving = requirement_lines("src/forecastops/adapters/serving_requirements.txt")
    assert {Requirement(line).name for line in serving} == {"mlflow", "numpy", "pandas", "scipy", "statsmodels"}
    assert set(serving) <= set(requirement_lines("requirements.lock"))


def texts() -> Iterator[tuple[Path, str]]:
    """The text files of the repository that are its own."""
    for pattern in (
        "*",
        "src/**/*",
        "tests/**/*",
        "scripts/**/*",
        "configs/**/*",
        "pipelines/**/*",
        "docs/**/*",
        "azureml/**/*",
        ".github/**/*",
    ):
        for path in ROOT.glob(pattern):
            if path.is_file() and path.suffix not in {".pyc", ".db"} and path != Path(__file__).resolve():
                yield path, path.read_text("utf-8", errors="replace")


def test_nothing_names_a_package_registry() -> None:
    option = re.compile(r"(?m)--(?:extra-)?index-url|--find-links|--trusted-host|(?<!\w)PIP_(?:EXTRA_)?INDEX|^-[if] ")
    for path, text in texts():
        assert not option.search(text), path
        bare = {*LOCKS, "requirements-build.lock", "conda.yaml", "pyproject.toml"}
        assert "://" not in text or path.name not in bare, path


def walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    for child in getattr(command, "commands", {}).values():
        yield from walk(child, f"{name} {child.name}")


COMMANDS = dict(walk(main, "forecastops"))


def test_the_commands_are_those_of_the_contract() -> None:
    promised = "train evaluate promote retrain status rollback forecast data config demo"
    assert set(main.commands) >= set(promised.split())
    assert {"forecastops data check", "forecastops data adventureworks", "forecastops config show"} <= COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.get_short_help_str(200)
    assert not command.get_short_help_str(200).endswith("...")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"
    shared = {"--config", "--set", "--json", "--traceback", "--verbose"}
    if not isinstance(command, click.Group):
        assert shared <= {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["config", "schema"]])
def test_help_needs_no_heavy_import(arguments: list[str]) -> None:
    code = f"""
import sys
from forecastops.commands.main import main
main({arguments!r}, standalone_mode=False)
print(sorted(sys.modules.keys() & set({HEAVY!r})), file=sys.stderr)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert result.stdout
    assert result.stderr.strip() == "[]"


HEAVY = ["mlflow", "numpy", "pandas", "pyarrow", "scipy", "sqlalchemy", "statsmodels", "azureml"]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def test_every_module_says_what_it_is_for() -> None:
    assert [path for path in MODULES if not ast.get_docstring(parsed(path))] == []


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).partition(".")[0]


def test_nothing_is_pickled() -> None:
    for path in MODULES:
        tree = parsed(path)
        assert not set(imported(tree)) & {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}, (
            path
        )
        attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not attributes & {"read_pickle", "to_pickle", "allow_pickle", "load_results"}, path


def test_the_license_is_apache_2_0() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert PROJECT["license"] == "Apache-2.0"
    assert "Apache License" in text.splitlines()[0]
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "9. Accepting Warranty or Additional Liability." in text


def test_the_makefile_has_the_targets_that_users_are_told_of() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"(?m)^([a-z]+):", makefile))
    assert targets >= {"demo", "test", "check", "bench", "lock", "dist", "release"}
    assert targets <= set(re.search(r"(?m)^\.PHONY: (.+)$", makefile)[1].split())  # type: ignore[index]


def test_every_loader_that_was_ever_shipped_is_known() -> None:
    """The list grows with the history; the file as it is now counts by itself."""
    script = ROOT / "scripts/released_loaders.py"
    found = subprocess.run(["git", "rev-parse", "--git-dir"], cwd=ROOT, capture_output=True, check=False)
    if found.returncode != 0:
        pytest.skip("no history here")
    ended = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"run python scripts/released_loaders.py\n{ended.stderr}"
    lines = (ROOT / "src/forecastops/forecasting/released_loaders.txt").read_text("utf-8").splitlines()
    digests = [line.split()[0] for line in lines if not line.startswith("#")]
    assert len(digests) == len(set(digests)) >= 15
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)
    earlier = (ROOT / "tests/support/earlier/forecastops_model.txt").read_bytes()
    assert hashlib.sha256(earlier).hexdigest() in digests


def test_the_installed_loader_counts_though_no_list_has_it(tmp_path: Path) -> None:
    """A package whose loader is new loads what it ships, and no loader that it never had."""
    copy = tmp_path / "src"
    shutil.copytree(ROOT / "src", copy)
    loader = copy / "forecastops/forecasting/forecaster.py"
    loader.write_text(loader.read_text("utf-8") + "\n# a new release\n", encoding="utf-8")
    program = """
from pathlib import Path
from forecastops.forecasting import artifact, forecaster
own = Path(forecaster.__file__).read_bytes()
print(artifact.is_shipped(own), artifact.is_shipped(own + b"# more"))
"""
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert ended.stdout.split() == ["True", "False"]
