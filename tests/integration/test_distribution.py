"""The distribution: its name, what wheel and source distribution hold, and what may be published under which tag."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from forecastops import __version__
from forecastops.adapters.example_configs import EXAMPLES
from forecastops.commands.main import main
from forecastops.core.distribution import DISTRIBUTION, install_command
from repository import ROOT

toml: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

PROJECT: dict[str, Any] = toml.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RELEASE = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text("utf-8"))
# Folders whose files tell people and machines what to install.
TOLD = ("*.md", "*.yml", "*.yaml", "Makefile", "docs/*", "src/**/*.py", ".github/**/*", "pipelines/*", "azureml/*")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, built by the locked backend."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=600)
    return out


def wheel_names(built: Path) -> set[str]:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        return set(wheel.namelist())


def sdist_names(built: Path) -> set[str]:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as sdist:
        return {name.partition("/")[2] for name in sdist.getnames()}


def test_the_name_is_said_in_one_place_and_every_extra_exists() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    for extra in PROJECT["optional-dependencies"]:
        assert install_command(extra) == f"pip install '{PROJECT['name']}[{extra}]'"


def test_every_install_command_that_is_told_names_our_distribution_and_a_known_extra() -> None:
    """``pip install forecastops`` would bring the package of somebody else."""
    texts = [(path, path.read_text("utf-8")) for pattern in TOLD for path in ROOT.glob(pattern) if path.is_file()]
    told = [(path, word) for path, text in texts for word in re.findall(r"[\w-]*forecastops\[[^\]]*\]", text)]
    assert len(told) >= 3
    extras = PROJECT["optional-dependencies"].keys()
    known = {f"{DISTRIBUTION}[{extra}]" for extra in extras}
    assert [(path, word) for path, word in told if word not in known] == []
    asked = re.compile(r"install_command\([\"'](\w+)[\"']\)")
    assert {extra for _, text in texts for extra in asked.findall(text)} <= extras
    assert [path for path, text in texts if re.search(r"pip install [^\n|;&]*(?<![\w/.-])forecastops\b", text)] == []


def test_the_templates_of_pages_come_with_the_wheel(built: Path) -> None:
    source = ROOT / "src"
    templates = {path.relative_to(source).as_posix() for path in source.glob("forecastops/reporting/pages/templates/*")}
    assert {"base.html", "style.css"} <= {Path(name).name for name in templates}
    assert templates <= wheel_names(built)


def test_the_version_is_the_same_everywhere(built: Path) -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert result.output.split()[-1] == __version__
    assert {path.name.split("-")[1].removesuffix(".tar.gz") for path in built.iterdir()} == {__version__}


def test_the_wheel_holds_everything_that_the_command_needs(built: Path) -> None:
    sources = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src").rglob("*") if path.is_file()}
    needed = {name for name in sources if "__pycache__" not in name}
    configs = {f"forecastops/configs/{name}.yaml" for name in EXAMPLES}
    assert needed | configs <= wheel_names(built)


def test_an_installation_in_place_leaves_no_second_package_beside_the_sources(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel:editable", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=600)
    assert not [name for name in wheel_names(tmp_path) if name.startswith("forecastops")]


def test_licence_and_notices_are_in_both(built: Path) -> None:
    for name in ("LICENSE", "THIRD_PARTY_NOTICES.md"):
        assert any(found.endswith(f".dist-info/licenses/{name}") for found in wheel_names(built))
        assert name in sdist_names(built)


def test_the_source_distribution_can_be_tested_and_built(built: Path) -> None:
    names = sdist_names(built)
    assert {"pyproject.toml", "Makefile", "CHANGELOG.md", "requirements.lock", "tests/conftest.py"} <= names
    assert not [name for name in names if name.startswith(".ci/")]


def test_an_unpacked_wheel_shows_its_examples(built: Path, tmp_path: Path) -> None:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        wheel.extractall(tmp_path)
    command = [sys.executable, "-m", "forecastops", "config", "example", "aci"]
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    shown = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=True
    )
    assert shown.stdout == (ROOT / "configs/aci.yaml").read_text("utf-8")


def test_the_examples_are_the_configurations_of_the_repository() -> None:
    assert sorted(EXAMPLES) == sorted(path.stem for path in (ROOT / "configs").glob("*.yaml"))
    command: Any = main.commands["config"]
    (argument,) = [one for one in command.commands["example"].params if one.name == "name"]
    assert tuple(argument.type.choices) == EXAMPLES


# A release


def notes(folder: Path, tag: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(folder / "scripts/release_notes.py"), tag]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """The few files that a release's notes are made of, with a changelog that has the version's section."""
    for name in ("scripts/release_notes.py", "src/forecastops/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    sections = [
        "[Unreleased]\n\n- not yet",
        f"[{__version__}] - 2026-12-01\n\n- this",
        "[0.0.9] - 2026-01-01\n\n- that",
    ]
    text = "\n\n## ".join(["# Changelog", *sections]) + "\n"
    (tmp_path / "CHANGELOG.md").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_release_is_told_by_its_own_section_of_the_changelog(released: Path) -> None:
    told = notes(released, f"v{__version__}")
    assert (told.returncode, told.stdout) == (0, "- this\n")


def test_a_tag_that_is_not_the_version_is_refused(released: Path) -> None:
    refused = notes(released, "v9.9.9")
    assert refused.returncode == 1
    assert "v9.9.9" in refused.stderr
    assert f"v{__version__}" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_release_without_a_dated_section_is_refused(released: Path) -> None:
    changelog = released / "CHANGELOG.md"
    changelog.write_text(
        changelog.read_text("utf-8").replace(f"## [{__version__}] - 2026-12-01", f"## [{__version__}]")
    )
    refused = notes(released, f"v{__version__}")
    assert refused.returncode == 1
    assert "Unreleased" in refused.stderr


def test_the_changelog_keeps_the_common_form() -> None:
    """https://keepachangelog.com: an Unreleased section first, dated versions, and six kinds of changes."""
    lines = (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines()
    versions = [line for line in lines if line.startswith("## ")]
    assert versions[0] == "## [Unreleased]"
    assert [line for line in versions[1:] if not re.fullmatch(r"## \[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", line)] == []
    kinds = {line for line in lines if line.startswith("### ")}
    assert kinds <= {f"### {kind}" for kind in ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")}


def test_a_tag_publishes_what_was_tested_and_attested_without_any_secret() -> None:
    build, publish, page = (RELEASE["jobs"][name] for name in ("build", "publish", "page"))
    commands = [step["run"] for step in build["steps"] if "run" in step]
    parts = ("release_notes.py", "python check", "python release")
    order = [next(i for i, run in enumerate(commands) if part in run) for part in parts]
    assert order == sorted(order)
    assert "make PYTHON=python release" in commands
    assert build["permissions"] == {"contents": "read", "id-token": "write", "attestations": "write"}
    assert any(step.get("uses", "").startswith("actions/attest-build-provenance@") for step in build["steps"])
    assert publish["needs"] == "build"
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["environment"]["name"] == "pypi"
    assert publish["steps"][-1]["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert page["needs"] == "publish"
    assert RELEASE["permissions"] == {}
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text("utf-8")
