"""`evaluate --replay`: a logged decision follows from its own numbers, bit for bit, or one line says what differs."""

from __future__ import annotations

import hashlib
import json
import math
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workshop import Stage, Workshop


def decision_file(stage: Stage, run_id: str) -> Path:
    run = stage.client.get_run(run_id)
    folder = Path(str(run.info.artifact_uri).removeprefix("file://"))
    return folder / str(run.data.tags["forecastops.decision"]) / "decision.json"


def rewrite(stage: Stage, run_id: str, change: Callable[[Any], object]) -> None:
    """Alter the decision together with its digest, as another version of the gate would have logged it."""
    path = decision_file(stage, run_id)
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    stage.client.set_tag(run_id, "forecastops.decision.sha256", digest)


def require_replay(stage: Stage, run_id: str, judged: Any) -> None:
    """The replay gives what `evaluate` gave, says that it is one, and leaves the run as it was."""
    before = stage.client.get_run(run_id).to_dictionary()
    logged = json.loads(decision_file(stage, run_id).read_text())
    replayed = stage.ok("evaluate", "--replay", run_id)
    assert replayed == judged | {"replayed": True, "decided_at": logged["decided_at"]}
    assert stage.client.get_run(run_id).to_dictionary() == before
    shown = stage.workshop.forecastops("evaluate", "--replay", run_id, *stage.options())
    first, *rest = shown.stdout.splitlines()
    assert first == f"{judged['verdict']}: {judged['summary']}"
    assert f"  a replay of what was decided at {logged['decided_at']}, the same bit for bit" in rest
    assert [line.removeprefix("  needed: ") for line in rest if line.startswith("  needed")] == judged["needed"]
    assert shown.stdout.isascii()


def test_every_verdict_replays_without_the_model_and_changes_nothing(workshop: Workshop) -> None:
    stage = workshop.stage("replayed")
    first, second = workshop.first, workshop.second
    judged = stage.evaluate(first)
    assert (judged["verdict"], judged["needed"]) == ("PROMOTE", [])
    model = decision_file(stage, first).parents[2] / "model"
    hidden = model.rename(model.with_name("hidden"))
    try:
        require_replay(stage, first, judged)
    finally:
        hidden.rename(model)
    stage.promote(first)

    judged = stage.evaluate(first)  # against itself
    assert judged["verdict"] == "HOLD"
    margin, proof = judged["needed"]
    losses = json.loads(decision_file(stage, first).read_text())["evidence"]["champion"]["loss_by_origin"]
    weights = [0.5 ** (age / 15) for age in reversed(range(len(losses)))]
    rmse = math.sqrt(sum(map(operator.mul, weights, losses)) / sum(weights))
    assert margin == f"recency-weighted RMSE {rmse * 0.99:.6g} or less (1.0 % below the champion's), it is {rmse:.6g}"
    assert proof == "p at most 0.4, it is not computable"
    require_replay(stage, first, judged)
    assert stage.run("evaluate", "--replay", first, "--require-promote").code == 3

    judged = stage.evaluate(second, "--set", "gate.max_weekday_ratio=0.01")
    assert (judged["verdict"], judged["summary"]) == ("REJECT", "the challenger fails worst_weekday")
    (weekday,) = judged["needed"]
    assert "0.01 of the champion's" in weekday
    assert "or less" in weekday
    require_replay(stage, second, judged)
    strict = ["gate.max_recent_ratio=0.01", "gate.max_bias_share=0.001", "gate.max_step_ratio=0.01"]
    judged = stage.evaluate(second, *(word for setting in strict for word in ("--set", setting)))
    assert judged["verdict"] == "REJECT"
    assert {"recent_origins", "worst_step"} <= {check["name"] for check in judged["checks"] if not check["passed"]}
    assert "recent_origins" in judged["summary"]
    require_replay(stage, second, judged)


def test_a_decision_that_was_altered_or_replays_differently_is_refused(workshop: Workshop) -> None:
    stage, run_id = workshop.stage("differing"), workshop.third
    assert "was not evaluated" in stage.run("evaluate", "--replay", run_id).error
    stage.evaluate(run_id)
    path = decision_file(stage, run_id)
    original = path.read_text()
    path.write_text(original.replace('"PROMOTE"', '"HOLD"'))
    refused = stage.run("evaluate", "--replay", run_id)
    assert (refused.code, refused.stdout) == (1, "")
    assert "decision.json is not the one that was logged last" in refused.error

    path.write_text(original)
    worst = json.loads(original)["checks"][-1]

    def last_bit(document: Any) -> None:
        document["checks"][-1]["value"] = worst["value"] * (1 + 2**-52)
        document["versions"] |= {"forecastops": "0.0.9"}
        del document["policy"]["recent_origins"]

    rewrite(stage, run_id, last_bit)
    differs = stage.run("evaluate", "--replay", run_id)
    assert differs.code == 1
    assert f"check {worst['name']} passed at" in differs.error
    assert repr(worst["value"]) in differs.error
    assert "made by forecastops 0.0.9, this is 0." in differs.error
    assert "its policy does not state recent_origins" in differs.error

    rewrite(stage, run_id, lambda document: document.update(verdict="HOLD"))
    refused = stage.run("promote", "--run-id", run_id)
    assert refused.code == 1
    assert "does not hold together: it says HOLD, and its numbers give PROMOTE" in refused.error
    assert stage.versions() == {}


def test_a_run_is_either_judged_or_replayed(workshop: Workshop) -> None:
    for words in ([], ["--run-id", "a", "--replay", "b"]):
        refused = workshop.forecastops("evaluate", *words)
        assert refused.code == 2
        assert "give either --run-id or --replay" in refused.stderr
