"""Documents for who comes next: what they name exists, and the diagram is that of the import contract."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from local_endpoint_support import stop_endpoints
from pipeline_rehearsal.forked_command import forked_command
from repository import ROOT
from scripts_support import script

DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "src").rglob("*.md")]
PRE_COMMIT: dict[str, Any] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))


def anchors(path: Path) -> set[str]:
    """The anchors that a page makes of a document's headings."""
    headings = re.findall(r"(?m)^#+ (.+)$", path.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def architecture() -> Any:
    return script("architecture")


def test_the_diagram_is_that_of_the_import_contract(architecture: Any) -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    assert architecture.updated(text) == text, "run python scripts/architecture.py"
    shown = architecture.diagram().splitlines()
    rooms = {path.name for path in (ROOT / "src/forecastops").iterdir() if (path / "__init__.py").is_file()}
    assert rooms <= {line.split()[0] for line in shown}
    assert all(len(line.split()) > 2 for line in shown), "a room does not say what it is for"


def test_another_contract_makes_another_diagram(architecture: Any, tmp_path: Path, monkeypatch: Any) -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (tmp_path / "pyproject.toml").write_text(text.replace('    "forecastops.gate",\n', "", 1), encoding="utf-8")
    (tmp_path / "src").symlink_to(ROOT / "src")
    before = architecture.diagram()
    monkeypatch.setattr(architecture, "ROOT", tmp_path)
    assert before != architecture.diagram()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_files_that_a_document_names_exist(document: Path) -> None:
    text = document.read_text("utf-8")
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", text):
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), f"{target}#{anchor}"
    for name in re.findall(r"`((?:src|scripts|tests|configs|docs|\.github)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), name


def test_contributors_are_told_of_all_make_targets_and_of_no_other() -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8")))
    told = re.findall(r"(?m)(?:`|^ {4})make ([a-z-]+(?: [a-z-]+)*)", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert {target for words in told for target in words.split()} == targets


def test_hooks_are_the_locked_tools_of_the_checks() -> None:
    """One version of each tool: a hook that brings its own would say otherwise than CI."""
    assert [one["repo"] for one in PRE_COMMIT["repos"]] == ["local"]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for hook in PRE_COMMIT["repos"][0]["hooks"]:
        program = hook["entry"].split()[0].removeprefix(".venv/bin/")
        assert hook["language"] == "system"
        assert f"$(BIN)/{program}" in makefile
        assert (Path(sys.executable).parent / program).exists()


@pytest.mark.parametrize("name", ["bug", "idea"])
def test_issue_forms_have_what_the_platform_asks_for(name: str) -> None:
    form = yaml.safe_load((ROOT / f".github/ISSUE_TEMPLATE/{name}.yml").read_text("utf-8"))
    assert form.keys() >= {"name", "description", "body"}
    identifiers = [one["id"] for one in form["body"] if one["type"] != "markdown"]
    assert len(identifiers) == len(set(identifiers)) >= 1
    assert all("label" in one["attributes"] for one in form["body"] if one["type"] != "markdown")
    assert any(one.get("validations", {}).get("required") for one in form["body"])


def test_badges_are_true() -> None:
    readme, project = ((ROOT / name).read_text("utf-8") for name in ("README.md", "pyproject.toml"))
    assert re.findall(r"badge/([^)]+)-blue\)", readme) == [
        "python-3.10%20or%20later",
        "licence-Apache--2.0",
        "typed-mypy%20strict",
    ]
    assert 'requires-python = ">=3.10"' in project
    assert 'license = "Apache-2.0"' in project
    assert "\n[tool.mypy]\nstrict = true\n" in project


def test_the_japanese_page_names_the_same_commands_options_figures_and_pages() -> None:
    ours, theirs = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.ja.md"))

    def named(text: str) -> list[list[str]]:
        code = [line.partition("#")[0].rstrip() for line in re.findall(r"(?m)^    (.*)$", text)]
        words = re.findall(r"`([^`\n]+)`", text)
        links = re.findall(r"\]\(([^)\s]+)\)", text.replace("(README.ja.md)", "").replace("(README.md)", ""))
        prose = re.sub(r"(?m)^    .*$|`[^`]*`|\]\([^)]*\)", "", text)
        figures = re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?m)^\d\. ", "", prose))
        return [code, sorted(words), sorted(links), sorted(figures)]

    assert named(theirs) == named(ours)
    assert len(ours.splitlines()) <= 150


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_and_settings_that_a_document_shows_exist(document: Path) -> None:
    if document.name != "CHANGELOG.md":  # which tells of former ones
        assert list(script("shown_commands").problems(document.read_text("utf-8"))) == []


def test_commands_that_do_not_exist_are_found() -> None:
    text = (
        "Run `forecastops trian --data x`, `forecastops renew --dat x`, `make tset`.\n\n"
        "    mlflow run . -e trane -P data=x\n"
        "    mlflow run . -e train -P dta=x   # a comment\n"
        "    forecastops train --data x --set modle.order=[1,0,1] | tee log\n"
        "    forecastops train --data x --set model.ordre=[1,0,1]\n\n"
        "```console\n$ forecastops promote --run-id R --forec\n```\n"
    )
    found = list(script("shown_commands").problems(text))
    assert [one.rpartition(": ")[2] for one in found] == [
        "there is no command 'trian'",
        "there is no option '--dat'",
        "there is no target 'tset'",
        "there is no option '--forec'",
        "there is no entry point 'trane'",
        "entry point 'train' has no parameter 'dta'",
        "there is no setting 'modle.order'",
        "there is no setting 'model.ordre'",
    ]


def test_the_reference_is_as_the_code_says() -> None:
    reference = script("reference")
    for name, page in reference.PAGES.items():
        assert (ROOT / name).read_text("utf-8") == page(), "run python scripts/reference.py"


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:")[2]
    assert sorted(re.findall(r": (\S+\.md)$", navigation, re.MULTILINE)) == sorted(
        path.name for path in (ROOT / "docs").glob("*.md")
    )


def test_the_tutorial_shows_what_its_commands_print(tmp_path: Path) -> None:
    shown_output = script("shown_output")
    page = (ROOT / "docs/tutorial.md").read_text("utf-8")
    folder = tmp_path / "sales"
    folder.mkdir()
    environment = shown_output.environment_in(folder)
    try:
        with forked_command(tmp_path) as program:
            path = f"{program.parent}{os.pathsep}{environment['PATH']}"
            printed = shown_output.performed(page, folder, environment | {"PATH": path})
    finally:
        stop_endpoints(tmp_path / "home")
    assert shown_output.shape(printed) == shown_output.shape(page), "run make shown"
