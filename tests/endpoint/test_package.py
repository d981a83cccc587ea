"""The local endpoint as a package of its own: what it needs of forecastops, and what its README says of it."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path
from typing import Any

import forecastops_local

toml: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

PACKAGE = Path(forecastops_local.__file__).parent
README = (PACKAGE / "README.md").read_text("utf-8")
PROJECT: dict[str, Any] = toml.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text("utf-8"))
MODULES = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}


def imported(path: Path) -> set[str]:
    """The modules of forecastops that a file imports."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
    return {str(node.module) for node in nodes if str(node.module).partition(".")[0] == "forecastops"}


def test_the_readme_names_every_module_and_no_other() -> None:
    table = README.partition("| modules | |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines() if line.count("|") > 2))
    assert sorted(named) == sorted(MODULES)


def test_the_readme_says_all_that_is_needed_of_forecastops() -> None:
    needed = set().union(*(imported(path) for path in PACKAGE.glob("*.py")))
    said = README.partition("Of forecastops it imports")[2].partition("and nothing else")[0]
    assert needed == {f"forecastops.{name}" for name in re.findall(r"`([\w.]+)`", said)}


def test_mlflow_finds_the_target_in_this_package() -> None:
    assert PROJECT["project"]["entry-points"]["mlflow.deployments"]["forecastops-local"] == "forecastops_local.plugin"
    assert "src/forecastops_local" in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
