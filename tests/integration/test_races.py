"""Two machines that change one model at the same moment: one wins, the other gives way; the dead block nobody for long.

Many more pairs, on SQLite and on a server with PostgreSQL, are `tests/support/races.py`.
"""

from __future__ import annotations

import functools
import json
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from command import new_command
from forecastops.adapters.endpoint.interface import EndpointState
from forecastops.adapters.endpoint.local_target import LocalTarget
from forecastops.adapters.mlflow_store.registry import ModelRegistry, ModelVersion
from interruptions import DEPLOYED, DEPLOYING, REGISTERED, Point, kill_before
from local_endpoint_support import stop_endpoints
from races import Machines, require_one_winner_of_each
from stories import require_settled
from workshop import WHOLE, Stage


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Machines]:
    folder = tmp_path_factory.mktemp("machines")
    with pytest.MonkeyPatch.context() as patched:
        command = new_command(folder, empty_database)
        for name in ("FORECASTOPS_HOME", "MLFLOW_TRACKING_URI"):
            patched.setenv(name, command.environment[name])
        yield Machines.build(command, "races")
    for home in ("home", "home-there"):
        stop_endpoints(folder / home)


@pytest.mark.parametrize(
    "name", ["two challengers", "two renewals", "a challenger and a rollback", "one rollback twice"]
)
def test_of_two_that_start_at_once_on_two_machines_one_wins(machines: Machines, name: str) -> None:
    require_one_winner_of_each(machines, name, random.Random(name))


@pytest.mark.parametrize("point", [REGISTERED, DEPLOYING], ids=["registered", "deploying"])
def test_a_dead_machine_keeps_its_place_until_its_time_limit_is_over(machines: Machines, point: Point) -> None:
    machines.reset()
    here, there = machines.here, machines.there
    killed = there.run("promote", "--run-id", there.workshop.second, before=functools.partial(kill_before, point))
    assert killed.code == -signal.SIGKILL
    (dead,) = here.versions().keys() - {"1", "2"}
    assert f"version {dead} is under way on" in " ".join(here.ok("status")["problems"])
    refused = here.run("promote", "--run-id", here.workshop.third)
    assert refused.code == 1
    assert f"of version {dead} on" in refused.error
    assert "run this again when it has ended, or after" in refused.error
    assert here.versions().keys() == {"1", "2", dead}
    grow_old(here, dead)
    done = here.promote(here.workshop.third)
    require_settled(here, done["version"])
    assert here.versions().keys() == {"1", "2", done["version"]}


def test_a_version_that_says_nothing_yet_is_waited_for(machines: Machines) -> None:
    machines.reset()
    here, there = machines.here, machines.there
    killed = there.run("promote", "--run-id", there.workshop.second, before=functools.partial(kill_before, REGISTERED))
    assert killed.code == -signal.SIGKILL
    (dead,) = here.versions().keys() - {"1", "2"}
    mark = here.client.get_model_version(here.model, dead).description
    here.client.update_model_version(here.model, dead, "somebody's")  # until the other has looked around and registered
    waiting = here.start("promote", "--run-id", here.workshop.third, "-v")
    until(lambda: len(here.versions()) == 4)
    here.client.update_model_version(here.model, dead, mark)
    until(lambda: "to say what it is" in waiting.error_so_far() or waiting.process.exitcode is not None)
    here.client.delete_model_version(here.model, dead)
    result = waiting.result()
    assert result.code == 0, result.stderr
    require_settled(here, result.json["version"])


def test_whether_the_other_is_alive_is_told_by_the_clock_that_stamps_versions(machines: Machines) -> None:
    """The dead machine's own clock is hours ahead, so its journal is of the future."""
    machines.reset()
    here, there = machines.here, machines.there
    killed = there.run("renew", "--data", WHOLE, before=functools.partial(kill_before, DEPLOYED))
    assert killed.code == -signal.SIGKILL
    (dead,) = here.versions().keys() - {"1", "2"}
    journal = json.loads(here.tags(dead)["forecastops.journal"])
    ahead = {"started": "2126-01-01T00:00:00+00:00", "touched": "2126-01-01T00:00:05+00:00"}
    here.client.set_model_version_tag(here.model, dead, "forecastops.journal", json.dumps(journal | ahead))
    assert "began a renew of version" in here.run("renew", "--data", WHOLE).error
    grow_old(here, dead)
    require_settled(here, here.renew(WHOLE)["version"])


def test_a_rollback_that_was_taken_for_abandoned_and_undone_does_not_go_on(machines: Machines) -> None:
    """Its next record hides the undoing, but nothing is left of what it registered for its place."""
    machines.reset()
    here, there = machines.here, machines.there
    command = ["rollback", "--to-version", "1", "--reason", "it overshoots"]
    ended = there.run(*command, before=functools.partial(undone_by_another, here))
    assert ended.code == 1, ended.stderr
    assert "the rollback of version 1 was taken for abandoned, and undone" in ended.error
    assert here.champion() == "2"
    assert here.versions().keys() == {"1", "2"}


def test_a_rollback_that_another_has_done_first_gives_way_and_leaves_nothing(machines: Machines) -> None:
    machines.reset()
    here, there = machines.here, machines.there
    command = ["rollback", "--to-version", "1", "--reason", "it overshoots"]
    journal = json.loads(here.tags("1")["forecastops.journal"])
    theirs = json.dumps(journal | {"kind": "rollback", "reason": "theirs"})
    ended = there.run(*command, before=functools.partial(done_by_another, here, theirs))
    assert ended.code == 1, ended.stderr
    assert "its champion is version 1, no longer version 2; run the command again" in ended.error
    assert here.versions().keys() == {"1", "2"}
    assert here.tags("1")["forecastops.journal"] == theirs


def done_by_another(stage: Stage, journal: str) -> None:
    """Let another machine, whose place was before, end the same once this one has taken its place."""
    register = ModelRegistry.register

    def wrapped(self: ModelRegistry, run_id: str, source: str, description: str) -> ModelVersion:
        version = register(self, run_id, source, description)
        stage.client.set_registered_model_alias(stage.model, "champion", "1")
        stage.client.set_model_version_tag(stage.model, "1", "forecastops.journal", journal)
        return version

    setattr(ModelRegistry, register.__name__, wrapped)


def undone_by_another(stage: Stage) -> None:
    """Let another machine undo it after it was deployed and has answered."""
    release = LocalTarget.release

    def wrapped(self: LocalTarget, version: str) -> EndpointState:
        state = release(self, version)
        for other in stage.versions().keys() - {"1", "2"}:
            stage.client.delete_model_version(stage.model, other)
        return state

    setattr(LocalTarget, release.__name__, wrapped)


def grow_old(stage: Stage, version: str) -> None:
    """Let the registry have stamped it an hour ago."""
    database = stage.workshop.store.removeprefix("sqlite:///")
    with sqlite3.connect(database) as connection:
        long_ago = (time.time() - 3600) * 1000
        change = "update model_versions set creation_time = ? where name = ? and version = ?"
        assert connection.execute(change, (long_ago, stage.model, version)).rowcount == 1


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
