"""Each kind of transition: the command that finishes it, and the versions that it registers."""

from __future__ import annotations

import shlex
from typing import get_args

import pytest

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.ground.home import lock_domain
from forecastops.release.entry import Entry, Kind
from forecastops.release.journal import unfinished
from forecastops.release.kinds import again, registered_by, registration_mark
from forecastops.release.tags import SERVED

REGISTERING: list[Kind] = ["promote"]


def version(description: str = "", **tags: str) -> ModelVersion:
    return ModelVersion("7", "a1b2", "None", description, 0.0, tags)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_has_a_command_that_takes_the_reason_as_it_is(kind: Kind) -> None:
    entry = Entry(kind=kind, previous="6", reason="it's late; $HOME", alias="champion", endpoint="paid")
    command = shlex.split(again(version(), entry))
    assert command[:2] == ["forecastops", kind]
    assert command[command.index("--reason") + 1] == entry.reason


@pytest.mark.parametrize("kind", REGISTERING)
def test_a_version_killed_right_after_its_registration_is_known_by_its_description(kind: Kind) -> None:
    mark = registration_mark(kind)
    assert registered_by(version(mark)) == (kind, lock_domain())
    entry = unfinished(version(mark))
    assert entry is not None
    assert (entry.kind, entry.domain, entry.alias, entry.endpoint) == (kind, lock_domain(), "", "")
    assert unfinished(version(mark, **{SERVED: "2026-01-01T00:00:00+00:00"})) is None


def test_a_version_of_somebody_else_is_of_no_transition() -> None:
    assert registered_by(version("trained by hand")) is None
    assert unfinished(version("trained by hand")) is None
