"""The gate knows facts, and ``reporting`` has a sentence for each kind of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import forecastops
from forecastops.gate.check import Check, Finding
from forecastops.gate.decision import Grounds, Ruling
from forecastops.gate.evidence import Obstacle
from forecastops.gate.notice import Notice
from forecastops.reporting.sentences.checks import needed_of, reason_of
from forecastops.reporting.sentences.decision import summary, warnings
from forecastops.reporting.sentences.obstacles import obstacle_sentence

GATE = sorted((Path(forecastops.__file__).parent / "gate").glob("*.py"))
NAMES = {"rmse_ratio": "worst_step", "no_rmse_ratio": "worst_step"}


def described(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, descriptions of fields, and the errors of a contradiction: what only developers read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            yield node.value
        if isinstance(node, ast.keyword) and node.arg == "description":
            yield from ast.walk(node.value)
        if isinstance(node, ast.Raise):
            yield from ast.walk(node)


@pytest.mark.parametrize("path", GATE, ids=lambda path: path.name)
def test_the_gate_knows_no_sentence(path: Path) -> None:
    tree = ast.parse(path.read_text())
    allowed = set(described(tree))
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in allowed]
    texts = [node.value for node in constants if isinstance(node.value, str)]
    assert [text for text in texts if " " in text.strip()] == []


@pytest.mark.parametrize("code", get_args(Finding))
@pytest.mark.parametrize("known", [True, False])
def test_every_finding_has_its_sentences(code: Finding, known: bool) -> None:
    """With every number there, and with none but the bound: some checks fail because there is none."""
    number = 2.5 if known else None
    check = Check(
        name=NAMES.get(code, "min_improvement"),
        passed=False,
        value=number,
        threshold=0.25,
        code=code,
        reference="champion",
        segment=3,
        ours=number,
        theirs=number,
        limit=number,
        growth=1.25,
        coverage={"80": number and 0.5},
        models=("champion",),
        obstacles=(Obstacle(code="not_positive"),),
    )
    assert reason_of(check)
    assert needed_of(check)
    assert needed_of(check.model_copy(update={"passed": True})) == ""


@pytest.mark.parametrize("grounds", get_args(Grounds))
@pytest.mark.parametrize("verdict", ["PROMOTE", "HOLD", "REJECT"])
def test_every_verdict_is_explained(grounds: Grounds, verdict: str) -> None:
    ruling = Ruling(verdict=verdict, grounds=grounds, because=("bias",), checks=(), notices=())  # type: ignore[arg-type]
    assert summary(ruling)
    assert ("bias" in summary(ruling)) is (grounds in {"guardrails_failed", "unproven", "better_excused"})


@pytest.mark.parametrize("code", get_args(Notice.model_fields["code"].annotation))
def test_every_notice_is_said(code: str) -> None:
    notice = Notice(code=code, ours=1.0, theirs=2.0, share=0.6, version="7", recorded={"RMSE": None})  # type: ignore[arg-type]
    ruling = Ruling(verdict="HOLD", grounds="unproven", because=(), checks=(), notices=(notice,))
    (sentence,) = warnings(ruling)
    assert sentence
    assert "None" not in sentence


@pytest.mark.parametrize("code", get_args(Obstacle.model_fields["code"].annotation))
def test_every_obstacle_is_said(code: str) -> None:
    obstacle = Obstacle(code=code, new="D", champions="W", iterations=3, bound=3, detail="as before")  # type: ignore[arg-type]
    assert obstacle_sentence(obstacle)
