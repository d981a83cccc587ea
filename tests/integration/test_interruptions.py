"""kill -9 before every change that promote, renew and rollback make, and several at once: afterwards, all agrees.

Here on SQLite; the same tests run on an MLflow server with PostgreSQL in test_interruptions_postgresql.py.
"""

from __future__ import annotations

import functools
import inspect
import json
import signal
from typing import Any

import pytest

from forecastops.adapters.endpoint.local_target import LocalTarget
from forecastops.adapters.mlflow_store.recorder import RunRecorder
from forecastops.adapters.mlflow_store.registry import ModelRegistry
from forecastops.adapters.mlflow_store.runs import Runs
from interruptions import (
    BEGUN,
    CHANGES,
    DEPLOYED,
    DEPLOYING,
    DESCRIBING,
    LEAVING,
    READS,
    RECORDING,
    REGISTERED,
    REGISTERING,
    UNSEEN,
    Point,
    kill_before,
)
from killing import require_every_kill_mended, require_one_winner, rerun
from stories import HOLD, MOVES, STORIES, require_settled, require_told
from workshop import SPRING, WHOLE, Stage


def test_every_method_that_changes_something_is_known() -> None:
    for adapter in (ModelRegistry, LocalTarget, Runs, RunRecorder):
        public = {name for name, _ in inspect.getmembers(adapter, inspect.isfunction) if not name.startswith("_")}
        known = (*CHANGES.get(adapter, ()), *READS.get(adapter, ()), *UNSEEN.get(adapter, ()))
        assert sorted(public) == sorted(known)


@pytest.mark.parametrize("names", MOVES, ids="-".join)
def test_killed_before_each_change_it_is_finished_or_undone_by_one_rerun(stage: Stage, names: list[str]) -> None:
    require_every_kill_mended(stage, names)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_told_to_end_it_is_undone_or_says_what_is_left(stage: Stage, by: signal.Signals) -> None:
    story = STORIES["replacement"]
    story.begin(stage)
    command = story.command(stage)
    for point in (REGISTERED, DEPLOYING, DESCRIBING):
        result = stage.run(*command, before=functools.partial(kill_before, point, by))
        assert (result.code, result.error.count("interrupted")) == (130, 1)
        require_settled(stage, "1")
        assert stage.versions() == {"1": stage.workshop.first}
    assert stage.run(*command, before=functools.partial(kill_before, LEAVING, by)).code == 130
    assert stage.champion() != "1"
    (told,) = require_told(stage).values()
    assert told[1:] == command
    rerun(stage, story)


def test_a_renewal_that_is_told_to_end_leaves_production_as_it_was(stage: Stage) -> None:
    story = STORIES["renewal"]
    story.begin(stage)
    command, before = story.command(stage), stage.versions()
    (champion,) = before
    for point in (RECORDING, REGISTERING, BEGUN):
        result = stage.run(*command, before=functools.partial(kill_before, point, signal.SIGTERM))
        assert (result.code, result.error.count("interrupted")) == (130, 1), result.error
        assert (stage.champion(), stage.served(), stage.versions()) == (champion, champion, before)
        # Its run is left, which has brought the data.
        assert all("to renew it: forecastops renew --data FILE" in told for told in stage.ok("status")["problems"])
    rerun(stage, story)


@pytest.mark.parametrize("point", [REGISTERED, DESCRIBING], ids=["registered", "describing"])
def test_killed_and_then_another_decision_is_carried_out(stage: Stage, point: Point) -> None:
    story, workshop = STORIES["replacement"], stage.workshop
    story.begin(stage)
    command = story.command(stage)
    assert stage.run(*command, before=functools.partial(kill_before, point)).code == -signal.SIGKILL
    assert stage.evaluate(workshop.second, *HOLD)["verdict"] == "HOLD"
    held = stage.promote(workshop.second, *HOLD)
    assert (held["promoted"], held["renewed"]) == (False, True)
    require_settled(stage, held["version"])
    assert workshop.second not in stage.versions().values()
    assert stage.ok("status")["champion"]["model_version"] == "1"

    # Judged against version 1, of which the champion is a renewal: that is no other model.
    stage.evaluate(workshop.second)
    assert stage.run(*command, before=functools.partial(kill_before, point)).code == -signal.SIGKILL
    stage.evaluate(workshop.third)
    done = stage.promote(workshop.third)
    assert done["promoted"]
    require_settled(stage, done["version"])
    assert {workshop.first, workshop.third} <= set(stage.versions().values())
    assert workshop.second not in stage.versions().values()


@pytest.mark.parametrize(
    ("name", "point"),
    [("renewal", REGISTERED), ("renewal", DEPLOYED), ("held", DEPLOYED)],
    ids=["renewal-registered", "renewal-deployed", "held-deployed"],
)
def test_killed_while_renewing_and_then_another_model_is_promoted(stage: Stage, name: str, point: Point) -> None:
    story, workshop = STORIES[name], stage.workshop
    story.begin(stage)
    assert stage.run(*story.command(stage), before=functools.partial(kill_before, point)).code == -signal.SIGKILL
    assert len(stage.versions()) == 2
    assert stage.champion() == "1"
    assert stage.evaluate(workshop.third)["verdict"] == "PROMOTE"
    done = stage.promote(workshop.third)
    require_settled(stage, done["version"])
    assert sorted(stage.versions().values()) == sorted([workshop.first, workshop.third])


def test_of_two_promotions_at_once_exactly_one_wins(stage: Stage) -> None:
    rivals = [stage.workshop.second, stage.workshop.third]
    for _ in range(2):
        require_one_winner(stage, rivals)


def test_renewals_and_promotions_at_once_leave_one_champion_with_the_newest_data(stage: Stage) -> None:
    workshop = stage.workshop
    stage.first_champion()
    stage.evaluate(workshop.second)
    renewals = [["renew", "--data", path] for path in (SPRING, WHOLE)]
    same = [renewals[1], renewals[1]]
    for _ in range(2):
        STORIES["replacement"].reset(stage)
        said = sorted(at_once(stage, same), key=lambda one: one["renewed"])
        assert [one["renewed"] for one in said] == [False, True]
        assert "has these data already" in said[0]["reason"]
        require_renewed_once(stage, said[1]["version"])

        STORIES["replacement"].reset(stage)
        spring, whole = at_once(stage, renewals)
        assert whole["renewed"]
        assert spring["renewed"] or "the champion has newer data" in spring["reason"]
        require_settled(stage, whole["version"])
        assert stage.ok("status")["forecasts_from"] == "2014-05-31"
        assert len(stage.versions()) == 2 + spring["renewed"]

        # A decision is against a model: whichever comes first, the promotion wins, and no renewal undoes it.
        STORIES["replacement"].reset(stage)
        promoted, renewed = at_once(stage, [["promote", "--run-id", workshop.second], renewals[0]])
        assert promoted["promoted"]
        assert renewed["renewed"] or "the champion has newer data" in renewed["reason"]
        require_settled(stage, promoted["version"])
        status = stage.ok("status")
        assert (status["champion"]["run_id"], status["forecasts_from"]) == (workshop.second, "2014-05-31")
        assert len(stage.versions()) == 2 + renewed["renewed"]


def at_once(stage: Stage, commands: list[list[str]]) -> list[Any]:
    """What commands started at the same moment say; each must succeed."""
    running = [stage.start(*command) for command in commands]
    results = [process.result() for process in running]
    assert [result.code for result in results] == [0] * len(commands), [result.stderr for result in results]
    return [result.json for result in results]


def require_renewed_once(stage: Stage, version: str) -> None:
    require_settled(stage, version)
    assert stage.versions().keys() == {"1", version}


def test_another_machines_fresh_journal_is_respected_and_an_old_one_undone(stage: Stage) -> None:
    stage.first_champion()
    stage.evaluate(stage.workshop.second)
    killed = stage.run("promote", "--run-id", stage.workshop.second, before=functools.partial(kill_before, DEPLOYED))
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


def test_another_machines_fresh_renewal_is_respected_and_an_old_one_undone(stage: Stage) -> None:
    stage.first_champion()
    killed = stage.run("renew", "--data", WHOLE, before=functools.partial(kill_before, DEPLOYED))
    assert killed.code == -signal.SIGKILL
    client = stage.client
    journal = json.loads(stage.tags("2")["forecastops.journal"])
    client.set_model_version_tag(stage.model, "2", "forecastops.journal", json.dumps(journal | {"domain": "elsewhere"}))
    refused = stage.run("renew", "--data", WHOLE)
    assert refused.code == 1
    assert "began a renew of version 2 on elsewhere" in refused.error
    assert stage.champion() == "1"
    past = {"domain": "elsewhere", "touched": "2020-01-01T00:00:00+00:00"}
    client.set_model_version_tag(stage.model, "2", "forecastops.journal", json.dumps(journal | past))
    done = stage.renew(WHOLE)
    require_settled(stage, done["version"])
    assert stage.versions().keys() == {"1", done["version"]}
