"""What is installed is what was locked: hashes, pinned actions, a bill of materials, and licences that are allowed."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

from repository import ROOT

LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-build.lock"]
EXTRAS = [f"requirements-{name}.lock" for name in ("cloud", "azureml", "engines", "parallel")]
WORKFLOWS = [*(ROOT / ".github/workflows").glob("*.yml"), *(ROOT / ".github/actions").rglob("*.yml")]


def script(name: str) -> ModuleType:
    """A program of ``scripts/`` as a module."""
    spec = spec_from_file_location(name, ROOT / f"scripts/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


third_party = script("third_party_notices")

# SPDX identifiers. Of copyleft licences, those that ask nothing of a program that merely imports the package.
ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU"),
    *("MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "ZPL-2.1", "Zlib"),
}
# For tests on PostgreSQL alone, and never shipped.
TOLERATED = {
    "appnope": "BSD-3-Clause; installed on macOS alone",
    "decorator": "BSD-2-Clause; installed on Python 3.10 alone",
    "psycopg2-binary": "LGPL with exceptions",
    "axe-playwright-python": "MIT by the file LICENSE alone; it holds axe-core, MPL-2.0",
}


def locked(name: str) -> Iterator[tuple[Requirement, str]]:
    """Each requirement of a lock, with what belongs to it."""
    text = (ROOT / name).read_text("utf-8")
    for block in re.split(r"(?m)^(?=[a-z])", text)[1:]:
        first = block.splitlines()[0].removesuffix("\\").strip()
        yield Requirement(first), block


def with_known_licence() -> set[str]:
    """Of what is locked, what is installed on this machine and Python, and what is shipped elsewhere."""
    every = [one for lock in LOCKS for one, _ in locked(lock)]
    here = {one.name for one in every if one.marker is None or one.marker.evaluate()}
    return here | {one.name for one in every if one.name in third_party.ELSEWHERE}


def is_allowed(expression: str) -> bool:
    """Whether one alternative of the expression consists of allowed licences alone."""
    if expression in ALLOWED:
        return True
    alternatives = [part.split(" AND ") for part in expression.strip("()").split(" OR ")]
    return any(all(one in ALLOWED for one in part) for part in alternatives)


@pytest.mark.parametrize("lock", [*LOCKS, *EXTRAS])
def test_every_locked_package_has_its_hashes_and_no_address(lock: str) -> None:
    found = list(locked(lock))
    assert len(found) > 5
    assert [str(one) for one, block in found if not re.search(r"--hash=sha256:[0-9a-f]{64}", block)] == []
    assert "://" not in (ROOT / lock).read_text("utf-8")


def test_nothing_is_installed_without_its_hash() -> None:
    """The package itself excepted, which brings nothing along and is built by what is locked."""
    commands = []
    for path in [ROOT / "Makefile", ROOT / ".ci/run", *WORKFLOWS, *(ROOT / "pipelines").glob("*.yml")]:
        commands += re.findall(r"(?m)^.*\bpip (?:install|wheel)\b.*$", path.read_text("utf-8"))
    assert commands
    ours = ("--no-deps", "--no-build-isolation")
    assert [one for one in commands if "--require-hashes" not in one and not all(part in one for part in ours)] == []


def test_pip_refuses_a_file_that_is_not_the_locked_one(tmp_path: Path) -> None:
    wheel = tmp_path / "small-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("small.py", "")
        archive.writestr("small-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n")
        archive.writestr("small-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("small-1.0.dist-info/RECORD", "")
    lock, right = tmp_path / "small.lock", hashlib.sha256(wheel.read_bytes()).hexdigest()
    if find_spec("pip") is None:
        pytest.skip("this environment has no pip")
    (install,) = re.findall(r"(?m)^INSTALL := \$\(BIN\)/python (.+)$", (ROOT / "Makefile").read_text("utf-8"))
    command = [sys.executable, *install.split(), str(lock), "--target", str(tmp_path / "installed")]
    for digest, code in (("0" * 64, 1), (right, 0)):
        lock.write_text(f"{wheel} --hash=sha256:{digest}\n")
        ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        assert ended.returncode == code, ended.stderr
        assert ("DO NOT MATCH THE HASHES" in ended.stderr) is bool(code)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_say_which_version_that_is(path: Path) -> None:
    used = re.findall(r"(?m)^\s*-?\s*uses: (.+)$", path.read_text("utf-8"))
    assert used or path.name == "dependabot.yml"
    foreign = [one for one in used if not one.startswith("./")]
    assert [one for one in foreign if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", one)] == []


def test_the_bill_of_materials_lists_what_is_locked(tmp_path: Path) -> None:
    made = subprocess.run(
        ["make", "-n", "bom", f"VENV={tmp_path}"], cwd=ROOT, capture_output=True, text=True, timeout=600, check=True
    )
    (command,) = [line for line in made.stdout.replace("\\\n", " ").splitlines() if "cyclonedx-py" in line]
    arguments = command.split()[1:]
    target = tmp_path / "bom.json"
    arguments[arguments.index("--output-file") + 1] = str(target)
    program = Path(sys.executable).parent / "cyclonedx-py"
    subprocess.run([str(program), *arguments], cwd=ROOT, check=True, timeout=600)
    document = json.loads(target.read_text("utf-8"))
    assert (document["bomFormat"], document["metadata"]["component"]["name"]) == ("CycloneDX", "mlflow-forecastops")
    components = {(one["name"], one.get("version")) for one in document["components"]}
    assert components == {(one.name, str(one.specifier).removeprefix("==")) for one, _ in locked("requirements.lock")}


def test_the_notices_name_what_is_locked_and_its_licences() -> None:
    text = (ROOT / "THIRD_PARTY_NOTICES.md").read_text("utf-8")
    rows = dict(re.findall(r"(?m)^\| ([a-z0-9._-]+) \| (.+) \|$", text))
    rows.pop("package")
    assert sorted(rows) == sorted({one.name for one, _ in locked("requirements.lock")})
    if sys.version_info[:2] == (3, 11):  # some packages are of other versions elsewhere, and say it in other words
        assert text == third_party.notices(), "run make notices"


@pytest.mark.parametrize("name", sorted(with_known_licence()))
def test_its_licence_is_on_the_list(name: str) -> None:
    if name in TOLERATED:
        assert name not in {one.name for one, _ in locked("requirements.lock")}
        return
    said = third_party.licences(name)
    assert said
    assert [one for one in said if not is_allowed(one)] == []


def test_a_licence_that_is_not_on_the_list_is_refused() -> None:
    assert not is_allowed("GPL-3.0-only")
    assert not is_allowed("MIT AND AGPL-3.0-or-later")
    assert is_allowed("GPL-2.0-only OR MIT")
    assert not is_allowed("")
