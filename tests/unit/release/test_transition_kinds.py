"""Each kind of transition: the command that finishes it, and the versions that it registers."""

from __future__ import annotations

import shlex

import pytest
from pydantic import ValidationError

from forecastops.adapters.mlflow_store.registry import ModelVersion
from forecastops.core.home import lock_domain
from forecastops.core.tags import SERVED
from forecastops.release.entry import Entry, Kind, Step
from forecastops.release.journal import unfinished
from forecastops.release.kinds import again, registered_by, registration_mark

HERE = lock_domain()


def version(description: str = "", **tags: str) -> ModelVersion:
    return ModelVersion("7", "a1b2", "None", description, 0.0, tags)


def entry(kind: Kind) -> Entry:
    return Entry(kind=kind, previous="6", reason="it's late; $HOME", alias="champion", endpoint="paid")


@pytest.mark.parametrize("kind", [Kind.PROMOTE, Kind.ROLLBACK])
def test_a_command_takes_the_reason_as_it_is(kind: Kind) -> None:
    command = shlex.split(again(version(), entry(kind)))
    assert command[:2] == ["forecastops", kind]
    assert command[command.index("--reason") + 1] == entry(kind).reason


@pytest.mark.parametrize("kind", [Kind.RENEW, Kind.REFIT])
def test_what_data_have_begun_data_finish(kind: Kind) -> None:
    assert again(version(registration_mark(kind, HERE)), entry(kind)) == "forecastops renew --data FILE"


def test_a_rollback_that_registered_a_version_goes_without_its_number_until_it_has_served() -> None:
    made = registration_mark(Kind.ROLLBACK, HERE)
    assert "--to-version" not in again(version(made), entry(Kind.ROLLBACK))
    assert "--to-version 7" in again(version(made, **{SERVED: "2026-01-01T00:00:00+00:00"}), entry(Kind.ROLLBACK))
    assert "--to-version 7" in again(version(registration_mark(Kind.PROMOTE, HERE)), entry(Kind.ROLLBACK))


@pytest.mark.parametrize("kind", Kind)
def test_a_version_killed_right_after_its_registration_is_known_by_its_description(kind: Kind) -> None:
    mark = registration_mark(kind, HERE)
    assert registered_by(version(mark)) == (kind, HERE)
    found = unfinished(version(mark))
    assert found is not None
    assert (found.kind, found.domain, found.alias, found.endpoint) == (kind, HERE, "", "")
    assert unfinished(version(mark, **{SERVED: "2026-01-01T00:00:00+00:00"})) is None


def test_a_version_of_somebody_else_is_of_no_transition() -> None:
    assert registered_by(version("trained by hand")) is None
    assert unfinished(version("trained by hand")) is None


def test_a_journal_is_read_and_written_as_it_always_was() -> None:
    text = (
        '{"kind":"rollback","previous":"6","reason":"late","forced":false,"alias":"champion","endpoint":"paid",'
        '"incumbent":null,"actor":"me@here","domain":"here/0123456789ab","placeholder":"8","limit":120.0,'
        '"started":"2026-01-01T00:00:00+00:00","touched":"2026-01-01T00:00:09+00:00","outcome":null,'
        '"steps":{"deploy":"done","verify":"done","tag":"done","point":"begun"}}'
    )
    found = Entry.model_validate_json(text)
    assert (found.kind, found.steps[Step.POINT]) == (Kind.ROLLBACK, "begun")
    assert found.model_dump_json() == text
    assert found.model_copy(update={"steps": {**found.steps, Step.POINT: "begun"}}).model_dump_json() == text
    served = Entry.model_validate_json(text.replace('"incumbent":null', '"incumbent":"served"'))
    assert served.legacy_endpoint == "served"
    assert f"{found.kind} {Step.TAG}" == "rollback tag"
    with pytest.raises(ValidationError):
        Entry.model_validate_json(text.replace("rollback", "sideways"))
