"""kill -9 before every change that promote and rollback make, and promotions at once: afterwards, everything agrees.

Here on SQLite; the same tests run on an MLflow server with PostgreSQL in test_interruptions_postgresql.py.
"""

from __future__ import annotations

import functools
import inspect
import json
import signal
from collections import Counter
from collections.abc import Callable

import pytest

from forecastops.adapters.endpoint.mlflow_target import MlflowTarget
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from interruptions import CHANGES, READS, interruptions, kill_before
from stories import STORIES, Story, mend_as_told, require_settled, require_told
from workshop import Stage


def test_every_method_that_changes_something_is_known() -> None:
    for adapter in (ModelRegistry, MlflowTarget):
        public = {name for name, _ in inspect.getmembers(adapter, inspect.isfunction) if not name.startswith("_")}
        assert public == {*CHANGES[adapter], *READS[adapter]}


LEAST = {"first": 14, "replacement": 13, "rollback": 11}


@pytest.mark.parametrize("names", [["first"], ["replacement", "rollback"]])
def test_killed_before_each_change_it_is_finished_or_undone_by_one_rerun(stage: Stage, names: list[str]) -> None:
    killed, left, known = Counter[str](), list(names), set[str]()
    STORIES[names[0]].begin(stage)
    for before in interruptions():
        for name in tuple(left):
            if require_one_rerun(stage, STORIES[name], before, known):
                killed[name] += 1
            else:
                left.remove(name)
                assert "already" in stage.ok(*STORIES[name].command(stage))["note"]
        if not left:
            break
    assert all(killed[name] >= LEAST[name] for name in names), killed


def require_one_rerun(stage: Stage, story: Story, before: Callable[[], None], known: set[str]) -> bool:
    """Interrupt the story and run its command again; whether it was interrupted.

    Of each kind of problem, the command that `status` names is tried too, where it is not the rerun itself.
    """
    story.reset(stage)
    command = story.command(stage)
    result = stage.run(*command, before=before)
    if result.code == 0:
        return False
    assert result.code == -signal.SIGKILL, result.stderr
    told = require_told(stage)
    rerun(stage, command)
    for kind in [kind for kind, mend in told.items() if mend[1:] != command and kind not in known]:
        known.add(kind)
        story.reset(stage)
        assert stage.run(*command, before=before).code == -signal.SIGKILL
        mend_as_told(stage, kind)
        rerun(stage, command)
    return True


def rerun(stage: Stage, command: list[str]) -> None:
    done = stage.ok(*command)
    assert done["promoted"]
    require_settled(stage, done["version"])


# Before these changes of a promotion that replaces a champion.
REGISTERED, DEPLOYING, DEPLOYED, POINTED = 3, 5, 7, 14


def test_interrupted_by_ctrl_c_it_is_undone_or_says_what_is_left(stage: Stage) -> None:
    story = STORIES["replacement"]
    story.begin(stage)
    command = story.command(stage)
    for number in (REGISTERED, DEPLOYING, DEPLOYED):
        result = stage.run(*command, before=functools.partial(kill_before, number, signal.SIGINT))
        assert (result.code, result.error.count("interrupted")) == (130, 1)
        require_settled(stage, "1")
        assert stage.versions() == {"1": stage.workshop.first}
    assert stage.run(*command, before=functools.partial(kill_before, POINTED, signal.SIGINT)).code == 130
    assert stage.champion() != "1"
    (told,) = require_told(stage).values()
    assert told[1:] == command
    rerun(stage, command)


@pytest.mark.parametrize("number", [REGISTERED, DEPLOYED])
def test_killed_and_then_another_decision_is_carried_out(stage: Stage, number: int) -> None:
    story, workshop = STORIES["replacement"], stage.workshop
    story.begin(stage)
    command = story.command(stage)
    assert stage.run(*command, before=functools.partial(kill_before, number)).code == -signal.SIGKILL
    hold = ["--set", "gate.min_improvement=0.9"]
    assert stage.evaluate(workshop.second, *hold)["verdict"] == "HOLD"
    assert not stage.promote(workshop.second, *hold)["promoted"]
    require_settled(stage, "1")
    assert stage.versions() == {"1": workshop.first}

    stage.evaluate(workshop.second)
    assert stage.run(*command, before=functools.partial(kill_before, number)).code == -signal.SIGKILL
    stage.evaluate(workshop.third)
    rerun(stage, ["promote", "--run-id", workshop.third])
    assert sorted(stage.versions().values()) == sorted([workshop.first, workshop.third])


def test_of_two_promotions_at_once_exactly_one_wins(stage: Stage) -> None:
    rivals = [stage.workshop.second, stage.workshop.third]
    for _ in range(2):
        require_one_winner(stage, rivals)


def require_one_winner(stage: Stage, rivals: list[str]) -> None:
    """Both are judged against the same champion, and start at the same moment."""
    if stage.champion() is None:
        stage.first_champion()
        for run_id in rivals:
            stage.evaluate(run_id)
    STORIES["replacement"].reset(stage)
    running = [stage.start("promote", "--run-id", run_id) for run_id in rivals]
    results = [process.result() for process in running]
    assert sorted(result.code for result in results) == [0, 1], [result.stderr for result in results]
    winner, loser = sorted(results, key=lambda result: result.code)
    assert "against champion version 1, which is now version" in loser.error
    require_settled(stage, winner.json["version"])
    assert len(stage.versions()) == 2


def test_another_machines_fresh_journal_is_respected_and_an_old_one_undone(stage: Stage) -> None:
    stage.first_champion()
    stage.evaluate(stage.workshop.second)
    killed = stage.run("promote", "--run-id", stage.workshop.second, before=functools.partial(kill_before, 6))
    assert killed.code == -signal.SIGKILL
    client = stage.client
    journal = json.loads(client.get_model_version(stage.model, "2").tags["forecastops.journal"])
    away = json.dumps(journal | {"domain": "elsewhere"})
    client.set_model_version_tag(stage.model, "2", "forecastops.journal", away)
    # Neither the same promotion, tried again by another agent, nor another one may touch it.
    same = stage.run("promote", "--run-id", stage.workshop.second)
    assert same.code == 1
    assert "on elsewhere" in same.error
    stage.evaluate(stage.workshop.third)
    refused = stage.run("promote", "--run-id", stage.workshop.third)
    assert refused.code == 1
    assert "on elsewhere" in refused.error
    assert stage.champion() == "1"
    past = {"domain": "elsewhere", "touched": "2020-01-01T00:00:00+00:00"}
    client.set_model_version_tag(stage.model, "2", "forecastops.journal", json.dumps(journal | past))
    done = stage.promote(stage.workshop.third)
    require_settled(stage, done["version"])
    assert set(stage.versions().values()) == {stage.workshop.first, stage.workshop.third}
